// An optional ability of a destination that keeps what was written to it (files): what was ever written under keys is
// taken out, on somebody's request and outside of any delivery.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "connector/destination.h"
#include "env/clock.h"

namespace sluice::connector {

class Purging {
 public:
  virtual ~Purging() = default;
  // How many lines went. Again it is 0. kBusy when a delivery is on its way.
  virtual Result<int64_t> Purge(const std::set<std::string>& keys, const env::Cancel* cancel) = 0;
};

// Null without it. Belongs to the destination.
inline Purging* PurgingOf(Destination& destination) {
  return dynamic_cast<Purging*>(&destination);
}

}  // namespace sluice::connector
