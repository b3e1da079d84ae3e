// Text to typed values, exactly or not at all. A value either means precisely what it says in its
// declared type or it is refused with a reason; nothing is rounded, trimmed, guessed or clipped.
// (DuckDB's own casts are lax: '12.7' -> 13, '1e3' -> 1000, '0x1A' -> 26.)
//
// All functions are pure and thread-safe. Blanks at either end fit no type but text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace sluice::format {

// A declared column type, reduced to what the strict casts know.
struct SqlType {
  enum class Kind {
    kBoolean,
    kSmallInt,
    kInteger,
    kBigInt,
    kDecimal,
    kDouble,
    kText,
    kDate,
    kTimestamp,
    kTimestampTz,
  } kind = Kind::kText;
  int width = 0;      // DECIMAL: digits, at most 38
  int scale = 0;      // DECIMAL
  int64_t max_bytes = 0;  // text: declared length in bytes; 0: none. Longer is a warning, not an error

  bool operator==(const SqlType&) const = default;
  // What DuckDB calls it: "DECIMAL(19,0)", "VARCHAR", "TIMESTAMP".
  std::string DuckDb() const;
  // For messages: "a whole number between -2147483648 and 2147483647".
  std::string Expectation() const;
};

// Understands DuckDB's, Redshift's and PostgreSQL's usual names in any case: INT, INTEGER, INT4,
// SMALLINT, BIGINT, BOOL, DECIMAL(p,s), NUMERIC, FLOAT (a double, as in Redshift), REAL, DOUBLE
// PRECISION, VARCHAR(n|MAX), NVARCHAR(n), CHAR(n), TEXT, DATE, TIMESTAMP, TIMESTAMP WITHOUT TIME
// ZONE, TIMESTAMPTZ, TIMESTAMP WITH TIME ZONE, DATETIME. Anything else: kConfig with the nearest name.
Result<SqlType> ParseSqlType(std::string_view text);

std::optional<bool> ParseBoolean(std::string_view text);        // 0 1 true false t f, any case
// An optional sign and digits; within [low, high].
std::optional<int64_t> ParseInteger(std::string_view text, int64_t low, int64_t high);
// Optional sign, digits, optional point and digits; fits width and scale without rounding. The value
// is scaled by 10^scale.
std::optional<__int128> ParseDecimal(std::string_view text, int width, int scale);
std::optional<double> ParseDouble(std::string_view text);       // no nan, inf, hex
std::optional<int32_t> ParseDate(std::string_view text);        // YYYY-MM-DD -> days since 1970
// YYYY-MM-DD, or with blank or T and HH:MM[:SS[.f...]]; beyond six digits only zeros. A zone is
// refused. -> microseconds since 1970.
std::optional<int64_t> ParseTimestamp(std::string_view text);
// The same, where a zone (Z, +02, +0200, +02:00) is required. -> UTC.
std::optional<int64_t> ParseTimestampTz(std::string_view text);

// Whether `text` would be accepted as `type`; for messages about one cell.
bool Fits(std::string_view text, const SqlType& type);

}  // namespace sluice::format
