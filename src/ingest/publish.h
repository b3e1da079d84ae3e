// Making staged rows visible. Runs inside the transaction that also writes the cursor, the file
// ledger, the load record and reads the fence again.
#pragma once

#include "base/status.h"
#include "engine/engine.h"
#include "ingest/table_load.h"

namespace sluice::ingest {

// What has to come before any other change of the transaction: the target gets the columns and types
// that are declared (those of lineage too, when something else had filled it), or the stage takes its
// place by renaming (first load, replace). After it, `load.stage` is "" when the stage became the
// target.
Status AlterTarget(engine::Connection& connection, TableLoad& load);

// Deletes and inserts, and of each file's counts: inserted, updated, unchanged, delete_matched,
// delete_unmatched, key_collisions. Drops the stage. kFailed when the counts of a file do not add up.
Status MergeStage(engine::Connection& connection, TableLoad& load);

}  // namespace sluice::ingest
