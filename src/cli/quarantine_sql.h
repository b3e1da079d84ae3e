// Conditions on `_sluice.quarantine AS q` that the quarantine commands share.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "cli/open_project.h"

namespace sluice::cli {

// " AND q.table_name IN (...)", or "".
std::string OnlyTables(const std::vector<std::string>& names);
// " AND q.load_id IN (…)" of the run that is asked for, or "".
Result<std::string> OnlyRun(const ReadContext& context);

}  // namespace sluice::cli
