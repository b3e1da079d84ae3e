// Volume per day: judged once a day is over, so that a day still running is never too small. A table of
// which nothing came on a closed day counts as zero when the days before had rows.
//
// The day of a load is the day on which its newest file came into the store (UTC).
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/status.h"
#include "config/project.h"
#include "engine/engine.h"
#include "quality/holds.h"

namespace sluice::ingest {

// Judges every closed day that was not judged yet, or that failed or could not be judged with other rows
// than are there now (at most the last 14), by the ingest's checks of kind
// volume per day. A failure with `on_failure: fail` becomes a hold of kind "day": it stops what depends
// on the table, until somebody accepts the day, or the day passes with what came since; the table itself goes on.
// Warnings are appended, and to `notes` which holds were settled so; tables whose history is too short to judge are
// added to `young`, by check.
Status JudgeDays(engine::Connection& connection, const config::Ingest& ingest,
                 const quality::RunInfo& run, std::vector<std::string>* warnings,
                 std::vector<std::string>* notes,
                 std::map<std::string, std::set<std::string>>* young);

}  // namespace sluice::ingest
