#include "format/csv_dialect.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "format/text_source.h"

namespace sluice::format {
namespace {

constexpr size_t kMaxDelimiterBytes = 8;

bool IsPrintable(char c) {
  return c > ' ' && c < '\x7f';
}

bool HasLineEnd(std::string_view text) {
  return text.find_first_of(std::string_view("\n\r\0", 3)) != text.npos;
}

Status ValidateDelimiter(const std::string& delimiter) {
  if (delimiter.empty() || delimiter.size() > kMaxDelimiterBytes) {
    return ConfigError(fmt::format("the delimiter of a CSV file has 1 to {} bytes, not {}",
                                   kMaxDelimiterBytes, delimiter.size()));
  }
  const bool usable = delimiter.size() == 1
                          ? IsPrintable(delimiter[0]) || delimiter == "\t"
                          : IsValidUtf8(delimiter) && delimiter[0] != ' ' && !HasLineEnd(delimiter);
  if (usable) return Status::Ok();
  return ConfigError(
      "the delimiter of a CSV file is a printable character or a tab, or begins with one");
}

}  // namespace

Status CsvDialect::Validate() const {
  SLUICE_TRY(ValidateDelimiter(delimiter));
  if ((!IsPrintable(quote) && quote != kNone) || (!IsPrintable(escape) && escape != kNone)) {
    return ConfigError("the quote of a CSV file is a printable ASCII character");
  }
  if (IsQuote(delimiter[0]) || IsEscape(delimiter[0])) {
    return ConfigError(fmt::format("delimiter and quote of a CSV file are both {}", delimiter[0]));
  }
  if (HasLineEnd(comment) || StartsWith(comment, " ") ||
      (!comment.empty() && (IsQuote(comment[0]) || StartsWith(delimiter, comment)))) {
    return ConfigError(
        "the comment of a CSV file is text without line ends that begins with neither a blank, the "
        "quote nor the delimiter");
  }
  for (const std::string& word : null_words) {
    const bool held = HasLineEnd(word) || word.find(delimiter) != word.npos ||
                      std::any_of(word.begin(), word.end(), [&](char c) { return IsQuote(c); });
    if (!held) continue;
    return ConfigError(fmt::format(
        "the null word \"{}\" holds a delimiter, a quote or a line end: it could never stand "
        "unquoted in a file",
        word));
  }
  return CheckEncodingName(encoding);
}

bool CsvDialect::EngineReads() const {
  const bool plain_words =
      std::none_of(null_words.begin(), null_words.end(),
                   [&](const std::string& word) { return word.find(escape) != word.npos; });
  return delimiter.size() == 1 && quote != kNone && escape != kNone && comment.empty() &&
         skip_lines == 0 && !pad_short && !cut_long && plain_words;
}

const CsvDialect& CanonicalDialect() {
  static const CsvDialect kCanonical{};
  return kCanonical;
}

CsvLimits CsvLimits::ForRecords(size_t max_record_bytes) {
  constexpr size_t kMultiple = 64;
  CsvLimits limits;
  limits.max_record_bytes = max_record_bytes;
  const size_t least = 4 * (max_record_bytes + kMultiple);
  if (limits.buffer_bytes < least) limits.buffer_bytes = (least / kMultiple + 1) * kMultiple;
  return limits;
}

}  // namespace sluice::format
