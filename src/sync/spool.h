// The spool of a delivery: the rows to send, in the order in which they are sent, as a file that
// stands apart from the warehouse. The log of the delivery names rows by their position in it. It
// holds personal data, has mode 0600, and goes when the delivery is folded.
//
// Format: "SLSPOOL1", then per row its length (u32) and the fields as wire.h writes them. The
// digest over all bytes stands in the log's header: a spool that is another is noticed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/status.h"
#include "connector/destination.h"
#include "env/file.h"

namespace sluice::sync {

enum class Change : uint8_t { kAdded, kChanged, kReturned, kRetried, kRemoved, kIdentity };

struct SpoolRow {
  std::string key;
  std::string identity;
  Change change = Change::kAdded;
  Hash128 digest;       // of `payload`; of kRemoved: kRemovalDigest
  std::string payload;  // complete; of kRemoved: what the destination is known to hold
  std::string sent;     // what goes out; of kIdentity: the new identifier alone
  // Whether it has to be looked for before it goes, in modes that ask.
  bool look_first = false;
  // The key under which the same identity was delivered before and is not in the model any more.
  std::optional<std::string> prior_key;
  // Of kIdentity: the identifier by which the destination knows the row so far.
  std::string former = {};
  // Likewise: an earlier change may have happened or not, so that either of the two identities may be the
  // one by which the destination knows the row. What is known of it stays so until this one is answered.
  bool in_doubt = false;
};

// A row as it lies in a spool: views into the buffer that it was read into.
struct SpoolRowView {
  std::string_view key;
  std::string_view identity;
  Change change = Change::kAdded;
  Hash128 digest;
  std::string_view payload;
  std::string_view sent;
  bool sends_payload = false;  // `sent` is `payload`, and written once
  bool look_first = false;
  std::optional<std::string_view> prior_key;
  std::string_view former;
  bool in_doubt = false;
};

inline constexpr size_t kSpoolHeadBytes = 4;  // a row's length, before it
// `frame`: a row with its length, and nothing behind it. False when it is no row.
bool ReadSpoolRow(std::string_view frame, SpoolRowView& row);
// Bytes that the row at the beginning of `frame` takes, its length included, when it has kSpoolHeadBytes at least.
size_t SpoolRowBytes(std::string_view frame);

// In the place of a payload's digest where a row is to be removed.
inline constexpr Hash128 kRemovalDigest{};

// What the destination is asked to do with the row. Views into it.
connector::Operation OperationOf(const SpoolRow& row);

struct SpoolInfo {
  uint64_t rows = 0;
  uint64_t bytes = 0;
  Hash128 digest;
};

// What a spool of these rows would be, without a file: two spools with the same digest are the same
// rows, in the same order, with the same fields to send.
class SpoolDigest {
 public:
  SpoolDigest();
  void Add(const SpoolRow& row);
  SpoolInfo Finish() const;

 private:
  std::string buffer_;
  std::shared_ptr<Hasher128> hasher_;
  SpoolInfo info_;
};

class SpoolWriter {
 public:
  // A file that is there is replaced.
  static Result<SpoolWriter> Create(const std::string& path);
  Status Add(const SpoolRow& row);
  // Everything durable, the folder's entry included.
  Result<SpoolInfo> Finish();

 private:
  explicit SpoolWriter(env::AppendFile file) : file_(std::move(file)) {}
  Status Flush();

  env::AppendFile file_;
  std::string buffer_;
  std::unique_ptr<Hasher128> hasher_;
  SpoolInfo info_;
};

// Some rows that follow each other.
struct SpoolPiece {
  uint64_t first = 0;  // position of the first one
  uint64_t rows = 0;
  uint64_t offset = 0;
  uint64_t bytes = 0;
};

// Reads forward, and again from any row. Memory: one row and 8 bytes for every thousand.
class SpoolReader {
 public:
  static Result<SpoolReader> Open(const std::string& path);
  // Where the first `rows` lie, in pieces that are small enough for memory, of at most `most` rows each; `visit`
  // sees each of them. Reads all of the file: kFailed when it is not the one with these numbers.
  Result<std::vector<SpoolPiece>> Index(const SpoolInfo& expected, uint64_t rows, uint64_t most,
                                        const std::function<void(const SpoolRowView&)>& visit);
  // Nothing at the end.
  Result<std::optional<SpoolRow>> Next();
  // The same without `payload` and `digest`, which nobody needs who only sends the row.
  Result<std::optional<SpoolRow>> NextToSend();
  // The next row is `position` (from 0), or the end.
  Status Seek(uint64_t position);
  uint64_t position() const { return position_; }  // of the row that Next gives

 private:
  explicit SpoolReader(env::RandomReadFile file) : file_(std::move(file)) {}
  // What follows, `length` bytes of it at least unless the file ends before.
  Result<std::string_view> Look(size_t length);
  // The next row's bytes; the place moves behind them.
  Result<std::optional<std::string_view>> TakeRow();
  Result<std::optional<SpoolRow>> Next(bool whole);

  env::RandomReadFile file_;
  std::string buffer_;
  uint64_t buffer_start_ = 0;
  uint64_t offset_ = 0;
  uint64_t position_ = 0;
  std::vector<uint64_t> marks_;  // offset of every 1,024th row that was seen
};

}  // namespace sluice::sync
