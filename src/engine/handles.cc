#include "engine/handles.h"

#include <algorithm>
#include <cstdio>
#include <string_view>

#include <fmt/format.h>

#include "base/text.h"
#include "env/clock.h"

namespace sluice::engine {
namespace {

struct TypeName {
  std::string_view name;
  duckdb_type type;
};

constexpr TypeName kTypeNames[] = {
    {"BOOLEAN", DUCKDB_TYPE_BOOLEAN},
    {"SMALLINT", DUCKDB_TYPE_SMALLINT},
    {"INTEGER", DUCKDB_TYPE_INTEGER},
    {"BIGINT", DUCKDB_TYPE_BIGINT},
    {"UBIGINT", DUCKDB_TYPE_UBIGINT},
    {"UHUGEINT", DUCKDB_TYPE_UHUGEINT},
    {"DOUBLE", DUCKDB_TYPE_DOUBLE},
    {"VARCHAR", DUCKDB_TYPE_VARCHAR},
    {"BLOB", DUCKDB_TYPE_BLOB},
    {"DATE", DUCKDB_TYPE_DATE},
    {"TIMESTAMP", DUCKDB_TYPE_TIMESTAMP},
    {"TIMESTAMPTZ", DUCKDB_TYPE_TIMESTAMP_TZ},
    {"ANY", DUCKDB_TYPE_ANY},
};

}  // namespace

Result<std::unique_ptr<LogicalType>> MakeType(const std::string& name) {
  unsigned width = 0;
  unsigned scale = 0;
  if (std::sscanf(name.c_str(), "DECIMAL(%u,%u)", &width, &scale) == 2 && width <= 38 &&
      scale <= width) {
    return std::make_unique<LogicalType>(
        duckdb_create_decimal_type(static_cast<uint8_t>(width), static_cast<uint8_t>(scale)));
  }
  for (const TypeName& known : kTypeNames) {
    if (known.name == name) {
      return std::make_unique<LogicalType>(duckdb_create_logical_type(known.type));
    }
  }
  return FailedError(fmt::format("functions cannot have the type {}", name));
}

Type FromEngineType(duckdb_type type) {
  switch (type) {
    case DUCKDB_TYPE_BOOLEAN:
      return Type::kBoolean;
    case DUCKDB_TYPE_TINYINT:
    case DUCKDB_TYPE_SMALLINT:
    case DUCKDB_TYPE_INTEGER:
    case DUCKDB_TYPE_BIGINT:
    case DUCKDB_TYPE_UTINYINT:
    case DUCKDB_TYPE_USMALLINT:
    case DUCKDB_TYPE_UINTEGER:
      return Type::kInteger;
    case DUCKDB_TYPE_UBIGINT:
      return Type::kUnsigned;
    case DUCKDB_TYPE_UHUGEINT:
      return Type::kHuge;
    case DUCKDB_TYPE_FLOAT:
    case DUCKDB_TYPE_DOUBLE:
      return Type::kDouble;
    case DUCKDB_TYPE_VARCHAR:
      return Type::kText;
    case DUCKDB_TYPE_BLOB:
      return Type::kBlob;
    case DUCKDB_TYPE_HUGEINT:  // sums of integers: exact text, like a decimal without a scale
    case DUCKDB_TYPE_DECIMAL:
      return Type::kDecimal;
    case DUCKDB_TYPE_TIMESTAMP:
      return Type::kTimestamp;
    case DUCKDB_TYPE_TIMESTAMP_TZ:
      return Type::kTimestampTz;
    case DUCKDB_TYPE_DATE:
      return Type::kDate;
    default:
      return Type::kOther;
  }
}

std::string SqlTypeName(duckdb_logical_type type) {
  switch (duckdb_get_type_id(type)) {
    case DUCKDB_TYPE_BOOLEAN:
      return "BOOLEAN";
    case DUCKDB_TYPE_TINYINT:
      return "TINYINT";
    case DUCKDB_TYPE_SMALLINT:
      return "SMALLINT";
    case DUCKDB_TYPE_INTEGER:
      return "INTEGER";
    case DUCKDB_TYPE_BIGINT:
      return "BIGINT";
    case DUCKDB_TYPE_UTINYINT:
      return "UTINYINT";
    case DUCKDB_TYPE_USMALLINT:
      return "USMALLINT";
    case DUCKDB_TYPE_UINTEGER:
      return "UINTEGER";
    case DUCKDB_TYPE_UBIGINT:
      return "UBIGINT";
    case DUCKDB_TYPE_HUGEINT:
      return "HUGEINT";
    case DUCKDB_TYPE_UHUGEINT:
      return "UHUGEINT";
    case DUCKDB_TYPE_FLOAT:
      return "FLOAT";
    case DUCKDB_TYPE_DOUBLE:
      return "DOUBLE";
    case DUCKDB_TYPE_VARCHAR:
      return "VARCHAR";
    case DUCKDB_TYPE_BLOB:
      return "BLOB";
    case DUCKDB_TYPE_DATE:
      return "DATE";
    case DUCKDB_TYPE_TIME:
      return "TIME";
    case DUCKDB_TYPE_TIMESTAMP:
      return "TIMESTAMP";
    case DUCKDB_TYPE_TIMESTAMP_TZ:
      return "TIMESTAMP WITH TIME ZONE";
    case DUCKDB_TYPE_INTERVAL:
      return "INTERVAL";
    case DUCKDB_TYPE_UUID:
      return "UUID";
    case DUCKDB_TYPE_LIST:
      return "LIST";
    case DUCKDB_TYPE_ARRAY:
      return "ARRAY";
    case DUCKDB_TYPE_STRUCT:
      return "STRUCT";
    case DUCKDB_TYPE_MAP:
      return "MAP";
    case DUCKDB_TYPE_ENUM:
      return "ENUM";
    case DUCKDB_TYPE_DECIMAL:
      return fmt::format("DECIMAL({},{})", duckdb_decimal_width(type), duckdb_decimal_scale(type));
    default:
      return "OTHER";
  }
}

Status EngineError(const char* message) {
  const std::string_view text = message == nullptr ? "the engine gave no reason" : message;
  if (StartsWith(text, "INTERRUPT")) return CancelledError("the statement was interrupted");
  if (text.find("Could not set lock on file") != std::string_view::npos) {
    return BusyError(std::string(text), "Close the other program and run the command again");
  }
  return FailedError(std::string(text));
}

std::string DecimalText(Int128 value, int scale) {
  const bool negative = value < 0;
  // Negating the smallest value would overflow; as an unsigned number it cannot.
  auto rest = static_cast<UInt128>(value);
  if (negative) rest = -rest;
  std::string digits;
  do {
    digits += static_cast<char>('0' + static_cast<int>(rest % 10));
    rest /= 10;
  } while (rest != 0);
  while (digits.size() <= static_cast<size_t>(scale)) digits += '0';
  if (scale > 0) digits.insert(static_cast<size_t>(scale), 1, '.');
  if (negative) digits += '-';
  std::reverse(digits.begin(), digits.end());
  return digits;
}

std::string DateText(int64_t days) {
  // By the engine's own calendar: it knows years that C's does not.
  duckdb_date date;
  date.days = static_cast<int32_t>(days);
  const duckdb_date_struct parts = duckdb_from_date(date);
  return fmt::format("{:04}-{:02}-{:02}", parts.year, parts.month, parts.day);
}

std::string TimestampText(int64_t micros) {
  int64_t days = micros / 86'400'000'000;
  int64_t rest = micros % 86'400'000'000;
  if (rest < 0) {
    rest += 86'400'000'000;
    --days;
  }
  const int64_t seconds = rest / 1'000'000;
  std::string out = fmt::format("{} {:02}:{:02}:{:02}", DateText(days), seconds / 3600,
                                seconds / 60 % 60, seconds % 60);
  if (rest % 1'000'000 != 0) {
    out += fmt::format(".{:06}", rest % 1'000'000);
    while (out.back() == '0') out.pop_back();
  }
  return out;
}

}  // namespace sluice::engine
