#include "sync/field_sql.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"

namespace sluice::sync {
namespace {

bool IsOneOf(std::string_view type, std::initializer_list<std::string_view> types) {
  return std::find(types.begin(), types.end(), type) != types.end();
}

}  // namespace

FieldSql SqlOfColumn(std::string_view column, std::string_view sql_type,
                     std::string_view timezone) {
  const auto cast = [&](std::string_view to) { return fmt::format("CAST({} AS {})", column, to); };
  if (sql_type == "BOOLEAN") return {FieldKind::kBoolean, std::string(column)};
  if (sql_type == "DOUBLE") return {FieldKind::kDouble, std::string(column)};
  if (sql_type == "FLOAT") return {FieldKind::kFloat, cast("DOUBLE")};
  if (sql_type == "DATE") return {FieldKind::kDate, std::string(column)};
  if (sql_type == "JSON") return {FieldKind::kJson, cast("VARCHAR")};
  if (IsOneOf(sql_type,
              {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"})) {
    return {FieldKind::kInteger, cast("BIGINT")};
  }
  // Types of other names that are not numbers, times or nested have an exact text.
  const bool nested = EndsWith(sql_type, "]") || StartsWith(sql_type, "STRUCT(") ||
                      StartsWith(sql_type, "MAP(") || StartsWith(sql_type, "UNION(");
  if (nested) return {FieldKind::kJson, fmt::format("CAST(to_json({}) AS VARCHAR)", column)};
  if (StartsWith(sql_type, "DECIMAL(") && !EndsWith(sql_type, ",0)")) {
    return {FieldKind::kDecimal, cast("VARCHAR")};
  }
  if (IsOneOf(sql_type, {"UBIGINT", "HUGEINT", "UHUGEINT", "BIGNUM"}) ||
      StartsWith(sql_type, "DECIMAL(")) {
    return {FieldKind::kNumber, cast("VARCHAR")};
  }
  if (sql_type == "TIMESTAMP WITH TIME ZONE") return {FieldKind::kTimestamp, std::string(column)};
  if (sql_type == "TIMESTAMP" || StartsWith(sql_type, "TIMESTAMP_")) {
    const std::string naive = cast("TIMESTAMP");
    if (timezone.empty() || timezone == "UTC") return {FieldKind::kTimestamp, naive};
    return {FieldKind::kTimestamp,
            fmt::format("timezone({}, {})", warehouse::QuoteText(timezone), naive)};
  }
  if (sql_type == "BLOB") return {FieldKind::kText, fmt::format("base64({})", column)};
  return {FieldKind::kText, cast("VARCHAR")};
}

Result<FieldPlan> PlanFields(const config::Sync& sync,
                             std::span<const warehouse::ColumnInfo> columns) {
  std::vector<std::string> names;
  for (const warehouse::ColumnInfo& column : columns) names.push_back(column.name);
  FieldPlan plan;
  for (const config::Field& field : sync.fields) {
    if (field.is_constant) {
      plan.fields.push_back({field.to, FieldKind::kConstant, field.constant});
      continue;
    }
    const auto column =
        std::find_if(columns.begin(), columns.end(), [&](const warehouse::ColumnInfo& info) {
          return EqualsIgnoreCase(info.name, field.column);
        });
    if (column == columns.end()) {
      return ConfigError(fmt::format("{}: the model {} has no column \"{}\"{}",
                                     field.where.ToString(), sync.model, field.column,
                                     DidYouMean(field.column, names)));
    }
    const std::string& zone = field.timezone.empty() ? sync.timezone : field.timezone;
    FieldSql sql = SqlOfColumn("src." + warehouse::QuoteName(column->name), column->sql_type, zone);
    plan.expressions.push_back(std::move(sql.expression));
    plan.fields.push_back({field.to, sql.kind, ""});
  }
  return plan;
}

}  // namespace sluice::sync
