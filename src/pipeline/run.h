// `sluice run`: ingests, then models, then syncs, each as far as nothing that it depends on waits or
// failed; locks; the run record; the exit code.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "env/clock.h"
#include "ingest/ingest_runner.h"
#include "pipeline/plan_file.h"
#include "pipeline/runtime.h"
#include "pipeline/selector.h"
#include "quality/holds.h"
#include "report/report.h"

namespace sluice::pipeline {

// Of several the first of 2, 1, 3, 4 counts.
enum ExitCode {
  kExitDone = 0,
  kExitFailed = 1,
  kExitConfig = 2,
  kExitHeld = 3,
  kExitBusy = 4,
  kExitCancelled = 130,
};
int ExitCodeOf(const Status& status);
int WorseExit(int a, int b);

struct RunOptions {
  std::vector<std::string> selectors;
  bool dry_run = false;  // syncs write every request and send none; nothing else is changed
  int64_t limit = 0;     // at most so many rows of each sync; 0: all
  std::optional<uint64_t> confirmed =
      {};  // so many rows of the sync may go, whatever its guards say
  std::optional<ingest::RestoreRequest> restore = {};  // of the ingests nothing else is done
  bool leave_files = false;   // after_loading is not done: files stay in their stores
  std::string only_key = {};  // of each sync this row alone is sent, also when it did not change
  std::map<std::string, PlannedDelivery> planned = {};  // by sync: exactly that is sent
  bool strict = false;                  // quarantined or rejected rows make the exit code 1
  std::chrono::milliseconds wait{0};    // for locks that another run holds
  const env::Cancel* cancel = nullptr;  // Ctrl-C: stop cleanly
  const env::Cancel* abort = nullptr;   // a second Ctrl-C
};

struct ModelReport {
  std::string name;
  std::string outcome;  // done, unchanged, held, failed, waiting
  std::string message;
  std::string hold_id;
  int64_t rows = -1;
};

// One request of a sync and its answer.
struct SyncExchange {
  std::string method;
  std::string target;
  std::string body;
  int status = 0;                     // of HTTP; 0 without an answer
  std::vector<std::string> outcomes;  // "acknowledged", "rejected: InvalidEmail: ..."
};

struct SyncReport {
  std::string name;
  std::string outcome;  // done, unchanged, stopped, failed, waiting, busy, paused, dry
  std::string message;
  bool first_run = false;
  int64_t planned = 0;
  int64_t acknowledged = 0;
  int64_t rejected = 0;
  int64_t deferred = 0;
  int64_t absent = 0;  // of `deferred`: mode update did not find them, which is no failure
  int64_t waiting = 0;
  int64_t unknown = 0;
  int64_t left_out = 0;         // found before sending
  int64_t rejected_before = 0;  // by an earlier run, and the same since: not tried again
  int64_t unchanged = 0;
  int64_t requests = 0;
  int64_t bytes = 0;
  std::vector<std::string> warnings;
  bool misconfigured = false;  // it failed for what the project file says
  std::string hold_id;         // that it waits for
  // With RunOptions::only_key. It holds personal data: for who asked, and in no record or log.
  std::vector<SyncExchange> exchanges;
};

struct IngestReport {
  std::string name;
  std::string outcome;  // done, unchanged, failed, held, busy
  std::string message;
  ingest::IngestOutcome result;
};

struct RunReport {
  std::string run_id;
  int exit_code = 0;
  double seconds = 0;
  std::vector<IngestReport> ingests;
  std::vector<ModelReport> models;
  std::vector<SyncReport> syncs;
  std::vector<std::string> warnings;
  std::vector<quality::HoldRecord> holds;  // open, of what was run or of what it waits for
  int64_t quarantined_held = 0;            // rows in quarantine of what this run holds
};

// Runs what is selected. A Status only when nothing could begin (selectors, state folder); everything
// else is in the report, exit code included.
Result<RunReport> RunProject(Runtime& runtime, const RunOptions& options,
                             report::Reporter& reporter);

// The report as one JSON object (version 1), for the run record and `--json`.
std::string ToJson(const RunReport& report);

}  // namespace sluice::pipeline
