#include "format/read_csv.h"

#include <fmt/format.h>

#include "base/check.h"
#include "base/text.h"
#include "engine/engine.h"

namespace sluice::format {
namespace {

using engine::QuoteText;

std::string TextList(const std::vector<std::string>& texts) {
  std::vector<std::string> quoted;
  for (const std::string& text : texts) quoted.push_back(QuoteText(text));
  return "[" + Join(quoted, ", ") + "]";
}

std::string_view Bool(bool value) {
  return value ? "true" : "false";
}

}  // namespace

Status CheckLiteralPath(std::string_view path) {
  const bool both = path.find('\\') != std::string_view::npos &&
                    path.find_first_of("*?[") != std::string_view::npos;
  if (!both) return Status::Ok();
  return RejectedError(
      fmt::format(
          "{} has a backslash and one of * ? [ in it: the engine cannot be given such a path",
          path),
      "Rename it, or the folder it is in");
}

// A set of one character stands for that character.
std::string LiteralPath(std::string_view path) {
  std::string pattern;
  for (const char c : path) {
    if (c == '*' || c == '?' || c == '[') {
      pattern += {'[', c, ']'};
    } else {
      pattern += c;
    }
  }
  return pattern;
}

std::string ReadCsvCall(const ReadCsvOptions& options) {
  SLUICE_CHECK(!options.paths.empty() && !options.columns.empty(), "nothing to read");
  SLUICE_CHECK(options.dialect.Validate().ok() && options.dialect.EngineReads(),
               "a dialect that the engine does not read");
  SLUICE_CHECK(options.limits.buffer_bytes % 64 == 0,
               "a buffer that the engine would lose rows with");
  std::vector<std::string> paths;
  for (const std::string& path : options.paths) paths.push_back(LiteralPath(path));
  std::vector<std::string> columns;
  for (const std::string& column : options.columns) {
    columns.push_back(QuoteText(column) + ": 'VARCHAR'");
  }
  std::vector<std::string> null_words = {""};
  for (const std::string& word : options.dialect.null_words) null_words.push_back(word);

  const CsvDialect& dialect = options.dialect;
  std::string call = "read_csv(" + TextList(paths);
  const auto add = [&](std::string_view name, std::string_view value) {
    call += fmt::format(", {} = {}", name, value);
  };
  add("auto_detect", "false");
  add("columns", "{" + Join(columns, ", ") + "}");
  add("header", Bool(options.header));
  add("delim", QuoteText(dialect.delimiter));
  add("quote", QuoteText(std::string(1, dialect.quote)));
  add("escape", QuoteText(std::string(1, dialect.escape)));
  add("nullstr", TextList(null_words));
  add("allow_quoted_nulls", Bool(dialect.empty_quoted_is_null));
  add("strict_mode", "true");
  add("null_padding", "false");
  add("ignore_errors", "true");
  add("compression", options.compression == Compression::kGzip ? "'gzip'" : "'none'");
  add("parallel", Bool(options.parallel));
  // The engine counts the line ends around a record with it.
  add("max_line_size", std::to_string(options.limits.max_record_bytes + 8));
  add("buffer_size", std::to_string(options.limits.buffer_bytes));
  // Folders such as "day=1" are no columns.
  add("hive_partitioning", "false");
  if (!options.file_column.empty()) add("filename", QuoteText(options.file_column));
  return call + ")";
}

}  // namespace sluice::format
