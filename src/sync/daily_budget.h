// How many requests of one kind may go in any 24 hours, where a destination counts them by the day: one
// budget for all syncs of a connection, and with a file for all processes of this machine.
//
// A file holds how many went in which quarter of an hour. They count until 24 hours after the last one
// of their quarter, so that no window of 24 hours, wherever it begins, ever holds more.
//
// Clocks: a wall clock that jumps ahead would give a day's requests away too early, and one that counts
// from the machine's start knows nothing of the night in which it was off. So time passes by the
// monotonic clock as long as the machine runs, and by the wall clock from one start to the next. When in
// doubt too little has passed: requests wait, and the limit holds.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "env/clock.h"
#include "env/shared_record.h"

namespace sluice::sync {

class DailyBudget {
 public:
  struct Left {
    int64_t requests = 0;  // that may go now
    // Until one more may go; 0 when one may.
    std::chrono::microseconds wait{0};
  };

  // `boot`: tells one start of the machine from another (env::BootId); "": not known. `file` as that of a
  // RateLimiter. `clock` outlives the budget.
  DailyBudget(env::Clock& clock, int64_t per_day, const std::string& file, const std::string& boot);

  int64_t per_day() const { return per_day_; }
  // Takes a place, for good. False when none is left.
  bool Take();
  // Makes no file where there is none.
  Left Look();

 private:
  // Requests that went in one quarter of an hour.
  struct Quarter {
    int64_t begin = 0;  // both by the budget's own time, in microseconds
    int64_t last = 0;
    int64_t count = 0;
  };
  struct State {
    uint64_t boot = 0;
    int64_t wall = 0;       // when it was noted
    int64_t monotonic = 0;  // likewise, in microseconds
    int64_t time = 0;       // the budget's own time then
    std::vector<Quarter> quarters;
  };
  void Use(bool shared, const std::function<void(State& state)>& change);
  // Lets time pass, and forgets what is a day old.
  void Pass(State& state) const;
  State Read(const std::string& bytes) const;
  static std::string Write(const State& state);
  static int64_t Used(const State& state);

  env::Clock& clock_;
  const int64_t per_day_;
  const uint64_t boot_;
  const std::string file_;
  const std::optional<env::SharedRecord> record_;
  std::mutex mutex_;
  State state_;  // as this process knows it
};

}  // namespace sluice::sync
