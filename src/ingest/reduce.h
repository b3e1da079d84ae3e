// From the rows as read to the rows as they will be published: delete markers are taken out of the
// stage into a table of their own, rows that a later row of the same step replaces go, and every row
// that goes is counted for its file. Runs inside the transaction that makes the stage durable.
#pragma once

#include "base/status.h"
#include "engine/engine.h"
#include "ingest/table_load.h"

namespace sluice::ingest {

// Sets `load.gone` when there are delete markers, and of each file's counts: superseded, skipped,
// and the delete markers (all as unmatched, until publishing finds which of them match).
Status ReduceStage(engine::Connection& connection, TableLoad& load);

}  // namespace sluice::ingest
