// Hashes whose values are stored and therefore must be the same on every machine and in every
// version: XXH3 (github.com/Cyan4973/xxHash, its format is frozen since 0.8.0).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice {

struct Hash128 {
  uint64_t low = 0;
  uint64_t high = 0;
  bool operator==(const Hash128&) const = default;
  // 32 hex digits, high half first.
  std::string Hex() const;
};

uint64_t Hash64(std::string_view bytes);
Hash128 HashOf(std::string_view bytes);

// A positive 63-bit id made from what the thing is, not from when it came: the same inputs give the
// same id in an undisturbed and in a repeated run. The parts are framed by their lengths, so
// {"ab","c"} and {"a","bc"} differ.
int64_t StableId(std::initializer_list<std::string_view> parts);

// Content hash of a stream that does not fit into memory.
class Hasher128 {
 public:
  Hasher128();
  ~Hasher128();
  Hasher128(const Hasher128&) = delete;
  Hasher128& operator=(const Hasher128&) = delete;
  void Update(std::string_view bytes);
  Hash128 Digest() const;

 private:
  void* state_;  // XXH3_state_t, kept out of this header
};

}  // namespace sluice
