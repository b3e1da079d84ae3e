// Fixes by SQL over the texts of quarantined rows, for many rows at once.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/engine.h"
#include "ingest/quarantine.h"

namespace sluice::ingest {

struct SqlFix {
  std::string where;                       // "" : all
  std::map<std::string, std::string> set;  // column of the file -> expression of its new text
  std::string raw;                         // expression of the whole row's new text; excludes `set`
  std::vector<std::string> columns = {};   // of files that may have no row among the entries
};

// What the fix makes of each row; nothing for one that `where` does not pick. The expressions see the
// row's cells as texts under the names of the file's columns (NULL where they cannot be told apart),
// and _id, _pod, _file, _line, _column, _value, _reason, _rule, _raw. `entries` are of one table.
// kConfig when the SQL is wrong or more than an expression; kRejected for a row whose cells are needed
// and cannot be named.
Result<std::vector<std::optional<std::string>>> TextsBySql(
    engine::Connection& connection, const RowEditor& editor,
    const std::vector<QuarantineEntry>& entries, const SqlFix& fix);

}  // namespace sluice::ingest
