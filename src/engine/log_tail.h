// The end of the engine's write-ahead log after a machine stopped. Private to this folder.
//
// The engine writes a commit to the log and syncs it. When the machine stops between the two, any of
// the pages may have reached the disk: the file can be longer than what is in it, with zeros for the
// pages that are missing. The engine takes a log that just ends for what it is, but refuses to open a
// file whose log has a broken entry, so we cut such an end off first: back to the last commit that is
// whole, as other databases do when they replay a log.
//
// What was acknowledged was synced, so at most the one commit that was in flight can be in the part
// that is cut. A second commit behind the broken entry says that something else has damaged the log:
// then nothing is cut, and the engine's error stands.
//
// Format (WAL version 2, of all files of storage version 64 and later): 8 bytes of a version entry,
// then entries of: length, checksum, that many bytes. A commit ends with an entry that is always the
// same. A log that begins otherwise is left to the engine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace sluice::engine {

// The size to which the log at `path` must be cut; nothing when it may stay as it is. Reads all of it,
// a piece at a time.
Result<std::optional<uint64_t>> TornTail(const std::string& path);

// DuckDB's checksum of blocks, headers and log entries, fed in pieces.
class EngineChecksum {
 public:
  // All pieces but the last have a multiple of 8 bytes.
  void Update(std::string_view bytes);
  uint64_t value() const { return sum_; }

 private:
  uint64_t sum_ = 5381;
};

}  // namespace sluice::engine
