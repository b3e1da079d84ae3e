// An optional ability of a destination: it gives all that it holds of a sync's object at once, for audits of every row.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "connector/destination.h"
#include "env/clock.h"

namespace sluice::connector {

class Exporting {
 public:
  // One thing: its identity as IdentityOf gives it, and what is known of it, canonical. Views for the call alone. An
  // error ends the export with it.
  using See = std::function<Status(std::string_view identity, std::string_view held)>;
  virtual ~Exporting() = default;
  // Everything, in any order, sent by this sync or not. Asks once, for as long as it takes. kRetry: again later.
  virtual Status Export(const See& see, const env::Cancel* cancel) = 0;
  // The top-level fields of a payload that `held` shows another value of, or none. Null and missing are the same. Pure.
  virtual std::vector<std::string> DifferingFrom(std::string_view payload,
                                                 std::string_view held) const = 0;
};

// Null without it. Belongs to the destination.
inline Exporting* ExportingOf(Destination& destination) {
  return dynamic_cast<Exporting*>(&destination);
}

}  // namespace sluice::connector
