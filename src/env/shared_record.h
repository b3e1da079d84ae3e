// A few bytes that processes of this machine share: in a file, read and written while it is locked.
// For what would be a nuisance to lose, not a loss: it is not synced, and a power cut may take it back.
#pragma once

#include <functional>
#include <string>

#include "base/status.h"

namespace sluice::env {

// Thread-safe: every use opens the file, so that threads exclude each other as processes do.
class SharedRecord {
 public:
  // The file is made, mode 0600, by the first use.
  explicit SharedRecord(std::string path) : path_(std::move(path)) {}

  // `change` sees what is there ("" the first time, at most 4 kB) and may replace it; nobody else
  // does meanwhile. It should be quick. kFailed when the file cannot be used.
  Status Update(const std::function<void(std::string& bytes)>& change) const;

 private:
  std::string path_;
};

}  // namespace sluice::env
