#include "connectors/file/file_store.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <mutex>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/hash.h"
#include "base/text.h"
#include "connectors/file/folder_files.h"
#include "env/file.h"

namespace sluice::connectors::file {
namespace {

using connector::FetchedFile;
using connector::Listing;
using connector::Store;
using connector::StoredFile;

constexpr size_t kMaxDepth = 64;
constexpr size_t kReadBytes = 1 << 20;
constexpr size_t kMostNotes = 20;

// One listing: the walk down from the root.
class Walk {
 public:
  Walk(std::string root, std::string_view prefix, const env::Cancel* cancel)
      : root_(std::move(root)), prefix_(prefix), cancel_(cancel) {}

  Result<Listing> Run() {
    char* real = realpath(root_.c_str(), nullptr);
    if (real == nullptr) return RootError(errno);
    real_root_ = real;
    std::free(real);  // NOLINT: realpath allocates with malloc
    struct stat st {};
    if (stat(real_root_.c_str(), &st) != 0) return RootError(errno);
    if (!S_ISDIR(st.st_mode)) return RootError(ENOTDIR);
    SLUICE_TRY(Folder("", st));
    std::sort(listing_.files.begin(), listing_.files.end(),
              [](const StoredFile& a, const StoredFile& b) { return a.path < b.path; });
    return std::move(listing_);
  }
  // What was passed over, and what to do about it.
  std::vector<std::string>& notes() { return notes_; }

 private:
  Status RootError(int error) const {
    return SystemError("list", root_, error)
        .WithNext("Check `path` of the connection: it must be a folder that can be read");
  }

  // All files below `folder`, which is "" or ends with '/'. `st` is the folder's own.
  Status Folder(const std::string& folder, const struct stat& st) {
    const std::string path = env::JoinPath(root_, folder);
    if (IsSet(cancel_)) return Stopped(path);
    for (const auto& [device, inode] : above_) {
      if (device != st.st_dev || inode != st.st_ino) continue;
      // Nothing is lost: what lies there is listed where it lies.
      notes_.push_back(ShownBytes(path.substr(0, path.size() - 1)) +
                       " is a link that leads round in a circle, and is passed over: remove it");
      return Status::Ok();
    }
    if (above_.size() >= kMaxDepth) {
      return FailedError(fmt::format("{}: folders are nested deeper than {}", path, kMaxDepth));
    }
    std::vector<std::string> names;
    SLUICE_TRY(Names(path, folder.empty(), names));
    above_.emplace_back(st.st_dev, st.st_ino);
    for (const std::string& name : names) SLUICE_TRY(Entry(folder + name));
    above_.pop_back();
    return Status::Ok();
  }

  Status Names(const std::string& path, bool is_root, std::vector<std::string>& names) const {
    DIR* dir = opendir(path.c_str());
    if (dir == nullptr) {
      if (is_root) return RootError(errno);
      // Removed since its parent was read: then it is simply not there.
      return errno == ENOENT ? Status::Ok() : SystemError("list", path, errno);
    }
    errno = 0;
    while (const dirent* entry = readdir(dir)) {
      if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
      errno = 0;
    }
    const int error = errno;
    closedir(dir);
    return error == 0 ? Status::Ok() : SystemError("list", path, error);
  }

  // A file or folder by its path below the root.
  Status Entry(const std::string& relative) {
    const bool may_be_file = StartsWith(relative, prefix_);
    const std::string as_folder = relative + "/";
    if (!may_be_file && !StartsWith(as_folder, prefix_) && !StartsWith(prefix_, as_folder)) {
      return Status::Ok();
    }
    const std::string path = env::JoinPath(root_, relative);
    struct stat st {};
    if (lstat(path.c_str(), &st) != 0) {
      return errno == ENOENT ? Status::Ok() : SystemError("look at", path, errno);
    }
    if (S_ISLNK(st.st_mode)) {
      const auto real = Resolve(path, real_root_);
      if (!real.ok() && real.status().code() == Code::kNotFound) {
        // Listed all the same: a table that expects it must not do as if it were gone.
        notes_.push_back(fmt::format("{} is a link to nothing: remove it", ShownBytes(path)));
        return may_be_file ? Add(relative, st) : Status::Ok();
      }
      if (!real.ok() && real.status().code() == Code::kRejected) {
        notes_.push_back(ShownBytes(real.status().ToString()));
        return may_be_file ? Add(relative, st) : Status::Ok();
      }
      SLUICE_TRY(real.status());
      if (stat(path.c_str(), &st) != 0) return SystemError("look at", path, errno);
    }
    if (S_ISDIR(st.st_mode)) return Folder(as_folder, st);
    if (!S_ISREG(st.st_mode) || !may_be_file) return Status::Ok();
    return Add(relative, st);
  }

  // The ledger and holds name a file by its path, one a line.
  Status Add(const std::string& relative, const struct stat& st) {
    const bool in_lines = relative.find_first_of("\n\r") != std::string::npos;
    if (in_lines || !IsValidUtf8(relative)) {
      notes_.push_back(fmt::format("{} is passed over, for its name {}: rename it",
                                   ShownBytes(env::JoinPath(root_, relative)),
                                   in_lines ? "has a line break in it" : "is not UTF-8"));
      return Status::Ok();
    }
    listing_.files.push_back(
        {relative, static_cast<uint64_t>(st.st_size),
         static_cast<env::Micros>(st.st_mtim.tv_sec) * 1'000'000 + st.st_mtim.tv_nsec / 1000,
         TagOf(st)});
    return Status::Ok();
  }

