// How a CSV file is written, as far as it was declared.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/status.h"

namespace sluice::format {

struct CsvDialect {
  std::string delimiter = ",";  // between two fields; 1 to 8 bytes
  char quote = '"';             // kNone: fields are never in quotes
  // Before a character that is to be taken as it is. The same as `quote`: a quote in a quoted field is
  // doubled. kNone: not even that. Without quotes it works anywhere, before line ends too.
  char escape = '"';
  static constexpr char kNone = '\0';

  // A line that begins with it is no record; "" when there are no comments.
  std::string comment = {};
  size_t skip_lines = 0;  // so many lines at the beginning are no records, whatever is in them

  // What means NULL besides the empty field (and \N, EscapesAreLetters), when it stands unquoted; as written,
  // before escapes are removed.
  std::vector<std::string> null_words = {};
  // Whether a quoted empty field (and a quoted null word) is NULL as well.
  bool empty_quoted_is_null = false;

  bool pad_short =
      false;  // fields that are missing at the end of a record are NULL: it is not broken
  bool cut_long = false;  // fields beyond the last column are left out: likewise

  // "auto" (UTF-8, or UTF-16 and UTF-32 by the byte order mark), or a name that iconv knows.
  std::string encoding = "auto";

  // kConfig unless delimiter, quote and escape are printable ASCII or tab (a longer delimiter may be
  // any UTF-8), the delimiter begins with neither quote, escape nor blank, no null word holds a line
  // end, delimiter or quote, and the encoding is known.
  Status Validate() const;

  // Whether the engine can be asked to read such files itself (read_csv.h); others are rewritten by
  // CsvReader first. The encoding is another matter.
  bool EngineReads() const;

  bool operator==(const CsvDialect&) const = default;
  bool IsQuote(char c) const { return c == quote && quote != kNone; }
  bool IsEscape(char c) const { return c == escape && escape != kNone; }
  // Without quotes and with a backslash, as MySQL (SELECT … INTO OUTFILE, mysqldump --tab) and PostgreSQL (COPY) write
  // by default: a field \N is NULL; \b \f \n \r \t \v are what they are in C, \Z is 26, \0 a NUL byte.
  bool EscapesAreLetters() const { return quote == kNone && escape == '\\'; }
};

// How files are written that are made for the engine alone: the default, and an empty field is NULL, one
// in quotes is not.
const CsvDialect& CanonicalDialect();

// What bounds the reading of a file; the same for census, reader and engine.
struct CsvLimits {
  // A record that is longer is broken. DuckDB's own default for a line.
  size_t max_record_bytes = 2'000'000;
  // What the engine reads of a file at once. At least four records, and a multiple of 64: it divides a
  // buffer by 16 and by 4, and loses rows in what would be left over.
  size_t buffer_bytes = 32'000'000;

  bool operator==(const CsvLimits&) const = default;
  // For records of up to so many bytes.
  static CsvLimits ForRecords(size_t max_record_bytes);
};

}  // namespace sluice::format
