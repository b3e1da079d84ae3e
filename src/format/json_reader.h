// Reads the records of a JSON file (json_scanner.h says how they may stand in it) one after the other:
// where each stands, whether it is whole, and the values of the columns that are asked for, as text.
//
// A column takes the value of a key, or of a path through objects ("address.city"). ASCII letters match
// in either case. A value is
//   NULL                 for null, for a key that is missing, and below a null
//   the text             of a string, its escapes resolved
//   what stands there    for numbers, true and false: digit for digit, never through a double
//   its JSON text        for objects and arrays: without blanks between its parts, else as it stands
// What the texts mean in a column's type is the business of the strict casts (strict.h).
//
// simdjson does the parsing, a record at a time, and all of a record is looked at, not only what is
// asked for: a record that is not valid JSON (RFC 8259) anywhere is broken.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "format/byte_source.h"
#include "format/csv_dialect.h"
#include "format/csv_reader.h"

namespace sluice::format {

enum class JsonFault {
  kNone,
  kBroken,  // no valid JSON
  kInvalidUtf8,
  kNotAnObject,   // valid or not: it begins as something else
  kDuplicateKey,  // in the record, or in an object that a path goes into
  kTwoValues,     // of the names that a column has in files, two are there and neither is null
  kNoObject,      // a path goes on where a text, a number or an array stands
  kNulCharacter,  // \u0000 in a text that a column takes: the table could not hold it
  kTooDeep,       // nested more than 200 deep
  kTooLong,       // more than the limit of bytes, or its values more than kMaxCellBytes
};

struct JsonPlace {
  size_t offset = 0;  // from the record's first byte
  size_t size = 0;
};

struct JsonRecord {
  uint64_t number = 0;   // from 1; blank lines are none
  uint64_t line = 0;     // physical line of its first byte, from 1; LF ends a line
  uint64_t offset = 0;   // of its first byte in the uncompressed file, from 0
  uint64_t size = 0;     // bytes, without blanks around it
  std::string_view raw;  // its beginning, cut after `raw_limit`; may be invalid UTF-8
  bool raw_cut = false;
  JsonFault fault = JsonFault::kNone;
  std::string reason;       // of a fault, for people; no values: "broken JSON at byte 17: ..."
  size_t fault_column = 0;  // of those asked for, or their number when it concerns none
  // One for each column, as a CSV file would have them; none in a record with a fault. `quoted`: it was
  // a JSON text.
  std::span<const CsvCell> cells;
  // Where the value of each column stands in the record's bytes; size 0 when its key is missing.
  std::span<const JsonPlace> places;
};

struct JsonColumn {
  // Keys or paths; none: always NULL. A key that has a point in it as it stands counts as well.
  std::vector<std::string> names;
};

struct JsonReaderOptions {
  std::vector<JsonColumn> columns = {};
  bool empty_is_null = false;  // "" as well
  // Whether keys that no column takes are collected. Members of an object that a path goes into count
  // too, unless a column takes the object as a whole.
  bool collect_unknown = false;
  bool one_record = false;  // all of the source is one record, whatever its lines
  size_t max_record_bytes = CsvLimits().max_record_bytes;
  size_t raw_limit = 4096;
};

struct UnknownKey {
  std::string path;
  uint64_t line = 0;  // of the first record that has it
};

// Whether it is a number as JSON writes it (RFC 8259, section 6), without blanks around it.
bool IsJsonNumber(std::string_view text);

// Memory: the longest record a few times over, at most `max_record_bytes` each. Not thread-safe.
class JsonReader {
 public:
  static constexpr size_t kMaxCellBytes = 3'900'000;  // of all cells of a record
  static constexpr size_t kMaxUnknownKeys = 1000;

  // The source must outlive the reader.
  JsonReader(ByteSource& source, JsonReaderOptions options);
  ~JsonReader();
  JsonReader(const JsonReader&) = delete;
  JsonReader& operator=(const JsonReader&) = delete;

  // Goes to the next record; false at the end. Errors are the scanner's and the source's; broken records
  // are none.
  Result<bool> Next();
  // Its views live until the next call of Next.
  const JsonRecord& record() const;

  // Of the whole records so far: which columns were there, if only as null.
  const std::vector<bool>& seen() const;
  // The keys that no column takes, in the order of their first appearance in a whole record; at most
  // kMaxUnknownKeys + 1.
  const std::vector<UnknownKey>& unknown() const;

 private:
  class Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace sluice::format
