#include "ingest/quarantine_sql.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"

namespace sluice::ingest {
namespace {

using engine::QuoteName;
using engine::Value;

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

// In the order of kAbout and `names`.
std::vector<Value> RowValues(size_t index, const RowEditor& editor, const QuarantineEntry& entry,
                             const std::vector<std::string>& names) {
  const auto or_null = [](const std::string& text) { return text.empty() ? Value() : Value(text); };
  std::vector<Value> values = {static_cast<int64_t>(index),
                               entry.IdText(),
                               or_null(entry.pod),
                               entry.address,
                               entry.line,
                               or_null(entry.column),
                               or_null(entry.value),
                               entry.reason,
                               or_null(entry.rule),
                               entry.raw};
  const auto cells = editor.CellsOf(entry);
  for (const std::string& name : names) {
    const auto at = std::find(entry.file_columns.begin(), entry.file_columns.end(), name);
    const bool known = cells.ok() && at != entry.file_columns.end();
    const std::optional<std::string> text =
        known ? cells.value()[static_cast<size_t>(at - entry.file_columns.begin())] : std::nullopt;
    values.push_back(text ? Value(*text) : Value());
  }
  return values;
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
  SLUICE_ASSIGN(const auto appender, engine::Appender::Open(connection, "", kRelation));
  for (size_t i = 0; i < entries.size(); ++i) {
    SLUICE_TRY(appender->Row(RowValues(i, editor, entries[i], names)));
  }
  return appender->Close();
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
