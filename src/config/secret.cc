#include "config/secret.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "base/text.h"

namespace sluice::config {
namespace {

constexpr size_t kMostOutput = 64 << 10;

Status CannotRun(int error) {
  return FailedError(fmt::format("the command cannot be run: {}", std::strerror(error)));
}

// The child between fork and exec: only async-signal-safe calls.
[[noreturn]] void BecomeShell(const char* command, const char* folder, int output) {
  setpgid(0, 0);
  const int nothing = open("/dev/null", O_RDONLY);
  if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
      chdir(folder) != 0) {
    _exit(126);
  }
  execl("/bin/sh", "sh", "-c", command, static_cast<char*>(nullptr));
  _exit(127);
}

// Reads to the end of the output; kCancelled at the deadline.
Status ReadOutput(int fd, std::chrono::nanoseconds until, env::Clock& clock, std::string* output) {
  char buffer[4096];
  while (true) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until - clock.Monotonic()).count();
    if (left <= 0) return CancelledError("did not end in time");
    pollfd wait{fd, POLLIN, 0};
    const int ready = poll(&wait, 1, static_cast<int>(std::min<int64_t>(left, 1000)));
    if (ready < 0 && errno != EINTR) {
      return CannotRun(errno);
    }
    if (ready <= 0) continue;
    const ssize_t n = read(fd, buffer, sizeof buffer);
    if (n == 0) return Status::Ok();
    if (n < 0 && errno != EINTR) {
      return CannotRun(errno);
    }
    if (n > 0) output->append(buffer, static_cast<size_t>(n));
    if (output->size() > kMostOutput) return FailedError("the command wrote more than 64 KB");
  }
}

// Waits for the end of a child that closed its output; kCancelled at the deadline.
Status AwaitEnd(pid_t child, std::chrono::nanoseconds until, env::Clock& clock, int* how) {
  while (true) {
    const pid_t ended = waitpid(child, how, WNOHANG);
    if (ended == child) return Status::Ok();
    if (ended < 0 && errno != EINTR) {
      return CannotRun(errno);
    }
    if (clock.Monotonic() >= until) return CancelledError("did not end in time");
    clock.Sleep(std::chrono::milliseconds(5), nullptr);
  }
}

void KillGroup(pid_t child) {
  kill(-child, SIGKILL);
  int how = 0;
  while (waitpid(child, &how, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

Result<std::string> RunSecretCommand(const std::string& command, const std::string& folder,
                                     std::chrono::milliseconds deadline, env::Clock& clock) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    return CannotRun(errno);
  }
  const pid_t child = fork();
  if (child < 0) {
    const int error = errno;
    close(ends[0]);
    close(ends[1]);
    return CannotRun(error);
  }
  if (child == 0) BecomeShell(command.c_str(), folder.c_str(), ends[1]);
  close(ends[1]);
  std::string output;
  int how = 0;
  const std::chrono::nanoseconds until = clock.Monotonic() + deadline;
  Status status = ReadOutput(ends[0], until, clock, &output);
  close(ends[0]);
  if (status.ok()) status = AwaitEnd(child, until, clock, &how);
  if (!status.ok()) KillGroup(child);
  if (status.code() == Code::kCancelled) {
    return FailedError(fmt::format("the command did not end within {}",
                                   HumanSeconds(static_cast<double>(deadline.count()) / 1000)));
  }
  if (!status.ok()) return status;
  if (WIFSIGNALED(how)) {
    return FailedError(fmt::format("the command was ended by signal {}", WTERMSIG(how)));
  }
  if (WEXITSTATUS(how) != 0) {
    return FailedError(fmt::format("the command failed with exit code {}", WEXITSTATUS(how)));
  }
  return output;
}

Result<Secret> SecretFromText(const std::string& text) {
  const std::string_view whole = Trim(text);
  const std::string_view first = Trim(whole.substr(0, whole.find('\n')));
  if (first.empty()) return FailedError("it is empty");
  return Secret(std::string(first));
}

bool OthersMayRead(const std::string& path) {
  struct stat st {};
  return stat(path.c_str(), &st) == 0 && (st.st_mode & (S_IRGRP | S_IROTH)) != 0;
}

}  // namespace sluice::config
