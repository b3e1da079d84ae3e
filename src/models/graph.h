// The order of models: each after those that it refers to. Pure.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/status.h"
#include "config/project.h"
#include "models/sql_template.h"

namespace sluice::models {

struct ModelNode {
  const config::Model* model = nullptr;  // of the project
  std::vector<Reference> references;
  std::set<std::string> inputs;  // names of models and tables that it refers to
};

// In the order in which they can be built. `tables`: the names that ingests load. kConfig, with file,
// line and column, for unknown names (and the nearest ones), for braces that are no reference and for
// cycles (and their whole paths): everything that is wrong, one a line.
Result<std::vector<ModelNode>> OrderModels(const config::Project& project,
                                           const std::set<std::string>& tables);

// The tables that an ingest, or all of the project, load: canonical names.
std::set<std::string> LoadedTables(const config::Ingest& ingest);
std::set<std::string> LoadedTables(const config::Project& project);

}  // namespace sluice::models
