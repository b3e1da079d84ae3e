// Ctrl-C reaches statements of the engine, which look at nothing themselves.
#pragma once

#include <thread>

#include "engine/engine.h"
#include "env/clock.h"

namespace sluice::pipeline {

// While it lives, what `connection` executes is broken off as soon as `cancel` is set (kCancelled), and
// so is every statement after that one; never a COMMIT or a CHECKPOINT. Both outlive it; `cancel` may
// be null.
class InterruptOnCancel {
 public:
  InterruptOnCancel(engine::Connection& connection, const env::Cancel* cancel);
  ~InterruptOnCancel();
  InterruptOnCancel(const InterruptOnCancel&) = delete;
  InterruptOnCancel& operator=(const InterruptOnCancel&) = delete;

 private:
  env::Cancel ended_;
  std::thread thread_;
};

}  // namespace sluice::pipeline
