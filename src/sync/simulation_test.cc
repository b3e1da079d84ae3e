// A simulation from a seed (simulation_for_tests.h). When the faults stop the destination holds what the
// model says, and nothing that was known to be delivered was ever sent again without a change.
//
// SLUICE_SIM_SEEDS=FIRST-LAST runs others (test/simulate.py does so with many); a failure prints its
// seed.
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <string>

#include "sync/simulation_for_tests.h"
#include "sync/simulation_seeds_for_tests.h"

namespace sluice::sync {
namespace {

struct Seen {
  int kills = 0;
  int compared = 0;
  int removals = 0;
  int moves = 0;
  size_t at_once = 0;
};

TEST(SimulationTest, WhenTheFaultsStopTheDestinationHoldsTheModel) {
  const SimulationSeeds seeds = SeedsFromEnvironment();
  std::map<std::string, Seen> worlds;
  for (uint64_t seed = seeds.first; seed <= seeds.last && !testing::Test::HasFailure(); ++seed) {
    const std::string world = WorldOf(seed);
    if (world == "days") continue;  // daily_simulation_test.cc
    Simulation simulation(seed, world);
    simulation.Run(10);
    Seen& seen = worlds[world];
    seen.kills += simulation.kills_;
    seen.compared += simulation.compared_;
    seen.removals += simulation.removals_;
    seen.moves += simulation.moves_;
    seen.at_once = std::max(seen.at_once, simulation.at_once_);
  }
  if (!seeds.many()) return;
  EXPECT_EQ(worlds.size(), std::size(kWorlds) - 1);
  for (const auto& [world, seen] : worlds) {
    EXPECT_GT(seen.kills, 10) << world;
    EXPECT_GT(seen.compared, 50) << world;
    EXPECT_GT(seen.at_once, 1U) << world;
    EXPECT_EQ(seen.removals > 20, world == "mirror") << world << ": " << seen.removals;
    EXPECT_EQ(seen.moves > 20, world == "changes") << world << ": " << seen.moves;
  }
}

}  // namespace
}  // namespace sluice::sync
