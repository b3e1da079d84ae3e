// An optional ability of a destination: one person can be made to go there outside of any delivery, on
// somebody's request.
#pragma once

#include <string>
#include <string_view>

#include "connector/destination.h"
#include "env/clock.h"

namespace sluice::connector {

enum class Erasure {
  kDelete,    // what is there about the person goes; the next write makes them anew
  kForget,    // likewise, and the destination takes nothing about them any more
  kUnforget,  // it takes something about them again
};

class Erasing {
 public:
  virtual ~Erasing() = default;
  // What limits such requests: requests_per_second, requests_per_day and budget of it. They are the caller's
  // to keep.
  virtual Capabilities ErasureLimits(Erasure erasure) const = 0;
  // Whom a payload is about: two with the same text are about one person. kRejected when it names nobody who can be
  // made to go.
  virtual Result<std::string> WhomToErase(Erasure erasure, std::string_view payload) const = 0;
  // One request about the person with these identifiers, a payload or a part of one. kAcknowledged: it
  // is done, or nobody is there. kRejected: it cannot be done, the message says why. Otherwise it may be
  // tried again, which is harmless.
  virtual RowOutcome Erase(Erasure erasure, std::string_view identifiers,
                           const env::Cancel* cancel) = 0;
};

// Null without it. Belongs to the destination.
inline Erasing* ErasingOf(Destination& destination) {
  return dynamic_cast<Erasing*>(&destination);
}

}  // namespace sluice::connector
