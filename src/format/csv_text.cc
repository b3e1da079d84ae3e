#include "format/csv_text.h"

#include <algorithm>
#include <string_view>

namespace sluice::format {
namespace {

bool NeedsQuotes(const CsvCell& cell, const CsvDialect& dialect) {
  if (cell.quoted || cell.text.empty()) return true;
  // Only a blank directly before a quote means anything, but nothing is lost by being careful. The
  // last is a byte order mark, which would be dropped at the beginning of the file.
  const char first = cell.text.front();
  if (first == ' ' || first == dialect.quote || first == '\xEF') return true;
  // An unquoted null word would be NULL.
  const auto& words = dialect.null_words;
  if (std::find(words.begin(), words.end(), cell.text) != words.end()) return true;
  const char special[] = {'\n', '\r', dialect.delimiter};
  return cell.text.find_first_of(std::string_view(special, sizeof special)) != cell.text.npos;
}

void AppendCell(std::string& out, const CsvCell& cell, const CsvDialect& dialect) {
  if (cell.null) return;
  if (!NeedsQuotes(cell, dialect)) {
    out += cell.text;
    return;
  }
  out += dialect.quote;
  for (const char c : cell.text) {
    if (c == dialect.quote || c == dialect.escape) out += dialect.escape;
    out += c;
  }
  out += dialect.quote;
}

}  // namespace

void AppendCsvRecord(std::string& out, std::span<const CsvCell> cells, const CsvDialect& dialect) {
  for (size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) out += dialect.delimiter;
    AppendCell(out, cells[i], dialect);
  }
}

}  // namespace sluice::format
