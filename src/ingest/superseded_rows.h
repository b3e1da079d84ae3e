// An upsert keeps what only an earlier version of a file had, and so it keeps the rows of that version that are in
// quarantine: they can still be fixed. But for those that the new content has taken the place of.
#pragma once

#include "base/status.h"
#include "engine/engine.h"
#include "ingest/table_load.h"

namespace sluice::ingest {

// Of the rows in quarantine of earlier versions of the files of `load`, an upsert that is staged, those that
//  - stand in the new content with the same text, in quarantine again, or
//  - have the key of a row of the new content that is not older,
// go into `load.superseded`. Only what is proved: a key that cannot be read, a row that somebody fixed stays. What goes
// and what stays is said in `load.warnings`.
Status FindSupersededRows(engine::Connection& connection, TableLoad& load);

// Takes them out of quarantine, and counts them as superseded. In the transaction that publishes the load.
Status CloseSupersededRows(engine::Connection& connection, const TableLoad& load);

}  // namespace sluice::ingest
