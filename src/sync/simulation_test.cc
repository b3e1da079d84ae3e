// A simulation from a seed (simulation_for_tests.h). When the faults stop the destination holds what the
// model says, and nothing that was known to be delivered was ever sent again without a change.
//
// SLUICE_SIM_SEEDS=FIRST-LAST runs others (test/simulate.py does so with many); a failure prints its
// seed.
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/text.h"
#include "sync/simulation_for_tests.h"

namespace sluice::sync {
namespace {

class SimulationTest : public testing::TestWithParam<const char*> {};

TEST_P(SimulationTest, WhenTheFaultsStopTheDestinationHoldsTheModel) {
  uint64_t first = 1;
  uint64_t last = 12;
  if (const char* seeds = std::getenv("SLUICE_SIM_SEEDS")) {
    const auto parts = Split(seeds, '-');
    first = ParseUnsigned(parts[0]).value_or(1);
    last = ParseUnsigned(parts.back()).value_or(first);
  }
  int kills = 0;
  int compared = 0;
  int removals = 0;
  for (uint64_t seed = first; seed <= last && !testing::Test::HasFailure(); ++seed) {
    Simulation simulation(seed, GetParam());
    simulation.Run(10);
    kills += simulation.kills_;
    compared += simulation.compared_;
    removals += simulation.removals_;
  }
  // A simulation in which nothing happens proves nothing.
  if (last - first > 5) {
    EXPECT_GT(kills, 10);
    EXPECT_GT(compared, 50);
    EXPECT_EQ(removals > 20, std::string(GetParam()) == "mirror") << removals;
  }
}

INSTANTIATE_TEST_SUITE_P(Modes, SimulationTest,
                         testing::Values("upsert", "mirror", "append", "update", "insert"),
                         [](const auto& mode) { return std::string(mode.param); });

}  // namespace
}  // namespace sluice::sync
