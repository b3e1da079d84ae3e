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

namespace {

Result<bool> IsView(engine::Connection& connection, std::string_view name) {
  // Milliseconds with many views, and nearly always there is nothing of that name.
  if (!connection.HasRelation(std::string(kMainSchema), std::string(name))) return false;
  SLUICE_ASSIGN(const auto views,
                connection.Scalar("SELECT count(*) FROM duckdb_views() WHERE database_name = "
                                  "current_database() AND schema_name = $1 AND view_name = $2",
                                  {std::string(kMainSchema), std::string(name)}));
  return engine::ToInt(views) > 0;
}

}  // namespace

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
  // The engine's list of columns is made anew for each question: milliseconds with a hundred tables.
  SLUICE_ASSIGN(const bool is_view, IsView(connection, table));
  if (!is_view) return std::vector<ColumnInfo>();
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
  if (connection.HasTable(std::string(kMainSchema), std::string(name))) return std::string("table");
  SLUICE_ASSIGN(const bool is_view, IsView(connection, name));
  return std::string(is_view ? "view" : "");
}

Result<int64_t> VersionOf(engine::Connection& connection, std::string_view name) {
  SLUICE_ASSIGN(const auto value,
                connection.Scalar("SELECT max(version) FROM _sluice.versions WHERE name = $1",
                                  {std::string(name)}));
  return engine::ToInt(value);
}

Status BumpVersion(engine::Connection& connection, std::string_view name) {
  const std::string one(name);
  return BumpVersions(connection, {&one, 1});
}

Status BumpVersions(engine::Connection& connection, std::span<const std::string> names) {
  if (names.empty()) return Status::Ok();
  std::string places;
  for (size_t i = 0; i < names.size(); ++i) {
    places += fmt::format("{}(${})", i == 0 ? "" : ", ", i + 1);
  }
  const std::vector<engine::Value> values(names.begin(), names.end());
  SLUICE_TRY(connection
                 .Execute(fmt::format("INSERT INTO _sluice.versions SELECT DISTINCT name, 0 FROM "
                                      "(VALUES {}) AS n(name) WHERE name NOT IN (SELECT name FROM "
                                      "_sluice.versions)",
                                      places),
                          values)
                 .status());
  return connection
      .Execute(fmt::format("UPDATE _sluice.versions SET version = version + 1 WHERE name IN "
                           "(SELECT name FROM (VALUES {}) AS n(name))",
                           places),
               values)
      .status();
}

}  // namespace sluice::warehouse
