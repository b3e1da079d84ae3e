#include "sync/field_sql.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"

namespace sluice::sync {
namespace {

using config::Field;
using TypeOf = std::function<Result<std::string>(const std::string& expression)>;

bool IsOneOf(std::string_view type, std::initializer_list<std::string_view> types) {
  return std::find(types.begin(), types.end(), type) != types.end();
}

bool IsNested(std::string_view type) {
  return EndsWith(type, "]") || StartsWith(type, "STRUCT(") || StartsWith(type, "MAP(") ||
         StartsWith(type, "UNION(");
}
bool IsWhole(std::string_view type) {
  return IsOneOf(type, {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT",
                        "UINTEGER", "UBIGINT", "HUGEINT", "UHUGEINT", "BIGNUM"});
}
bool IsNumber(std::string_view type) {
  return IsWhole(type) || IsOneOf(type, {"FLOAT", "DOUBLE"}) || StartsWith(type, "DECIMAL(");
}
bool IsZoned(std::string_view type) {
  return type == "TIMESTAMP WITH TIME ZONE";
}
bool IsTime(std::string_view type) {
  return type == "DATE" || StartsWith(type, "TIMESTAMP");
}

// A value on its way into a payload.
struct Working {
  std::string sql;
  std::string type;  // as the engine prints it; "" as `kind` says
  FieldKind kind = FieldKind::kText;
  std::string problem;  // what is wrong when `fails` is true; "" it cannot fail
  std::string fails;    // SQL, true or false
};

// One field of a sync: where it comes from, cast, transforms.
class FieldPlanner {
 public:
  FieldPlanner(const config::Sync& sync, const Field& field,
               std::span<const warehouse::ColumnInfo> columns, const TypeOf& type_of)
      : sync_(sync),
        field_(field),
        columns_(columns),
        type_of_(type_of),
        zone_(field.timezone.empty() ? sync.timezone : field.timezone) {}

  Status AddTo(FieldPlan& plan) {
    PayloadField out;
    out.to = field_.to;
    out.sends_null = field_.null.value_or(sync_.null) == config::NullPolicy::kSend;
    if (field_.from == Field::From::kConstant) {
      out.kind = FieldKind::kConstant;
      out.constant = field_.constant;
      plan.fields.push_back(std::move(out));
      return Status::Ok();
    }
    SLUICE_ASSIGN(Working value, Origin());
    SLUICE_TRY(Cast(value));
    Transform(value);
    out.kind = value.kind;
    if (!value.type.empty()) {
      FieldSql sql = SqlOfColumn(value.sql, value.type, zone_);
      out.kind = sql.kind;
      value.sql = std::move(sql.expression);
    }
    plan.expressions.push_back(std::move(value.sql));
    if (!value.problem.empty()) plan.expressions.push_back(std::move(value.fails));
    out.problem = std::move(value.problem);
    plan.fields.push_back(std::move(out));
    return Status::Ok();
  }

 private:
  Status Wrong(std::string_view what) const {
    return ConfigError(fmt::format("{}: syncs.{}.fields.{}: {}", field_.where.ToString(),
                                   sync_.name, field_.to, what));
  }

  Result<const warehouse::ColumnInfo*> Column(const std::string& wanted) const {
    std::vector<std::string> names;
    for (const warehouse::ColumnInfo& info : columns_) {
      if (EqualsIgnoreCase(info.name, wanted)) return &info;
      names.push_back(info.name);
    }
    return ConfigError(fmt::format("{}: the model {} has no column \"{}\"{}",
                                   field_.where.ToString(), sync_.model, wanted,
                                   DidYouMean(wanted, names)));
  }
  static std::string Quoted(const warehouse::ColumnInfo& column) {
    return "src." + warehouse::QuoteName(column.name);
  }

  Result<Working> Origin() const {
    Working value;
    if (field_.from == Field::From::kColumn) {
      SLUICE_ASSIGN(const auto* column, Column(field_.column));
      value.sql = Quoted(*column);
      value.type = column->sql_type;
      return value;
    }
    if (field_.from == Field::From::kTemplate) {
      std::vector<std::string> parts;
      for (const config::TemplatePart& part : field_.parts) {
        if (!part.is_column) {
          parts.push_back(warehouse::QuoteText(part.text));
          continue;
        }
        SLUICE_ASSIGN(const auto* column, Column(part.text));
        parts.push_back(fmt::format("CAST({} AS VARCHAR)", Quoted(*column)));
      }
      // NULL when one of them is: half a name is worse than none.
      value.sql = "(" + Join(parts, " || ") + ")";
      value.type = "VARCHAR";
      return value;
    }
    // The line end closes a comment that the user's text may end with.
    value.sql = "(" + field_.sql + "\n)";
    SLUICE_ASSIGN(value.type, Type(value.sql));
    return value;
  }

  Result<std::string> Type(const std::string& sql) const {
    auto type = type_of_(sql);
    if (type.ok()) return type;
    return Wrong(type.status().message());
  }

