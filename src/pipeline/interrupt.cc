#include "pipeline/interrupt.h"

#include <chrono>

namespace sluice::pipeline {
namespace {

constexpr std::chrono::milliseconds kLookEvery{100};

}  // namespace

InterruptOnCancel::InterruptOnCancel(engine::Connection& connection, const env::Cancel* cancel) {
  if (cancel == nullptr) return;
  thread_ = std::thread([this, &connection, cancel] {
    while (!ended_.WaitFor(kLookEvery)) {
      if (cancel->is_set()) connection.Interrupt();
    }
  });
}

InterruptOnCancel::~InterruptOnCancel() {
  ended_.Set();
  if (thread_.joinable()) thread_.join();
}

}  // namespace sluice::pipeline
