// A database written anew into a fresh file, which then takes the place of the old one: what was deleted stays in the
// pages of a file, and in its log, for as long as there is the file.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "engine/engine.h"
#include "env/clock.h"

namespace sluice::engine {

struct RewriteOptions {
  OpenOptions open;
  // Asked with the bytes of the old file, which the new one takes besides it at most; may be empty.
  std::function<Status(uint64_t bytes)> room;
  const env::Cancel* cancel = nullptr;
  // Told of each step that is done, "copied", "verified", "swapped": for tests that stop there. May be empty.
  std::function<void(std::string_view step)> on_step;
};

struct RewriteReport {
  uint64_t bytes_before = 0;
  uint64_t bytes_after = 0;
};

// Copies all tables and views of the file at `path` in the order of their rows, compares rows and contents of every
// table, and renames the new file over the old one. Nobody has the file open: kBusy else. Stopped at any time, the
// file at `path` is whole, the old or the new one; what is left beside it is removed by the next call, or by
// RemoveUnfinishedRewrite.
Result<RewriteReport> RewriteDatabase(const std::string& path, const RewriteOptions& options);

Status RemoveUnfinishedRewrite(const std::string& path);

}  // namespace sluice::engine
