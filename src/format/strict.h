// Text to typed values, exactly or not at all. A value either means precisely what it says in its
// declared type or it is refused; nothing is rounded, trimmed, guessed or clipped.
// (DuckDB's own casts are lax: '12.7' -> 13, '1e3' -> 1000, '0x1A' -> 26.)
//
// All functions are pure and thread-safe; they neither allocate nor look at the locale. Blanks at
// either end fit no type but text. The one rounding there is: a DOUBLE takes the nearest value that
// binary floating point has.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/int128.h"
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
  int width = 0;  // DECIMAL: digits, 1 to 38
  int scale = 0;  // DECIMAL: of these behind the point, 0 to width
  int64_t max_bytes =
      0;  // text: declared length in bytes; 0: none. Longer is a warning, not an error

  bool operator==(const SqlType&) const = default;
  // What DuckDB calls it: "DECIMAL(19,0)", "VARCHAR", "TIMESTAMP".
  std::string DuckDb() const;
  // For messages: "a whole number between -2147483648 and 2147483647".
  std::string Expectation() const;
};

// Understands DuckDB's, Redshift's and PostgreSQL's usual names in any case: INT, INTEGER, INT4,
// SMALLINT, BIGINT, BOOL, DECIMAL(p,s), NUMERIC, FLOAT (a double, as in Redshift), REAL, DOUBLE
// PRECISION, VARCHAR(n|MAX), NVARCHAR(n), CHAR(n), TEXT, DATE, TIMESTAMP, TIMESTAMP WITHOUT TIME
// ZONE, TIMESTAMPTZ, TIMESTAMP WITH TIME ZONE, DATETIME. DECIMAL without digits is DECIMAL(18,0), as
// in Redshift, whose DDL this mostly reads. Anything else: kConfig with the nearest name.
Result<SqlType> ParseSqlType(std::string_view text);

std::optional<bool> ParseBoolean(std::string_view text);  // 0 1 true false t f, any case
// An optional sign and digits, leading zeros included; within [low, high].
std::optional<int64_t> ParseInteger(std::string_view text, int64_t low, int64_t high);
// Optional sign, digits, optionally a point and digits ('.5' too, as SQL Server's bcp writes it; '5.'
// is refused: it looks like a number that was cut off). It must fit width and scale without
// rounding; zeros beyond the scale lose nothing and are fine. The value is scaled by 10^scale.
// 0 <= scale <= width, 1 <= width <= 38.
std::optional<Int128> ParseDecimal(std::string_view text, int width, int scale);
// As a decimal, optionally with e, a sign and digits. No nan, inf, hex; a value that is beyond the
// range, or so small that nothing but zero would be left, is refused.
std::optional<double> ParseDouble(std::string_view text);
// YYYY-MM-DD, years 0001 to 9999 of the Gregorian calendar -> days since 1970.
std::optional<int32_t> ParseDate(std::string_view text);
// YYYY-MM-DD, or with blank or T and HH:MM[:SS[.f...]]; beyond six digits only zeros. Neither 24:00
// nor a 60th second. A zone is refused. -> microseconds since 1970.
std::optional<int64_t> ParseTimestamp(std::string_view text);
// The same, where a time and a zone (Z, +02, +0200, +02:00, at most 15:59; one blank may stand before
// it, as SQL Server writes it) are required. -> microseconds since 1970 in UTC, years 0001 to 9999.
std::optional<int64_t> ParseTimestampTz(std::string_view text);

// Whether `text` would be accepted as `type`; for messages about one cell.
bool Fits(std::string_view text, const SqlType& type);

}  // namespace sluice::format
