#include "format/csv_dialect.h"

#include <fmt/format.h>

namespace sluice::format {
namespace {

bool IsPrintable(char c) {
  return c > ' ' && c < '\x7f';
}

}  // namespace

Status CsvDialect::Validate() const {
  if (!IsPrintable(delimiter) && delimiter != '\t') {
    return ConfigError("the delimiter of a CSV file is a printable ASCII character or a tab");
  }
  if (!IsPrintable(quote) || !IsPrintable(escape)) {
    return ConfigError("the quote of a CSV file is a printable ASCII character");
  }
  if (delimiter == quote || delimiter == escape) {
    return ConfigError(fmt::format("delimiter and quote of a CSV file are both {}", delimiter));
  }
  for (const std::string& word : null_words) {
    for (const char c : word) {
      if (c == '\n' || c == '\r' || c == '\0' || c == delimiter || c == quote || c == escape) {
        return ConfigError(fmt::format(
            "the null word \"{}\" holds a delimiter, a quote or a line end: it could never stand "
            "unquoted in a file",
            word));
      }
    }
  }
  return Status::Ok();
}

}  // namespace sluice::format
