#include "cli/load_proposal.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/tried_columns.h"
#include "engine/engine.h"
#include "format/csv_head.h"
#include "format/csv_reader.h"
#include "format/read_csv.h"
#include "format/strict.h"
#include "format/text_source.h"
#include "ingest/file_shape.h"
#include "ingest/parquet_files.h"

namespace sluice::cli {
namespace {

using Columns = std::vector<std::pair<std::string, std::string>>;

Status NoColumns(std::string message) {
  return RejectedError(std::move(message), "Declare them: --columns \"id BIGINT, day DATE\"");
}

Result<ColumnProposal> ProposalOf(const TriedColumns& tried, int least_scale) {
  ColumnProposal proposal;
  for (const std::string& name : tried.names) {
    if (!StartsWith(name, "_sluice")) continue;
    return RejectedError(fmt::format("it has a column {}, and such names are Sluice's own", name),
                         "Leave it out of the file, or call it otherwise there");
  }
  for (size_t i = 0; i < tried.names.size(); ++i) {
    proposal.columns.emplace_back(tried.names[i], tried.types[i].SqlType(least_scale));
  }
  proposal.evidence.push_back(
      tried.rows == 0 ? "there is no row that would show types: all are text"
                      : fmt::format("the types fit all {}", Counted(tried.rows, "row")));
  for (std::string& line : tried.NearlyTyped(least_scale)) {
    proposal.evidence.push_back(std::move(line));
  }
  if (tried.broken > 0) {
    proposal.evidence.push_back(Counted(tried.broken, "broken record") + " left out of account");
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
  SLUICE_TRY(format::CheckLiteralPath(path));
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

// How a delimiter cuts the beginning of a file.
struct Cut {
  size_t columns = 0;
  bool even = false;  // each record alike
};

Result<Cut> CutBy(const std::string& path, config::CsvOptions csv, const char* delimiter) {
  csv.delimiter = delimiter;
  const format::CsvDialect dialect = ingest::DialectOf(csv);
  SLUICE_ASSIGN(const format::CsvHead head,
                format::LookAtHead(path, dialect, {}, format::HeaderRule::kNo));
  Cut cut{head.empty ? 0 : head.columns, false};
  if (cut.columns < 2) return cut;
  SLUICE_ASSIGN(cut.even, CutsAlike(path, dialect, cut.columns));
  return cut;
}

}  // namespace

Result<DelimiterGuess> GuessDelimiter(const std::string& path, const config::CsvOptions& csv) {
  DelimiterGuess best{csv.delimiter, {}};
  SLUICE_ASSIGN(const format::Compression compression, format::DetectCompression(path));
  if (compression == format::Compression::kZip) return best;
  size_t most = 1;
  bool best_is_even = false;
  for (const char* delimiter : {",", ";", "\t", "|"}) {
    SLUICE_ASSIGN(const Cut cut, CutBy(path, csv, delimiter));
    if (cut.columns < 2) continue;
    if (cut.even == best_is_even && cut.columns == most) {
      if (cut.even) best.alike.emplace_back(delimiter);
    } else if (cut.even != best_is_even ? cut.even : cut.columns > most) {
      most = cut.columns;
      best_is_even = cut.even;
      best = {delimiter, {}};
    }
  }
  if (best_is_even) return best;
  // These stand in values too, so that they are never taken unasked.
  for (const char* rare : {"^", "~", ":"}) {
    SLUICE_ASSIGN(const Cut cut, CutBy(path, csv, rare));
    if (cut.even) best.alike.emplace_back(rare);
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
  if (format == config::FileFormat::kParquet) return FromParquet(path);
  if (format == config::FileFormat::kJson) {
    SLUICE_ASSIGN(const TriedColumns tried, TryJson(path, cancel));
    return ProposalOf(tried, least_scale);
  }
  SLUICE_ASSIGN(const auto names, NamesOfCsv(path, csv));
  if (names.empty()) return NoColumns("the file is empty");
  SLUICE_ASSIGN(const TriedColumns tried, TryCsv(path, csv, names, kEveryRow, {}, cancel));
  return ProposalOf(tried, least_scale);
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
      return ConfigError(fmt::format("--columns: {}: {}", name, known.status().message()),
                         known.status().next());
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
