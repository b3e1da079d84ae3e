// What must hold between the things of a project: names that are used exist, play the role that is
// asked of them, and are unique where selectors and tables need it.
#pragma once

#include <vector>

#include "config/connection_types.h"
#include "config/diagnostics.h"
#include "config/project.h"
#include "config/yaml_tree.h"

namespace sluice::config {

// Resolves `unique: key` of tables to their keys on the way. What was already reported as unusable
// (empty names) is not reported again. `root` has the places of single options.
void CheckProject(const Node& root, const std::vector<ConnectionType>& connection_types,
                  Project* project, Diagnostics* diagnostics);

}  // namespace sluice::config
