// Carries out the plan of an ingest: fetch -> stage -> check -> publish, step by step, one transaction
// per step, and decides what is held.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "config/project.h"
#include "engine/engine.h"
#include "env/clock.h"
#include "ingest/plan.h"
#include "ingest/plan_restore.h"
#include "ingest/stage_functions.h"
#include "report/report.h"
#include "warehouse/warehouse.h"

namespace sluice::ingest {

// What became of one load of one table.
struct LoadOutcome {
  std::string table;
  std::string label;
  std::string outcome;  // done, held, failed
  std::string message;
  std::string hold_id;
  FileCounts counts;
};

struct IngestOutcome {
  std::vector<LoadOutcome> loads;
  std::vector<std::string> warnings;  // of checks that warn, notes of the plan
  int64_t late_files = 0;             // reported, not loaded
  std::vector<std::string> hold_ids;  // all that are open now
  bool failed = false;
  FileCounts total;
};

struct IngestContext {
  const config::Ingest& ingest;
  warehouse::Session& session;
  StageFunctions& functions;
  report::Reporter& reporter;
  env::Clock& clock;
  const env::Cancel* cancel = nullptr;
  std::string spool_folder;  // emptied before and after
  std::string run_id;
  uint64_t checkpoint_bytes = 512ULL << 20;  // the log is checkpointed when it is larger
};

// Reads the ledger, updates the schema catalogue (writing it when `write`) and plans: what waits, or only
// `restore`.
Result<IngestPlan> PlanIngest(const IngestContext& context, const std::vector<Source>& sources,
                              bool write, const RestoreRequest* restore = nullptr);

// Loads what the plan says. An error only where nothing can go on (warehouse, fence, Ctrl-C); what
// concerns one table is in the outcome. `outcome` is set either way: what was published before an error
// stays published.
Status RunIngest(const IngestContext& context, IngestPlan plan, IngestOutcome& outcome);

}  // namespace sluice::ingest
