#include "base/hash.h"

#include <initializer_list>

#include <xxhash.h>

#include "base/check.h"
#include "base/text.h"

namespace sluice {

std::string Hash128::Hex() const {
  return HexEncode(high) + HexEncode(low);
}

uint64_t Hash64(std::string_view bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

Hash128 HashOf(std::string_view bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return {hash.low64, hash.high64};
}

int64_t StableId(std::initializer_list<std::string_view> parts) {
  std::string framed;
  for (const std::string_view part : parts) {
    framed += std::to_string(part.size());
    framed += ':';
    framed += part;
  }
  // 0 is kept free, so that it can mean "none".
  const auto id = static_cast<int64_t>(Hash64(framed) >> 1U);
  return id == 0 ? 1 : id;
}

Hasher128::Hasher128() : state_(XXH3_createState()) {
  SLUICE_CHECK(state_ != nullptr, "out of memory");
  XXH3_128bits_reset(static_cast<XXH3_state_t*>(state_));
}

Hasher128::~Hasher128() {
  XXH3_freeState(static_cast<XXH3_state_t*>(state_));
}

void Hasher128::Update(std::string_view bytes) {
  XXH3_128bits_update(static_cast<XXH3_state_t*>(state_), bytes.data(), bytes.size());
}

Hash128 Hasher128::Digest() const {
  const XXH128_hash_t hash = XXH3_128bits_digest(static_cast<const XXH3_state_t*>(state_));
  return {hash.low64, hash.high64};
}

}  // namespace sluice