  const std::string root_;
  const std::string prefix_;
  const env::Cancel* cancel_;
  std::string real_root_;
  std::vector<std::pair<dev_t, ino_t>> above_;  // the folders from the root to here
  Listing listing_;
  std::vector<std::string> notes_;
};

class FileStore : public Store {
 public:
  explicit FileStore(const std::string& root) : root_(root), editor_(MakeFolderEditor(root)) {}

  std::string Describe() const override { return root_; }

  Result<Listing> List(std::string_view prefix, const env::Cancel* cancel) override {
    Walk walk(root_, prefix, cancel);
    auto listing = walk.Run();
    const std::lock_guard lock(mutex_);
    for (std::string& note : walk.notes()) {
      if (told_.size() < kMostNotes && told_.insert(note).second) notes_.push_back(std::move(note));
    }
    return listing;
  }

  std::vector<std::string> TakeNotes() override {
    const std::lock_guard lock(mutex_);
    return std::exchange(notes_, {});
  }

  Result<FetchedFile> Fetch(const StoredFile& file, const std::string& spool_path,
                            const std::function<void(uint64_t)>& progress,
                            const env::Cancel* cancel) override {
    FetchedFile fetched;
    fetched.local_path = env::JoinPath(root_, file.path);
    Hasher128 hasher;
    const auto take = [&](std::string_view piece) {
      hasher.Update(piece);
      fetched.size += piece.size();
      if (progress) progress(fetched.size);
    };
    SLUICE_TRY(Read(file, take, cancel));
    fetched.content_hash = hasher.Digest().Hex();
    if (fetched.local_path.find('\\') == std::string::npos) return fetched;
    SLUICE_TRY(env::CreateDirectories(env::Dirname(spool_path), 0700));
    SLUICE_TRY(env::RemoveFile(spool_path));
    if (symlink(fetched.local_path.c_str(), spool_path.c_str()) != 0) {
      return SystemError("make a link", spool_path, errno);
    }
    fetched.local_path = spool_path;
    return fetched;
  }

  Result<std::string> ReadSmall(const StoredFile& file, uint64_t limit,
                                const env::Cancel* cancel) override {
    if (file.size > limit) {
      return FailedError(fmt::format("{} has {}, more than the {} allowed for such a file",
                                     env::JoinPath(root_, file.path), HumanBytes(file.size),
                                     HumanBytes(limit)));
    }
    std::string content;
    SLUICE_TRY(Read(
        file, [&](std::string_view piece) { content += piece; }, cancel));
    return content;
  }

  Status Probe(const env::Cancel* cancel) override {
    if (IsSet(cancel)) return Stopped(root_);
    // A prefix that nothing has: the folder itself is read, nothing below it.
    return Walk(root_, "\x01", cancel).Run().status();
  }

  connector::StoreEditor* editor() override { return editor_.get(); }

 private:
  // Every byte of `file` to `take`, in order; fails unless it is as it was listed, before and
  // after.
  Status Read(const StoredFile& file, const std::function<void(std::string_view)>& take,
              const env::Cancel* cancel) const {
    const std::string path = env::JoinPath(root_, file.path);
    SLUICE_ASSIGN(const Descriptor fd, Open(file, path));
    // Not filled with zeros: that would cost more than reading a small file.
    const auto buffer = std::make_unique_for_overwrite<char[]>(kReadBytes);
    uint64_t total = 0;
    while (true) {
      if (IsSet(cancel)) return Stopped(path);
      const ssize_t n = read(fd.get(), buffer.get(), kReadBytes);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return SystemError("read", path, errno);
      if (n == 0) break;
      total += static_cast<uint64_t>(n);
      if (total > file.size) return Changed(path);
      take(std::string_view(buffer.get(), static_cast<size_t>(n)));
    }
    // By path, not by descriptor: also a file that was renamed over this one counts.
    struct stat st {};
    if (total != file.size || stat(path.c_str(), &st) != 0 || TagOf(st) != file.tag) {
      return Changed(path);
    }
    return Status::Ok();
  }

  Result<Descriptor> Open(const StoredFile& file, const std::string& path) const {
    SLUICE_TRY(CheckListable(file.path, root_));
    SLUICE_ASSIGN(const std::string real_root, Resolve(root_, "/"));
    SLUICE_ASSIGN(const std::string real, Resolve(path, real_root));
    // O_NONBLOCK: should the name be a pipe by now, opening it must not wait for a writer.
    Descriptor fd(open(real.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    // Of this file alone: others can be read.
    if (fd.get() < 0 && errno == EACCES) {
      const Status denied = SystemError("open", path, errno);
      return AuthError(denied.message(), denied.next());
    }
    if (fd.get() < 0) return SystemError("open", path, errno);
    struct stat st {};
    if (fstat(fd.get(), &st) != 0) return SystemError("look at", path, errno);
    if (!S_ISREG(st.st_mode) || TagOf(st) != file.tag) return Changed(path);
    return fd;
  }

  const std::string root_;
  const std::unique_ptr<connector::StoreEditor> editor_;
  std::mutex mutex_;  // of the notes
  std::set<std::string> told_;
  std::vector<std::string> notes_;
};

}  // namespace

std::unique_ptr<Store> MakeFileStore(std::string root) {
  return std::make_unique<FileStore>(root);
}

}  // namespace sluice::connectors::file
