// How many downloads are under way at once, over all connections of a run: whole objects and parts of
// objects alike. Thread-safe.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>

#include "env/clock.h"

namespace sluice::connectors::s3 {

class DownloadSlots {
 public:
  explicit DownloadSlots(int slots) : free_(slots) {}

  // Holds a slot until it is destroyed; none when it was cancelled.
  class Slot {
   public:
    Slot() = default;
    explicit Slot(DownloadSlots* slots) : slots_(slots) {}
    ~Slot() {
      if (slots_ != nullptr) slots_->Release();
    }
    Slot(Slot&& other) noexcept : slots_(std::exchange(other.slots_, nullptr)) {}
    Slot& operator=(Slot&&) = delete;
    explicit operator bool() const { return slots_ != nullptr; }

   private:
    DownloadSlots* slots_ = nullptr;
  };

  // Waits for one. Whoever holds a slot must not wait for another.
  Slot Take(const env::Cancel* cancel) {
    std::unique_lock lock(mutex_);
    while (free_ == 0) {
      if (cancel != nullptr && cancel->is_set()) return {};
      changed_.wait_for(lock, std::chrono::milliseconds(100));
    }
    --free_;
    return Slot(this);
  }

 private:
  void Release() {
    {
      const std::lock_guard lock(mutex_);
      ++free_;
    }
    changed_.notify_one();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  int free_;
};

}  // namespace sluice::connectors::s3
