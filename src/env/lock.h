// Locks between processes: an advisory lock (flock) on a small file that also says who holds it.
// The operating system releases it when the holder dies, however it dies.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/status.h"
#include "env/clock.h"

namespace sluice::env {

class FileLock {
 public:
  // Takes the lock or gives kBusy at once, naming the holder ("process 4711: sluice run"). `holder`
  // is what others are told about us. The file stays behind when the lock is released.
  static Result<FileLock> TryAcquire(const std::string& path, const std::string& holder);
  // The same, trying again until `limit` has passed (kBusy) or `cancel` is set (kCancelled).
  static Result<FileLock> Acquire(const std::string& path, const std::string& holder,
                                  std::chrono::milliseconds limit, Clock& clock,
                                  const Cancel* cancel);

  // What the holder said of itself, "process 4711: sluice run"; of a lock that nobody holds, what was
  // said last.
  static std::string HolderOf(const std::string& path);

  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_ = -1;
};

// Which other process has `path` open for writing under a POSIX record lock (as DuckDB takes one),
// as "process 4711 (duckdb)"; nothing when nobody or when it cannot be found out.
std::optional<std::string> RecordLockHolder(const std::string& path);

}  // namespace sluice::env
