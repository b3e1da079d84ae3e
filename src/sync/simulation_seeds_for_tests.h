// Which seeds the simulations run, SLUICE_SIM_SEEDS=FIRST-LAST, else a few; and what a seed is of.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <string>

#include "base/text.h"

namespace sluice::sync {

struct SimulationSeeds {
  uint64_t first = 1;
  uint64_t last = 84;
  // Enough that something must have happened: a simulation in which nothing does proves nothing.
  bool many() const { return last - first >= 80; }
};

// Each seed is one world: of a mode of a sync, of identities that change at the destination ("changes"), or
// of rows that are counted by the day ("days").
inline constexpr const char* kWorlds[] = {"upsert", "mirror",  "append", "update",
                                          "insert", "changes", "days"};

inline std::string WorldOf(uint64_t seed) {
  return kWorlds[seed % std::size(kWorlds)];
}
// What else a seed decides: of the seeds of one world, each has the next number.
inline uint64_t TurnOf(uint64_t seed) {
  return seed / std::size(kWorlds);
}

inline SimulationSeeds SeedsFromEnvironment() {
  SimulationSeeds seeds;
  if (const char* text = std::getenv("SLUICE_SIM_SEEDS")) {
    const auto parts = Split(text, '-');
    seeds.first = ParseUnsigned(parts[0]).value_or(1);
    seeds.last = ParseUnsigned(parts.back()).value_or(seeds.first);
  }
  return seeds;
}

}  // namespace sluice::sync
