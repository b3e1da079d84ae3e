// Columns of a result as views on the engine's own memory, and single values for parameters and
// small results.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/hash.h"
#include "base/status.h"

namespace sluice::engine {

enum class Type {
  kBoolean,   // bool
  kInteger,   // TINYINT .. BIGINT and unsigned up to 32 bit, as int64_t
  kUnsigned,  // UBIGINT as uint64_t
  kHuge,      // UHUGEINT as Hash128
  kDouble,    // FLOAT, DOUBLE
  kText,      // VARCHAR
  kBlob,
  kDecimal,      // as text, exact
  kTimestamp,    // microseconds since 1970, naive
  kTimestampTz,  // microseconds since 1970, UTC
  kDate,         // days since 1970
  kOther,        // lists, structs, ...: as the engine's text
};

struct Column {
  std::string name;
  Type type = Type::kOther;
  std::string sql_type;  // "DECIMAL(19,0)", as the engine prints it
};

// NULL is std::monostate. Dates and timestamps travel as text in their canonical form
// ("2026-11-21", "2026-11-21 14:03:07.5"), so that nothing is lost and every type can be bound.
using Value = std::variant<std::monostate, bool, int64_t, uint64_t, double, std::string, Hash128>;

inline bool IsNull(const Value& value) {
  return std::holds_alternative<std::monostate>(value);
}
// "" for NULL; numbers and booleans in their canonical text.
std::string ToText(const Value& value);
// The integer inside, whatever its width; 0 for NULL. Anything else breaks an invariant.
int64_t ToInt(const Value& value);

// Up to 2,048 rows. Views live until the result is advanced or destroyed.
class Batch {
 public:
  size_t rows() const { return rows_; }
  size_t columns() const { return columns_.size(); }

  bool is_null(size_t column, size_t row) const;
  // Only for columns of type kText, kBlob.
  std::string_view text(size_t column, size_t row) const;
  int64_t integer(size_t column, size_t row) const;  // kInteger, kTimestamp(Tz), kDate, kBoolean
  uint64_t unsigned64(size_t column, size_t row) const;
  double floating(size_t column, size_t row) const;
  Hash128 huge(size_t column, size_t row) const;
  // Any type; copies.
  Value value(size_t column, size_t row) const;

  // One column's memory, as the engine laid it out.
  struct View {
    Type type = Type::kOther;
    int storage = 0;    // the engine's physical type, private to engine/
    uint8_t width = 0;  // DECIMAL
    uint8_t scale = 0;
    const void* data = nullptr;
    const uint64_t* validity = nullptr;  // bit per row; nullptr: all valid
    void* logical = nullptr;             // for kOther
    void* vector = nullptr;
  };

 private:
  friend class QueryResult;
  size_t rows_ = 0;
  std::vector<View> columns_;
};

}  // namespace sluice::engine
