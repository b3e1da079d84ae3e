// An optional ability of a destination that is no Lookup: it says why it cannot be asked what it holds.
#pragma once

#include <string>

#include "connector/destination.h"

namespace sluice::connector {

class Untold {
 public:
  virtual ~Untold() = default;
  // For people, behind a colon: "Iterable shows the last 200 events of a person, and not by which ids they came".
  virtual std::string WhyUntold() const = 0;
};

// Null without it. Belongs to the destination.
inline const Untold* UntoldOf(const Destination& destination) {
  return dynamic_cast<const Untold*>(&destination);
}

}  // namespace sluice::connector
