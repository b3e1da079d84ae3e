// How many requests a second a connection may make. One limiter per connection, shared by all syncs
// that go there. Requests are spaced evenly: a burst after a pause would break a limit that the
// destination counts in windows of its own.
#pragma once

#include <chrono>
#include <mutex>

#include "env/clock.h"

namespace sluice::sync {

// Thread-safe. Limits by the monotonic clock: a wall clock that jumps does not matter.
class RateLimiter {
 public:
  // 0: no limit.
  RateLimiter(env::Clock& clock, double per_second);

  // Waits for the next place. False when `cancel` (may be null) is set, without taking one.
  bool Acquire(const env::Cancel* cancel);

  // No place before `duration` from now has passed: the destination asked for it.
  void HoldOff(std::chrono::milliseconds duration);

 private:
  env::Clock& clock_;
  const std::chrono::nanoseconds interval_;
  std::mutex mutex_;
  std::chrono::nanoseconds next_{0};  // by the monotonic clock
};

}  // namespace sluice::sync
