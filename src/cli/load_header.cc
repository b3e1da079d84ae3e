#include "cli/load_header.h"

#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/discover.h"
#include "format/csv_head.h"
#include "format/csv_reader.h"
#include "format/text_source.h"
#include "format/value_form.h"
#include "ingest/file_shape.h"

namespace sluice::cli {
namespace {

bool IsDate(std::string_view text) {
  for (const char* order : {"dmy", "mdy", "ymd"}) {
    format::ValueForm form;
    form.date = order;
    if (format::Fits(text, {format::SqlType::Kind::kTimestamp}, form)) return true;
  }
  return format::ParseTimestampTz(text).has_value();
}

bool IsNumber(std::string_view text, const config::CsvOptions& csv) {
  const format::SqlType real{format::SqlType::Kind::kDouble};
  return format::Fits(text, real, {}) || format::Fits(text, real, FormOf(csv));
}

// Why the record can be no header: "field 2 is a number"; "" when nothing is against it. No values.
std::string WhyNoNames(const format::CsvRecord& record, const config::CsvOptions& csv) {
  size_t fields = record.cells.size();
  while (fields > 1 && record.cells[fields - 1].text.empty()) --fields;
  std::set<std::string> seen;
  for (size_t i = 0; i < fields; ++i) {
    const std::string_view text = Trim(record.cells[i].text);
    const std::string lower = Lower(text);
    const char* what = text.empty()                          ? "empty"
                       : IsNumber(text, csv)                 ? "a number"
                       : IsDate(text)                        ? "a date"
                       : record.cells[i].null                ? "a word for NULL"
                       : lower == "true" || lower == "false" ? "true or false"
                       : !seen.insert(lower).second          ? "like an earlier one"
                                                             : nullptr;
    if (what != nullptr) return fmt::format("field {} is {}", i + 1, what);
  }
  return {};
}

}  // namespace

Status AskForHeader(const std::string& named, const std::string& why) {
  return ConfigError(
      fmt::format("{}: whether its first line names the columns cannot be told: {}", named, why),
      "--header yes where it does, --header no where it is a row like the others");
}

Result<std::string> WhyNoHeader(const std::string& path, const config::CsvOptions& csv) {
  const format::CsvDialect dialect = ingest::DialectOf(csv);
  SLUICE_ASSIGN(const auto source, format::OpenCsvText(path, dialect));
  format::CsvReader reader(*source, {.dialect = dialect});
  SLUICE_ASSIGN(const bool any, reader.Next());
  return any ? WhyNoNames(reader.record(), csv) : std::string();
}

Result<std::optional<bool>> NamesColumns(const std::string& path, const std::string& named,
                                         const config::CsvOptions& csv,
                                         const std::vector<std::string>& columns) {
  const format::CsvDialect dialect = ingest::DialectOf(csv);
  SLUICE_ASSIGN(const format::Compression compression, format::DetectCompression(path));
  if (compression == format::Compression::kZip) return std::optional<bool>();
  SLUICE_ASSIGN(const auto source, format::OpenCsvText(path, dialect));
  format::CsvReader reader(*source, {.dialect = dialect});
  SLUICE_ASSIGN(const bool any, reader.Next());
  if (!any) return std::optional<bool>();
  SLUICE_ASSIGN(const std::string no_names, WhyNoHeader(path, csv));
  if (columns.empty()) {
    if (no_names.empty()) return std::optional(true);
    return AskForHeader(named, no_names + ", as in a row");
  }
  SLUICE_ASSIGN(const format::CsvHead head,
                format::LookAtHead(path, dialect, columns, format::HeaderRule::kAuto));
  if (head.header) return std::optional(true);
  if (!head.half_known.empty()) {
    return AskForHeader(named, fmt::format("{} of its {} {} a known name: {}",
                                           head.half_known.size(), Counted(head.fields, "field"),
                                           head.half_known.size() == 1 ? "is" : "are",
                                           Join(head.half_known, ", ")));
  }
  if (!no_names.empty()) return std::optional(false);
  return AskForHeader(
      named, fmt::format("no field is one of {}, and each could be a name", Join(columns, ", ")));
}

}  // namespace sluice::cli
