// The names of types, in both directions.
#include <algorithm>
#include <array>
#include <charconv>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"
#include "format/strict.h"

namespace sluice::format {
namespace {

using Kind = SqlType::Kind;

// What may stand in brackets behind a name.
enum class Arguments { kNone, kDigits, kLength, kIgnoredPrecision };

struct TypeName {
  std::string_view name;
  Kind kind;
  Arguments arguments;
};

constexpr std::array<TypeName, 36> kNames = {{
    {"BOOLEAN", Kind::kBoolean, Arguments::kNone},
    {"BOOL", Kind::kBoolean, Arguments::kNone},
    {"SMALLINT", Kind::kSmallInt, Arguments::kNone},
    {"INT2", Kind::kSmallInt, Arguments::kNone},
    {"INTEGER", Kind::kInteger, Arguments::kNone},
    {"INT", Kind::kInteger, Arguments::kNone},
    {"INT4", Kind::kInteger, Arguments::kNone},
    {"BIGINT", Kind::kBigInt, Arguments::kNone},
    {"INT8", Kind::kBigInt, Arguments::kNone},
    {"DECIMAL", Kind::kDecimal, Arguments::kDigits},
    {"NUMERIC", Kind::kDecimal, Arguments::kDigits},
    {"DOUBLE", Kind::kDouble, Arguments::kNone},
    {"DOUBLE PRECISION", Kind::kDouble, Arguments::kNone},
    {"FLOAT", Kind::kDouble, Arguments::kIgnoredPrecision},
    {"FLOAT8", Kind::kDouble, Arguments::kNone},
    {"FLOAT4", Kind::kDouble, Arguments::kNone},
    {"REAL", Kind::kDouble, Arguments::kNone},
    {"VARCHAR", Kind::kText, Arguments::kLength},
    {"NVARCHAR", Kind::kText, Arguments::kLength},
    {"CHAR", Kind::kText, Arguments::kLength},
    {"NCHAR", Kind::kText, Arguments::kLength},
    {"BPCHAR", Kind::kText, Arguments::kLength},
    {"CHARACTER", Kind::kText, Arguments::kLength},
    {"CHARACTER VARYING", Kind::kText, Arguments::kLength},
    {"TEXT", Kind::kText, Arguments::kNone},
    {"STRING", Kind::kText, Arguments::kNone},
    {"DATE", Kind::kDate, Arguments::kNone},
    {"TIMESTAMP", Kind::kTimestamp, Arguments::kNone},
    {"TIMESTAMP WITHOUT TIME ZONE", Kind::kTimestamp, Arguments::kNone},
    {"DATETIME", Kind::kTimestamp, Arguments::kNone},
    {"TIMESTAMPTZ", Kind::kTimestampTz, Arguments::kNone},
    {"TIMESTAMP WITH TIME ZONE", Kind::kTimestampTz, Arguments::kNone},
    // As DuckDB prints its own types.
    {"INT16", Kind::kSmallInt, Arguments::kNone},
    {"INT32", Kind::kInteger, Arguments::kNone},
    {"INT64", Kind::kBigInt, Arguments::kNone},
    {"LONG", Kind::kBigInt, Arguments::kNone},
}};

// What other engines have, and the type here that takes all of its values: too far apart to look alike.
constexpr std::array<std::pair<std::string_view, std::string_view>, 28> kElsewhere = {{
    {"BIT", "BOOLEAN"},
    {"LOGICAL", "BOOLEAN"},
    {"TINYINT", "SMALLINT"},
    {"BYTE", "SMALLINT"},
    {"UTINYINT", "SMALLINT"},
    {"USMALLINT", "INTEGER"},
    {"SERIAL", "INTEGER"},
    {"MEDIUMINT", "INTEGER"},
    {"BIGSERIAL", "BIGINT"},
    {"UINTEGER", "BIGINT"},
    {"UBIGINT", "DECIMAL(20,0)"},
    {"HUGEINT", "DECIMAL(38,0)"},
    {"NUMBER", "DECIMAL"},
    {"MONEY", "DECIMAL(19,4)"},
    {"SMALLMONEY", "DECIMAL(10,4)"},
    {"FLOAT64", "DOUBLE"},
    {"UUID", "VARCHAR"},
    {"UNIQUEIDENTIFIER", "VARCHAR"},
    {"JSON", "VARCHAR"},
    {"JSONB", "VARCHAR"},
    {"ENUM", "VARCHAR"},
    {"TIME", "VARCHAR"},
    {"INTERVAL", "VARCHAR"},
    {"CLOB", "TEXT"},
    {"LONGTEXT", "TEXT"},
    {"MEDIUMTEXT", "TEXT"},
    {"SMALLDATETIME", "TIMESTAMP"},
    {"TIMESTAMP_NTZ", "TIMESTAMP"},
}};

constexpr int64_t kMaxVarchar = 65'535;  // Redshift's MAX, in bytes
constexpr int kMaxWidth = 38;

// Upper case, single blanks between words, none at the ends or around brackets and commas.
std::string Normalised(std::string_view text) {
  std::string out;
  bool blank = false;
  for (const char c : Trim(text)) {
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      blank = true;
      continue;
    }
    const bool tight =
        c == '(' || c == ')' || c == ',' || out.empty() || out.back() == '(' || out.back() == ',';
    if (blank && !tight) out += ' ';
    blank = false;
    out += c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c;
  }
  return out;
}

std::optional<int64_t> Number(std::string_view text) {
  const auto n = ParseUnsigned(text);
  if (!n || *n > 1'000'000'000) return std::nullopt;
  return static_cast<int64_t>(*n);
}

Result<SqlType> WithDigits(std::string_view text, const std::vector<std::string>& arguments) {
  SqlType type{.kind = Kind::kDecimal, .width = 18, .scale = 0};
  if (!arguments.empty()) {
    const auto width = Number(arguments[0]);
    const auto scale = arguments.size() == 2 ? Number(arguments[1]) : std::optional<int64_t>(0);
    if (arguments.size() > 2 || !width || !scale || *width < 1 || *width > kMaxWidth ||
        *scale > *width) {
      return ConfigError(fmt::format(
          "the type \"{}\" is not one: DECIMAL(p,s) has 1 to 38 digits, s of them behind the point",
          text));
    }
    type.width = static_cast<int>(*width);
    type.scale = static_cast<int>(*scale);
  }
  return type;
}

Result<SqlType> WithLength(std::string_view text, const std::vector<std::string>& arguments) {
  SqlType type{.kind = Kind::kText};
  if (arguments.empty()) return type;
  const auto length =
      arguments[0] == "MAX" ? std::optional<int64_t>(kMaxVarchar) : Number(arguments[0]);
  if (arguments.size() > 1 || !length || *length < 1) {
    return ConfigError(
        fmt::format("the type \"{}\" is not one: the length is a number or MAX", text));
  }
  type.max_bytes = *length;
  return type;
}

}  // namespace

Result<SqlType> ParseSqlType(std::string_view text) {
  const std::string normal = Normalised(text);
  std::string name = normal;
  std::vector<std::string> arguments;
  const size_t open = normal.find('(');
  if (open != std::string::npos) {
    const size_t close = normal.find(')', open);
    if (close != normal.size() - 1) {
      return ConfigError(
          fmt::format("the type \"{}\" is not one: a bracket is out of place", text));
    }
    name = normal.substr(0, open);
    arguments = Split(normal.substr(open + 1, close - open - 1), ',');
  }
  for (const TypeName& known : kNames) {
    if (known.name != name) continue;
    if (known.arguments == Arguments::kDigits) return WithDigits(text, arguments);
    if (known.arguments == Arguments::kLength) return WithLength(text, arguments);
    const bool ignored = known.arguments == Arguments::kIgnoredPrecision && arguments.size() == 1 &&
                         Number(arguments[0]).has_value();
    if (!arguments.empty() && !ignored) {
      return ConfigError(fmt::format("the type \"{}\" is not one: {} takes nothing in brackets",
                                     text, known.name));
    }
    return SqlType{.kind = known.kind};
  }
  std::vector<std::string> names;
  for (const TypeName& known : kNames) names.emplace_back(known.name);
  const auto elsewhere = std::find_if(kElsewhere.begin(), kElsewhere.end(),
                                      [&](const auto& one) { return one.first == name; });
  const std::string near = DidYouMean(name, names);
  const std::string all = "The types are " + Join(names, ", ");
  if (elsewhere != kElsewhere.end()) {
    return ConfigError(
        fmt::format("the type \"{}\" is not known (did you mean \"{}\"?)", text, elsewhere->second),
        all);
  }
  return ConfigError(fmt::format("the type \"{}\" is not known{}", text, near),
                     near.empty() ? all : "");
}

std::string SqlType::DuckDb() const {
  switch (kind) {
    case Kind::kBoolean:
      return "BOOLEAN";
    case Kind::kSmallInt:
      return "SMALLINT";
    case Kind::kInteger:
      return "INTEGER";
    case Kind::kBigInt:
      return "BIGINT";
    case Kind::kDecimal:
      return fmt::format("DECIMAL({},{})", width, scale);
    case Kind::kDouble:
      return "DOUBLE";
    case Kind::kText:
      return "VARCHAR";
    case Kind::kDate:
      return "DATE";
    case Kind::kTimestamp:
      return "TIMESTAMP";
    case Kind::kTimestampTz:
      return "TIMESTAMP WITH TIME ZONE";
  }
  return "VARCHAR";
}

std::string SqlType::Expectation() const {
  switch (kind) {
    case Kind::kBoolean:
      return "0, 1, true, false, t or f";
    case Kind::kSmallInt:
      return "a whole number between -32768 and 32767";
    case Kind::kInteger:
      return "a whole number between -2147483648 and 2147483647";
    case Kind::kBigInt:
      return "a whole number between -9223372036854775808 and 9223372036854775807";
    case Kind::kDecimal:
      return scale == 0
                 ? fmt::format("a whole number of at most {}",
                               Counted(static_cast<uint64_t>(width), "digit"))
                 : fmt::format("a number with at most {} before and {} behind the point",
                               Counted(static_cast<uint64_t>(width - scale), "digit"), scale);
    case Kind::kDouble:
      return "a number such as 12.5 or 1e-3";
    case Kind::kText:
      return "text";
    case Kind::kDate:
      return "a date such as 2026-11-21";
    case Kind::kTimestamp:
      return "a time without a zone such as 2026-11-21 14:03:07.5, or a date";
    case Kind::kTimestampTz:
      return "a time with a zone such as 2026-11-21 14:03:07+02:00";
  }
  return "text";
}

}  // namespace sluice::format
