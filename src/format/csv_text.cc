#include "format/csv_text.h"

#include <algorithm>
#include <string_view>

#include "base/text.h"

namespace sluice::format {
namespace {

bool NeedsQuotes(const CsvCell& cell, const CsvDialect& dialect) {
  if (cell.quoted || cell.text.empty()) return true;
  if (!dialect.comment.empty() && StartsWith(cell.text, dialect.comment)) return true;
  // Only a blank directly before a quote means anything, but nothing is lost by being careful. The
  // last is a byte order mark, which would be dropped at the beginning of the file.
  const char first = cell.text.front();
  if (first == ' ' || first == dialect.quote || first == '\xEF') return true;
  // An unquoted null word would be NULL.
  const auto& words = dialect.null_words;
  if (std::find(words.begin(), words.end(), cell.text) != words.end()) return true;
  return cell.text.find_first_of("\n\r") != cell.text.npos ||
         cell.text.find(dialect.delimiter) != cell.text.npos;
}

// In a file without quotes: what would end the field is escaped, where there is an escape.
void AppendBare(std::string& out, std::string_view text, const CsvDialect& dialect) {
  for (const char c : text) {
    const bool special = c == dialect.delimiter[0] || c == '\n' || c == '\r' || dialect.IsEscape(c);
    if (special && dialect.escape != CsvDialect::kNone) out += dialect.escape;
    out += c;
  }
}

void AppendCell(std::string& out, const CsvCell& cell, const CsvDialect& dialect) {
  if (cell.null) return;
  if (dialect.quote == CsvDialect::kNone) return AppendBare(out, cell.text, dialect);
  if (!NeedsQuotes(cell, dialect)) {
    out += cell.text;
    return;
  }
  out += dialect.quote;
  for (const char c : cell.text) {
    const bool special = c == dialect.quote || dialect.IsEscape(c);
    if (special && dialect.escape != CsvDialect::kNone) out += dialect.escape;
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
