#include "ingest/quarantine_sql.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"

namespace sluice::ingest {
namespace {

using engine::QuoteName;
using engine::QuoteText;

constexpr size_t kRowsPerInsert = 500;
constexpr const char* kRelation = "sluice_quarantined";
const std::vector<std::string> kAbout = {"_id",    "_pod",    "_file", "_line", "_column",
                                         "_value", "_reason", "_rule", "_raw"};

// Columns of the files, without those that would hide what is said about the row.
std::vector<std::string> CellNames(const std::vector<QuarantineEntry>& entries,
                                   const std::vector<std::string>& columns) {
  std::vector<std::string> names;
  const auto add = [&](const std::string& name) {
    const bool taken = name.empty() || std::find(names.begin(), names.end(), name) != names.end() ||
                       std::find(kAbout.begin(), kAbout.end(), name) != kAbout.end();
    if (!taken) names.push_back(name);
  };
  for (const std::string& name : columns) add(name);
  for (const QuarantineEntry& entry : entries) {
    for (const std::string& name : entry.file_columns) add(name);
  }
  return names;
}

std::string Literal(const std::optional<std::string>& text) {
  return text ? QuoteText(*text) : "NULL";
}

std::string RowValues(size_t index, const RowEditor& editor, const QuarantineEntry& entry,
                      const std::vector<std::string>& names) {
  const auto or_null = [](const std::string& text) {
    return text.empty() ? std::string("NULL") : QuoteText(text);
  };
  std::string values = fmt::format(
      "({}, {}, {}, {}, {}, {}, {}, {}, {}, {}", index, QuoteText(entry.IdText()),
      or_null(entry.pod), QuoteText(entry.address), entry.line, or_null(entry.column),
      or_null(entry.value), QuoteText(entry.reason), or_null(entry.rule), QuoteText(entry.raw));
  const auto cells = editor.CellsOf(entry);
  for (const std::string& name : names) {
    const auto at = std::find(entry.file_columns.begin(), entry.file_columns.end(), name);
    const bool known = cells.ok() && at != entry.file_columns.end();
    values += ", ";
    values += known ? Literal(cells.value()[static_cast<size_t>(at - entry.file_columns.begin())])
                    : "NULL";
  }
  return values + ")";
}

Status FillRelation(engine::Connection& connection, const RowEditor& editor,
                    const std::vector<QuarantineEntry>& entries,
                    const std::vector<std::string>& names) {
  std::string columns = "sluice_index BIGINT";
  for (const std::string& name : kAbout) {
    columns += fmt::format(", {} {}", QuoteName(name), name == "_line" ? "BIGINT" : "VARCHAR");
  }
  for (const std::string& name : names) columns += fmt::format(", {} VARCHAR", QuoteName(name));
  SLUICE_TRY(
      connection.Execute(fmt::format("CREATE OR REPLACE TEMP TABLE {} ({})", kRelation, columns))
          .status());
  for (size_t from = 0; from < entries.size(); from += kRowsPerInsert) {
    std::string values;
    for (size_t i = from; i < std::min(entries.size(), from + kRowsPerInsert); ++i) {
      values += (i == from ? "" : ", ") + RowValues(i, editor, entries[i], names);
    }
    SLUICE_TRY(
        connection.Execute(fmt::format("INSERT INTO {} VALUES {}", kRelation, values)).status());
  }
  return Status::Ok();
}

// The engine's own proof that it only reads: such a statement can stand in brackets.
Status CheckReads(engine::Connection& connection, const std::string& statement) {
  const auto tables = connection.TableNames("SELECT * FROM (\n" + statement + "\n)");
  return tables.ok() ? Status::Ok() : ConfigError(tables.status().message());
}

std::string Statement(const SqlFix& fix) {
  std::string select = "sluice_index";
  if (!fix.raw.empty()) select += fmt::format(", (\n{}\n)::VARCHAR", fix.raw);
  for (const auto& [name, expression] : fix.set) {
    select += fmt::format(", (\n{}\n)::VARCHAR", expression);
  }
  std::string sql = fmt::format("SELECT {} FROM {}", select, kRelation);
  if (!fix.where.empty()) sql += fmt::format(" WHERE (\n{}\n)", fix.where);
  return sql;
}

}  // namespace

Result<std::vector<std::optional<std::string>>> TextsBySql(
    engine::Connection& connection, const RowEditor& editor,
    const std::vector<QuarantineEntry>& entries, const SqlFix& fix) {
  SLUICE_TRY(FillRelation(connection, editor, entries, CellNames(entries, fix.columns)));
  const std::string statement = Statement(fix);
  SLUICE_TRY(CheckReads(connection, statement));
  const auto rows = connection.Rows(statement);
  if (!rows.ok()) return ConfigError(rows.status().message());
  std::vector<std::optional<std::string>> texts(entries.size());
  for (const auto& row : rows.value()) {
    const auto index = static_cast<size_t>(engine::ToInt(row[0]));
    if (!fix.raw.empty()) {
      texts[index] = engine::ToText(row[1]);
      continue;
    }
    RowEditor::Changes changes;
    size_t at = 1;
    for (const auto& [name, expression] : fix.set) {
      const engine::Value& value = row[at++];
      changes[name] = engine::IsNull(value) ? std::optional<std::string>() : engine::ToText(value);
    }
    SLUICE_ASSIGN(texts[index], editor.Changed(entries[index], changes));
  }
  SLUICE_TRY(connection.Execute(fmt::format("DROP TABLE {}", kRelation)).status());
  return texts;
}

}  // namespace sluice::ingest
