// What keeps a table from being made again from its files, and the sentences that say so. Both layouts
// (table_history.h, files_history.h).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "engine/engine.h"
#include "ingest/table_load.h"

namespace sluice::ingest {

struct Record;  // table_history.h

// `check` of the hold of what cannot come in, and why. Both "": nothing stands in the way.
struct Obstacle {
  std::string check;
  std::string why;
};

// "a.csv, b.csv, c.csv and 4 more".
std::string Listed(const std::vector<std::string>& names);

// Which files are not there any more as they were loaded; "" when `gone` is empty. `of`: how many it takes, `what`
// these are: "that it was loaded from"; `done`: what cannot be done to the table: "rebuilt".
std::string TellGone(std::string_view table, std::string_view done,
                     const std::vector<std::string>& gone, size_t of, std::string_view what);

// Why the files of these loads, read as the table is declared now, would not give what they gave: they were merged in
// another mode, or filled columns that nobody declares any more. "" when they would.
Result<std::string> DeclaredOtherwise(engine::Connection& connection, const TargetTable& target,
                                      const std::map<int64_t, Record>& records);

}  // namespace sluice::ingest
