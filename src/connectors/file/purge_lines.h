// Lines about keys are taken out of a file of JSON lines.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "base/status.h"
#include "env/clock.h"

namespace sluice::connectors::file {

// Writes the file anew without the lines whose "key" is one of `keys`, beside its place, and renames it into it: killed
// at any time it is the old one or the new one. What is no JSON stays. How many lines went; 0 where there is no file.
Result<int64_t> PurgeLines(const std::string& path, const std::set<std::string>& keys,
                           const env::Cancel* cancel);

}  // namespace sluice::connectors::file
