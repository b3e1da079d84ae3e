// The program that the crash sweep stops, and the one that looks at what is left.
//
//   crash_driver load DB       goes on with the work where the file stands, to its end or --until STEP
//   crash_driver read DB       opens as a read command would and prints the step that it finds
//   crash_driver verify DB     checks that the content is that of the last acknowledged step or of the
//                              one in flight, goes on as `load` does and checks the end
//   crash_driver raw-checkpoint DB   CHECKPOINT without the guard
//   crash_driver plan -        prints the steps, "NUMBER NAME"
//
//   --rows N --threads N       scale of the work; what the engine may use
//   --until STEP               the last step to do; default, and at most: all
//   --further N                `verify` goes on for N steps only
//   --progress FILE            `load` appends the number of each step that was acknowledged to it
//   --digests FILE             "STEP DIGEST" per line; `load` writes it, `verify` and `read` compare
//   --again                    `load` tries a step that failed once more
//   --reopen                   ... after an error `load` closes, opens in the same process and goes on
//   --reader                   another thread reads all the while, so checkpoints meet readers
//
// Exit code: 0 done; 1 the content is wrong; 3 the engine reported an error.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <sstream>
#include <thread>

#include <fmt/format.h>

#include "env/file.h"
#include "work.h"

namespace sluice::crash {
namespace {

struct Options {
  std::string command;
  std::string database;
  int64_t rows = 200000;
  int threads = 2;
  int64_t until = 0;
  int64_t further = 0;
  std::string progress;
  std::string digests;
  bool again = false;
  bool reopen = false;
  bool reader = false;
};

constexpr int kWrong = 1;
constexpr int kError = 3;

int Fail(int code, const std::string& text) {
  fmt::print(stderr, "{}\n", text);
  return code;
}

bool Parse(int argc, char** argv, Options& options) {
  if (argc < 3) return false;
  options.command = argv[1];
  options.database = argv[2];
  for (int i = 3; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--again") {
      options.again = true;
    } else if (name == "--reopen") {
      options.reopen = true;
    } else if (name == "--reader") {
      options.reader = true;
    } else if (i + 1 == argc) {
      return false;
    } else if (name == "--rows") {
      options.rows = std::atoll(argv[++i]);
    } else if (name == "--threads") {
      options.threads = std::atoi(argv[++i]);
    } else if (name == "--until") {
      options.until = std::atoll(argv[++i]);
    } else if (name == "--further") {
      options.further = std::atoll(argv[++i]);
    } else if (name == "--progress") {
      options.progress = argv[++i];
    } else if (name == "--digests") {
      options.digests = argv[++i];
    } else {
      return false;
    }
  }
  return true;
}

Status AppendLine(const std::string& path, const std::string& line) {
  SLUICE_ASSIGN(auto file, env::AppendFile::Open(path));
  return file.Append(line + "\n");
}

// "STEP ..." lines; a file that is not there is an empty one: nothing was acknowledged yet.
std::map<int64_t, std::string> ReadLines(const std::string& path) {
  std::map<int64_t, std::string> lines;
  const auto text = env::ReadFile(path);
  if (!text.ok()) return lines;
  std::istringstream stream(text.value());
  std::string line;
  while (std::getline(stream, line)) {
    const size_t space = line.find(' ');
    lines[std::atoll(line.c_str())] = space == std::string::npos ? "" : line.substr(space + 1);
  }
  return lines;
}

// Reads one table after the other until it is stopped. Errors are expected: tables come and go, and
// a checkpoint interrupts readers.
class Reader {
 public:
  explicit Reader(engine::Database& database)
      : thread_([this, &database] {
          auto connection = database.Connect();
          while (connection.ok() && !stop_) {
            (void)connection.value()->Scalar("SELECT count(note) FROM visits");
            (void)connection.value()->Scalar("SELECT max(payload) FROM _sluice.delivered");
          }
        }) {}
  ~Reader() {
    stop_ = true;
    thread_.join();
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

 private:
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

class Driver {
 public:
  explicit Driver(Options options) : options_(std::move(options)), plan_(Plan(options_.rows)) {
    const auto end = static_cast<int64_t>(plan_.size());
    if (options_.until == 0 || options_.until > end) options_.until = end;
  }

  int Run() {
    if (options_.command == "raw-checkpoint") {
      const Status status = UnguardedCheckpoint(options_.database, options_.threads);
      return status.ok() ? 0 : Fail(kError, status.ToString());
    }
    if (options_.command == "plan") {
      for (size_t i = 0; i < plan_.size(); ++i) fmt::print("{} {}\n", i + 1, plan_[i].name);
      return 0;
    }
    if (options_.command == "read") return Read();
    if (options_.command == "load") return Load();
    if (options_.command == "verify") return Verify();
    return Fail(2, "unknown command " + options_.command);
  }

 private:
  Status Open(bool read_only) {
    engine::OpenOptions open;
    open.read_only = read_only;
    open.threads = options_.threads;
    SLUICE_ASSIGN(database_, engine::Database::Open(options_.database, open));
    return Status::Ok();
  }

  // The step that the content is that of. An error of `wrong` when it is that of none.
  Result<int64_t> Look(bool& wrong) {
    SLUICE_ASSIGN(auto connection, database_->Connect());
    SLUICE_ASSIGN(const int64_t step, LastStep(*connection));
    SLUICE_ASSIGN(const std::string digest, Digest(*connection));
    if (options_.digests.empty()) return step;
    auto known = ReadLines(options_.digests);
    if (known[step] == digest) return step;
    wrong = true;
    return FailedError(
        fmt::format("the load record says step {}, but the tables hold something else", step));
  }

  int Read() {
    bool wrong = false;
    const Status opened = Open(true);
    // A machine that stopped before the file was there leaves nothing to read.
    if (opened.code() == Code::kNotFound) return 0;
    if (!opened.ok()) return Fail(kError, opened.ToString());
    const auto step = Look(wrong);
    if (!step.ok()) return Fail(wrong ? kWrong : kError, step.status().ToString());
    fmt::print("{}\n", step.value());
    return 0;
  }

  Status GoOn(bool record) {
    std::unique_ptr<Reader> reader;
    if (options_.reader) reader = std::make_unique<Reader>(*database_);
    int64_t step = 0;
    {
      SLUICE_ASSIGN(auto connection, database_->Connect());
      SLUICE_ASSIGN(step, LastStep(*connection));
      if (record && !options_.digests.empty() && step == 0) {
        SLUICE_ASSIGN(const std::string digest, Digest(*connection));
        SLUICE_TRY(AppendLine(options_.digests, fmt::format("0 {}", digest)));
      }
    }
    while (++step <= options_.until) {
      const Step& next = plan_[static_cast<size_t>(step - 1)];
      Status done = RunStep(*database_, next);
      if (!done.ok() && options_.again) {
        fmt::print(stderr, "{}\n", done.ToString());
        done = RunStep(*database_, next);
      }
      SLUICE_TRY(done.WithContext(fmt::format("step {} {}", step, next.name)));
      if (!options_.progress.empty() && !next.is_checkpoint) {
        SLUICE_TRY(AppendLine(options_.progress, std::to_string(step)));
      }
      if (record && !options_.digests.empty() && !next.is_checkpoint) {
        SLUICE_ASSIGN(auto connection, database_->Connect());
        SLUICE_ASSIGN(const std::string digest, Digest(*connection));
        SLUICE_TRY(AppendLine(options_.digests, fmt::format("{} {}", step, digest)));
      }
    }
    return Status::Ok();
  }

  int Load() {
    for (int attempt = 0;; ++attempt) {
      Status status = Open(false);
      if (status.ok()) status = GoOn(true);
      database_.reset();
      if (status.ok()) return 0;
      fmt::print(stderr, "{}\n", status.ToString());
      if (!options_.reopen || attempt > 0) return kError;
    }
  }

  int Verify() {
    const auto progress = ReadLines(options_.progress);
    const int64_t acknowledged = progress.empty() ? 0 : progress.rbegin()->first;
    int64_t in_flight = acknowledged + 1;
    while (in_flight <= static_cast<int64_t>(plan_.size()) &&
           plan_[static_cast<size_t>(in_flight - 1)].is_checkpoint) {
      ++in_flight;
    }
    bool wrong = false;
    Status status = Open(false);
    if (!status.ok()) return Fail(kError, status.ToString());
    auto step = Look(wrong);
    if (!step.ok()) return Fail(wrong ? kWrong : kError, step.status().ToString());
    const int64_t found = step.value();
    if (found != acknowledged && found != in_flight) {
      return Fail(kWrong, fmt::format("the content is that of step {}, acknowledged was {}", found,
                                      acknowledged));
    }
    options_.progress.clear();
    if (options_.further > 0) {
      options_.until = std::min(options_.until, found + options_.further);
    }
    status = GoOn(false);
    // The end is looked at after opening once more: what only memory holds is no end.
    database_.reset();
    if (status.ok()) status = Open(true);
    if (!status.ok()) return Fail(kError, "going on: " + status.ToString());
    step = Look(wrong);
    if (!step.ok()) return Fail(wrong ? kWrong : kError, "at the end: " + step.status().ToString());
    int64_t last = std::max(options_.until, found);
    while (last > 0 && plan_[static_cast<size_t>(last - 1)].is_checkpoint) --last;
    if (step.value() != last) {
      return Fail(kWrong, fmt::format("the end is step {}, expected {}", step.value(), last));
    }
    fmt::print("{}\n", found);
    return 0;
  }

  Options options_;
  std::vector<Step> plan_;
  std::unique_ptr<engine::Database> database_;
};

}  // namespace
}  // namespace sluice::crash

int main(int argc, char** argv) {
  sluice::crash::Options options;
  if (!sluice::crash::Parse(argc, argv, options)) {
    fmt::print(stderr, "usage: crash_driver load|read|verify|raw-checkpoint|plan DB [options]\n");
    return 2;
  }
  return sluice::crash::Driver(std::move(options)).Run();
}
