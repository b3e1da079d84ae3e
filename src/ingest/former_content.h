// Mode replace: what stood in a table before a load took its place, brought back from its files.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/engine.h"
#include "ingest/ingest_runner.h"
#include "ingest/plan.h"
#include "ingest/unload.h"
#include "warehouse/fence.h"

namespace sluice::ingest {

// Where a load of mode replace stands among those of its table.
struct PlaceOfReplace {
  bool followed = false;  // a later load took its place: none of its rows are in the table
  int64_t former = 0;     // the load before it, which was not taken back; 0: there is none
};
Result<PlaceOfReplace> PlaceOf(engine::Connection& connection, int64_t load_id,
                               const std::string& table);

// The files of `undo.former`, as a load of their own under its id. kRejected when they cannot be had as they were:
// which, why, and what can be done instead.
Result<TableLoad> PlanFormerContent(engine::Connection& connection, const config::Ingest& ingest,
                                    const std::vector<Source>& sources, const LoadToUndo& undo);

// Reads them again, strictly and with the fixes of their rows, and publishes them in the place of what is there;
// `beside` is done in the same transaction, behind it. They were let in before: no checks.
Status BringBack(const IngestContext& context, const warehouse::Fence& fence, const RunInfo& run,
                 TableLoad& load, const std::function<Status()>& beside);

}  // namespace sluice::ingest
