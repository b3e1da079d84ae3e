// Where files that `sluice load` has loaded lie, and how tables that no ingest declares were loaded: kept in the
// warehouse (`_sluice.meta`, "hand:CONNECTION:TABLE"), so that their rows in quarantine can be fixed later.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "config/project.h"
#include "engine/engine.h"

namespace sluice::cli {

struct HandLoad {
  std::string connection;  // "hand-1f2e3d4c5b6a"
  std::string folder;      // of the file, absolute
  std::string ingest;
  bool declared = false;  // the project declares the table; else `table` says what it is
  config::Table table;    // with `csv`
  std::vector<std::string>
      csv;  // how its CSV is written: what `table.csv` is made from (config/csv_words.h)
};

// In a transaction of its own. What is known of the same content and table is replaced.
Status RememberHandLoad(engine::Connection& connection, const HandLoad& load);

// What was said when the content of `connection` was loaded into `table`; nothing when that is not known.
Result<std::optional<HandLoad>> FindHandLoad(engine::Connection& connection,
                                             const std::string& of_connection,
                                             const std::string& table);

// What was said when `table` was last loaded by hand and published; nothing where it never was.
Result<std::optional<HandLoad>> NewestHandLoad(engine::Connection& connection,
                                               const std::string& table);

// Adds to `project` the connections of all files that were loaded by hand, and an ingest for the tables that it does
// not declare: of each as its newest load said that has rows in quarantine, or else the newest. What cannot be read is
// left out.
Status AddHandLoads(engine::Connection& connection, config::Project& project);

}  // namespace sluice::cli
