// What the ledger knows of files that are loaded anew: earlier versions of them, and the same content under
// another name. Of tables whose rows are only added.
#pragma once

#include <string>

#include "base/status.h"
#include "engine/engine.h"
#include "ingest/table_load.h"

namespace sluice::ingest {

// Sets `load.replaced` to the earlier versions of its files whose rows are in the table; says in
// `load.warnings` how many these are. Of an upsert, whose rows stay: FindSupersededRows.
Status FindEarlierVersions(engine::Connection& connection, TableLoad& load);

// Says in `load.warnings` which files have the content of another file that is loaded, or comes with them: their
// rows are there twice.
Status TellKnownContent(engine::Connection& connection, TableLoad& load);

// Removes the rows of `load.replaced` from the table. In the transaction that publishes the load.
Status RemoveReplacedRows(engine::Connection& connection, const TableLoad& load);

// Marks them in the ledger. Likewise, before the new ones are recorded.
Status RecordReplaced(engine::Connection& connection, const TableLoad& load);

// Takes out of quarantine the rows of files that the load has newer versions of (a table that is replaced: of all
// that it was made of): nobody can bring them in any more. Of an upsert only those of `load.superseded`. They are
// counted as superseded. Before both of these, and of layout files alone: a table that is made again has the rows of
// its files.
Status CloseQuarantine(engine::Connection& connection, const TableLoad& load);

// "IN (1, 2)" of their file ids, behind a column; `load.replaced` is not empty.
std::string InReplaced(const TableLoad& load);

}  // namespace sluice::ingest
