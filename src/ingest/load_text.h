// What a run says of a load in one line.
#pragma once

#include <string>

#include "base/status.h"
#include "ingest/plan.h"
#include "ingest/table_load.h"

namespace sluice::ingest {

// "7 rows, 2 inserted, 5 quarantined"
std::string SummaryOf(const FileCounts& counts);

// "zenoti POD1/7"; of the first groups of several pods what the plan calls them.
std::string GroupLabel(const std::string& ingest, const Step& step);

// Rows that were inserted although their keys were there already: both stand.
struct Collisions {
  int64_t rows = 0;
  int64_t loads = 0;  // in how many
};
// `table`: "zenoti.bi_factsale"
std::string CollisionText(const std::string& table, const Collisions& found);

// What a hold says of why: of a file that does not fit also what to do about it. What a check or bad rows have stopped
// `sluice gate list` shows by itself.
std::string HoldMessage(const Status& status, bool too_many_bad_rows);

}  // namespace sluice::ingest
