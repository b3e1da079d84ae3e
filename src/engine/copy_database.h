// A database copied as it lies on the disk: the file, its log, and what a stopped checkpoint left beside
// it (guard.h). Opening the copy brings it in order as opening the original would have. The original is
// not opened by the engine, and not changed.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/status.h"
#include "env/clock.h"

namespace sluice::engine {

struct CopyOptions {
  // Asked with the bytes that the copy takes, where the file system cannot share the blocks of both; an
  // error of it ends the copy. May be empty.
  std::function<Status(uint64_t bytes)> room;
  std::function<void(uint64_t bytes)> progress;  // bytes of the file that are copied; may be empty
  const env::Cancel* cancel = nullptr;
};

// `to` is a new path in a folder that is there. Nobody may write to `path` meanwhile: kBusy when this
// process or another program has it open for writing, and who opens it during the copy is kept out by
// the lock that the engine takes. kNotFound when there is no file. On an error the caller removes what
// was copied.
Status CopyDatabase(const std::string& path, const std::string& to, const CopyOptions& options);

}  // namespace sluice::engine