  // `sql` is NULL where the value cannot be cast; `unless` is true where it is nevertheless wrong.
  void Try(Working& value, std::string sql, std::string_view type, std::string_view problem,
           std::string_view unless = "false") const {
    value.fails = fmt::format("(({0}) IS NOT NULL AND (({1}) IS NULL OR coalesce({2}, true)))",
                              value.sql, sql, unless);
    value.problem = problem;
    value.sql = std::move(sql);
    value.type = type;
  }

  Status Cast(Working& value) const {
    using To = Field::Cast;
    switch (field_.cast) {
      case To::kNone:
        return Status::Ok();
      case To::kText:
        return ToText(value);
      case To::kInteger:
        ToInteger(value);
        return Status::Ok();
      case To::kDecimal:
        return ToDecimal(value);
      case To::kBoolean:
        if (value.type == "BOOLEAN") return Status::Ok();
        Try(value, fmt::format("TRY_CAST({} AS BOOLEAN)", value.sql), "BOOLEAN",
            "is not true or false");
        return Status::Ok();
      case To::kDate:
      case To::kTimestamp:
        return ToTime(value);
      case To::kJson:
        if (IsNested(value.type) || value.type == "JSON") return Status::Ok();
        value = {fmt::format("CAST({} AS VARCHAR)", value.sql), "", FieldKind::kJson, "", ""};
        return Status::Ok();
    }
    return Status::Ok();
  }

  Status ToText(Working& value) const {
    if (field_.format.empty()) {
      value.sql = fmt::format("CAST({} AS VARCHAR)", value.sql);
    } else if (IsTime(value.type)) {
      value.sql = fmt::format("strftime({}, {})", Local(value), Format());
    } else {
      return Wrong(
          fmt::format("`format` with `cast: text` writes a date or timestamp, and this is "
                      "{}",
                      value.type));
    }
    SLUICE_ASSIGN(value.type, Type(value.sql));
    return Status::Ok();
  }

  void ToInteger(Working& value) const {
    if (IsWhole(value.type)) return;
    const std::string number =
        value.type == "VARCHAR" ? fmt::format("trim({})", value.sql) : value.sql;
    const std::string whole = fmt::format("TRY_CAST({} AS BIGINT)", number);
    // The engine rounds where it casts.
    std::string unless = "false";
    if (value.type == "VARCHAR") {
      unless = fmt::format("NOT regexp_full_match({}, '[+-]?[0-9]+')", number);
    } else if (IsNumber(value.type)) {
      unless = fmt::format("{} <> {}", whole, number);
    }
    Try(value, whole, "BIGINT", "is no whole number", unless);
  }

  Status ToDecimal(Working& value) const {
    if (IsNumber(value.type)) return Status::Ok();
    if (value.type != "VARCHAR") {
      return Wrong(
          fmt::format("`cast: decimal` takes text or numbers, and this is {}", value.type));
    }
    const std::string text = fmt::format("trim({})", value.sql);
    Try(value, text, "", "is no decimal number",
        fmt::format("NOT regexp_full_match({}, '-?(0|[1-9][0-9]*)([.][0-9]+)?')", text));
    value.kind = FieldKind::kDecimal;
    return Status::Ok();
  }

  Status ToTime(Working& value) const {
    const bool date = field_.cast == Field::Cast::kDate;
    const std::string_view type = date ? "DATE" : "TIMESTAMP";
    const std::string_view problem = date ? "is no date" : "is no timestamp";
    if (value.type == type || (!date && IsZoned(value.type))) return Status::Ok();
    if (IsTime(value.type)) {
      value.sql = fmt::format("CAST({} AS {})", Local(value), type);
      value.type = type;
      return Status::Ok();
    }
    if (value.type != "VARCHAR") {
      return Wrong(fmt::format("`cast: {}` takes text, dates and timestamps, and this is {}",
                               date ? "date" : "timestamp", value.type));
    }
    if (field_.format.empty()) {
      Try(value, fmt::format("TRY_CAST(trim({}) AS {})", value.sql, type), type, problem);
      return Status::Ok();
    }
    std::string read = fmt::format("try_strptime({}, {})", value.sql, Format());
    SLUICE_ASSIGN(const std::string read_as, Type(read));
    if (!date) {
      Try(value, std::move(read), read_as, problem);
      return Status::Ok();
    }
    Try(value, fmt::format("CAST({} AS DATE)", read), type, problem);
    return Status::Ok();
  }

  std::string Format() const { return warehouse::QuoteText(field_.format); }

  // The wall clock of the field's zone.
  std::string Local(const Working& value) const {
    if (!IsZoned(value.type)) return value.sql;
    return fmt::format("timezone({}, {})", warehouse::QuoteText(zone_), value.sql);
  }

  void Transform(Working& value) const {
    if (field_.transforms.empty() && !field_.sha256) return;
    if (value.type != "VARCHAR") value.sql = fmt::format("CAST({} AS VARCHAR)", value.sql);
    value.type = "VARCHAR";
    value.kind = FieldKind::kText;
    for (const Field::Transform transform : field_.transforms) {
      value.sql = transform == Field::Transform::kTrim
                      ? fmt::format("trim({}, E' \\t\\r\\n')", value.sql)
                  : transform == Field::Transform::kLower ? fmt::format("lower({})", value.sql)
                                                          : fmt::format("upper({})", value.sql);
    }
    if (field_.sha256) value.sql = fmt::format("sha256({})", value.sql);
  }

