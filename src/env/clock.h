// Time as an effect that is passed in. Product code never asks the system for the time by itself.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>

namespace sluice::env {

// Microseconds since 1970-01-01 00:00:00 UTC, as DuckDB's TIMESTAMP counts.
using Micros = int64_t;

// Set once, by Ctrl-C or by whoever gives up on a piece of work; everything that waits watches it.
// Thread-safe. `Cancel` may not be called from a signal handler: the handler wakes a thread that does.
class Cancel {
 public:
  void Set();
  bool is_set() const;
  // Waits until set or until `limit` passed. True when set.
  bool WaitFor(std::chrono::milliseconds limit) const;

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  bool set_ = false;
};

class Clock {
 public:
  virtual ~Clock() = default;
  // Wall clock: may jump in either direction.
  virtual Micros Now() = 0;
  // Never goes back; only differences mean something.
  virtual std::chrono::nanoseconds Monotonic() = 0;
  // Returns early, with false, when `cancel` is set. `cancel` may be null.
  virtual bool Sleep(std::chrono::milliseconds duration, const Cancel* cancel) = 0;
};

// The machine's clock. Thread-safe, lives for the whole process.
Clock& SystemClock();

// Tells one start of the machine from another; "" where that is not to be known.
std::string BootId();

// A clock that stands still until it is told to move; Sleep moves it. For tests. Thread-safe.
class FakeClock : public Clock {
 public:
  explicit FakeClock(Micros start = 1'767'225'600'000'000) : now_(start) {}
  Micros Now() override;
  std::chrono::nanoseconds Monotonic() override;
  bool Sleep(std::chrono::milliseconds duration, const Cancel* cancel) override;
  void Advance(std::chrono::microseconds by);
  void Set(Micros now);

 private:
  std::mutex mutex_;
  Micros now_;
  std::chrono::microseconds slept_{0};
};

// "2026-11-21 14:03:07" (UTC), with ".123456" when `fraction`.
std::string FormatUtc(Micros time, bool fraction = false);
// "2026-11-21T14:03:07Z", as logs and JSON carry it.
std::string FormatIso(Micros time);
// "2026-11-21".
std::string FormatDate(Micros time);

}  // namespace sluice::env
