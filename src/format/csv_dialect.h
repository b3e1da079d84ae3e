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

// A record that is longer is broken. DuckDB's own default for a line.
inline constexpr size_t kMaxRecordBytes = 2'000'000;

}  // namespace sluice::format
