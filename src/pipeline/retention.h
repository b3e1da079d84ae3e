// What is kept for how long, and the removal of what is older.
//
// Never touched: tables, loads, cursors, quarantine and its fixes, holds, what was delivered, open deliveries; and of the
// file ledger what says what is in a table, what was seen under a name last, and which loads cannot be taken back.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "config/project.h"
#include "pipeline/runtime.h"

namespace sluice::pipeline {

struct CleanReport {
  struct Line {
    std::string what;  // "logs of runs"
    int64_t things = 0;
    uint64_t bytes = 0;  // of files
  };
  std::vector<Line> lines;  // only what there was
  bool complete = true;     // false: more is old than one call removes
};

// Removes what is older than `retention` says; with `dry_run` only counts it. A call removes at most
// so many files and rows that it ends within seconds. What others are working with stays: a spool whose
// ingest is locked. `session` may be null when there is no warehouse.
Result<CleanReport> Clean(Runtime& runtime, warehouse::Session* session,
                          const config::Retention& retention, bool dry_run);

// SELECT of the rowids of entries of the file ledger that say nothing of any use any more, and are from before that:
// files that a newer one of their name has followed, when none of their rows is in the table any more and the load that
// took their place can itself no longer be taken back; and files that came again and were not loaded.
std::string OutdatedFiles(env::Micros before);

// Whether nothing was cleaned for some hours: a run that comes every few minutes does not look each time.
bool IsCleaningDue(Runtime& runtime);

// Warnings about holds that are open for longer than `warn_held`.
Result<std::vector<std::string>> OldHolds(engine::Connection& connection,
                                          const config::Retention& retention, env::Micros now);

}  // namespace sluice::pipeline
