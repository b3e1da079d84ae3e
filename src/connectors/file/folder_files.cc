#include "connectors/file/folder_files.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

#include "base/text.h"

namespace sluice::connectors::file {

Status SystemError(std::string_view what, const std::string& path, int error) {
  const std::string message = fmt::format("cannot {} {}: {}", what, path, std::strerror(error));
  // Links that go round in a circle lead to nothing.
  if (error == ENOENT || error == ENOTDIR || error == ELOOP) return NotFoundError(message);
  if (error == EACCES || error == EPERM) {
    return FailedError(message,
                       fmt::format("Give the user that runs sluice the right to {} it", what));
  }
  return FailedError(message);
}

Status Stopped(const std::string& path) {
  return CancelledError(fmt::format("{}: stopped", path));
}

Status Changed(const std::string& path) {
  return RetryError(fmt::format("{} changed while it was read", path),
                    "Run the command again once the file is complete");
}

std::string TagOf(const struct stat& st) {
  return fmt::format("{:x}-{:x}.{:09}-{:x}", st.st_size, st.st_mtim.tv_sec, st.st_mtim.tv_nsec,
                     st.st_ino);
}

Result<std::string> Resolve(const std::string& path, const std::string& real_root) {
  char* found = realpath(path.c_str(), nullptr);
  if (found == nullptr) return SystemError("look at", path, errno);
  std::string real(found);
  std::free(found);  // NOLINT: realpath allocates with malloc
  const bool inside = real == real_root || real_root == "/" || StartsWith(real, real_root + "/");
  if (!inside) {
    return RejectedError(fmt::format("{} is a link that leads out of {}", path, real_root),
                         "Copy what it points to, or make a connection of its own for it");
  }
  return real;
}

Status CheckListable(const std::string& path, const std::string& root) {
  for (const std::string& part : Split(path, '/')) {
    if (part.empty() || part.front() == '.') {
      return FailedError(fmt::format("\"{}\" is no path that {} lists", path, root));
    }
  }
  return Status::Ok();
}

}  // namespace sluice::connectors::file
