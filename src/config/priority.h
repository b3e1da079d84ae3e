// How urgent the requests of a sync are beside those of others to the same connection.
#pragma once

#include <cstddef>

namespace sluice::config {

enum class Priority { kHigh, kNormal, kLow };  // the most urgent first
inline constexpr size_t kPriorities = 3;

}  // namespace sluice::config
