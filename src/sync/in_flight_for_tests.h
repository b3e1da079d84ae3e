// Requests that are on their way at the same time, without a thread: when each arrives, and in which order
// the answers come, is drawn from a seed. An exchange that throws is a process that was killed: what had
// not arrived by then never does.
#pragma once

#include <iterator>
#include <utility>
#include <vector>

#include "env/clock.h"
#include "env/random.h"
#include "sync/in_flight.h"

namespace sluice::sync {

class InFlightFromSeed : public InFlight {
 public:
  InFlightFromSeed(uint64_t seed, env::Clock& clock) : rng_(seed), clock_(clock) {}

  void Start(size_t place, Exchange exchange) override {
    sent_.emplace_back(place, std::move(exchange));
    most_ = std::max(most_, sent_.size() + answered_.size());
  }

  std::optional<Done> Wait(std::optional<std::chrono::milliseconds> limit) override {
    while (true) {
      if (limit && OneIn(4)) {
        clock_.Sleep(*limit, nullptr);
        return std::nullopt;
      }
      const size_t pick = rng_.Next() % (sent_.size() + answered_.size());
      if (pick >= sent_.size()) return Taken(answered_, pick - sent_.size());
      auto [place, exchange] = Taken(sent_, pick);
      answered_.push_back({place, exchange()});
    }
  }

  size_t most() const { return most_; }  // that were on their way at the same time

 private:
  bool OneIn(uint64_t n) { return rng_.Next() % n == 0; }
  template <typename T>
  static T Taken(std::vector<T>& from, size_t at) {
    T taken = std::move(from[at]);
    from.erase(from.begin() + static_cast<std::ptrdiff_t>(at));
    return taken;
  }

  env::SeededRandom rng_;
  env::Clock& clock_;
  std::vector<std::pair<size_t, Exchange>> sent_;
  std::vector<Done> answered_;
  size_t most_ = 0;
};

}  // namespace sluice::sync
