// A simulation of rows that cannot be taken back and are counted by the day: people who ask to be forgotten,
// faults, kills, a wall clock that jumps. No 24 hours ever hold more requests than the cap, nobody goes
// who was not confirmed, and in the end everybody is gone.
#include <gtest/gtest.h>

#include <deque>
#include <set>

#include "sync/simulation_for_tests.h"
#include "sync/simulation_seeds_for_tests.h"

namespace sluice::sync {
namespace {

constexpr int64_t kCap = 6;
constexpr std::chrono::hours kDay{24};

class DailySimulation : public SyncWorld {
 public:
  explicit DailySimulation(uint64_t seed) : rng_(seed), seed_(seed) {
    sync_.mode = "add";
    sync_.fields = {Column("email", "email")};
    connector::Capabilities& can = options_.capabilities;
    can.max_rows_per_request = 1;
    can.irreversible = true;
    can.tells_again = true;
    can.removes = false;
    deliver_options_.max_attempts = 2;
    deliver_options_.max_wait = deliver_options_.first_wait;
    Reopen();
  }

  void Run(int rounds) {
    for (int round = 0; round < rounds && !testing::Test::HasFailure(); ++round) {
      for (uint64_t i = 0, n = Below(5); i < n; ++i) {
        const std::string key = std::to_string(people_++);
        Put(key, key + "@x", "Ulm", 1);
      }
      faulty_ = true;
      TryRun();
      PassTime();
    }
    faulty_ = false;
    for (int day = 0; day < 60 && Gone() < people_; ++day) {
      TryRun();
      clock_.Advance(kDay);
    }
    EXPECT_EQ(Gone(), people_) << "seed " << seed_;
  }

  uint64_t kills_ = 0;
  uint64_t jumps_ = 0;
  uint64_t full_days_ = 0;

 private:
  uint64_t Below(uint64_t n) { return rng_.Next() % n; }
  bool OneIn(uint64_t n) { return Below(n) == 0; }
  void MayDie(uint64_t one_in) {
    if (faulty_ && OneIn(one_in)) throw Killed();
  }
  size_t Gone() const { return world_.people.size(); }

  void Reopen() {
    Restart();
    daily_ = std::make_unique<DailyBudget>(clock_, kCap, env::JoinPath(folder_, "day"), "boot");
    destination_->options().fault = [this] { return NextFault(); };
    destination_->options().before_answer = [this] { MayDie(30); };
    destination_->options().refuse = [this](const connector::Operation& o) { return Judge(o); };
    engine_->on_step = [this](std::string_view) { MayDie(25); };
  }

  connector::MemoryFault NextFault() {
    const auto now = clock_.Monotonic();
    went_.push_back(now);
    while (now - went_.front() >= kDay) went_.pop_front();
    EXPECT_LE(went_.size(), static_cast<size_t>(kCap))
        << "seed " << seed_ << ": more requests in 24 hours than the cap";
    MayDie(40);
    if (!faulty_ || !OneIn(4)) return connector::MemoryFault::kNone;
    constexpr connector::MemoryFault kFaults[] = {connector::MemoryFault::kTooMany,
                                                  connector::MemoryFault::kUnavailable,
                                                  connector::MemoryFault::kLostAnswer};
    return kFaults[Below(std::size(kFaults))];
  }

  std::optional<connector::RowOutcome> Judge(const connector::Operation& operation) {
    EXPECT_EQ(confirmed_people_.count(std::string(operation.key)), 1U)
        << "seed " << seed_ << ": " << operation.key << " goes, and nobody has confirmed it";
    return {};
  }

  void PassTime() {
    clock_.Advance(std::chrono::minutes(Below(20 * 60)));
    if (!OneIn(3)) return;
    ++jumps_;
    const auto days = static_cast<env::Micros>(Below(6)) - 2;
    clock_.Set(clock_.Now() + days * 86'400'000'000);
  }

  void TryRun() {
    try {
      SyncJob job = Job();
      job.daily = daily_.get();
      const auto recovered = engine_->Recover(*connection_, job);
      ASSERT_TRUE(recovered.ok()) << "seed " << seed_ << ": " << recovered.status().ToString();
      const uint64_t to_confirm = engine_->Plan(*connection_, job)->counts.ToConfirm();
      if (!faulty_ || OneIn(2)) {
        job.confirmed = to_confirm;
        for (uint64_t i = 0; i < people_; ++i) confirmed_people_.insert(std::to_string(i));
      }
      const auto delivery = engine_->Prepare(*connection_, job);
      if (delivery.status().code() == Code::kHeld) return;
      ASSERT_TRUE(delivery.ok()) << "seed " << seed_ << ": " << delivery.status().ToString();
      if (delivery->id == 0) return;
      const auto report = engine_->Deliver(*delivery, job, limiter_, deliver_options_);
      ASSERT_TRUE(report.ok()) << "seed " << seed_ << ": " << report.status().ToString();
      full_days_ += report->tomorrow ? 1 : 0;
      const auto summary = engine_->Fold(*connection_, job, *delivery);
      ASSERT_TRUE(summary.ok()) << "seed " << seed_ << ": " << summary.status().ToString();
    } catch (const Killed&) {
      ++kills_;
      Reopen();
    }
  }

  env::SeededRandom rng_;
  uint64_t seed_;
  bool faulty_ = false;
  uint64_t people_ = 0;
  std::set<std::string> confirmed_people_;
  std::deque<std::chrono::nanoseconds> went_;
  std::unique_ptr<DailyBudget> daily_;
};

TEST(DailySimulationTest, NoDayHoldsMoreThanItsCapAndEverybodyWhoIsConfirmedGoes) {
  const SimulationSeeds seeds = SeedsFromEnvironment();
  uint64_t kills = 0;
  uint64_t jumps = 0;
  uint64_t full_days = 0;
  for (uint64_t seed = seeds.first; seed <= seeds.last && !testing::Test::HasFailure(); ++seed) {
    if (WorldOf(seed) != "days") continue;
    DailySimulation simulation(seed);
    simulation.Run(12);
    kills += simulation.kills_;
    jumps += simulation.jumps_;
    full_days += simulation.full_days_;
  }
  if (!seeds.many()) return;
  EXPECT_GT(kills, 5U);
  EXPECT_GT(jumps, 5U);
  EXPECT_GT(full_days, 5U);
}

}  // namespace
}  // namespace sluice::sync
