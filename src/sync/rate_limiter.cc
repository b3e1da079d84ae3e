#include "sync/rate_limiter.h"

#include <algorithm>

#include "base/hash.h"
#include "sync/wire.h"

namespace sluice::sync {
namespace {

using std::chrono::nanoseconds;

constexpr nanoseconds kSlowestInterval = std::chrono::seconds(60);
// What a connection without a limit is slowed down to first.
constexpr nanoseconds kFirstInterval = std::chrono::milliseconds(50);
// Longer ones are no pauses that a destination asked for, but another boot's clock.
constexpr nanoseconds kLongestPause = std::chrono::hours(24);
constexpr int64_t kSteps = 20;  // successes after which half of what was taken away is back
// As many places go to more urgent ones before one goes to who is less so.
constexpr int64_t kMostPassedOver = 9;
// Who lets another one go first asks again after that.
constexpr nanoseconds kYield = std::chrono::milliseconds(5);
// How late somebody who waits may come: one who ended meanwhile holds nobody up for longer.
constexpr nanoseconds kGrace = std::chrono::milliseconds(100);
constexpr uint8_t kFormat = 2;

std::optional<env::SharedRecord> RecordAt(const std::string& file) {
  if (file.empty()) return std::nullopt;
  return env::SharedRecord(file);
}

}  // namespace

RateLimiter::RateLimiter(env::Clock& clock, double per_second, const std::string& file)
    : clock_(clock),
      interval_(per_second > 0 ? static_cast<int64_t>(1e9 / per_second) : 0),
      record_(RecordAt(file)) {
  state_.at = state_.next = clock.Monotonic();
  state_.interval = interval_;
}

RateLimiter::State RateLimiter::Read(const std::string& bytes, nanoseconds now) const {
  constexpr size_t kCheck = 8;
  WireReader in(bytes);
  State state;
  const bool known = in.U8() == kFormat;
  state.at = nanoseconds(in.I64());
  state.next = nanoseconds(in.I64());
  state.interval = std::max(nanoseconds(in.I64()), interval_);
  state.tripped = in.U8() != 0;
  for (State::Waiting& waiting : state.waiting) {
    waiting.until = nanoseconds(in.I64());
    waiting.passed_over = in.I64();
  }
  const uint64_t check = in.U64();
  if (!known || in.failed() || !in.at_end()) return state_;
  if (check != HashOf(std::string_view(bytes).substr(0, bytes.size() - kCheck)).low) return state_;
  // The machine began anew: what was left of the pause is waited for, and nobody waits any more.
  if (state.at > now) {
    state.next = now + (state.next - state.at);
    state.waiting = {};
  }
  if (state.next - now > kLongestPause) state.next = now;
  state.interval = std::min(state.interval, std::max(kSlowestInterval, interval_));
  return state;
}

void RateLimiter::Use(const std::function<void(State& state, nanoseconds now)>& change) {
  const std::lock_guard lock(mutex_);
  const nanoseconds now = clock_.Monotonic();
  const auto apply = [&] {
    change(state_, now);
    state_.at = now;
  };
  if (!record_) return apply();
  bool applied = false;
  const Status shared = record_->Update([&](std::string& bytes) {
    state_ = Read(bytes, now);
    apply();
    applied = true;
    bytes.clear();
    WireWriter out(bytes);
    out.U8(kFormat);
    out.I64(state_.at.count());
    out.I64(state_.next.count());
    out.I64(state_.interval.count());
    out.U8(state_.tripped ? 1 : 0);
    for (const State::Waiting& waiting : state_.waiting) {
      out.I64(waiting.until.count());
      out.I64(waiting.passed_over);
    }
    out.U64(HashOf(bytes).low);
  });
  // A budget that cannot be shared is at least our own.
  if (!shared.ok() && !applied) apply();
}

// Whether the next place is that of `other`, who may wait, and not that of `own`, who wants it now.
bool RateLimiter::GoesFirst(const State& state, size_t other, size_t own, nanoseconds now) {
  if (other == own || state.waiting[other].until <= now) return false;
  if (other < own) return state.waiting[own].passed_over < kMostPassedOver;
  return state.waiting[other].passed_over >= kMostPassedOver;
}

nanoseconds RateLimiter::Take(Priority priority) {
  const auto own = static_cast<size_t>(priority);
  nanoseconds wait{0};
  Use([&](State& state, nanoseconds now) {
    State::Waiting& mine = state.waiting[own];
    if (mine.until <= now) mine.passed_over = 0;
    wait = std::max(state.next - now, nanoseconds(0));
    for (size_t other = 0; wait == nanoseconds(0) && other < state.waiting.size(); ++other) {
      if (GoesFirst(state, other, own, now)) wait = kYield;
    }
    if (wait > nanoseconds(0)) {
      mine.until = std::max(mine.until, now + wait + kGrace);
      return;
    }
    state.next = now + state.interval;
    // Others of this priority say so again when they come.
    mine = {};
    for (size_t other = own + 1; other < state.waiting.size(); ++other) {
      if (state.waiting[other].until > now) ++state.waiting[other].passed_over;
    }
  });
  return wait;
}

bool RateLimiter::Acquire(const env::Cancel* cancel, Priority priority) {
  while (true) {
    if (cancel != nullptr && cancel->is_set()) return false;
    const nanoseconds wait = Take(priority);
    if (wait == nanoseconds(0)) return true;
    // Rounded up: a sleep that ends too early would only go round once more.
    const auto millis = std::chrono::ceil<std::chrono::milliseconds>(wait);
    if (!clock_.Sleep(millis, cancel)) return false;
  }
}

void RateLimiter::HoldOff(std::chrono::milliseconds duration) {
  Use([&](State& state, nanoseconds now) {
    state.next = std::max(state.next, now + nanoseconds(duration));
  });
}

void RateLimiter::SlowDown() {
  Use([&](State& state, nanoseconds now) {
    const nanoseconds slower = std::max(2 * state.interval, kFirstInterval);
    state.interval = std::min(slower, std::max(kSlowestInterval, interval_));
    state.next = std::max(state.next, now + state.interval);
  });
}

void RateLimiter::Succeeded() {
  {
    // Nearly always there is nothing to do.
    const std::lock_guard lock(mutex_);
    if (state_.interval == interval_ && !state_.tripped) return;
  }
  Use([&](State& state, nanoseconds) {
    state.tripped = false;
    const nanoseconds faster = state.interval - state.interval / kSteps;
    state.interval = faster > interval_ && faster > kFirstInterval / 2 ? faster : interval_;
  });
}

void RateLimiter::Trip() {
  Use([](State& state, nanoseconds) { state.tripped = true; });
}

bool RateLimiter::tripped() {
  const std::lock_guard lock(mutex_);
  return state_.tripped;
}

}  // namespace sluice::sync
