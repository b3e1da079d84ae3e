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

// That rows were inserted whose keys were there already: both stand.
std::string CollisionText(const TableLoad& load, const FileCounts& total);

}  // namespace sluice::ingest
