// What runs leave behind outside the warehouse: their list (SQLite, .sluice/ENV/state.db) and one log
// of JSON lines each (.sluice/ENV/logs/RUN.jsonl). `sluice runs` and `sluice logs` read only these, so
// they never need the warehouse file. Holds no secrets and no values of rows.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "env/clock.h"
#include "report/report.h"

namespace sluice::pipeline {

struct RunSummary {
  std::string run_id;      // "20261121-140307-3fa9"
  std::string command;     // "run zenoti+"
  std::string started_at;  // UTC, "2026-11-21 14:03:07.123456"
  std::string ended_at;    // "" while it runs, or when it was killed
  int exit_code = -1;      // -1 while it runs, or when it was killed
  int64_t process = 0;
  std::string version;            // of sluice
  std::string git_commit;         // of the project's folder; "" outside git
  std::optional<bool> git_dirty;  // files differ from the commit; nothing when it cannot be known
  std::string config_digest;
  std::string sql_digests;  // JSON object: model -> digest
  std::string summary;      // JSON: counts per load, model and sync
};

// Whether it never said that it ended, and its process is there.
bool IsAlive(const RunSummary& run);

// The version of state.db that this program writes.
inline constexpr int kRunStoreVersion = 1;

// The list of runs. kFailed when state.db was written by a newer Sluice. Not thread-safe; other
// processes may have it open at the same time.
class RunStore {
 public:
  static Result<std::unique_ptr<RunStore>> Open(const std::string& state_folder);
  ~RunStore();
  RunStore(const RunStore&) = delete;
  RunStore& operator=(const RunStore&) = delete;

  Status Begin(const RunSummary& run);
  Status End(const std::string& run_id, const std::string& ended_at, int exit_code,
             const std::string& summary);
  // Runs that began before `time` and have ended, or were killed; how many. Only counted when `dry_run`.
  Result<int64_t> RemoveBefore(const std::string& time, bool dry_run);
  // Newest first.
  Result<std::vector<RunSummary>> List(int limit);
  // Those that never said that they ended and whose process is gone: newest first, at most `limit`.
  Result<std::vector<RunSummary>> Killed(int limit);
  // By id, a unique prefix, or "latest".
  Result<RunSummary> Find(const std::string& name);

 private:
  RunStore();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// A run's log; wraps another reporter and passes everything on. Thread-safe.
std::unique_ptr<report::Reporter> MakeLoggingReporter(const std::string& path,
                                                      report::Reporter& inner, env::Clock& clock);
std::string LogPath(const std::string& state_folder, const std::string& run_id);

// "20261121-140307-3fa9": sorts by time, unique by the random tail.
std::string NewRunId(env::Micros now, uint64_t random);

// The commit of the git repository around `folder`, read from its files; "" when there is none.
std::string GitCommit(const std::string& folder);
// What `git status --porcelain` says of `folder`; nothing without git, a repository or an answer within
// `limit`.
std::optional<bool> GitDirty(const std::string& folder, std::chrono::milliseconds limit,
                             env::Clock& clock);

}  // namespace sluice::pipeline
