// The bad rows of a load on their way from the look that finds them to the transaction that records them. There may be
// millions of them, so they wait in a file of the spool, and what is in memory has a limit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/status.h"

namespace sluice::ingest {

// A row that could not be used.
struct QuarantinedRow {
  size_t file = 0;     // index into TableLoad::files
  std::string member;  // of an archive, whose name and content then stand before it; "" else
  int64_t record = 0;
  int64_t line = 0;         // physical, from 1
  int64_t byte_offset = 0;  // of the record's first byte, from 0, uncompressed
  std::string column;       // "" when the record itself is broken
  std::string value;
  std::string reason;
  std::string rule;  // type, key, void, record_shape, encoding, …: which rule it breaks
  std::string raw;
  bool raw_cut = false;  // `raw` is only the beginning of the row
  // Of a record whose quotes are broken: lines behind its first that are in it, and may be rows of their own.
  int64_t swallowed = 0;
};

// How a value or the text of a row is kept: bytes that are no UTF-8 in hexadecimal.
std::string StoredText(const std::string& bytes);

// What is known of the rows of one file without reading them again.
struct RowsOfFile {
  int64_t rows = 0;
  int64_t not_utf8 = 0;  // of them, by the rule "encoding": of files that were taken for UTF-8
  // Of the first one.
  int64_t line = 0;
  std::string column;
  std::string reason;
  // QuarantinedRow::swallowed of all of them; where the one with most begins, and what is wrong with it.
  int64_t swallowed = 0;
  int64_t most_swallowed = 0;
  int64_t swallowed_line = 0;
  std::string swallowed_reason;
};

// A handle: copies have the same rows. One thread at a time. The file goes with the last of them; a process that is
// killed leaves it in the spool, which the next run empties.
class QuarantinedRows {
 public:
  QuarantinedRows() = default;  // none, and none can be added
  // In files below `folder`, which exists when there are many.
  explicit QuarantinedRows(const std::string& folder);

  QuarantinedRows Another() const;  // without rows, in the same folder

  Status Add(const QuarantinedRow& row);
  bool empty() const;
  bool operator==(const QuarantinedRows&) const = default;  // handles of the same rows
  RowsOfFile Of(size_t file) const;

  // Each in the order in which they were added, up to the first error, which is given back.
  Status ForEach(const std::function<Status(QuarantinedRow&)>& work) const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace sluice::ingest
