// What is done with a load that is held. All inside the caller's transaction, which also settles the
// hold.
#pragma once

#include "base/status.h"
#include "config/project.h"
#include "engine/engine.h"
#include "ingest/ledger.h"
#include "ingest/table_load.h"
#include "quality/holds.h"

namespace sluice::ingest {

// Publishes the stage of a hold of kind "gate". Gives what was published. kRejected when a key of the
// stage is in the table by now and the table may hold it only once.
Result<TableLoad> PublishHeld(engine::Connection& connection, const config::Ingest& ingest,
                              const quality::HoldRecord& hold, const quality::RunInfo& run);

// Drops the stage and forgets the files: they are read again next time.
Status ForgetHeld(engine::Connection& connection, const quality::HoldRecord& hold);

// Passes the files for good: the cursor moves, their rows are counted as skipped. Also for files that
// were never staged (kinds "file" and "late").
Status SkipHeld(engine::Connection& connection, const config::Ingest& ingest,
                const quality::HoldRecord& hold, const std::vector<connector::StoredFile>& listing,
                const quality::RunInfo& run);

}  // namespace sluice::ingest
