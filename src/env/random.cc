#include "env/random.h"

#include <sys/random.h>

#include "base/check.h"

namespace sluice::env {
namespace {

class KernelRandom : public Random {
 public:
  uint64_t Next() override {
    uint64_t value = 0;
    // Up to 256 bytes come whole and are never interrupted once the kernel's pool is seeded.
    SLUICE_CHECK(getrandom(&value, sizeof value, 0) == sizeof value,
                 "the kernel gave no randomness");
    return value;
  }
};

}  // namespace

double Random::Fraction() {
  return static_cast<double>(Next() >> 11U) * 0x1.0p-53;
}

Random& SystemRandom() {
  static KernelRandom random;
  return random;
}

uint64_t SeededRandom::Next() {
  uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31U);
}

}  // namespace sluice::env
