// What the engine says of a model's SQL, as a place in the user's own text and one sentence. Pure.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "models/sql_template.h"

namespace sluice::models {

struct SqlError {
  std::string text;           // `no column "frst_name" (candidates: first_name)`, one line
  size_t offset = 0;          // into the SQL that was executed
  bool has_place = false;     // whether the engine named one
  std::string missing_table;  // that the statement reads; "" when something else is wrong
};

// `message` as the engine gave it for `sql`.
SqlError ReadSqlError(std::string_view message, std::string_view sql);

// Where `offset` of the rendered text (Render with the same `name_of`) stands in the user's text; within
// a reference its begin.
size_t SourceOffset(size_t offset, const std::vector<Reference>& references,
                    const std::function<std::string(const std::string&)>& name_of);

}  // namespace sluice::models
