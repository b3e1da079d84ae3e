// `sluice sync audit`: what a sync has delivered against what its destination holds (sync/audit.h).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "env/clock.h"
#include "pipeline/runtime.h"
#include "sync/audit.h"

namespace sluice::pipeline {

struct AuditJob {
  std::string sync;
  uint64_t sample = 100;  // rows that are looked for
  // Every row instead, by all that the destination gives at once.
  bool everything = false;
  bool repair = false;
  std::string reason;
};

struct AuditReport {
  uint64_t delivered = 0;  // rows that count as delivered
  uint64_t looked = 0;     // of them, those that were looked for
  uint64_t questions = 0;
  std::vector<sync::AuditFinding> findings;
  uint64_t differing = 0;          // `findings`, and those beyond what is listed
  std::optional<uint64_t> others;  // of an export: what is there and was not delivered by this sync
  std::string holds;               // how many the destination has, where it counts; ""
  std::string repaired;            // what was done about them, "" nothing
};

// The warehouse is closed while the destination is asked. `show` is told what was found before anything
// is marked. kConfig for a destination that cannot be asked; kBusy, with `repair`, while a run has the sync.
Result<AuditReport> AuditSync(Runtime& runtime, const AuditJob& job, const env::Cancel* cancel,
                              const std::function<void(const AuditReport&)>& show);

}  // namespace sluice::pipeline
