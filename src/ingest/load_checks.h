// Which checks a load has to pass, and what they find.
#pragma once

#include <vector>

#include "base/status.h"
#include "config/project.h"
#include "engine/engine.h"
#include "ingest/table_load.h"
#include "quality/checks.h"

namespace sluice::ingest {

// Where a load goes when it is not simply published into its table.
struct CheckScope {
  std::string table;  // that takes the rows; "": the target's own
  bool unique_only =
      false;  // the load passed before: only what depends on other rows is asked again
};

// Runs the checks of the ingest and of the table on the stage of `load`. Volume per day is no matter of
// one load: it is judged when the day is over (quality/daily.h).
Result<std::vector<quality::CheckResult>> CheckLoad(engine::Connection& connection,
                                                    const config::Ingest& ingest,
                                                    const TableLoad& load,
                                                    const CheckScope& scope = {});

}  // namespace sluice::ingest
