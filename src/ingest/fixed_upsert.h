// Fixed rows of an upsert whose key the table has, where the files that came behind them cannot be read again: often
// the table itself tells which of the two rows stands.
#pragma once

#include <string>

#include "base/status.h"
#include "engine/engine.h"
#include "ingest/table_load.h"

namespace sluice::ingest {

// `load` is staged, and its rows come from files that are loaded. A fixed row
//  - wins where its version is greater than that of the row with its key: so it would have, in its place;
//  - loses where its version is less, or where the versions are equal, or there are none, and that row came with a later
//    file: it goes from the stage and is superseded.
// True when all rows are one of these or have a key that the table does not have: what is left of the stage can be
// published as if it came last. False, and nothing has changed, when the files would have to tell: a row of an earlier
// file may have come again in a later one, unchanged.
Result<bool> TableDecides(engine::Connection& connection, TableLoad& load);

}  // namespace sluice::ingest
