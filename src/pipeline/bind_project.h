// What a project's SQL means, before anything is loaded: models, and the columns that checks, keys and mappings name, are
// bound in an empty database that has the tables of the warehouse and those that the project declares.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "config/project.h"
#include "models/graph.h"
#include "warehouse/warehouse.h"

namespace sluice::pipeline {

struct BoundProject {
  struct Finding {
    std::string owner;  // model, sync or ingest
    std::string text;
  };
  std::vector<Finding>
      problems;  // each begins with file, line and column: a run would fail with it
  // What cannot be told yet, and why: a table that has no columns before it is loaded.
  std::vector<Finding> not_bound;
};

// `nodes`: all models of the project, in order. `session` may be null: there is no warehouse, or it is taken; then what
// the project declares is all there is.
Result<BoundProject> BindProject(const config::Project& project,
                                 const std::vector<models::ModelNode>& nodes,
                                 warehouse::Session* session);

}  // namespace sluice::pipeline
