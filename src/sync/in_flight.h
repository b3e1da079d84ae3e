// Requests of a delivery that are on their way at the same time. Only the sending itself runs elsewhere:
// what is sent, and what is made of the answers, is decided by the one thread that uses this.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>

#include "connector/destination.h"

namespace sluice::sync {

// For one thread.
class InFlight {
 public:
  // Sends one request and gives its answer. Throws nothing, but in tests.
  using Exchange = std::function<connector::SendResult()>;
  struct Done {
    size_t place = 0;
    connector::SendResult result;
  };

  virtual ~InFlight() = default;
  // Sends from `place`, where nothing is on its way. Whatever `exchange` looks at stays as it is until its
  // answer was given, or until this is gone.
  virtual void Start(size_t place, Exchange exchange) = 0;
  // The next answer: waits for it, at most `limit` where one is given. Something is on its way.
  virtual std::optional<Done> Wait(std::optional<std::chrono::milliseconds> limit) = 0;
};

// On threads of its own, at most `places` of them, each made when it is needed first. Going away it waits
// for what is on its way.
std::unique_ptr<InFlight> MakeInFlightOnThreads(size_t places);

// One place, and no thread: it is sent while the answer is waited for, however long that is.
std::unique_ptr<InFlight> MakeInFlightAlone();

}  // namespace sluice::sync
