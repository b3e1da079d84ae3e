// How many requests a second a connection may make: one budget for all syncs that go there, and with
// a file for all processes of this machine. Requests are spaced evenly: a burst after a pause would
// break a limit that the destination counts in windows of its own.
//
// Who waits for a place says how urgent it is. A place goes to the most urgent who waits; but of ten places in a row
// one goes to whoever waits with less urgency, so that nobody waits for ever
// (docs/decisions/0031-priorities-of-requests.md).
//
// The rate adapts: a destination that says "too many" without saying how long to wait gets half as
// many from then on, and slowly more again as it takes them. A connection whose destination was found
// to be down is *tripped* until it takes something again: one try is enough to see that.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "config/priority.h"
#include "env/clock.h"
#include "env/shared_record.h"

namespace sluice::sync {

using config::Priority;

// Thread-safe. Limits by the monotonic clock, which all processes of a machine share and which begins
// anew with it: a wall clock that jumps does not matter, and after a restart a pause that was asked for
// lasts at most as long as it still had to last when it was noted.
class RateLimiter {
 public:
  // 0: no limit. `file`: where processes share it, and where it survives them; "" nowhere. A file that
  // cannot be used is done without.
  RateLimiter(env::Clock& clock, double per_second, const std::string& file = "");

  // Waits for the next place. False when `cancel` (may be null) is set, without taking one.
  bool Acquire(const env::Cancel* cancel, Priority priority = Priority::kNormal);

  // Takes the next place if it is there for `priority`: 0. Else takes none, and says after how long there may be one;
  // until then, and a moment longer, the caller counts as waiting.
  std::chrono::nanoseconds Take(Priority priority = Priority::kNormal);

  // No place before `duration` from now has passed: the destination asked for it.
  void HoldOff(std::chrono::milliseconds duration);

  // The destination refused a request as one too many.
  void SlowDown();
  // It took one.
  void Succeeded();

  // Several requests in a row failed although they were tried again.
  void Trip();
  bool tripped();

 private:
  struct State {
    std::chrono::nanoseconds at{0};        // when it was noted, by the monotonic clock
    std::chrono::nanoseconds next{0};      // the next place
    std::chrono::nanoseconds interval{0};  // between two places; at least interval_
    bool tripped = false;
    struct Waiting {
      std::chrono::nanoseconds until{0};  // as long as that somebody is known to wait
      int64_t passed_over = 0;            // places that went to more urgent ones meanwhile
    };
    std::array<Waiting, config::kPriorities> waiting;  // by priority, the most urgent first
  };
  static bool GoesFirst(const State& state, size_t other, size_t own, std::chrono::nanoseconds now);
  void Use(const std::function<void(State& state, std::chrono::nanoseconds now)>& change);
  State Read(const std::string& bytes, std::chrono::nanoseconds now) const;

  env::Clock& clock_;
  const std::chrono::nanoseconds interval_;
  const std::optional<env::SharedRecord> record_;
  std::mutex mutex_;
  State state_;  // as this process knows it
};

}  // namespace sluice::sync
