// Moving and removing files of a folder. A name is looked at, renamed and looked at again: what was
// put in its place meanwhile is never lost, but named back.
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>

#include <fmt/format.h>

#include "base/hash.h"
#include "base/text.h"
#include "connectors/file/folder_files.h"
#include "env/file.h"

namespace sluice::connectors::file {
namespace {

using connector::StoredFile;

constexpr size_t kCompareBytes = 1 << 20;

// 0, or the error. EEXIST when `to` is there.
int RenameToNew(const std::string& from, const std::string& to) {
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  // A file system without it: a second name is refused just so.
  if (link(from.c_str(), to.c_str()) != 0) return errno;
  return unlink(from.c_str()) == 0 ? 0 : errno;
}

class FolderEditor : public connector::StoreEditor {
 public:
  explicit FolderEditor(std::string root) : root_(std::move(root)) {}

  Status Move(const StoredFile& file, const std::string& to, const env::Cancel* cancel) override {
    const std::string from_path = env::JoinPath(root_, file.path);
    const std::string to_path = env::JoinPath(root_, to);
    if (IsSet(cancel)) return Stopped(from_path);
    SLUICE_TRY(CheckListable(to, root_));
    SLUICE_TRY(LookAt(file));
    SLUICE_TRY(MakeFolder(to));
    const int error = RenameToNew(from_path, to_path);
    if (error == EEXIST) return RemoveTwin(file, to_path, cancel);
    if (error == EXDEV) {
      return FailedError(fmt::format("{} lies on another file system than {}", to_path, from_path),
                         "Choose a folder on the same one for after_loading");
    }
    if (error != 0) return SystemError("move", from_path, error);
    SLUICE_TRY(TakeBackOthers(file, to_path));
    SLUICE_TRY(env::SyncDirectory(env::Dirname(to_path)));
    return env::SyncDirectory(env::Dirname(from_path));
  }

  Status Remove(const StoredFile& file, const env::Cancel* cancel) override {
    const std::string path = env::JoinPath(root_, file.path);
    if (IsSet(cancel)) return Stopped(path);
    SLUICE_TRY(LookAt(file));
    const std::string aside =
        env::JoinPath(env::Dirname(path), ".sluice-removed-" + HexEncode(Hash64(file.tag)));
    if (rename(path.c_str(), aside.c_str()) != 0) return SystemError("remove", path, errno);
    SLUICE_TRY(TakeBackOthers(file, aside));
    SLUICE_TRY(env::RemoveFile(aside));
    return env::SyncDirectory(env::Dirname(path));
  }

 private:
  // That the file is what was listed, and no link.
  Status LookAt(const StoredFile& file) const {
    SLUICE_TRY(CheckListable(file.path, root_));
    const std::string path = env::JoinPath(root_, file.path);
    SLUICE_ASSIGN(const std::string real_root, Resolve(root_, "/"));
    SLUICE_TRY(Resolve(env::Dirname(path), real_root).status());
    struct stat st {};
    if (lstat(path.c_str(), &st) != 0) return SystemError("look at", path, errno);
    if (S_ISLNK(st.st_mode)) {
      return FailedError(fmt::format("{} is a link: it is neither moved nor removed", path));
    }
    return TagOf(st) == file.tag ? Status::Ok() : Changed(path);
  }

  Status MakeFolder(const std::string& to) const {
    const std::string folder = env::Dirname(env::JoinPath(root_, to));
    SLUICE_TRY(env::CreateDirectories(folder));
    SLUICE_ASSIGN(const std::string real_root, Resolve(root_, "/"));
    return Resolve(folder, real_root).status();
  }

  // What has the name `now` is the file; else it came between two looks, and gets its name back.
  Status TakeBackOthers(const StoredFile& file, const std::string& now) const {
    struct stat st {};
    if (lstat(now.c_str(), &st) != 0) return SystemError("look at", now, errno);
    if (TagOf(st) == file.tag) return Status::Ok();
    const std::string path = env::JoinPath(root_, file.path);
    const int error = RenameToNew(now, path);
    if (error != 0) return SystemError("name back", now, error);
    return Changed(path);
  }

  // An earlier move got as far as the second name, or somebody else has put another file there.
  Status RemoveTwin(const StoredFile& file, const std::string& there, const env::Cancel* cancel) {
    SLUICE_ASSIGN(const bool same, SameBytes(env::JoinPath(root_, file.path), there, cancel));
    if (same) return Remove(file, cancel);
    return RejectedError(fmt::format("{} is there already, with another content", there));
  }

  static Result<bool> SameBytes(const std::string& a, const std::string& b,
                                const env::Cancel* cancel) {
    SLUICE_ASSIGN(const auto one, env::RandomReadFile::Open(a));
    SLUICE_ASSIGN(const auto other, env::RandomReadFile::Open(b));
    std::string x;
    std::string y;
    for (uint64_t offset = 0;; offset += x.size()) {
      if (IsSet(cancel)) return Stopped(a);
      SLUICE_TRY(one.ReadAt(offset, kCompareBytes, x));
      SLUICE_TRY(other.ReadAt(offset, kCompareBytes, y));
      if (x != y) return false;
      if (x.empty()) return true;
    }
  }

  const std::string root_;
};

}  // namespace

std::unique_ptr<connector::StoreEditor> MakeFolderEditor(std::string root) {
  return std::make_unique<FolderEditor>(std::move(root));
}

}  // namespace sluice::connectors::file
