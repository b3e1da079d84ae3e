// Files that a table has already, loaded under another name: the ingest or the connection was renamed, or the table was
// moved to another ingest. The ledger knows files by these names, so they would be loaded once more, and their rows be
// there twice. They are held; who accepts that gives the ledger's entries the names of today, and loads go on from there.
#pragma once

#include "base/status.h"
#include "config/project.h"
#include "engine/engine.h"
#include "ingest/plan.h"
#include "quality/holds.h"

namespace sluice::ingest {

inline constexpr const char* kOtherName = "other_name";  // check of such a hold

// Takes files of `plan` that are the same as loaded ones of a name that the project has no more (by path, size and time)
// from its steps to `plan.unfit`: of a table whose rows are not only added all files, for their order counts. Nothing of
// tables that are replaced: there it makes no difference. What `plan` shows is said in `plan.notes` when `tell`.
Status HoldKnownElsewhere(engine::Connection& connection, const config::Project& project,
                          const config::Ingest& ingest, bool tell, IngestPlan& plan);

// What the ledger has of the table of `hold` under names that the project has no more goes over to the ingest and
// connection of the hold. In the caller's transaction. How many files these are.
Result<int64_t> TakeOver(engine::Connection& connection, const config::Project& project,
                         const quality::HoldRecord& hold);

}  // namespace sluice::ingest
