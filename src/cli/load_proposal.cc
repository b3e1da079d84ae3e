#include "cli/load_proposal.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/discover.h"
#include "engine/engine.h"
#include "format/csv_head.h"
#include "format/csv_reader.h"
#include "format/json_reader.h"
#include "format/strict.h"
#include "format/text_source.h"
#include "ingest/file_shape.h"
#include "ingest/parquet_files.h"

namespace sluice::cli {
namespace {

using Columns = std::vector<std::pair<std::string, std::string>>;

constexpr uint64_t kLookEvery = 65'536;

bool IsSet(const env::Cancel* cancel) {
  return cancel != nullptr && cancel->is_set();
}

Status NoColumns(std::string message) {
  return RejectedError(std::move(message), "Declare them: --columns \"id BIGINT, day DATE\"");
}

// Whole records go to `take`; gives how many were broken.
template <typename Reader, typename Take>
Result<ColumnProposal> ReadAll(Reader& reader, const env::Cancel* cancel, Take take) {
  ColumnProposal proposal;
  uint64_t rows = 0;
  uint64_t broken = 0;
  while (true) {
    if ((rows + broken) % kLookEvery == 0 && IsSet(cancel)) return CancelledError("stopped");
    SLUICE_ASSIGN(const bool more, reader.Next());
    if (!more) break;
    const auto& record = reader.record();
    if (record.fault != decltype(record.fault)::kNone) {
      ++broken;
      continue;
    }
    ++rows;
    take(record);
  }
  proposal.evidence.push_back(fmt::format("the types fit all {}", Counted(rows, "row")));
  if (broken > 0) {
    proposal.evidence.push_back(Counted(broken, "broken record") + " left out of account");
  }
  return proposal;
}

Result<ColumnProposal> FromCsv(const std::string& path, const config::CsvOptions& csv,
                               const env::Cancel* cancel, int least_scale) {
  format::CsvReaderOptions options;
  options.dialect = ingest::DialectOf(csv);
  options.header = csv.header != config::CsvOptions::Header::kNo;
  SLUICE_ASSIGN(format::CsvHead head, format::LookAtHead(path, options.dialect, {},
                                                         options.header ? format::HeaderRule::kYes
                                                                        : format::HeaderRule::kNo));
  if (head.empty) return NoColumns("the file is empty");
  options.columns = head.columns;
  for (size_t i = 0; !options.header && i < head.columns; ++i) {
    head.names.push_back(fmt::format("column{}", i + 1));
  }
  std::vector<TypeTrial> types(head.names.size(), TypeTrial(FormOf(csv)));
  SLUICE_ASSIGN(const auto source, format::OpenCsvText(path, options.dialect));
  format::CsvReader reader(*source, options);
  SLUICE_ASSIGN(ColumnProposal proposal,
                ReadAll(reader, cancel, [&](const format::CsvRecord& record) {
                  for (size_t i = 0; i < types.size(); ++i) types[i].Value(record.cells[i]);
                }));
  for (size_t i = 0; i < types.size(); ++i) {
    proposal.columns.emplace_back(head.names[i], types[i].SqlType(least_scale));
  }
  return proposal;
}

// Each of the first records has so many fields, but for empty ones at its end.
Result<bool> CutsAlike(const std::string& path, const format::CsvDialect& dialect, size_t columns) {
  constexpr int kRecords = 100;
  SLUICE_ASSIGN(const auto source, format::OpenCsvText(path, dialect));
  format::CsvReader reader(*source, {.dialect = dialect});
  for (int i = 0; i < kRecords; ++i) {
    SLUICE_ASSIGN(const bool more, reader.Next());
    if (!more) break;
    const auto cells = reader.record().cells;
    if (reader.record().fault != format::CsvFault::kNone || cells.size() < columns) return false;
    for (size_t k = columns; k < cells.size(); ++k) {
      if (!cells[k].text.empty()) return false;
    }
  }
  return true;
}

// First which keys there are, then what stands under them.
Result<ColumnProposal> FromJson(const std::string& path, const env::Cancel* cancel,
                                int least_scale) {
  format::JsonReaderOptions options;
  options.collect_unknown = true;
  SLUICE_ASSIGN(auto source, format::OpenByteSource(path));
  format::JsonReader keys(*source, options);
  SLUICE_TRY(ReadAll(keys, cancel, [](const format::JsonRecord&) {}).status());
  if (keys.unknown().empty()) return NoColumns("no record of the file has a key");
  if (keys.unknown().size() > format::JsonReader::kMaxUnknownKeys) {
    return NoColumns("the records have too many keys: values by key, it seems, and no columns");
  }
  format::JsonReaderOptions typed;
  ColumnProposal proposal;
  for (const format::UnknownKey& key : keys.unknown()) {
    const std::string name = Lower(key.path);
    const bool there = std::any_of(proposal.columns.begin(), proposal.columns.end(),
                                   [&](const auto& column) { return column.first == name; });
    if (there) continue;
    proposal.columns.emplace_back(name, "");
    typed.columns.push_back({{name}});
  }
  std::vector<TypeTrial> types(typed.columns.size());
  SLUICE_ASSIGN(source, format::OpenByteSource(path));
  format::JsonReader reader(*source, typed);
  SLUICE_ASSIGN(ColumnProposal found,
                ReadAll(reader, cancel, [&](const format::JsonRecord& record) {
                  for (size_t i = 0; i < types.size(); ++i) {
                    types[i].Value(record.cells[i]);
                    if (record.cells[i].quoted) types[i].IsQuoted();
                  }
                }));
  for (size_t i = 0; i < types.size(); ++i)
    proposal.columns[i].second = types[i].SqlType(least_scale);
  proposal.evidence = std::move(found.evidence);
  return proposal;
}

// What the engine calls the type, as one that can be declared.
std::string Declarable(const std::string& type) {
  if (type == "UBIGINT") return "DECIMAL(20,0)";
  if (type == "HUGEINT" || type == "UHUGEINT") return "DECIMAL(38,0)";
  if (type == "TINYINT" || type == "UTINYINT") return "SMALLINT";
  if (type == "USMALLINT") return "INTEGER";
  if (type == "UINTEGER") return "BIGINT";
  if (type == "FLOAT") return "DOUBLE";
  if (StartsWith(type, "TIMESTAMP_")) return "TIMESTAMP";
  const auto known = format::ParseSqlType(type);
  return known.ok() ? known->DuckDb() : "VARCHAR";
}

Result<ColumnProposal> FromParquet(const std::string& path) {
  SLUICE_ASSIGN(const auto database, engine::Database::Open("", {}));
  ingest::TargetTable target;
  target.schema_changes = config::SchemaChanges::kEvolve;
  std::vector<ingest::DdlColumn> added;
  SLUICE_ASSIGN(const ingest::FileShape shape,
                ingest::ShapeOfParquet(*database, path, target, &added));
  ColumnProposal proposal;
  for (size_t i = 0; i < shape.columns.size(); ++i) {
    proposal.columns.emplace_back(shape.columns[i], Declarable(shape.parquet[i].type));
  }
  proposal.evidence.emplace_back("the types are those of the file");
  return proposal;
}

// A name as it stands, or in double quotes; what is left of `text` begins behind it.
Result<std::string> TakeName(std::string_view& text) {
  text = Trim(text);
  size_t end = 0;
  if (StartsWith(text, "\"")) {
    end = text.find('"', 1);
    if (end == std::string_view::npos) return ConfigError("--columns: a quote is never closed");
    const std::string name(text.substr(1, end - 1));
    text.remove_prefix(end + 1);
    return Lower(name);
  }
  end = std::min(text.find_first_of(" \t\n"), text.size());
  const std::string name(text.substr(0, end));
  text.remove_prefix(end);
  return Lower(name);
}

// To the comma that is not inside brackets.
std::string TakeType(std::string_view& text) {
  int depth = 0;
  size_t end = 0;
  for (; end < text.size(); ++end) {
    if (text[end] == '(') ++depth;
    if (text[end] == ')') --depth;
    if (text[end] == ',' && depth == 0) break;
  }
  const std::string type(Trim(text.substr(0, end)));
  text.remove_prefix(std::min(end + 1, text.size()));
  return type;
}

}  // namespace

Result<DelimiterGuess> GuessDelimiter(const std::string& path, const config::CsvOptions& csv) {
  DelimiterGuess best{csv.delimiter, {}};
  SLUICE_ASSIGN(const format::Compression compression, format::DetectCompression(path));
  if (compression == format::Compression::kZip) return best;
  size_t most = 1;
  bool best_is_even = false;
  for (const char* delimiter : {",", ";", "\t", "|"}) {
    config::CsvOptions other = csv;
    other.delimiter = delimiter;
    const format::CsvDialect dialect = ingest::DialectOf(other);
    SLUICE_ASSIGN(const format::CsvHead head,
                  format::LookAtHead(path, dialect, {}, format::HeaderRule::kNo));
    if (head.empty || head.columns < 2) continue;
    SLUICE_ASSIGN(const bool even, CutsAlike(path, dialect, head.columns));
    if (even == best_is_even && head.columns == most) {
      if (even) best.alike.emplace_back(delimiter);
    } else if (even != best_is_even ? even : head.columns > most) {
      most = head.columns;
      best_is_even = even;
      best = {delimiter, {}};
    }
  }
  return best;
}

std::string DelimiterWord(const std::string& delimiter) {
  return delimiter == "\t" ? "tab" : delimiter;
}

Result<ColumnProposal> ProposeColumns(const std::string& path, config::FileFormat format,
                                      const config::CsvOptions& csv, const env::Cancel* cancel,
                                      int least_scale) {
  SLUICE_ASSIGN(const format::Compression compression, format::DetectCompression(path));
  if (compression == format::Compression::kZip) {
    return NoColumns("columns are not proposed for the members of an archive");
  }
  if (format == config::FileFormat::kJson) return FromJson(path, cancel, least_scale);
  if (format == config::FileFormat::kParquet) return FromParquet(path);
  return FromCsv(path, csv, cancel, least_scale);
}

Result<Columns> ParseColumns(std::string_view text) {
  Columns columns;
  while (!Trim(text).empty()) {
    SLUICE_ASSIGN(const std::string name, TakeName(text));
    const std::string type = TakeType(text);
    if (name.empty() || type.empty()) {
      return ConfigError("--columns: a name and a type each, with commas between them",
                         "--columns \"id BIGINT, total DECIMAL(12,2)\"");
    }
    const auto known = format::ParseSqlType(type);
    if (!known.ok()) {
      return ConfigError(fmt::format("--columns: {}: {}", name, known.status().message()));
    }
    const bool there = std::any_of(columns.begin(), columns.end(),
                                   [&](const auto& column) { return column.first == name; });
    if (there) return ConfigError(fmt::format("--columns: {} is there twice", name));
    if (StartsWith(name, "_sluice")) {
      return ConfigError(fmt::format("--columns: {}: such names are Sluice's own", name));
    }
    columns.emplace_back(name, type);
  }
  if (columns.empty()) return ConfigError("--columns: there is none");
  return columns;
}

std::string ColumnsText(const Columns& columns) {
  std::string text;
  for (const auto& [name, type] : columns) {
    const bool plain =
        name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
    text += fmt::format("{}{}{}{} {}", text.empty() ? "" : ", ", plain ? "" : "\"", name,
                        plain ? "" : "\"", type);
  }
  return text;
}

}  // namespace sluice::cli
