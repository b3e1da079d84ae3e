#include "format/engine_cast.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/text.h"
#include "format/cast_functions.h"

namespace sluice::format {
namespace {

using Kind = SqlType::Kind;

// What the engine's types have in common, as far as casts differ by it.
enum class Source {
  kWhole,
  kDecimal,
  kFloat,
  kText,
  kBoolean,
  kDate,
  kTimestamp,
  kTimestampNs,
  kTimestampTz,
  kBytes,
  kNested,
  kOther,
};

bool IsNested(std::string_view type) {
  return StartsWith(type, "STRUCT(") || StartsWith(type, "MAP(") || StartsWith(type, "UNION(") ||
         EndsWith(type, "]");
}

Source SourceOf(std::string_view type) {
  struct Named {
    std::string_view name;
    Source source;
  };
  static constexpr std::array<Named, 22> kNames = {{
      {"TINYINT", Source::kWhole},
      {"SMALLINT", Source::kWhole},
      {"INTEGER", Source::kWhole},
      {"BIGINT", Source::kWhole},
      {"HUGEINT", Source::kWhole},
      {"UTINYINT", Source::kWhole},
      {"USMALLINT", Source::kWhole},
      {"UINTEGER", Source::kWhole},
      {"UBIGINT", Source::kWhole},
      {"UHUGEINT", Source::kWhole},
      {"FLOAT", Source::kFloat},
      {"DOUBLE", Source::kFloat},
      {"VARCHAR", Source::kText},
      {"BOOLEAN", Source::kBoolean},
      {"DATE", Source::kDate},
      {"TIMESTAMP", Source::kTimestamp},
      {"TIMESTAMP_S", Source::kTimestamp},
      {"TIMESTAMP_MS", Source::kTimestamp},
      {"TIMESTAMP_NS", Source::kTimestampNs},
      {"TIMESTAMP WITH TIME ZONE", Source::kTimestampTz},
      {"BLOB", Source::kBytes},
      {"JSON", Source::kOther},
  }};
  if (IsNested(type)) return Source::kNested;
  if (StartsWith(type, "DECIMAL(")) return Source::kDecimal;
  const auto* found = std::find_if(kNames.begin(), kNames.end(),
                                   [&](const Named& named) { return named.name == type; });
  return found == kNames.end() ? Source::kOther : found->source;
}

// The engine's JSON makes doubles of these: as texts they keep their digits.
std::string WithExactNumbers(std::string_view type) {
  std::string exact;
  while (!type.empty()) {
    const bool decimal = StartsWith(type, "DECIMAL(");
    const bool huge = StartsWith(type, "HUGEINT") || StartsWith(type, "UHUGEINT");
    if (decimal || huge) {
      exact += "VARCHAR";
      type.remove_prefix(decimal ? type.find(')') + 1 : type.find('T') + 1);
    } else {
      exact += type.front();
      type.remove_prefix(1);
    }
  }
  return exact;
}

std::string When(const std::string& condition, const std::string& value) {
  return fmt::format("CASE WHEN {} THEN {} END", condition, value);
}

std::string TryCast(const std::string& x, std::string_view type) {
  return fmt::format("TRY_CAST({} AS {})", x, type);
}

// Years that text can have; the engine's infinities lie outside.
std::string InYears(const std::string& x, std::string_view type) {
  return fmt::format("{0} >= {1} '0001-01-01' AND {0} <= {1} '9999-12-31{2}'", x, type,
                     type == "DATE" ? "" : " 23:59:59.999999");
}
std::string InYearsTz(const std::string& x) {
  return fmt::format(
      "{0} >= TIMESTAMPTZ '0001-01-01 00:00:00+00' AND {0} <= TIMESTAMPTZ '9999-12-31 "
      "23:59:59.999999+00'",
      x);
}

bool IsWhole(const SqlType& type) {
  return type.kind == Kind::kSmallInt || type.kind == Kind::kInteger || type.kind == Kind::kBigInt;
}

std::string FromWhole(const SqlType& type, const std::string& x) {
  const std::string name = type.DuckDb();
  if (IsWhole(type) || type.kind == Kind::kDecimal) return TryCast(x, name);
  if (type.kind != Kind::kDouble) return {};
  return When(fmt::format("TRY_CAST(CAST({0} AS DOUBLE) AS HUGEINT) = TRY_CAST({0} AS HUGEINT)", x),
              fmt::format("CAST({} AS DOUBLE)", x));
}

std::string FromFloat(const SqlType& type, const std::string& x) {
  const std::string value = fmt::format("CAST({} AS DOUBLE)", x);
  if (IsWhole(type)) {
    return When(fmt::format("isfinite({0}) AND {0} = trunc({0})", x),
                TryCast(value, type.DuckDb()));
  }
  return type.kind == Kind::kDouble ? When(fmt::format("isfinite({})", x), value) : "";
}

std::string FromDate(const SqlType& type, const std::string& x) {
  if (type.kind == Kind::kDate) return When(InYears(x, "DATE"), x);
  if (type.kind != Kind::kTimestamp) return {};
  return When(InYears(x, "DATE"), fmt::format("CAST({} AS TIMESTAMP)", x));
}

std::string FromTimestamp(const SqlType& type, const std::string& x) {
  const std::string value = TryCast(x, "TIMESTAMP");
  if (type.kind == Kind::kTimestamp) return When(InYears(value, "TIMESTAMP"), value);
  if (type.kind != Kind::kDate) return {};
  return When(fmt::format("{0} AND CAST(CAST({1} AS DATE) AS TIMESTAMP) = {1}",
                          InYears(value, "TIMESTAMP"), value),
              fmt::format("CAST({} AS DATE)", value));
}

// "" where the text has to do.
std::string Directly(Source source, const SqlType& type, const std::string& x) {
  switch (source) {
    case Source::kWhole:
      return FromWhole(type, x);
    case Source::kFloat:
      return FromFloat(type, x);
    case Source::kBoolean:
      return type.kind == Kind::kBoolean ? x : "";
    case Source::kDate:
      return FromDate(type, x);
    case Source::kTimestamp:
      return FromTimestamp(type, x);
    case Source::kTimestampTz:
      return type.kind == Kind::kTimestampTz ? When(InYearsTz(x), x) : "";
    case Source::kBytes:
      return type.kind == Kind::kText ? fmt::format("TRY(decode({}))", x) : "";
    default:
      return {};
  }
}

}  // namespace

std::string ExactCast(std::string_view engine_type, const SqlType& type, const std::string& x,
                      const ValueForm& form) {
  if (type.kind == Kind::kDecimal && engine_type == type.DuckDb()) return x;
  const std::string direct = Directly(SourceOf(engine_type), type, x);
  if (!direct.empty()) return direct;
  const bool text = SourceOf(engine_type) == Source::kText;
  return CastExpression(type, TextExpression(engine_type, x), text ? form : ValueForm());
}

std::string TextExpression(std::string_view engine_type, const std::string& x) {
  switch (SourceOf(engine_type)) {
    case Source::kText:
      return x;
    case Source::kBytes:
      return fmt::format("coalesce(TRY(decode({0})), CAST({0} AS VARCHAR))", x);
    case Source::kNested:
      return fmt::format("CAST(to_json(CAST({} AS {})) AS VARCHAR)", x,
                         WithExactNumbers(engine_type));
    case Source::kTimestampTz:
      // The same whatever time zone the engine believes to be in.
      return fmt::format("CAST({} AT TIME ZONE 'UTC' AS VARCHAR) || '+00'", x);
    default:
      return fmt::format("CAST({} AS VARCHAR)", x);
  }
}

}  // namespace sluice::format
