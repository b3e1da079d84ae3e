// Carries out the plan of an ingest: fetch -> stage -> check -> publish, step by step, one transaction
// per step, and decides what is held. Several ingests can be carried out in turn over one session, so
// that one whose files come slowly holds up no other.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "config/project.h"
#include "engine/engine.h"
#include "env/clock.h"
#include "ingest/fetcher.h"
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
  FetchLimits fetch = {};
  bool leave_files = false;                  // after_loading is not done
  const config::Project* project = nullptr;  // for planning: who else fills the tables
};

// Reads the ledger, updates the schema catalogue (writing it when `write`) and plans: what waits, or only
// `restore`.
Result<IngestPlan> PlanIngest(const IngestContext& context, const std::vector<Source>& sources,
                              bool write, const RestoreRequest* restore = nullptr);

// Loads what the plan says, in pieces. Each is whole when it returns: nothing of it is left open on the
// connection, which another ingest may use before the next. An error only where nothing can go on
// (warehouse, fence, Ctrl-C), and then nothing more is to be called but End; what concerns one table is
// in the outcome. One thread.
class IngestRun {
 public:
  // What `context` refers to outlives it.
  IngestRun(IngestContext context, IngestPlan plan);
  ~IngestRun();
  IngestRun(const IngestRun&) = delete;
  IngestRun& operator=(const IngestRun&) = delete;

  // Takes the fence, holds and makes again what came late, and starts the downloads.
  Status Begin();
  bool is_done() const;
  // Whether Next would not wait for a download. What it would wait for is fetched first from now on.
  bool IsReady();
  // Bytes of the files that Next needs, and how many of them are there.
  report::Progress Fetched();
  // The next step; after the last one, what belongs to the ingest as a whole.
  Status Next();
  // After an error too: what was published before it stays published, and is told.
  IngestOutcome End(const Status& status);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// All of it in one go. `outcome` is set either way.
Status RunIngest(const IngestContext& context, IngestPlan plan, IngestOutcome& outcome);

}  // namespace sluice::ingest
