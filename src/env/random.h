// Randomness as an effect that is passed in: jitter of waits, names of temporary things. Not for
// keys.
#pragma once

#include <cstdint>

namespace sluice::env {

class Random {
 public:
  virtual ~Random() = default;
  virtual uint64_t Next() = 0;  // all 64 bits are uniform
  // Uniform in [0, 1).
  double Fraction();
};

// The machine's. Thread-safe, lives for the whole process.
Random& SystemRandom();

// The same numbers for the same seed (SplitMix64: Steele, Lea, Flood 2014). Not thread-safe.
class SeededRandom : public Random {
 public:
  explicit SeededRandom(uint64_t seed) : state_(seed) {}
  uint64_t Next() override;

 private:
  uint64_t state_;
};

}  // namespace sluice::env
