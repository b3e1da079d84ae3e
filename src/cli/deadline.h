// A limit of time on something that watches a Cancel.
#pragma once

#include <chrono>
#include <memory>

#include "env/clock.h"

namespace sluice::cli {

// Is set when `limit` has passed, or soon after `outer` (may be null) is.
class DeadlineCancel {
 public:
  DeadlineCancel(std::chrono::milliseconds limit, const env::Cancel* outer);
  ~DeadlineCancel();
  DeadlineCancel(const DeadlineCancel&) = delete;
  DeadlineCancel& operator=(const DeadlineCancel&) = delete;

  const env::Cancel* get() const;
  bool has_passed() const;  // the time, not `outer`

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::cli
