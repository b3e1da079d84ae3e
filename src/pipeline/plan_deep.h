// `sluice plan --deep`: a rehearsal. What waits is loaded and built in a throwaway copy of the warehouse, by
// the same code as in a run, and then every sync is planned exactly. Nothing is sent; neither the
// warehouse nor the state folder nor a store changes; the copy is gone in the end.
//
// The copy lies in .sluice/ENV/plan-deep, which belongs to whoever holds .sluice/ENV/plan-deep.lock: what a
// killed one left is known by a lock that nobody holds.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/status.h"
#include "env/clock.h"
#include "env/file.h"
#include "ingest/plan_restore.h"
#include "pipeline/plan.h"
#include "pipeline/run.h"
#include "pipeline/runtime.h"
#include "report/report.h"

namespace sluice::pipeline {

struct DeepOptions {
  const ingest::RestoreRequest* restore = nullptr;  // may be null, as in PlanProject
  std::chrono::milliseconds wait{0};                // for who works with the warehouse
  const env::Cancel* cancel = nullptr;
  const PlannedRows* rows = nullptr;  // may be null, as in PlanProject
  // Free bytes where a path lies.
  std::function<Result<uint64_t>(const std::string&)> free_space = env::FreeSpace;
};

struct DeepPlan {
  // As PlanProject makes it, but syncs and holds are those of after the load, and `models` those that were
  // built. Holds that are not there yet are marked.
  ProjectPlan plan;
  // What loading and building came to. Its syncs are "planned" or "waiting".
  RunReport load;
};

// kBusy when somebody works with the warehouse or plans as deep; kFailed when there is no room for the
// copy, or for what waits; kCancelled. What goes wrong with one ingest, model or sync is in the plan.
Result<DeepPlan> PlanDeep(Runtime& runtime, const std::vector<std::string>& selectors,
                          const DeepOptions& options, report::Reporter& reporter);

// Removes what a killed one left, or with `dry_run` only looks; whether there was something.
Result<bool> RemoveDeepLeftover(Runtime& runtime, bool dry_run);

}  // namespace sluice::pipeline
