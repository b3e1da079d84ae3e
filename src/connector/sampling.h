// An optional ability of a destination that says "accepted" before it has written: some of what it
// accepted is looked at again afterwards.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/status.h"
#include "connector/destination.h"
#include "env/clock.h"

namespace sluice::connector {

class Sampling {
 public:
  struct Seen {
    uint64_t looked = 0;  // rows that were looked for
    uint64_t found = 0;   // of them, those that are there as they were sent, or gone as was asked
  };
  virtual ~Sampling() = default;
  // Looks, for at most `patience`, for a few of the rows that were acknowledged since the last call, until
  // all of them are found.
  virtual Result<Seen> LookAgain(std::chrono::milliseconds patience, const env::Cancel* cancel) = 0;
};

// Null without it. Belongs to the destination.
inline Sampling* SamplingOf(Destination& destination) {
  return dynamic_cast<Sampling*>(&destination);
}

}  // namespace sluice::connector
