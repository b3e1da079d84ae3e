// What becomes of files of layout files that changed after they were loaded, in tables where the order of files
// counts (delete-insert): the table is made again from all its files, in the order in which they were loaded, with
// the changed one in the place that it had (docs/load-modes.md).
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "ingest/plan.h"

namespace sluice::ingest {

// Takes the files of `plan.late` apart: `plan.rebuilds` for tables that can be made again; what stays has its reason
// in `check` and `why`: the project wants it so, earlier files are gone, or it was tried and something of it is held.
Status PlanChanged(engine::Connection& connection, const config::Ingest& ingest,
                   const std::vector<Source>& sources, const LedgerState& ledger, IngestPlan& plan);

// The table made again from the files that it has, without the load `without` (0: with all of them). kRejected when
// it cannot be, with what stands in the way and what to do.
Result<Rebuild> PlanFilesRebuild(engine::Connection& connection, const config::Ingest& ingest,
                                 const std::vector<Source>& sources, const LedgerState& ledger,
                                 const std::string& table, const std::string& reason,
                                 int64_t without = 0);

}  // namespace sluice::ingest
