// Files -> typed rows beside the target, not yet visible, with every row accounted for.
#pragma once

#include <span>
#include <string>

#include "base/status.h"
#include "engine/engine.h"
#include "env/clock.h"
#include "ingest/stage_functions.h"
#include "ingest/table_load.h"
#include "report/report.h"

namespace sluice::ingest {

// Decisions about quarantined rows. kApplied: those that the table has; rows whose fix waits are left out. kNone: it is
// known that there are none.
enum class ReadFixes { kAll, kApplied, kNone };

struct StageContext {
  engine::Connection& connection;
  StageFunctions& functions;
  report::Reporter& reporter;
  const env::Cancel* cancel = nullptr;  // may be null
  std::string spool_folder;             // for copies of files that must be rewritten first
  ReadFixes fixes = ReadFixes::kAll;    // that are carried out
  // For looks into files (Parquet) whose failure must not spoil a transaction.
  engine::Database* database = nullptr;
};

// Reads the fetched files of `load` into a stage, reduces it (ReduceStage) and makes it durable in a
// transaction of its own. Sets `load.stage`, `load.gone`, the counts known so far and
// `load.quarantined`. May append columns to `load.target.columns` (schema_changes: evolve).
//
// kRejected: a file does not fit the table, or has more bad rows than its limit: nothing is staged, the
// message names the file, and what was found in it so far is in `load.quarantined`.
Status Stage(const StageContext& context, TableLoad& load);

// What has to come before StageInTransaction, outside of any transaction: functions that a rollback would
// take away again.
Status PrepareToStage(engine::Connection& connection, std::span<const TableLoad> loads);

// As Stage, inside a transaction of the caller's, which makes it durable or not. After kRejected the
// transaction holds nothing of the load and may go on; after any other error it must be rolled back.
Status StageInTransaction(const StageContext& context, TableLoad& load);

// Removes stages that no open hold speaks of: what a killed run left behind. In a transaction of its
// own.
Status DropStaleStages(engine::Connection& connection);

}  // namespace sluice::ingest
