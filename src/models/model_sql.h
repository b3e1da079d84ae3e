// The SQL of a model as the engine gets it, and places in it as the user wrote it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/project.h"
#include "models/graph.h"
#include "models/sql_error.h"

namespace sluice::models {

// Of a model that is SQL: references replaced, no semicolon.
std::string RenderedSql(const ModelNode& node);

// Where its SQL begins, in a file of its own or in the project file; of a relation where the model stands.
const config::Location& PlaceOf(const config::Model& model);

struct PlacedError {
  config::Location where;
  SqlError error;
};
// What the engine says of `before` and the rendered SQL behind it.
PlacedError PlaceError(const ModelNode& node, std::string_view message,
                       std::string_view before = {});

// What is wrong with the columns that its checks name, each with place and nearest name. `columns` are those of the model,
// lower-cased.
std::vector<std::string> UnknownCheckColumns(const config::Model& model,
                                             const std::vector<std::string>& columns);

}  // namespace sluice::models
