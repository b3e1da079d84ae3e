// The order of models: each after those that it refers to, by `{{ ref('name') }}` or by the plain name
// of a table behind FROM and JOIN. Pure.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/status.h"
#include "config/project.h"
#include "models/sql_template.h"
#include "models/table_names.h"

namespace sluice::models {

struct ModelNode {
  const config::Model* model = nullptr;  // of the project
  std::vector<Reference> references;
  std::vector<NamedTable> plain;  // models and tables of the project that its SQL names as they are
  // Names of models and tables that it refers to, in either way.
  std::set<std::string> inputs;
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
