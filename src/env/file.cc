#include "env/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "env/descriptor.h"

namespace sluice::env {
namespace {

Status SystemError(std::string_view what, const std::string& path) {
  const int error = errno;
  const std::string message = fmt::format("cannot {} {}: {}", what, path, std::strerror(error));
  if (error == ENOENT) return NotFoundError(message);
  if (error == ENOSPC || error == EDQUOT) {
    return FailedError(message, "Free some space on that disk and run the command again");
  }
  return FailedError(message);
}

FileInfo FromStat(const struct stat& st) {
  FileInfo info;
  info.size = static_cast<uint64_t>(st.st_size);
  info.modified = static_cast<Micros>(st.st_mtim.tv_sec) * 1'000'000 + st.st_mtim.tv_nsec / 1000;
  info.is_directory = S_ISDIR(st.st_mode);
  return info;
}

Status WriteAll(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t n = write(fd, bytes.data(), bytes.size());
    if (n < 0) {
      if (errno == EINTR) continue;
      return SystemError("write", path);
    }
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return Status::Ok();
}

}  // namespace

Result<FileInfo> Stat(const std::string& path) {
  struct stat st {};
  if (stat(path.c_str(), &st) != 0) return SystemError("look at", path);
  return FromStat(st);
}

bool Exists(const std::string& path) {
  return access(path.c_str(), F_OK) == 0;
}

Result<std::string> ReadFile(const std::string& path, uint64_t limit) {
  const Descriptor fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) return SystemError("open", path);
  std::string content;
  char buffer[1 << 16];
  while (true) {
    const ssize_t n = read(fd.get(), buffer, sizeof buffer);
    if (n < 0) {
      if (errno == EINTR) continue;
      return SystemError("read", path);
    }
    if (n == 0) return content;
    if (content.size() + static_cast<size_t>(n) > limit) {
      return FailedError(fmt::format("{} is larger than the {} bytes allowed here", path, limit));
    }
    content.append(buffer, static_cast<size_t>(n));
  }
}

Status WriteFileAtomically(const std::string& path, std::string_view content, unsigned mode) {
  const std::string neighbour = fmt::format("{}.{}.new", path, getpid());
  Status status;
  {
    const Descriptor fd(open(neighbour.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
    if (fd.get() < 0) return SystemError("create", neighbour);
    status = WriteAll(fd.get(), content, neighbour);
    if (status.ok() && fsync(fd.get()) != 0) status = SystemError("sync", neighbour);
  }
  if (status.ok()) status = Rename(neighbour, path);
  if (!status.ok()) {
    unlink(neighbour.c_str());
    return status;
  }
  return SyncDirectory(Dirname(path));
}

Status CreateDirectories(const std::string& path, unsigned mode) {
  if (path.empty() || Exists(path)) return Status::Ok();
  SLUICE_TRY(CreateDirectories(Dirname(path), mode));
  if (mkdir(path.c_str(), mode) != 0 && errno != EEXIST) return SystemError("create", path);
  return Status::Ok();
}

Result<std::vector<DirectoryEntry>> ListDirectory(const std::string& path) {
  DIR* dir = opendir(path.c_str());
  if (dir == nullptr) return SystemError("list", path);
  std::vector<DirectoryEntry> entries;
  errno = 0;
  while (const dirent* entry = readdir(dir)) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    struct stat st {};
    // A file may go between the listing and the look at it: then it is simply not there.
    if (fstatat(dirfd(dir), name.c_str(), &st, 0) == 0) entries.push_back({name, FromStat(st)});
    errno = 0;
  }
  const int error = errno;
  closedir(dir);
  if (error != 0) {
    errno = error;
    return SystemError("list", path);
  }
  std::sort(entries.begin(), entries.end(),
            [](const DirectoryEntry& a, const DirectoryEntry& b) { return a.name < b.name; });
  return entries;
}

Status RemoveFile(const std::string& path) {
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return SystemError("remove", path);
  return Status::Ok();
}

Status RemoveTree(const std::string& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) return FailedError(fmt::format("cannot remove {}: {}", path, error.message()));
  return Status::Ok();
}

