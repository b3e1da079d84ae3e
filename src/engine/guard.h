// The guard around DuckDB's checkpoint.
//
// A checkpoint overwrites metadata blocks in place while the header on disk still points at them; a
// kill at that moment makes the file unreadable. So before a checkpoint the blocks it may overwrite
// and both headers are copied into a side file, FILE.guard (side_file.h); after it the side file goes.
// When the file is opened and a side file is there, the newest valid header tells whether the
// checkpoint had come to its end: it had when its iteration is larger than the one saved; else
// everything saved is written back. Writing back is idempotent: it may be stopped and repeated too.
//
// Format of the file (DuckDB storage, unchanged since 0.10): two headers of 4,096 bytes at 4,096 and
// 8,192, each: checksum, iteration, meta block, free list, block count, block size (8 bytes each).
// Block n starts at 12,288 + n * block size.
//
// The descriptor must be opened before the engine opens the file and closed after it closed it:
// POSIX record locks of a process go with *any* descriptor that it closes on the file.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"

namespace sluice::engine {

class CheckpointGuard {
 public:
  // Opens the existing database file at `path` (links followed: the engine's log lies beside the file
  // itself) and repairs it where a checkpoint was stopped, under the lock that the engine takes too:
  // kBusy, with the process id, when another program has the file open. Cuts what is broken at the end
  // of the log (log_tail.h). What a stopped process wrote and did not sync is synced, for what we have
  // read may not go again.
  // `read_only` needs no right to write, unless there is something to repair.
  static Result<std::unique_ptr<CheckpointGuard>> Open(const std::string& path,
                                                       bool read_only = false);
  ~CheckpointGuard();
  CheckpointGuard(const CheckpointGuard&) = delete;
  CheckpointGuard& operator=(const CheckpointGuard&) = delete;

  // Saves the headers and these blocks durably. Before CHECKPOINT.
  Status Save(const std::vector<uint64_t>& blocks);
  // After a CHECKPOINT that went well, or that did not begin.
  Status Drop();

 private:
  CheckpointGuard(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  Status Lock(bool exclusive);
  Status Repair();
  Status CutTornLog();
  Status SyncWhatIsThere();
  std::string LogPath() const { return path_ + ".wal"; }
  std::string SidePath() const { return path_ + ".guard"; }

  std::string path_;
  int fd_;
};

}  // namespace sluice::engine
