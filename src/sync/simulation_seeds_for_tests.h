// Which seeds a simulation runs: SLUICE_SIM_SEEDS=FIRST-LAST, else a few.
#pragma once

#include <cstdint>
#include <cstdlib>

#include "base/text.h"

namespace sluice::sync {

struct SimulationSeeds {
  uint64_t first = 1;
  uint64_t last = 12;
  // Enough that something must have happened: a simulation in which nothing does proves nothing.
  bool many() const { return last - first > 5; }
};

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
