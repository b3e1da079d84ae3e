#include "cli/deadline.h"

#include <atomic>
#include <thread>

namespace sluice::cli {
namespace {

constexpr std::chrono::milliseconds kLookEvery{50};

}  // namespace

struct DeadlineCancel::Impl {
  env::Cancel cancel;
  env::Cancel ended;  // the owner needs it no more
  std::atomic<bool> passed{false};
  std::thread thread;
};

DeadlineCancel::DeadlineCancel(std::chrono::milliseconds limit, const env::Cancel* outer)
    : impl_(std::make_unique<Impl>()) {
  impl_->thread = std::thread([impl = impl_.get(), limit, outer] {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!impl->ended.WaitFor(kLookEvery)) {
      impl->passed = std::chrono::steady_clock::now() >= end;
      if (!impl->passed && (outer == nullptr || !outer->is_set())) continue;
      impl->cancel.Set();
      return;
    }
  });
}

DeadlineCancel::~DeadlineCancel() {
  impl_->ended.Set();
  impl_->thread.join();
}

const env::Cancel* DeadlineCancel::get() const {
  return &impl_->cancel;
}
bool DeadlineCancel::has_passed() const {
  return impl_->passed;
}

}  // namespace sluice::cli
