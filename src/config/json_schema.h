// The JSON Schema (draft 2020-12) of a project file, for editors.
#pragma once

#include <string>
#include <vector>

#include "config/connection_types.h"

namespace sluice::config {

// The text of docs/reference/project.schema.json, with a line end at its end. Describes YAML as
// editors see it: `${NAME}` is allowed wherever a value is. Says less than the reader checks (names
// that must exist, sizes) and never more, but for one thing: numbers in quotes are text to it.
std::string ProjectJsonSchema(const std::vector<ConnectionType>& connection_types);

}  // namespace sluice::config
