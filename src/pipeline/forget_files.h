// What names a person outside of the warehouse: spools, requests of dry runs, logs, the list of runs, what was typed.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "pipeline/forget.h"

namespace sluice::pipeline {

// What a person may be named by in a text: identifiers, and keys that are no common word of it.
std::vector<std::string> WordsOf(const std::vector<privacy::Subject>& subjects);

// With `remove` all of it goes, or is rewritten without the words; without, it is only counted. Nobody works with the
// project, and no delivery is open.
Result<std::vector<ForgetReport::Files>> ForgetFiles(Runtime& runtime,
                                                     const std::vector<std::string>& words,
                                                     bool remove);

}  // namespace sluice::pipeline
