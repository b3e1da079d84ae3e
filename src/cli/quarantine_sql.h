// Conditions on `_sluice.quarantine AS q` that the quarantine commands share.
#pragma once

#include <string>

#include "base/status.h"
#include "cli/open_project.h"

namespace sluice::cli {

// Whether the row's file is held: nothing of it is loaded, and somebody has to decide.
inline constexpr const char* kIsHeld =
    "EXISTS (SELECT 1 FROM _sluice.files AS h WHERE h.file_id = q.file_id AND h.load_id = "
    "q.load_id AND h.state = 'held')";

// " AND (…)" of the tables, ingests and `ingest.table` that are asked for, or "". kConfig for a name that
// neither the project nor the quarantine knows.
Result<std::string> OnlyTables(const ReadContext& context);
// " AND q.load_id IN (…)" of the run that is asked for, or "".
Result<std::string> OnlyRun(const ReadContext& context);

}  // namespace sluice::cli
