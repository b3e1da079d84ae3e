// What a run records to say with which project it ran.
#pragma once

#include <string>

#include "config/project.h"
#include "config/read_options.h"

namespace sluice::config {

// XXH3-128 over a canonical text of all options (defaults included, in the order of their names)
// and the SQL of all models; 32 hex digits. Secrets, comments, the split into files and the folder
// that the project lies in do not count.
std::string DigestOf(const Value& root, const Project& project);

}  // namespace sluice::config
