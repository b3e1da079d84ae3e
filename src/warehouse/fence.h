// Fences: a run that writes for an ingest or a sync takes a number, and reads it again inside every
// transaction. A process that was thought dead, and comes back, finds a newer number and writes
// nothing any more.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"
#include "engine/engine.h"

namespace sluice::warehouse {

struct Fence {
  std::string scope;  // "sync:guests_to_iterable"
  int64_t token = 0;
};

// Takes the next number of `scope`, in a transaction of its own.
Result<Fence> TakeFence(engine::Connection& connection, const std::string& scope);

// kFailed when somebody has taken a newer one. Inside the caller's transaction.
Status CheckFence(engine::Connection& connection, const Fence& fence);

}  // namespace sluice::warehouse
