// An optional ability of a destination: it is given rows in the order of one of their fields (the time of
// an event), so that what happened first arrives first.
#pragma once

#include <string>

#include "connector/destination.h"

namespace sluice::connector {

class Ordered {
 public:
  virtual ~Ordered() = default;
  // The field, a top-level one. Where it is not mapped the order is that of the keys.
  virtual std::string order_field() const = 0;
};

// Null without it. Belongs to the destination.
inline const Ordered* OrderedOf(const Destination& destination) {
  return dynamic_cast<const Ordered*>(&destination);
}

}  // namespace sluice::connector
