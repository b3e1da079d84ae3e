#include "env/lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "env/file.h"

namespace sluice::env {
namespace {

constexpr std::chrono::milliseconds kRetryEvery{50};

std::string ReadHolder(int fd) {
  char buffer[512];
  const ssize_t n = pread(fd, buffer, sizeof buffer, 0);
  if (n <= 0) return "another process";
  return std::string(Trim({buffer, static_cast<size_t>(n)}));
}

}  // namespace

FileLock::FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) close(fd_);
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

FileLock::~FileLock() {
  if (fd_ >= 0) close(fd_);
}

Result<FileLock> FileLock::TryAcquire(const std::string& path, const std::string& holder) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) {
    const bool forbidden = errno == EACCES || errno == EROFS || errno == EPERM;
    return FailedError(fmt::format("cannot open the lock {}: {}", path, std::strerror(errno)),
                       forbidden ? fmt::format("Let this user write in {}, or run as the user who "
                                               "owns it: reading takes a lock too",
                                               Dirname(path))
                                 : "");
  }
  FileLock lock(fd);
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) {
      return BusyError(fmt::format("{} is held by {}", Basename(path), ReadHolder(fd)),
                       "Wait for it to end, or run again with --wait");
    }
    return FailedError(fmt::format("cannot lock {}: {}", path, std::strerror(errno)));
  }
  // What is written here is only told to people; the lock itself is the kernel's.
  const std::string text = fmt::format("process {}: {}\n", getpid(), holder);
  if (ftruncate(fd, 0) != 0 ||
      pwrite(fd, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    return FailedError(fmt::format("cannot write the lock {}: {}", path, std::strerror(errno)));
  }
  return lock;
}

std::string FileLock::HolderOf(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return "another process";
  std::string holder = ReadHolder(fd);
  close(fd);
  return holder;
}

Result<FileLock> FileLock::Acquire(const std::string& path, const std::string& holder,
                                   std::chrono::milliseconds limit, Clock& clock,
                                   const Cancel* cancel) {
  const auto give_up = clock.Monotonic() + limit;
  while (true) {
    auto lock = TryAcquire(path, holder);
    if (lock.ok() || lock.status().code() != Code::kBusy) return lock;
    if (clock.Monotonic() >= give_up) return lock.status();
    if (!clock.Sleep(kRetryEvery, cancel))
      return CancelledError("stopped while waiting for " + path);
  }
}

std::optional<std::string> RecordLockHolder(const std::string& path) {
  const int fd = open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  struct flock query {};
  query.l_type = F_WRLCK;
  query.l_whence = SEEK_SET;
  const int got = fcntl(fd, F_GETLK, &query);
  close(fd);
  if (got != 0 || query.l_type == F_UNLCK || query.l_pid <= 0) return std::nullopt;
  std::string name = "unknown program";
  auto comm = ReadFile(fmt::format("/proc/{}/comm", query.l_pid));
  if (comm.ok()) name = std::string(Trim(comm.value()));
  return fmt::format("process {} ({})", query.l_pid, name);
}

}  // namespace sluice::env
