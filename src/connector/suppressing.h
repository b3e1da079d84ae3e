// An optional ability of a destination: it knows people about whom it was told to take nothing any more,
// so that nothing about them is sent in the first place. It gives hashes only.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/status.h"
#include "connector/destination.h"
#include "env/clock.h"

namespace sluice::connector {

// SHA-256 of an identifier without blanks at its ends, in lower case; hexadecimal.
using ForgottenHashes = std::unordered_set<std::string>;

class Suppressing {
 public:
  virtual ~Suppressing() = default;
  // Everybody whom the destination has forgotten. Asks it.
  virtual Result<ForgottenHashes> Forgotten(const env::Cancel* cancel) = 0;
  // Under which hashes somebody would be among them: one for each identifier of the payload. Pure.
  virtual std::vector<std::string> HashesOf(std::string_view payload) const = 0;
};

// Null without it. Belongs to the destination.
inline Suppressing* SuppressingOf(Destination& destination) {
  return dynamic_cast<Suppressing*>(&destination);
}
inline const Suppressing* SuppressingOf(const Destination& destination) {
  return dynamic_cast<const Suppressing*>(&destination);
}

}  // namespace sluice::connector
