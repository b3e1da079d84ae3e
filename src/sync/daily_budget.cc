#include "sync/daily_budget.h"

#include <algorithm>

#include "base/hash.h"
#include "env/file.h"
#include "sync/wire.h"

namespace sluice::sync {
namespace {

constexpr int64_t kQuarter = 15LL * 60 * 1'000'000;
constexpr int64_t kDay = 24LL * 60 * 60 * 1'000'000;
constexpr uint32_t kMostQuarters = 100;  // 24 hours hold 97
constexpr uint8_t kFormat = 1;

int64_t MonotonicMicros(env::Clock& clock) {
  return std::chrono::duration_cast<std::chrono::microseconds>(clock.Monotonic()).count();
}

}  // namespace

DailyBudget::DailyBudget(env::Clock& clock, int64_t per_day, const std::string& file,
                         const std::string& boot)
    : clock_(clock),
      per_day_(per_day),
      boot_(HashOf(boot).low),
      file_(file),
      record_(file.empty() ? std::nullopt : std::optional<env::SharedRecord>(file)) {
  state_.boot = boot_;
  state_.wall = clock.Now();
  state_.monotonic = MonotonicMicros(clock);
}

int64_t DailyBudget::Used(const State& state) {
  int64_t used = 0;
  for (const Quarter& quarter : state.quarters) used += quarter.count;
  return used;
}

void DailyBudget::Pass(State& state) const {
  const int64_t wall = clock_.Now();
  const int64_t monotonic = MonotonicMicros(clock_);
  const bool same_start = state.boot == boot_ && monotonic >= state.monotonic;
  const int64_t passed = same_start ? monotonic - state.monotonic : wall - state.wall;
  state.time += std::max<int64_t>(passed, 0);
  state.boot = boot_;
  state.wall = wall;
  state.monotonic = monotonic;
  std::erase_if(state.quarters,
                [&](const Quarter& quarter) { return quarter.last + kDay <= state.time; });
}

DailyBudget::State DailyBudget::Read(const std::string& bytes) const {
  constexpr size_t kCheck = 8;
  if (bytes.size() <= kCheck) return state_;
  const std::string_view body = std::string_view(bytes).substr(0, bytes.size() - kCheck);
  WireReader in(bytes);
  State state;
  const bool known = in.U8() == kFormat;
  state.boot = in.U64();
  state.wall = in.I64();
  state.monotonic = in.I64();
  state.time = in.I64();
  const uint32_t quarters = in.U32();
  for (uint32_t i = 0; i < std::min(quarters, kMostQuarters) && !in.failed(); ++i) {
    Quarter quarter;
    quarter.begin = in.I64();
    quarter.last = in.I64();
    quarter.count = in.I64();
    state.quarters.push_back(quarter);
  }
  const uint64_t check = in.U64();
  // What cannot be read is what this process knows by itself.
  return known && !in.failed() && check == HashOf(body).low ? state : state_;
}

std::string DailyBudget::Write(const State& state) {
  std::string bytes;
  WireWriter out(bytes);
  out.U8(kFormat);
  out.U64(state.boot);
  out.I64(state.wall);
  out.I64(state.monotonic);
  out.I64(state.time);
  out.U32(static_cast<uint32_t>(state.quarters.size()));
  for (const Quarter& quarter : state.quarters) {
    out.I64(quarter.begin);
    out.I64(quarter.last);
    out.I64(quarter.count);
  }
  out.U64(HashOf(bytes).low);
  return bytes;
}

void DailyBudget::Use(bool shared, const std::function<void(State& state)>& change) {
  const std::lock_guard lock(mutex_);
  bool applied = false;
  const auto apply = [&] {
    Pass(state_);
    change(state_);
    applied = true;
  };
  if (!record_ || !shared) return apply();
  const Status written = record_->Update([&](std::string& bytes) {
    state_ = Read(bytes);
    apply();
    bytes = Write(state_);
  });
  // A budget that cannot be shared is at least our own.
  if (!written.ok() && !applied) apply();
}

bool DailyBudget::Take() {
  bool taken = false;
  Use(true, [&](State& state) {
    taken = Used(state) < per_day_;
    if (!taken) return;
    auto& quarters = state.quarters;
    if (quarters.empty() || state.time - quarters.back().begin >= kQuarter) {
      quarters.push_back({state.time, state.time, 0});
    }
    quarters.back().last = state.time;
    ++quarters.back().count;
  });
  return taken;
}

DailyBudget::Left DailyBudget::Look() {
  Left left;
  Use(env::Exists(file_), [&](State& state) {
    left.requests = std::max<int64_t>(per_day_ - Used(state), 0);
    if (left.requests == 0 && !state.quarters.empty()) {
      left.wait = std::chrono::microseconds(state.quarters.front().last + kDay - state.time);
    }
  });
  return left;
}

}  // namespace sluice::sync
