#include "env/shared_record.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "env/descriptor.h"

namespace sluice::env {
namespace {

constexpr size_t kMostBytes = 4096;

Status Problem(const std::string& what, const std::string& path) {
  return FailedError(fmt::format("cannot {} {}: {}", what, path, std::strerror(errno)));
}

}  // namespace

Status SharedRecord::Update(const std::function<void(std::string& bytes)>& change) const {
  // Closing releases the lock.
  const Descriptor file(open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file.is_open()) return Problem("open", path_);
  while (flock(file.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return Problem("lock", path_);
  }
  char buffer[kMostBytes];
  const ssize_t there = pread(file.get(), buffer, sizeof buffer, 0);
  if (there < 0) return Problem("read", path_);
  const std::string before(buffer, static_cast<size_t>(there));
  std::string bytes = before;
  change(bytes);
  if (bytes == before) return Status::Ok();
  const auto size = static_cast<ssize_t>(bytes.size());
  if (pwrite(file.get(), bytes.data(), bytes.size(), 0) != size) return Problem("write", path_);
  if (bytes.size() < before.size() && ftruncate(file.get(), size) != 0)
    return Problem("cut", path_);
  return Status::Ok();
}

}  // namespace sluice::env
