// Work on all cores, for loops over things that do not touch each other.
#pragma once

#include <cstddef>
#include <functional>

namespace sluice::env {

inline constexpr size_t kMostThreads = 8;

// Calls `work(i)` for each i below `count`, in their order but several at the same time: on as many threads as there
// are cores, at most kMostThreads, this one among them. After a call that gave false no further is begun, so those that
// were left out stand behind one that failed. Returns when all that were begun have ended.
void OnAllCores(size_t count, const std::function<bool(size_t)>& work);

}  // namespace sluice::env