  const config::Sync& sync_;
  const Field& field_;
  std::span<const warehouse::ColumnInfo> columns_;
  const TypeOf& type_of_;
  const std::string& zone_;
};

// user_id, UserId and userid are written alike.
std::string Alike(std::string_view name) {
  std::string out;
  for (const char c : Lower(name)) {
    if (c != '_' && c != '-' && c != ' ') out += c;
  }
  return out;
}

std::string TopOf(std::string_view name) {
  return std::string(name.substr(0, name.find('.')));
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
  if (IsNested(sql_type)) {
    return {FieldKind::kJson, fmt::format("CAST(to_json({}) AS VARCHAR)", column)};
  }
  if (StartsWith(sql_type, "DECIMAL(") && !EndsWith(sql_type, ",0)")) {
    return {FieldKind::kDecimal, cast("VARCHAR")};
  }
  if (IsWhole(sql_type) || StartsWith(sql_type, "DECIMAL(")) {
    return {FieldKind::kNumber, cast("VARCHAR")};
  }
  if (IsZoned(sql_type)) return {FieldKind::kTimestamp, std::string(column)};
  if (sql_type == "TIMESTAMP" || StartsWith(sql_type, "TIMESTAMP_")) {
    const std::string naive = cast("TIMESTAMP");
    if (timezone.empty() || timezone == "UTC") return {FieldKind::kTimestamp, naive};
    return {FieldKind::kTimestamp,
            fmt::format("timezone({}, {})", warehouse::QuoteText(timezone), naive)};
  }
  if (sql_type == "BLOB") return {FieldKind::kText, fmt::format("base64({})", column)};
  return {FieldKind::kText, cast("VARCHAR")};
}

Result<std::vector<warehouse::ColumnInfo>> ColumnsOfRelation(engine::Connection& connection,
                                                             const std::string& relation) {
  SLUICE_ASSIGN(const auto rows,
                connection.Rows("SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM " +
                                relation + ")"));
  std::vector<warehouse::ColumnInfo> columns;
  for (const auto& row : rows) {
    columns.push_back({engine::ToText(row[0]), engine::ToText(row[1])});
  }
  return columns;
}

Result<std::string> FindColumn(const config::Sync& sync, const config::Location& where,
                               std::string_view option, const std::string& wanted,
                               const std::vector<warehouse::ColumnInfo>& columns) {
  std::vector<std::string> names;
  for (const warehouse::ColumnInfo& column : columns) {
    if (EqualsIgnoreCase(column.name, wanted)) return warehouse::QuoteName(column.name);
    names.push_back(column.name);
  }
  return ConfigError(fmt::format("{}: syncs.{}.{}: the model {} has no column \"{}\"{}",
                                 where.ToString(), sync.name, option, sync.model, wanted,
                                 DidYouMean(wanted, names)));
}

Result<std::string> TypeOfExpression(engine::Connection& connection, const std::string& relation,
                                     const std::string& expression) {
  const auto wrong = [](std::string_view message) {
    return ConfigError(std::string(message.substr(0, message.find('\n'))));
  };
  // Beside a column of the row, which an aggregate cannot be.
  const auto rows = connection.Rows(fmt::format(
      "SELECT column_type FROM (DESCRIBE SELECT src.*, {} FROM {} AS src)", expression, relation));
  if (!rows.ok()) return wrong(rows.status().message());
  SLUICE_ASSIGN(const auto columns, ColumnsOfRelation(connection, relation));
  if (rows->size() != columns.size() + 1) return wrong("is not one SQL expression");
  return engine::ToText(rows->back()[0]);
}

Result<FieldPlan> PlanFields(const config::Sync& sync,
                             std::span<const warehouse::ColumnInfo> columns,
                             const TypeOf& type_of) {
  FieldPlan plan;
  for (const Field& field : sync.fields) {
    SLUICE_TRY(FieldPlanner(sync, field, columns, type_of).AddTo(plan));
  }
  return plan;
}

config::Sync WithAutoFields(const config::Sync& sync,
                            std::span<const warehouse::ColumnInfo> columns,
                            std::span<const std::string> identifiers) {
  config::Sync out = sync;
  if (!sync.map_auto) return out;
  for (const warehouse::ColumnInfo& column : columns) {
    Field field;
    field.column = Lower(column.name);
    field.to = column.name;
    field.where = sync.where;
    for (const std::string& identifier : identifiers) {
      if (Alike(identifier) == Alike(column.name)) field.to = identifier;
    }
    const bool named = std::any_of(out.fields.begin(), out.fields.end(), [&](const Field& other) {
      return TopOf(other.to) == TopOf(field.to) ||
             (other.from == Field::From::kColumn && other.column == field.column);
    });
    if (!named && !StartsWith(field.column, "_sluice")) out.fields.push_back(std::move(field));
  }
  return out;
}

}  // namespace sluice::sync
