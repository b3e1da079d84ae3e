#include "ingest/column_changes.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"

namespace sluice::ingest {
namespace {

using format::SqlType;
using Kind = format::SqlType::Kind;
using warehouse::ColumnInfo;
using warehouse::QualifiedName;
using warehouse::QuoteName;

// Digits that a whole number of the type has at most; 0 when it is none.
int DigitsOf(const SqlType& type) {
  switch (type.kind) {
    case Kind::kSmallInt:
      return 5;
    case Kind::kInteger:
      return 10;
    case Kind::kBigInt:
      return 19;
    default:
      return type.kind == Kind::kDecimal && type.scale == 0 ? type.width : 0;
  }
}

// So many digits fit a type of whole numbers whatever they are; 0 when it is none.
int DigitsThatFit(const SqlType& type) {
  switch (type.kind) {
    case Kind::kSmallInt:
      return 4;
    case Kind::kInteger:
      return 9;
    case Kind::kBigInt:
      return 18;
    default:
      return 0;
  }
}

constexpr std::string_view kTextType = "VARCHAR";
constexpr int kExactInDouble = 15;  // digits of a whole number

bool IsWholeType(const SqlType& type) {
  return DigitsThatFit(type) > 0;
}

bool Contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

const ColumnInfo* Find(std::span<const ColumnInfo> columns, std::string_view name) {
  const auto found = std::find_if(columns.begin(), columns.end(),
                                  [&](const ColumnInfo& column) { return column.name == name; });
  return found == columns.end() ? nullptr : &*found;
}

}  // namespace

bool IsWidening(const SqlType& from, const SqlType& to) {
  const int digits = DigitsOf(from);
  switch (to.kind) {
    case Kind::kSmallInt:
    case Kind::kInteger:
    case Kind::kBigInt:
      // Of two types of whole numbers the order counts: -32768 has five digits and fits a SMALLINT.
      if (IsWholeType(from)) return DigitsThatFit(from) < DigitsThatFit(to);
      return digits > 0 && digits <= DigitsThatFit(to);
    case Kind::kDecimal:
      if (from.kind == Kind::kDecimal) {
        return from != to && to.scale >= from.scale &&
               to.width - to.scale >= from.width - from.scale;
      }
      return digits > 0 && digits <= to.width - to.scale;
    case Kind::kDouble:
      return digits > 0 && digits <= kExactInDouble;
    case Kind::kTimestamp:
      return from.kind == Kind::kDate;
    case Kind::kText:
      return IsWholeType(from);
    case Kind::kBoolean:
    case Kind::kDate:
    case Kind::kTimestampTz:
      return false;
  }
  return false;
}

bool ColumnChange::BecomesText() const {
  return kind != Kind::kAdd && kind != Kind::kRename && type == kTextType && old_type != kTextType;
}

std::vector<ColumnChange> CompareColumns(const TargetTable& target,
                                         std::span<const ColumnInfo> present) {
  std::vector<ColumnChange> changes;
  for (const DdlColumn& column : target.columns) {
    const std::string type = column.type.DuckDb();
    const ColumnInfo* there = Find(present, column.name);
    if (there == nullptr && !column.renamed_from.empty()) {
      there = Find(present, column.renamed_from);
      if (there != nullptr) {
        changes.push_back({ColumnChange::Kind::kRename, column.name, type, there->name, ""});
      }
    }
    if (there == nullptr) {
      changes.push_back({ColumnChange::Kind::kAdd, column.name, type, "", ""});
      continue;
    }
    if (there->sql_type == type) continue;
    const auto old = format::ParseSqlType(there->sql_type);
    // FLOAT is read as a double, and as a type of the table holds less: every value of it is one.
    // 007 was read as 7: as texts they are two keys, and 10 comes before 9.
    const bool orders =
        column.type.kind == Kind::kText &&
        (Contains(target.MatchColumns(), column.name) || column.name == target.version);
    const bool wider =
        old.ok() && !orders && (old.value() == column.type || IsWidening(old.value(), column.type));
    changes.push_back({wider ? ColumnChange::Kind::kWiden : ColumnChange::Kind::kMismatch,
                       column.name, type, "", there->sql_type});
  }
  return changes;
}

std::string Describe(const ColumnChange& change) {
  switch (change.kind) {
    case ColumnChange::Kind::kAdd:
      return fmt::format("column {} is added", change.column);
    case ColumnChange::Kind::kRename:
      return fmt::format("column {} becomes {}", change.old_name, change.column);
    case ColumnChange::Kind::kWiden:
      return fmt::format(
          "column {}: {} becomes {}{}", change.column, change.old_type, change.type,
          change.BecomesText() ? " (what was read as a number is its digits: 007 is 7)" : "");
    case ColumnChange::Kind::kMismatch:
      break;
  }
  return fmt::format("column {}: {} cannot become {}", change.column, change.old_type, change.type);
}

Status ApplyColumnChanges(engine::Connection& connection, const TargetTable& target,
                          const std::string& table, std::span<const ColumnInfo> present) {
  for (const ColumnChange& change : CompareColumns(target, present)) {
    const std::string name = QuoteName(change.column);
    std::string action;
    switch (change.kind) {
      case ColumnChange::Kind::kAdd:
        action = fmt::format("ADD COLUMN {} {}", name, change.type);
        break;
      case ColumnChange::Kind::kRename:
        action = fmt::format("RENAME COLUMN {} TO {}", QuoteName(change.old_name), name);
        break;
      case ColumnChange::Kind::kWiden:
        action = fmt::format("ALTER COLUMN {} SET DATA TYPE {}", name, change.type);
        break;
      case ColumnChange::Kind::kMismatch:
        return FailedError(fmt::format("{}: {}", table, Describe(change)));
    }
    SLUICE_TRY(connection.Execute(fmt::format("ALTER TABLE {} {}", QualifiedName(table), action))
                   .status());
  }
  return Status::Ok();
}

void TakeColumns(std::span<const ColumnInfo> present, TargetTable& target) {
  constexpr std::string_view kOurs = "_sluice_";
  for (const ColumnInfo& column : present) {
    const bool known =
        std::any_of(target.columns.begin(), target.columns.end(), [&](const DdlColumn& declared) {
          return declared.name == column.name || declared.renamed_from == column.name;
        });
    if (known || StartsWith(column.name, kOurs)) continue;
    const auto type = format::ParseSqlType(column.sql_type);
    // FLOAT is read as a double: what is added here must have the very type of the table.
    if (!type.ok() || type->DuckDb() != column.sql_type) continue;
    target.columns.push_back({column.name, type.value()});
  }
}

}  // namespace sluice::ingest
