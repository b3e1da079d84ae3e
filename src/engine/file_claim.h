// Where a database file really lies, and the claim of one Database of this process on it. Private to
// this folder.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>

#include "base/status.h"

namespace sluice::engine {

// The absolute path with all links followed, also that of a file which is not there yet. The engine
// follows links and keeps its log beside the file itself; what we keep beside it must lie there too,
// whatever name the next user opens it by.
Result<std::string> RealPath(const std::string& path);

// Held for as long as the file is open. A second opening in one process would not be stopped by
// record locks, and the first descriptor that it closed would drop the lock of the other.
class FileClaim {
 public:
  // kBusy when this process has the file open already, under whatever name. The file must be there.
  static Result<FileClaim> Take(const std::string& path);
  FileClaim(FileClaim&& other) noexcept : file_(std::exchange(other.file_, {})) {}
  FileClaim(const FileClaim&) = delete;
  FileClaim& operator=(const FileClaim&) = delete;
  FileClaim& operator=(FileClaim&&) = delete;
  ~FileClaim();

 private:
  using File = std::pair<dev_t, ino_t>;
  explicit FileClaim(File file) : file_(file) {}
  File file_;  // inode 0: none
};

}  // namespace sluice::engine
