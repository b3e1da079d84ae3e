// A month of a table out of the vendor's snapshot, and the groups that came after it once more
// (docs/decisions/0013-monthly-restore.md).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "ingest/plan.h"

namespace sluice::ingest {

// `run --restore 2026-09 --table bi_factsale --after POD1=4711`
struct RestoreRequest {
  Month month;
  std::string table;  // as it was typed
  // Pod, as the tables or the drop name it -> its last group whose changes are in the snapshot. Of pods that are
  // not here the times of the files tell.
  std::map<std::string, int64_t> after;
};

// One rebuild for each pod that the snapshot has rows of, or one of the whole table. Errors: kConfig for a table that
// the project does not load, that cannot be restored, or whose rows nothing tells apart; kNotFound when no extract of
// the month has it; kRejected when a file that must come again is gone, or where the snapshot stands between the groups
// is not clear.
Result<IngestPlan> PlanRestore(engine::Connection& connection, const config::Ingest& ingest,
                               const std::vector<Source>& sources, const SchemaCatalog& catalog,
                               const LedgerState& ledger, const RestoreRequest& request,
                               env::Micros now);

}  // namespace sluice::ingest
