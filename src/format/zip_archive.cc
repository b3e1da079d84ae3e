#include "format/zip_archive.h"

#include <zip.h>

#include <algorithm>
#include <memory>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "env/file.h"

namespace sluice::format {
namespace {

constexpr size_t kChunkBytes = 256 * 1024;

struct Discard {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
using Archive = std::unique_ptr<zip_t, Discard>;

Status Damaged(const std::string& path, std::string_view what) {
  return RejectedError(fmt::format("{}: damaged zip archive: {}", path, what),
                       "Ask for the file again");
}

Result<Archive> Open(const std::string& path) {
  int code = 0;
  Archive archive(zip_open(path.c_str(), ZIP_RDONLY | ZIP_CHECKCONS, &code));
  if (archive != nullptr) return archive;
  zip_error_t error;
  zip_error_init_with_code(&error, code);
  const Status status = Damaged(path, zip_error_strerror(&error));
  zip_error_fini(&error);
  return status;
}

// What a file manager writes for itself.
bool IsBesides(std::string_view name) {
  if (name.empty() || name.back() == '/' || StartsWith(name, "__MACOSX/")) return true;
  const size_t slash = name.rfind('/');
  return name[slash == name.npos ? 0 : slash + 1] == '.';
}

Status Copy(const std::string& path, zip_file_t* from, const ZipMember& member, env::AppendFile& to,
            const env::Cancel* cancel) {
  std::string chunk(kChunkBytes, '\0');
  while (true) {
    if (cancel != nullptr && cancel->is_set()) return CancelledError("cancelled");
    const zip_int64_t n = zip_fread(from, chunk.data(), chunk.size());
    if (n < 0) {
      return Damaged(
          path, fmt::format("{}: {}", member.name, zip_error_strerror(zip_file_get_error(from))));
    }
    if (n == 0) break;
    if (to.size() + static_cast<uint64_t>(n) > member.bytes) {
      return Damaged(path, member.name + " is longer than the archive says");
    }
    SLUICE_TRY(to.Append(std::string_view(chunk.data(), static_cast<size_t>(n))));
  }
  if (to.size() == member.bytes) return Status::Ok();
  return Damaged(path, member.name + " is shorter than the archive says");
}

}  // namespace

Result<std::vector<ZipMember>> ZipMembers(const std::string& path) {
  SLUICE_ASSIGN(const Archive archive, Open(path));
  std::vector<ZipMember> members;
  std::set<std::string> names;
  const zip_int64_t count = zip_get_num_entries(archive.get(), 0);
  for (zip_int64_t i = 0; i < count; ++i) {
    zip_stat_t stat;
    if (zip_stat_index(archive.get(), static_cast<zip_uint64_t>(i), 0, &stat) != 0) {
      return Damaged(path, zip_strerror(archive.get()));
    }
    const std::string name = stat.name;
    if (IsBesides(name)) continue;
    if ((stat.valid & ZIP_STAT_ENCRYPTION_METHOD) != 0 && stat.encryption_method != ZIP_EM_NONE) {
      return RejectedError(fmt::format("{}: {} is encrypted", path, name),
                           "Have the archive sent without a password");
    }
    if (!names.insert(name).second) return Damaged(path, "two members are called " + name);
    members.push_back({static_cast<uint64_t>(i), name, stat.size});
  }
  std::sort(members.begin(), members.end(),
            [](const ZipMember& a, const ZipMember& b) { return a.name < b.name; });
  return members;
}

Status UnpackZipMember(const std::string& path, const ZipMember& member, const std::string& to,
                       const env::Cancel* cancel) {
  SLUICE_ASSIGN(const Archive archive, Open(path));
  const std::unique_ptr<zip_file_t, int (*)(zip_file_t*)> from(
      zip_fopen_index(archive.get(), member.index, 0), zip_fclose);
  if (from == nullptr) return Damaged(path, zip_strerror(archive.get()));
  SLUICE_TRY(env::RemoveFile(to));
  SLUICE_ASSIGN(auto file, env::AppendFile::Open(to));
  const Status status = Copy(path, from.get(), member, file, cancel);
  if (!status.ok()) (void)env::RemoveFile(to);  // the first error is the one to tell
  return status;
}

}  // namespace sluice::format