Status Rename(const std::string& from, const std::string& to) {
  if (rename(from.c_str(), to.c_str()) != 0) return SystemError("rename to " + to + " from", from);
  return Status::Ok();
}

Status SyncDirectory(const std::string& path) {
  const Descriptor fd(open(path.empty() ? "." : path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0) return SystemError("open", path);
  if (fsync(fd.get()) != 0) return SystemError("sync", path);
  return Status::Ok();
}

Result<uint64_t> FreeSpace(const std::string& path) {
  struct statvfs st {};
  if (statvfs(path.c_str(), &st) != 0) return SystemError("look at the file system of", path);
  return static_cast<uint64_t>(st.f_bavail) * st.f_frsize;
}

std::string JoinPath(std::string_view folder, std::string_view name) {
  if (folder.empty() || (!name.empty() && name.front() == '/')) return std::string(name);
  std::string out(folder);
  if (out.back() != '/') out += '/';
  out += name;
  return out;
}

std::string Dirname(std::string_view path) {
  const size_t slash = path.find_last_of('/');
  if (slash == std::string_view::npos) return {};
  return std::string(slash == 0 ? "/" : path.substr(0, slash));
}

std::string Basename(std::string_view path) {
  const size_t slash = path.find_last_of('/');
  return std::string(slash == std::string_view::npos ? path : path.substr(slash + 1));
}

std::string AbsolutePath(std::string_view path) {
  std::filesystem::path p{std::string(path)};
  if (!p.is_absolute()) {
    std::error_code error;
    const auto here = std::filesystem::current_path(error);
    if (!error) p = here / p;
  }
  std::string out = p.lexically_normal().string();
  if (out.size() > 1 && out.back() == '/') out.pop_back();
  return out;
}

AppendFile::AppendFile(std::string path, int fd, uint64_t size)
    : path_(std::move(path)), fd_(fd), size_(size) {}

AppendFile::AppendFile(AppendFile&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)), size_(other.size_) {}

AppendFile& AppendFile::operator=(AppendFile&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) close(fd_);
    path_ = std::move(other.path_);
    fd_ = std::exchange(other.fd_, -1);
    size_ = other.size_;
  }
  return *this;
}

AppendFile::~AppendFile() {
  if (fd_ >= 0) close(fd_);
}

Result<RandomReadFile> RandomReadFile::Open(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return SystemError("open", path);
  return RandomReadFile(path, fd);
}

RandomReadFile::RandomReadFile(RandomReadFile&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}

RandomReadFile& RandomReadFile::operator=(RandomReadFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(fd_, other.fd_);
  return *this;
}

RandomReadFile::~RandomReadFile() {
  if (fd_ >= 0) close(fd_);
}

Status RandomReadFile::ReadAt(uint64_t offset, size_t length, std::string& out) const {
  out.resize(length);
  size_t done = 0;
  while (done < length) {
    const ssize_t n =
        pread(fd_, out.data() + done, length - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return SystemError("read", path_);
    if (n == 0) break;
    done += static_cast<size_t>(n);
  }
  out.resize(done);
  return Status::Ok();
}

Result<uint64_t> RandomReadFile::Size() const {
  struct stat st {};
  if (fstat(fd_, &st) != 0) return SystemError("look at", path_);
  return static_cast<uint64_t>(st.st_size);
}

Result<AppendFile> AppendFile::Open(const std::string& path, unsigned mode) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, mode);
  if (fd < 0) return SystemError("open", path);
  struct stat st {};
  if (fstat(fd, &st) != 0) {
    close(fd);
    return SystemError("look at", path);
  }
  return AppendFile(path, fd, static_cast<uint64_t>(st.st_size));
}

Status AppendFile::Append(std::string_view bytes) {
  SLUICE_TRY(WriteAll(fd_, bytes, path_));
  size_ += bytes.size();
  return Status::Ok();
}

Status AppendFile::Sync() {
  if (fdatasync(fd_) != 0) return SystemError("sync", path_);
  return Status::Ok();
}

Status AppendFile::Truncate(uint64_t size) {
  if (ftruncate(fd_, static_cast<off_t>(size)) != 0) return SystemError("truncate", path_);
  size_ = size;
  return Status::Ok();
}

}  // namespace sluice::env
