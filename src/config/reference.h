// docs/reference/project-file.md, made from the specification that reads the file.
#pragma once

#include <string>
#include <vector>

#include "config/connection_types.h"

namespace sluice::config {

std::string ProjectReference(const std::vector<ConnectionType>& connection_types);

// The parts of the page that no specification holds: how values are written, and whole projects as
// examples (which a test loads).
const char* ReferenceIntroduction();
const char* ReferenceNotation();

}  // namespace sluice::config
