// The lines of a file that may be large, a piece of it in memory at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "env/clock.h"

namespace sluice::connectors::file {

// `line` with its end, which the last one may lack; it begins at byte `offset`.
using VisitLine = std::function<Status(std::string_view line, uint64_t offset)>;

// From byte `from` on, which begins a line. kNotFound without a file, kCancelled between two pieces.
Status ForEachLine(const std::string& path, uint64_t from, const env::Cancel* cancel,
                   const VisitLine& visit);

}  // namespace sluice::connectors::file
