// What a run says of a load in one line.
#pragma once

#include <string>

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

}  // namespace sluice::ingest
