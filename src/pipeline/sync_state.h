// What a person decides about a sync (sync/decisions.h), and what holds it.
#pragma once

#include <optional>
#include <string>

#include "base/status.h"
#include "pipeline/runtime.h"

namespace sluice::pipeline {

// kConfig, with the nearest name, when the project has no such sync.
Status CheckSyncName(const config::Project& project, const std::string& name);

enum class SyncDecision { kAdopt, kReset, kRetry, kResync, kPause, kResume };

struct SyncDecisionJob {
  SyncDecision decision = SyncDecision::kRetry;
  std::string sync;
  std::string state;  // of kRetry: "rejected" or "unknown"
  std::string reason;
};

// Gives a sentence. kBusy while a run has the sync, but for pausing and resuming. `session` is open
// for writing.
Result<std::string> DecideAboutSync(Runtime& runtime, warehouse::Session& session,
                                    const SyncDecisionJob& job);

}  // namespace sluice::pipeline
