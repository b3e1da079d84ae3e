#include "sync/rate_limiter.h"

#include <algorithm>

namespace sluice::sync {

RateLimiter::RateLimiter(env::Clock& clock, double per_second)
    : clock_(clock),
      interval_(per_second > 0 ? static_cast<int64_t>(1e9 / per_second) : 0),
      next_(clock.Monotonic()) {}

bool RateLimiter::Acquire(const env::Cancel* cancel) {
  while (true) {
    std::chrono::nanoseconds wait{0};
    {
      const std::lock_guard lock(mutex_);
      const auto now = clock_.Monotonic();
      if (cancel != nullptr && cancel->is_set()) return false;
      if (next_ <= now) {
        next_ = now + interval_;
        return true;
      }
      wait = next_ - now;
    }
    // Rounded up: a sleep that ends too early would only go round once more.
    const auto millis = std::chrono::ceil<std::chrono::milliseconds>(wait);
    if (!clock_.Sleep(millis, cancel)) return false;
  }
}

void RateLimiter::HoldOff(std::chrono::milliseconds duration) {
  const std::lock_guard lock(mutex_);
  next_ = std::max(next_, clock_.Monotonic() + std::chrono::nanoseconds(duration));
}

}  // namespace sluice::sync
