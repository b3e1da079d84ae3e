#include "warehouse/dialect.h"

#include <fmt/format.h>

namespace sluice::warehouse {
namespace {

std::string Conditions(std::span<const std::string> keys, std::string_view left,
                       std::string_view right, std::string_view comparison) {
  std::string out;
  for (const std::string& key : keys) {
    if (!out.empty()) out += " AND ";
    out += fmt::format("{0}.{2} {3} {1}.{2}", left, right, QuoteName(key), comparison);
  }
  return out;
}

}  // namespace

std::string QualifiedName(std::string_view table) {
  return QuoteName(kMainSchema) + "." + QuoteName(table);
}

std::string NameList(std::span<const std::string> names, std::string_view prefix) {
  std::string out;
  for (const std::string& name : names) {
    if (!out.empty()) out += ", ";
    out += prefix;
    out += QuoteName(name);
  }
  return out;
}

std::string EqualKeys(std::span<const std::string> keys, std::string_view left,
                      std::string_view right) {
  return Conditions(keys, left, right, "=");
}

std::string SameKeys(std::span<const std::string> keys, std::string_view left,
                     std::string_view right) {
  return Conditions(keys, left, right, "IS NOT DISTINCT FROM");
}

Result<std::vector<ColumnInfo>> ColumnsOf(engine::Connection& connection, std::string_view table) {
  if (connection.HasTable(std::string(kMainSchema), std::string(table))) {
    SLUICE_ASSIGN(const auto rows,
                  connection.Rows(fmt::format("SELECT name, type FROM pragma_table_info({})",
                                              QuoteText(QualifiedName(table)))));
    std::vector<ColumnInfo> columns;
    for (const auto& row : rows) {
      columns.push_back({engine::ToText(row[0]), engine::ToText(row[1])});
    }
    return columns;
  }
  SLUICE_ASSIGN(const auto rows,
                connection.Rows("SELECT column_name, data_type FROM duckdb_columns() WHERE "
                                "database_name = current_database() AND schema_name = $1 AND "
                                "table_name = $2 ORDER BY column_index",
                                {std::string(kMainSchema), std::string(table)}));
  std::vector<ColumnInfo> columns;
  for (const auto& row : rows) {
    columns.push_back({engine::ToText(row[0]), engine::ToText(row[1])});
  }
  return columns;
}

Result<std::string> KindOf(engine::Connection& connection, std::string_view name) {
  SLUICE_ASSIGN(
      const auto rows,
      connection.Rows("SELECT 'table' FROM duckdb_tables() WHERE database_name = "
                      "current_database() AND schema_name = $1 AND table_name = $2 UNION ALL "
                      "SELECT 'view' FROM duckdb_views() WHERE database_name = "
                      "current_database() AND schema_name = $1 AND view_name = $2",
                      {std::string(kMainSchema), std::string(name)}));
  return rows.empty() ? std::string() : engine::ToText(rows[0][0]);
}

Result<int64_t> VersionOf(engine::Connection& connection, std::string_view name) {
  SLUICE_ASSIGN(const auto value,
                connection.Scalar("SELECT max(version) FROM _sluice.versions WHERE name = $1",
                                  {std::string(name)}));
  return engine::ToInt(value);
}

Status BumpVersion(engine::Connection& connection, std::string_view name) {
  SLUICE_ASSIGN(
      const int64_t changed,
      connection.Execute("UPDATE _sluice.versions SET version = version + 1 WHERE name = $1",
                         {std::string(name)}));
  if (changed > 0) return Status::Ok();
  return connection.Execute("INSERT INTO _sluice.versions VALUES ($1, 1)", {std::string(name)})
      .status();
}

}  // namespace sluice::warehouse
