// The rows of a restored month and of what stands around it, in the table that is made beside the published one
// (docs/decisions/0013-monthly-restore.md). Every function runs in the caller's transaction.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/engine.h"
#include "ingest/plan.h"
#include "quality/holds.h"

namespace sluice::ingest {

// `table` with the rows of the published one that none of the loads of `rebuild` brought.
Status CopyOtherRows(engine::Connection& connection, const Rebuild& rebuild,
                     const std::string& table);

// kRejected when the staged snapshot has no row, or none of its month: nothing may go for that. `warning` gets what
// is worth telling of rows of other months.
Status CheckSnapshot(engine::Connection& connection, const Rebuild::Load& one,
                     std::string* warning);

// Takes out of `table` what the staged snapshot takes the place of: the month's rows of its pod, where a column
// tells the month, and the rows of its keys. Gives how many. Does nothing where the table is not there yet.
Result<int64_t> RemoveMonth(engine::Connection& connection, const Rebuild::Load& one,
                            const std::string& table);

// Takes out of `table` rows of the snapshots that `one` overrules and of which it inserts another.
Status RemoveOverruled(engine::Connection& connection, const Rebuild::Load& one,
                       const std::string& table);

// How a snapshot is brought in: its rows are simply inserted, without those that are void.
void InsertAsSnapshot(TargetTable& target);

// One entry of _sluice.restores for each new restore of `rebuild`, in the place of an older one.
Status RecordRestores(engine::Connection& connection, const Rebuild& rebuild,
                      const std::string& ingest, const quality::RunInfo& run);

// Whether a month of the table was restored: what a load of it brought cannot be told from its rows alone then.
Result<bool> HasRestores(engine::Connection& connection, const std::string& ingest,
                         const std::string& table);

// `(1, 2, 3)`.
std::string LoadList(const std::vector<int64_t>& load_ids);
std::vector<int64_t> LoadIds(const Rebuild& rebuild);

}  // namespace sluice::ingest
