#include "connectors/s3/spool_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "env/file.h"

namespace sluice::connectors::s3 {
namespace {

// Never kNotFound, which would speak of the object.
Status SystemError(const char* what, const std::string& path) {
  const int error = errno;
  return FailedError(fmt::format("cannot {} {}: {}", what, path, std::strerror(error)),
                     error == ENOSPC ? "Make room on the disk of .sluice, and run again" : "");
}

}  // namespace

SpoolFile::~SpoolFile() {
  if (fd_ < 0) return;
  close(fd_);
  // Nobody is there to hear of a failure; the next run empties the spool.
  if (!kept_) static_cast<void>(env::RemoveFile(part_));
}

Status SpoolFile::Open() {
  if (fd_ < 0) {
    fd_ = open(part_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    return fd_ < 0 ? SystemError("create", part_) : Status::Ok();
  }
  return ftruncate(fd_, 0) == 0 ? Status::Ok() : SystemError("empty", part_);
}

Status SpoolFile::WriteAt(uint64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return SystemError("write", part_);
    offset += static_cast<uint64_t>(n);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return Status::Ok();
}

Status SpoolFile::ReadAt(uint64_t offset, size_t length, std::string& out) const {
  out.resize(length);
  size_t done = 0;
  while (done < length) {
    const ssize_t n =
        pread(fd_, out.data() + done, length - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return SystemError("read", part_);
    if (n == 0) break;
    done += static_cast<size_t>(n);
  }
  out.resize(done);
  return Status::Ok();
}

Status SpoolFile::Keep() {
  SLUICE_TRY(env::Rename(part_, path_));
  kept_ = true;
  return Status::Ok();
}

}  // namespace sluice::connectors::s3
