// What the lines of a destination's file come to: which keys it holds, and with which fields.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>

#include "base/hash.h"
#include "base/status.h"

namespace sluice::connectors::file {

// The keys that a file holds. Remembers how far it has read: asked again, it reads what was appended
// since. Memory: some 50 bytes for each key. Not thread-safe.
class HeldKeys {
 public:
  explicit HeldKeys(std::string path) : path_(std::move(path)) {}
  // Up to the last whole line. A file that became shorter is read anew; one that is not there holds
  // nothing. kFailed, with the byte, for a line that is no operation.
  Status Refresh();
  bool Holds(std::string_view key) const { return keys_.count(HashOf(key)) > 0; }

 private:
  struct Low {
    size_t operator()(const Hash128& hash) const { return hash.low; }
  };
  const std::string path_;
  uint64_t read_ = 0;
  std::unordered_set<Hash128, Low> keys_;
};

// Field -> canonical value, null where it was cleared.
using HeldFields = std::map<std::string, std::string, std::less<>>;
// What the file holds of these keys; those that it does not hold are not among the answer.
Result<std::map<std::string, HeldFields, std::less<>>> ReadHeld(
    const std::string& path, const std::set<std::string, std::less<>>& keys);

}  // namespace sluice::connectors::file
