// The log of a delivery: an append-only file that knows, at every instant, which requests may have
// left and what the destination answered, at the price of one fdatasync per group. The warehouse
// learns it when the log is folded.
//
//   header     once: which delivery, of which rows
//   intent     durable before a request leaves: its attempt and rows, by position in the spool
//   outcome    durable after the answer: the state of each row. An intent without one is unknown
//   ending     how the delivery ended; not there when the process did
//
// Format: frames of magic (u32), body length (u32), XXH3-64 over the frame's offset and body, body
// (wire.h), whose first byte is the kind. Only the last group can be torn by a stop: a bad frame
// with a good one behind it is damage, and no longer to be trusted. No personal data: rows are
// positions, messages name no values (connector::RowOutcome).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/hash.h"
#include "base/status.h"
#include "connector/destination.h"
#include "env/clock.h"
#include "env/file.h"
#include "sync/spool.h"

namespace sluice::sync {

struct LogHeader {
  int64_t delivery_id = 0;
  std::string sync;
  std::string run_id;
  std::string host;
  std::string warehouse;  // path
  SpoolInfo spool;
  env::Micros at = 0;
};

// `count` rows from position `first` on.
struct RowRange {
  uint64_t first = 0;
  uint64_t count = 0;
  bool operator==(const RowRange&) const = default;
};
// Positions, ascending, as ranges.
std::vector<RowRange> ToRanges(const std::vector<uint64_t>& positions);

struct LogIntent {
  uint64_t attempt = 0;  // from 1, once per delivery
  std::vector<RowRange> rows;
  uint64_t bytes = 0;  // of the request's body
  std::string mark;    // connector::Settling
  env::Micros at = 0;
};

// "acknowledged", "rejected", "deferred", "unknown".
std::string_view StateName(connector::RowState state);

// Rows of an attempt with the same answer.
struct LogAnswer {
  connector::RowState state = connector::RowState::kUnknown;
  std::string code;
  std::string message;
  std::vector<RowRange> rows;
};

// Without an intent of the same attempt: rows that were refused before anything was sent.
struct LogOutcome {
  uint64_t attempt = 0;
  int http_status = 0;
  std::vector<LogAnswer> answers;
  env::Micros at = 0;
};

struct LogEnding {
  std::string outcome;  // sync_runs.outcome: "done", "stopped", "cancelled", "failed"
  std::string message;
  std::vector<std::pair<std::string, uint64_t>> warnings;  // text, how often
  env::Micros at = 0;
};

using LogEntry = std::variant<LogHeader, LogIntent, LogOutcome, LogEnding>;

// One line for people: "12  intent   attempt 3, rows 0-999, 81,920 bytes".
std::string DescribeEntry(uint64_t offset, const LogEntry& entry);

class DeliveryLog {
 public:
  // A new log with its header, durable. A file that is there is replaced: the caller has looked.
  static Result<DeliveryLog> Create(const std::string& path, const LogHeader& header);
  // The log that Create made, to go on with.
  static Result<DeliveryLog> Continue(const std::string& path);
  // Appends and makes durable.
  Status Write(const LogEntry& entry);
  // Only appends; Sync makes durable what was appended, and does nothing where that is done.
  Status Append(const LogEntry& entry);
  Status Sync();
  uint64_t size() const { return file_.size(); }

 private:
  explicit DeliveryLog(env::AppendFile file) : file_(std::move(file)) {}
  env::AppendFile file_;
  bool durable_ = true;
};

struct LogExtent {
  uint64_t valid = 0;  // bytes of whole frames
  uint64_t torn = 0;   // bytes behind them
};

// Every entry in order. An error of `visit` ends it. kFailed when the log is damaged before its end
// or does not begin with a header; kNotFound when it is not there. Safe on a log that is being
// written: what is not whole yet counts as torn.
Result<LogExtent> ReadLog(const std::string& path,
                          const std::function<Status(uint64_t offset, const LogEntry&)>& visit);

// Only the header.
Result<LogHeader> ReadLogHeader(const std::string& path);

// Cuts what is torn. For the one process that holds the sync.
Status CutTornTail(const std::string& path, const LogExtent& extent);

}  // namespace sluice::sync
