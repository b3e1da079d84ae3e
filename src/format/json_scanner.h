// Finds the records in the bytes of a JSON file, for json_reader.cc: where each begins and ends. What is
// in them is the reader's matter. Three ways in which records stand in a file, told by its beginning:
//
//   lines    a value a line (JSON Lines, NDJSON): a line end always ends a record, since JSON has none
//            inside a text, so a broken record spoils no other
//   array    one array: its elements are the records
//   values   one value behind another, each over several lines: where the first line is only a {
//
// In the last two an element ends where its brackets are closed. A text ends with its line at the
// latest, closed or not. A bracket that is missing makes the rest of the file one element, of which
// nobody knows how many records it was: then, as where an array is never closed or something stands
// behind it, the file is refused as a whole.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "format/byte_source.h"

namespace sluice::format {

struct JsonRawRecord {
  // Without blanks at its ends, with `JsonScanner::kPadding` bytes of capacity behind it. Of a record
  // that is too long the beginning.
  std::string bytes;
  bool too_long = false;
  uint64_t line = 1;    // physical, of its first byte, from 1; LF ends a line
  uint64_t offset = 0;  // of its first byte in the uncompressed file, from 0
  uint64_t size = 0;    // in the file
};

// Memory: `max_record_bytes` and 64 kB. Not thread-safe.
class JsonScanner {
 public:
  static constexpr size_t kPadding = 64;

  // The source must outlive the scanner. `one_record`: all of it is one record, whatever its lines.
  JsonScanner(ByteSource& source, size_t max_record_bytes, bool one_record = false);

  // The next record, or false at the end. kRejected, with line and byte: UTF-16 or UTF-32, an array that
  // is not closed, a value that is not closed where it may stand over several lines, anything behind the
  // array. The source's errors.
  Result<bool> Next();
  const JsonRawRecord& record() const { return record_; }

 private:
  enum class Kind { kUnknown, kLines, kArray, kValues, kOne };

  Result<bool> Fill();  // false at the end of the file
  Result<bool> Peek(char* c);
  Result<bool> SkipBlanks(char* next);
  void Take(size_t n);
  void BeginRecord();
  void EndRecord();
  Status SkipMark();
  Status TakeAll();
  Status TakeLine();
  Status TakeElement();
  Status TakeValue();
  Result<bool> FirstRecord(char c);
  Result<bool> NextElement();
  Status EndOfArray();
  bool StepNested(char c);
  Status Unclosed() const;

  ByteSource& source_;
  const size_t max_record_bytes_;
  const bool one_record_;
  std::array<char, 64 * 1024> chunk_{};
  size_t at_ = 0;
  size_t end_ = 0;
  uint64_t consumed_ = 0;  // bytes before the chunk
  uint64_t line_ = 1;
  Kind kind_ = Kind::kUnknown;
  bool any_element_ = false;
  bool ended_ = false;

  JsonRawRecord record_;
  // Of the value in work, where brackets count.
  size_t depth_ = 0;
  bool in_text_ = false;
  bool escaped_ = false;
};

}  // namespace sluice::format
