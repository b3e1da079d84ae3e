// Publishing where the newest row of a key wins: rows are updated, inserted, or left as they are.
#pragma once

#include "base/status.h"
#include "engine/engine.h"
#include "ingest/table_load.h"

namespace sluice::ingest {

// Merges the stage, which has one row of each key, into its table and counts what happens to each of its rows:
// inserted, updated, unchanged (the table's row stays as it is, lineage included), superseded (the table's is newer).
// A table that was filled in another mode can hold several rows of a key: they are replaced together.
// In a transaction, which has to be rolled back after an error.
Status MergeUpdate(engine::Connection& connection, TableLoad& load);

}  // namespace sluice::ingest
