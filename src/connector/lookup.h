// An optional ability of a destination: rows are looked for without changing anything. Modes that may
// only change what is there, or only make what is not, ask before they send; an audit compares.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "connector/destination.h"
#include "env/clock.h"

namespace sluice::connector {

class Lookup {
 public:
  struct Terms {
    double per_second = 0;     // questions; 0: no limit
    size_t rows = 1;           // in one question, at most
    size_t at_once = 1;        // questions that may be on their way at the same time
    std::string request_name;  // "GET /api/users/getByEmail": for plans
  };
  // What is known of one row.
  struct Found {
    bool there = false;
    // Of one that is there, when values were asked for: the top-level fields of its payload that have
    // another value there, or none. Null and missing are the same.
    std::vector<std::string> differing;
  };
  virtual ~Lookup() = default;
  virtual const Terms& lookup_terms() const = 0;
  // One answer for each of `rows` (not more than terms allow), in their order, by their identities;
  // their payloads are what is expected there, and looked at when `values` is set. kRetry: again
  // later; kAuth, kConfig: it makes no sense to go on. Up to terms.at_once threads call it at a time.
  virtual Result<std::vector<Found>> LookFor(std::span<const Operation> rows, bool values,
                                             const env::Cancel* cancel) = 0;
};

// Null without it. Belongs to the destination.
inline Lookup* LookupOf(Destination& destination) {
  return dynamic_cast<Lookup*>(&destination);
}
inline const Lookup* LookupOf(const Destination& destination) {
  return dynamic_cast<const Lookup*>(&destination);
}

}  // namespace sluice::connector
