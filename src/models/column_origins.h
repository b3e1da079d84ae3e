// Which columns of tables the columns of a statement come from, by the engine's own plan of it: names say
// nothing, for `SELECT order_nr AS id` shows no person's id.
#pragma once

#include <compare>
#include <set>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/engine.h"

namespace sluice::models {

struct TableColumn {
  std::string table;   // of the warehouse, lower-cased
  std::string column;  // lower-cased
  auto operator<=>(const TableColumn&) const = default;
};

struct ColumnOrigin {
  std::string name;  // lower-cased
  // Whose values it shows: as they are, cast, or without blanks and in another case. Several of a UNION, say.
  std::set<TableColumn> same;
  // What its values are made of in other ways. Counts, sums, ranks and comparisons show nobody's value.
  std::set<TableColumn> made_of;
};

// In their order; views are looked through. kNotFound when the plan tells nothing: the engine cannot write it
// down, or it has a step that is not known here. Another error when the statement cannot be prepared.
Result<std::vector<ColumnOrigin>> OriginsOf(engine::Connection& connection, const std::string& sql);

}  // namespace sluice::models
