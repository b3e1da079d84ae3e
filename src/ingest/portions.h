// Lists that are too long for one statement.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/engine.h"

namespace sluice::ingest {

// Calls `ask(places, bound)` for `values` in portions: `bound` are `fixed` and a portion of them, `places` its
// parameters, "$3, $4", for an IN.
Status ForEachPortion(const std::vector<std::string>& values,
                      const std::vector<engine::Value>& fixed,
                      const std::function<Status(const std::string& places,
                                                 const std::vector<engine::Value>& bound)>& ask);

}  // namespace sluice::ingest
