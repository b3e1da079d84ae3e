// `--env`: which overrides apply, and that no two environments write to the same place.
#pragma once

#include <string>
#include <vector>

#include "config/connection_types.h"
#include "config/diagnostics.h"
#include "config/read_options.h"
#include "config/yaml_tree.h"

namespace sluice::config {

inline constexpr const char* kDefaultEnvironment = "dev";

// `dev` and those declared, in the order of the file.
std::vector<std::string> EnvironmentNames(const Node& root);

// The tree as it is in `env`: overrides merged in, without `environments`. Reports an environment
// that is not declared and overrides that cannot be understood; null then.
NodePtr InEnvironment(const Node& root, const std::string& env, Diagnostics* diagnostics);

// The default of `warehouse: path`.
std::string DefaultWarehousePath(const std::string& env);

// Two environments that use one warehouse file, or one destination that a sync of the project
// writes to, would undo each other's work: an error unless both say `shared: true`. Looks at all
// declared environments, whichever is run; `context` gives variables and folders.
void CheckEnvironmentsApart(const Node& root, const OptionSpec& project_spec,
                            const ReadContext& context, Diagnostics* diagnostics);

}  // namespace sluice::config
