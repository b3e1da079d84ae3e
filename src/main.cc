// The one place where real parts are put together.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <iostream>
#include <thread>

#include "cli/arguments.h"
#include "cli/execute.h"
#include "cli/world.h"
#include "connectors/file/file_destination.h"
#include "connectors/file/file_store.h"
#include "connectors/iterable/api.h"
#include "connectors/iterable/iterable_settings.h"
#include "connectors/iterable/sync_destination.h"
#include "connectors/s3/s3_settings.h"
#include "connectors/s3/s3_store.h"
#include "env/file.h"
#include "env/http.h"
#include "pipeline/run.h"

namespace sluice {
namespace {

std::optional<std::string> Variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return std::string(value);
}

Result<std::unique_ptr<connector::Store>> MakeStore(const config::Connection& connection,
                                                    const config::Project&) {
  if (connection.type == "file") {
    return connectors::file::MakeFileStore(connection.options.Text("path"));
  }
  if (connection.type == "s3") {
    SLUICE_ASSIGN(auto settings, connectors::s3::ReadS3Settings(connection.options, Variable));
    // All buckets of a run together.
    static const auto slots =
        std::make_shared<connectors::s3::DownloadSlots>(connectors::s3::kDefaultDownloads);
    return connectors::s3::MakeS3Store(std::move(settings), env::SystemClock(), env::SystemRandom(),
                                       {}, slots);
  }
  return ConfigError("connection " + connection.name + " of type " + connection.type +
                     " holds no files");
}

Result<std::unique_ptr<connector::Destination>> MakeDestination(
    const config::Connection& connection, const config::Sync& sync, const config::Project&) {
  if (connection.type == "file") {
    return connectors::file::MakeFileDestination(connection.options.Text("path"), sync.object);
  }
  if (connection.type == "iterable") {
    SLUICE_ASSIGN(auto settings, connectors::iterable::ReadIterableSettings(connection.options));
    env::HttpOptions http;
    http.ca_file = settings.ca_file;
    http.max_idle = static_cast<int>(connectors::iterable::kMostAtOnce);
    // Trying again is the sync engine's: it knows which rows an answer was about.
    return connectors::iterable::MakeSyncDestination(
        std::move(settings), sync, env::MakeCurlTransport(http), env::SystemClock());
  }
  return ConfigError("connection " + connection.name + " of type " + connection.type +
                     " takes no rows");
}

int g_signal_pipe[2] = {-1, -1};

void OnSignal(int) {
  const int before = errno;
  const char byte = 1;
  (void)!write(g_signal_pipe[1], &byte, 1);
  errno = before;
}

// Ctrl-C stops a run cleanly; a second one breaks off what is in flight; a third ends the process as it
// stands, which loses nothing either. Other commands change nothing that could be left half done.
void WatchSignals(bool is_run, env::Cancel& cancel, env::Cancel& abort) {
  if (pipe2(g_signal_pipe, O_CLOEXEC) != 0) return;
  struct sigaction action {};
  action.sa_handler = OnSignal;
  action.sa_flags = SA_RESTART;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaction(signal, &action, nullptr);
  std::thread([is_run, &cancel, &abort] {
    for (int count = 1;; ++count) {
      char byte = 0;
      while (read(g_signal_pipe[0], &byte, 1) != 1) {
        if (errno != EINTR) return;
      }
      if (count == 1) cancel.Set();
      if (count == 2) abort.Set();
      if (!is_run) {
        // Time to remove what was copied; a statement of the engine does not look.
        std::this_thread::sleep_for(std::chrono::milliseconds(500));
        _exit(pipeline::kExitCancelled);
      }
      if (count >= 3) _exit(pipeline::kExitCancelled);
    }
  }).detach();
}

std::string OwnPath() {
  char path[4096];
  const ssize_t size = readlink("/proc/self/exe", path, sizeof path);
  return size <= 0 ? "sluice" : std::string(path, static_cast<size_t>(size));
}

int Main(const std::vector<std::string>& words) {
  std::ios::sync_with_stdio(false);
  // Warehouse, logs and what destinations of files are given are personal data: not for everybody. What
  // the group may do stays as the user has set it.
  umask(umask(0) | 07);
  signal(SIGPIPE, SIG_IGN);
  // They outlive the thread that sets them.
  static env::Cancel cancel;
  static env::Cancel abort;
  const auto parsed = cli::ParseArguments(words);
  const bool is_run =
      parsed.ok() && parsed->help.empty() && parsed->arguments.command == cli::Command::kRun;
  WatchSignals(is_run, cancel, abort);
  cli::World world{{MakeStore, MakeDestination},
                   env::SystemClock(),
                   env::SystemRandom(),
                   std::cin,
                   std::cout,
                   std::cerr,
                   cli::DetectTerminal(),
                   OwnPath(),
                   env::AbsolutePath("."),
                   &cancel,
                   &abort};
  return cli::Execute(words, world);
}

}  // namespace
}  // namespace sluice

int main(int argc, char** argv) {
  return sluice::Main({argv + 1, argv + argc});
}
