#include "env/copy_file.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "env/descriptor.h"
#include "env/file.h"

namespace sluice::env {
namespace {

// Between two looks at `cancel`.
constexpr size_t kChunkBytes = 64 << 20;
constexpr size_t kBufferBytes = 1 << 20;

Status Failed(std::string_view what, const std::string& path) {
  const int error = errno;
  const std::string message = fmt::format("cannot {} {}: {}", what, path, std::strerror(error));
  return error == ENOENT ? NotFoundError(message) : FailedError(message);
}

Descriptor Open(const std::string& path, int flags) {
  return Descriptor(open(path.c_str(), flags | O_CLOEXEC, 0600));
}

// One piece, as the kernel likes it. 0 at the end.
ssize_t CopyPiece(int from, int to, std::string& buffer) {
  if (buffer.empty()) {
    const ssize_t n = copy_file_range(from, nullptr, to, nullptr, kChunkBytes, 0);
    if (n >= 0) return n;
    if (errno != EXDEV && errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP) return n;
    buffer.resize(kBufferBytes);
  }
  const ssize_t n = read(from, buffer.data(), buffer.size());
  for (ssize_t done = 0; done < n;) {
    const ssize_t written = write(to, buffer.data() + done, static_cast<size_t>(n - done));
    if (written < 0 && errno != EINTR) return written;
    if (written > 0) done += written;
  }
  return n;
}

}  // namespace

Result<bool> CloneFile(const std::string& from, const std::string& to) {
  const Descriptor in = Open(from, O_RDONLY);
  if (!in.is_open()) return Failed("open", from);
  const Descriptor out = Open(to, O_WRONLY | O_CREAT | O_EXCL);
  if (!out.is_open()) return Failed("create", to);
  if (ioctl(out.get(), FICLONE, in.get()) == 0) return true;
  SLUICE_TRY(RemoveFile(to));
  return false;
}

Status CopyFile(const std::string& from, const std::string& to,
                const std::function<void(uint64_t)>& progress, const Cancel* cancel) {
  const Descriptor in = Open(from, O_RDONLY);
  if (!in.is_open()) return Failed("open", from);
  const Descriptor out = Open(to, O_WRONLY | O_CREAT | O_EXCL);
  if (!out.is_open()) return Failed("create", to);
  std::string buffer;  // empty while the kernel copies by itself
  uint64_t copied = 0;
  while (true) {
    if (cancel != nullptr && cancel->is_set()) return CancelledError("stopped");
    const ssize_t n = CopyPiece(in.get(), out.get(), buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Failed("copy to", to);
    if (n == 0) return Status::Ok();
    copied += static_cast<uint64_t>(n);
    if (progress) progress(copied);
  }
}

}  // namespace sluice::env
