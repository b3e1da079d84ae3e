// Reads the records of a CSV file one after the other, and tells of every record where it stands and
// whether it is whole: for the second look at files in which the engine found bad rows, for headers,
// and for files that the engine itself cannot be trusted with (csv_census.h says which).
//
// RFC 4180, and what DuckDB 1.5.6 takes besides under the options of read_csv.h, so that both agree
// on which records are accepted (format/README.md has the table):
//  - Records end with LF or CRLF, also mixed. A file whose first line end is a lone CR is one of lone
//    CRs; in any other file a lone CR outside quotes breaks its record.
//  - One blank before an opening quote and any blanks behind a closing one are dropped. Blanks around
//    an unquoted field belong to it. A quote inside an unquoted field is an ordinary character.
//  - Blank lines are no records, unless the file has one column: then they are a NULL.
//  - Empty fields beyond the last column are ignored, as a delimiter at the end of each line makes them.
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

namespace sluice::format {

// What is wrong with a record; the first that applies, in the order of the file.
enum class CsvFault {
  kNone,
  kTooFewColumns,
  kTooManyColumns,
  kTextAfterQuote,     // "abc"def
  kUnterminatedQuote,  // the file ends inside quotes: whatever follows the quote is in this record
  kLoneReturn,         // a CR without LF outside quotes
  kNulByte,
  kInvalidUtf8,
  kTooLong,  // more than the limit of bytes; has no cells
};

// For people: "too few columns".
std::string_view CsvFaultText(CsvFault fault);

struct CsvCell {
  std::string_view text;  // without quotes, escapes removed
  bool quoted = false;
  bool null = false;  // by the dialect
};

struct CsvRecord {
  uint64_t number = 0;  // of data records, from 1; a header and blank lines do not count
  uint64_t line =
      0;  // physical line of its first byte, from 1; CR, LF and CRLF end a line anywhere
  uint64_t offset = 0;  // of its first byte in the uncompressed file, from 0
  uint64_t size = 0;    // bytes without the line end
  uint64_t breaks = 0;  // line ends inside it: so many more lines are in it
  // The beginning of its bytes, cut after `raw_limit`; may be invalid UTF-8.
  std::string_view raw;
  bool raw_cut = false;
  CsvFault fault = CsvFault::kNone;
  size_t fault_column = 0;  // from 0; where the fault was found
  // As many as the record has: also of a broken one, as far as they could be told apart.
  std::span<const CsvCell> cells;
};

struct CsvReaderOptions {
  CsvDialect dialect = {};
  size_t columns = 0;   // how many a record must have; 0: any number
  bool header = false;  // the first record that is not blank is no data
  size_t max_record_bytes = CsvLimits().max_record_bytes;
  size_t raw_limit = 4096;
  // Not 0: the source begins so many bytes behind the beginning of the file, and there a record does. No byte order
  // mark, preamble or header is looked for then, `number` and `line` count from there, and `offset` from the beginning
  // of the file.
  uint64_t begin = 0;
};

// Memory: the longest record, at most `max_record_bytes`, and 64 kB. Not thread-safe.
class CsvReader {
 public:
  // The source must outlive the reader. The dialect is valid.
  CsvReader(ByteSource& source, CsvReaderOptions options);
  ~CsvReader();
  CsvReader(const CsvReader&) = delete;
  CsvReader& operator=(const CsvReader&) = delete;

  // Goes to the next record; false at the end. Errors are the source's: broken records are none.
  Result<bool> Next();
  // Its views live until the next call of Next.
  const CsvRecord& record() const { return record_; }
  // The physical line it stands in: behind the last record, once Next has said so.
  uint64_t line() const;

 private:
  class Parser;
  CsvRecord record_;
  std::unique_ptr<Parser> parser_;
};

}  // namespace sluice::format
