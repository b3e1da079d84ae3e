// The order of a run: ingests, then models, then syncs, each as far as nothing that it depends on waits
// or failed. What is done for a sync that nothing stops says the caller: a run delivers, a rehearsal
// (plan_deep.h) plans.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/status.h"
#include "config/project.h"
#include "engine/engine.h"
#include "models/graph.h"
#include "pipeline/ingest_steps.h"
#include "pipeline/run.h"
#include "pipeline/runtime.h"
#include "pipeline/selector.h"
#include "quality/holds.h"
#include "report/report.h"
#include "warehouse/warehouse.h"

namespace sluice::pipeline {

// In this order, each at most once. Not thread-safe.
class ProjectRun {
 public:
  // What it refers to outlives it.
  ProjectRun(Runtime& runtime, const RunOptions& options, Selection selection,
             report::Reporter& reporter, std::string run_id);

  void LoadAndBuild();
  void Sync(const std::function<SyncReport(const config::Sync&)>& send);
  // Makes the log part of the file, and removes what is old. Nothing when nothing was touched.
  void Finish();
  RunReport TakeReport();

  // Whether it had the warehouse at all: not when another run held everything.
  bool touched() const { return touched_; }

 private:
  // Why something cannot be used by what reads it.
  struct Obstacle {
    std::string what;             // "hold 5f0c31aa", "model people, which failed"
    int exit_code = kExitFailed;  // of what waits for it
    std::string hold_id = {};
  };

  bool Stopped() const { return options_.cancel != nullptr && options_.cancel->is_set(); }
  void Worsen(int code) { report_.exit_code = WorseExit(report_.exit_code, code); }
  void RunIngests();
  IngestReport Tell(EndedIngest&& ended);
  void TellBroken(const config::Ingest& ingest, const Status& status, IngestReport& report);
  Status MentionHoldsOf(const config::Ingest& ingest, warehouse::Session& session);
  // Of all ingests so far.
  Status CountRowsOfHolds(warehouse::Session& session);
  void Mention(const quality::HoldRecord& hold);
  void MentionHoldOf(const Obstacle& obstacle);
  void Judge(IngestReport& report);
  // What waits for a decision stops what depends on it, also when this run did not touch it.
  Status ReadHolds(engine::Connection& connection);
  void RunModels();
  // What models read behind views and macros that nobody declared; those that cannot be prepared yet
  // have the names in their SQL.
  void LookBehindNames(engine::Connection& connection);
  // Also through models that this run was not asked to build: a view of theirs reads what waits.
  void BlockWhatDepends();
  // Then nobody needs the warehouse, which the other run may have for long.
  bool EverythingWaits() const;
  void TellWaiting(const models::ModelNode& node);
  void BuildOne(engine::Connection& connection, const models::ModelNode& node);
  // Null when nothing is in its way.
  const Obstacle* WhyBlocked(const models::ModelNode& node) const;
  void RunOneSync(const config::Sync& sync,
                  const std::function<SyncReport(const config::Sync&)>& send);
  // What is old goes, now and then; what waits for long is told. Neither fails a run.
  void Keep(warehouse::Session& session);

  Runtime& runtime_;
  const config::Project& project_;
  const RunOptions& options_;
  const Selection selection_;
  report::Reporter& reporter_;
  RunReport report_;
  std::map<std::string, Obstacle> blocked_;              // table or model
  std::map<std::string, std::set<std::string>> reads_;   // by model, where something is blocked
  std::map<std::string, quality::HoldRecord> stopping_;  // by id
  bool touched_ = false;
  // Open from what was loaded on until syncs begin, or where there are none until the run is recorded.
  std::unique_ptr<warehouse::Session> session_;
};

}  // namespace sluice::pipeline
