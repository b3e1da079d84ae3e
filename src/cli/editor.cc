#include "cli/editor.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

#include "env/file.h"

namespace sluice::cli {
namespace {

constexpr uint64_t kMostBytes = 4 << 20;

// $EDITOR may be a command with arguments, so it goes through the shell; the path is its last argument.
Status RunEditor(const std::string& path) {
  const pid_t child = fork();
  if (child < 0)
    return FailedError(fmt::format("the editor cannot be started: {}", strerror(errno)));
  if (child == 0) {
    execl("/bin/sh", "sh", "-c", "${VISUAL:-${EDITOR:-vi}} \"$1\"", "sh", path.c_str(), nullptr);
    _exit(127);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return FailedError(fmt::format("the editor: {}", strerror(errno)));
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return Status::Ok();
  return FailedError("the editor has failed; nothing is stored", "Set EDITOR, or give --raw TEXT");
}

}  // namespace

Result<std::string> EditText(const std::string& text) {
  const char* folder = std::getenv("TMPDIR");
  std::string path =
      env::JoinPath(folder == nullptr || *folder == '\0' ? "/tmp" : folder, "sluice-row-XXXXXX");
  const int fd = mkstemp(path.data());  // mode 0600
  if (fd < 0) return FailedError(fmt::format("{}: {}", path, strerror(errno)));
  close(fd);
  Status status = env::WriteFileAtomically(path, text + "\n", 0600);
  if (status.ok()) status = RunEditor(path);
  Result<std::string> edited = status.ok() ? env::ReadFile(path, kMostBytes) : status;
  (void)env::RemoveFile(path);
  return edited;
}

}  // namespace sluice::cli
