// How a CSV file is written, as far as it was declared.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/status.h"

namespace sluice::format {

struct CsvDialect {
  char delimiter = ',';
  char quote = '"';
  char escape = '"';  // the same as `quote`: a quote in a quoted field is doubled
  // What means NULL besides the empty field, when it stands unquoted.
  std::vector<std::string> null_words = {};
  // Whether a quoted empty field (and a quoted null word) is NULL as well.
  bool empty_quoted_is_null = false;

  // kConfig unless delimiter, quote and escape are printable ASCII or tab, the delimiter is neither
  // quote, escape nor blank, and no null word holds a line end, delimiter or quote.
  Status Validate() const;
};

// What bounds the reading of a file; the same for census, reader and engine.
struct CsvLimits {
  // A record that is longer is broken. DuckDB's own default for a line.
  size_t max_record_bytes = 2'000'000;
  // What the engine reads of a file at once. At least four records, and a multiple of 64: it divides a
  // buffer by 16 and by 4, and loses rows in what would be left over.
  size_t buffer_bytes = 32'000'000;
};

}  // namespace sluice::format
