// What a run of an ingest does not publish: loads that a gate holds or that failed, files that a load goes on
// without, and what has to wait behind them.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/engine.h"
#include "ingest/ingest_report.h"
#include "ingest/ingest_runner.h"
#include "ingest/publish_step.h"
#include "warehouse/fence.h"

namespace sluice::ingest {

// A load that is not published: a gate holds its stage, or its files are held, or it failed for now.
struct LeftLoad {
  LoadOutcome outcome;
  Status status;
  double seconds = 0;
  bool failed = false;
};

// Errors arise only where nothing can go on. One thread; what is referred to outlives it.
class LeftBehind {
 public:
  LeftBehind(const IngestContext& context, const warehouse::Fence& fence, const RunInfo& run,
             IngestReport& told)
      : context_(context), fence_(fence), run_(run), told_(told) {}

  // Holds that planning found to be out of date, for what they are about has come anew.
  Status Lift(const std::vector<std::string>& holds);

  // Whether an earlier load of the table, or of its pod, was left.
  bool IsBlocked(const TableLoad& load) const;

  // In the caller's transaction; told by Tell when that is committed.
  Result<LeftLoad> Leave(const Judged& judged);
  void Tell(LeftLoad& left, const TableLoad& load);
  // Both, in a transaction of its own.
  Status LeaveAlone(const Judged& judged);

  // One file of a load that goes on without it: held when it is bad, else tried again by the next run.
  Status LeaveFile(const TableLoad& load, const LoadFile& file, const Status& status);
  // Those that staging went on without.
  Status HoldFilesOf(const TableLoad& load);
  Status HoldFile(const UnfitFile& file, const TableLoad* rows = nullptr);

 private:
  void Block(const TableLoad& load);
  engine::Connection& connection() const { return context_.session.connection(); }

  const IngestContext& context_;
  const warehouse::Fence& fence_;
  const RunInfo& run_;
  IngestReport& told_;
  std::set<std::string> blocked_;  // "table" or "table/pod"
};

}  // namespace sluice::ingest
