// A simulation from a seed (simulation_for_tests.h). When the faults stop the destination holds what the
// model says, and nothing that was known to be delivered was ever sent again without a change.
//
// SLUICE_SIM_SEEDS=FIRST-LAST runs others (test/simulate.py does so with many); a failure prints its
// seed.
#include <gtest/gtest.h>

#include <algorithm>

#include "sync/simulation_for_tests.h"
#include "sync/simulation_seeds_for_tests.h"

namespace sluice::sync {
namespace {

class SimulationTest : public testing::TestWithParam<const char*> {};

TEST_P(SimulationTest, WhenTheFaultsStopTheDestinationHoldsTheModel) {
  const SimulationSeeds seeds = SeedsFromEnvironment();
  int kills = 0;
  int compared = 0;
  int removals = 0;
  int moves = 0;
  size_t at_once = 0;
  for (uint64_t seed = seeds.first; seed <= seeds.last && !testing::Test::HasFailure(); ++seed) {
    Simulation simulation(seed, GetParam());
    simulation.Run(10);
    kills += simulation.kills_;
    compared += simulation.compared_;
    removals += simulation.removals_;
    moves += simulation.moves_;
    at_once = std::max(at_once, simulation.at_once_);
  }
  if (!seeds.many()) return;
  EXPECT_GT(kills, 10);
  EXPECT_GT(compared, 50);
  EXPECT_GT(at_once, 1U);
  EXPECT_EQ(removals > 20, std::string(GetParam()) == "mirror") << removals;
  EXPECT_EQ(moves > 20, std::string(GetParam()) == "changes") << moves;
}

INSTANTIATE_TEST_SUITE_P(Modes, SimulationTest,
                         testing::Values("upsert", "mirror", "append", "update", "insert",
                                         "changes"),
                         [](const auto& mode) { return std::string(mode.param); });

}  // namespace
}  // namespace sluice::sync
