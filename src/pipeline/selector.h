// Which part of a project a command means: `NAME`, `NAME.table`, `NAME+` (and what depends on it),
// `+NAME` (and what it depends on). Names are unique over ingests, models and syncs. Pure.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/status.h"
#include "config/project.h"
#include "models/graph.h"

namespace sluice::pipeline {

struct Selection {
  std::vector<std::string> ingests;  // in the order of the project file
  // Of an ingest: only these tables (canonical); an ingest that is not here is meant whole.
  std::map<std::string, std::set<std::string>> tables;
  std::vector<models::ModelNode> models;  // in the order in which they are built
  // In the order in which they run: whom they are about is first named rightly, then written, then does
  // things, and goes last (config::TurnOf); else that of the project file.
  std::vector<std::string> syncs;
  // All of the project, selected or not, in that order: what waits upstream is found through them.
  std::vector<models::ModelNode> all_models;
};

// No selectors: everything. kConfig with the nearest name for one that fits nothing.
Result<Selection> Select(const config::Project& project, const std::vector<std::string>& selectors);

}  // namespace sluice::pipeline
