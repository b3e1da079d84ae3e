#include "env/clock.h"

#include <ctime>
#include <fstream>
#include <thread>

#include <fmt/format.h>

namespace sluice::env {
namespace {

class RealClock : public Clock {
 public:
  Micros Now() override {
    return std::chrono::duration_cast<std::chrono::microseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
  std::chrono::nanoseconds Monotonic() override {
    return std::chrono::steady_clock::now().time_since_epoch();
  }
  bool Sleep(std::chrono::milliseconds duration, const Cancel* cancel) override {
    if (cancel != nullptr) return !cancel->WaitFor(duration);
    std::this_thread::sleep_for(duration);
    return true;
  }
};

struct Broken {
  std::tm tm{};
  int64_t micros = 0;
};

Broken Break(Micros time) {
  Broken out;
  int64_t seconds = time / 1'000'000;
  out.micros = time % 1'000'000;
  if (out.micros < 0) {
    out.micros += 1'000'000;
    --seconds;
  }
  const auto t = static_cast<std::time_t>(seconds);
  gmtime_r(&t, &out.tm);
  return out;
}

}  // namespace

void Cancel::Set() {
  {
    const std::lock_guard lock(mutex_);
    set_ = true;
  }
  changed_.notify_all();
}

bool Cancel::is_set() const {
  const std::lock_guard lock(mutex_);
  return set_;
}

bool Cancel::WaitFor(std::chrono::milliseconds limit) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, limit, [this] { return set_; });
}

Clock& SystemClock() {
  static RealClock clock;
  return clock;
}

std::string BootId() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

Micros FakeClock::Now() {
  const std::lock_guard lock(mutex_);
  return now_;
}

std::chrono::nanoseconds FakeClock::Monotonic() {
  const std::lock_guard lock(mutex_);
  return slept_;
}

bool FakeClock::Sleep(std::chrono::milliseconds duration, const Cancel* cancel) {
  if (cancel != nullptr && cancel->is_set()) return false;
  Advance(duration);
  return true;
}

void FakeClock::Advance(std::chrono::microseconds by) {
  const std::lock_guard lock(mutex_);
  now_ += by.count();
  slept_ += by;
}

void FakeClock::Set(Micros now) {
  const std::lock_guard lock(mutex_);
  now_ = now;
}

std::string FormatUtc(Micros time, bool fraction) {
  const Broken b = Break(time);
  std::string out =
      fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", b.tm.tm_year + 1900, b.tm.tm_mon + 1,
                  b.tm.tm_mday, b.tm.tm_hour, b.tm.tm_min, b.tm.tm_sec);
  if (fraction) out += fmt::format(".{:06}", b.micros);
  return out;
}

std::string FormatIso(Micros time) {
  std::string out = FormatUtc(time);
  out[10] = 'T';
  return out + "Z";
}

std::string FormatDate(Micros time) {
  return FormatUtc(time).substr(0, 10);
}

}  // namespace sluice::env
