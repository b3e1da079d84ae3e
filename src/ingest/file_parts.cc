#include "ingest/file_parts.h"

#include <fmt/format.h>

#include "base/text.h"
#include "config/file_pattern.h"
#include "env/file.h"
#include "format/byte_source.h"
#include "format/zip_archive.h"

namespace sluice::ingest {
namespace {

constexpr uint64_t kMostUnpackedBytes = 64ULL << 30U;

Result<std::vector<format::ZipMember>> MembersToRead(const std::string& path,
                                                     const std::string& pattern) {
  SLUICE_ASSIGN(const auto wanted, config::FilePattern::Parse(pattern.empty() ? "**" : pattern));
  SLUICE_ASSIGN(const auto all, format::ZipMembers(path));
  std::vector<format::ZipMember> members;
  uint64_t bytes = 0;
  for (const format::ZipMember& member : all) {
    if (!wanted.Fits(member.name)) continue;
    bytes += member.bytes;
    if (member.bytes > kMostUnpackedBytes || bytes > kMostUnpackedBytes) {
      return RejectedError(
          fmt::format("{}: unpacked it has more than {}", path, HumanBytes(kMostUnpackedBytes)),
          "Have it sent in parts");
    }
    members.push_back(member);
  }
  if (!members.empty() || all.empty()) return members;
  return RejectedError(fmt::format("{}: none of its {} fits zip_members: {}", path,
                                   Counted(all.size(), "member"), pattern));
}

}  // namespace

Result<std::vector<FilePart>> PartsOf(const std::string& path, const config::CsvOptions& csv,
                                      const std::string& unpack_to, const env::Cancel* cancel) {
  SLUICE_ASSIGN(const format::Compression compression, format::DetectCompression(path));
  if (compression != format::Compression::kZip) return std::vector<FilePart>{{"", path}};
  SLUICE_ASSIGN(const auto members, MembersToRead(path, csv.zip_members));
  std::vector<FilePart> parts;
  Status status;
  for (const format::ZipMember& member : members) {
    parts.push_back({member.name, fmt::format("{}.{}.member", unpack_to, parts.size())});
    status = format::UnpackZipMember(path, member, parts.back().path, cancel);
    if (!status.ok()) break;
  }
  if (status.ok()) return parts;
  for (const FilePart& part : parts) (void)env::RemoveFile(part.path);  // the first error counts
  return status;
}

}  // namespace sluice::ingest
