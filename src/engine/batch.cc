#include "engine/batch.h"

#include <charconv>

#include <duckdb.h>
#include <fmt/format.h>

#include "base/check.h"
#include "engine/handles.h"

namespace sluice::engine {
namespace {

template <typename T>
T At(const void* data, size_t row) {
  return static_cast<const T*>(data)[row];
}

Int128 Wide(const duckdb_hugeint& value) {
  return static_cast<Int128>(value.upper) << 64 | static_cast<Int128>(value.lower);
}

}  // namespace

std::string ToText(const Value& value) {
  struct Visitor {
    std::string operator()(std::monostate) const { return {}; }
    std::string operator()(bool b) const { return b ? "true" : "false"; }
    std::string operator()(int64_t n) const { return std::to_string(n); }
    std::string operator()(uint64_t n) const { return std::to_string(n); }
    std::string operator()(double d) const { return fmt::format("{}", d); }
    std::string operator()(const std::string& s) const { return s; }
    std::string operator()(const Hash128& h) const { return h.Hex(); }
  };
  return std::visit(Visitor{}, value);
}

int64_t ToInt(const Value& value) {
  if (IsNull(value)) return 0;
  if (const auto* n = std::get_if<int64_t>(&value)) return *n;
  if (const auto* u = std::get_if<uint64_t>(&value)) return static_cast<int64_t>(*u);
  if (const auto* b = std::get_if<bool>(&value)) return *b ? 1 : 0;
  if (const auto* s = std::get_if<std::string>(&value)) {  // HUGEINT, the type of sum(), is text
    int64_t n = 0;
    const auto [end, error] = std::from_chars(s->data(), s->data() + s->size(), n);
    if (error == std::errc() && end == s->data() + s->size()) return n;
  }
  SLUICE_CHECK(false, "ToInt of a value that is no integer");
}

bool Batch::is_null(size_t column, size_t row) const {
  const uint64_t* validity = columns_[column].validity;
  return validity != nullptr && (validity[row / 64] >> (row % 64) & 1U) == 0;
}

std::string_view Batch::text(size_t column, size_t row) const {
  const auto* strings = static_cast<const duckdb_string_t*>(columns_[column].data);
  duckdb_string_t copy = strings[row];
  if (duckdb_string_is_inlined(copy)) {
    return {strings[row].value.inlined.inlined, strings[row].value.inlined.length};
  }
  return {copy.value.pointer.ptr, copy.value.pointer.length};
}

int64_t Batch::integer(size_t column, size_t row) const {
  const View& view = columns_[column];
  switch (static_cast<duckdb_type>(view.storage)) {
    case DUCKDB_TYPE_BOOLEAN:
      return At<bool>(view.data, row) ? 1 : 0;
    case DUCKDB_TYPE_TINYINT:
      return At<int8_t>(view.data, row);
    case DUCKDB_TYPE_SMALLINT:
      return At<int16_t>(view.data, row);
    case DUCKDB_TYPE_DATE:
    case DUCKDB_TYPE_INTEGER:
      return At<int32_t>(view.data, row);
    case DUCKDB_TYPE_UTINYINT:
      return At<uint8_t>(view.data, row);
    case DUCKDB_TYPE_USMALLINT:
      return At<uint16_t>(view.data, row);
    case DUCKDB_TYPE_UINTEGER:
      return At<uint32_t>(view.data, row);
    case DUCKDB_TYPE_TIMESTAMP:
    case DUCKDB_TYPE_TIMESTAMP_TZ:
    case DUCKDB_TYPE_BIGINT:
      return At<int64_t>(view.data, row);
    default:
      break;
  }
  SLUICE_CHECK(false, "integer() of a column that holds none");
}

uint64_t Batch::unsigned64(size_t column, size_t row) const {
  return At<uint64_t>(columns_[column].data, row);
}

double Batch::floating(size_t column, size_t row) const {
  const View& view = columns_[column];
  if (view.storage == DUCKDB_TYPE_FLOAT) return static_cast<double>(At<float>(view.data, row));
  return At<double>(view.data, row);
}

Hash128 Batch::huge(size_t column, size_t row) const {
  const auto value = At<duckdb_uhugeint>(columns_[column].data, row);
  return {value.lower, value.upper};
}

Value Batch::value(size_t column, size_t row) const {
  if (is_null(column, row)) return std::monostate{};
  const View& view = columns_[column];
  switch (view.type) {
    case Type::kBoolean:
      return integer(column, row) != 0;
    case Type::kInteger:
      return integer(column, row);
    case Type::kUnsigned:
      return unsigned64(column, row);
    case Type::kHuge:
      return huge(column, row);
    case Type::kDouble:
      return floating(column, row);
    case Type::kText:
    case Type::kBlob:
      return std::string(text(column, row));
    case Type::kDate:
      return DateText(integer(column, row));
    case Type::kTimestamp:
      return TimestampText(integer(column, row));
    case Type::kTimestampTz:
      return TimestampText(integer(column, row)) + "+00";
    case Type::kDecimal:
      break;
    case Type::kOther:
      SLUICE_CHECK(false, "columns of other types are cast to text by Query");
  }
  Int128 unscaled = 0;
  switch (static_cast<duckdb_type>(view.storage)) {
    case DUCKDB_TYPE_SMALLINT:
      unscaled = At<int16_t>(view.data, row);
      break;
    case DUCKDB_TYPE_INTEGER:
      unscaled = At<int32_t>(view.data, row);
      break;
    case DUCKDB_TYPE_BIGINT:
      unscaled = At<int64_t>(view.data, row);
      break;
    default:
      unscaled = Wide(At<duckdb_hugeint>(view.data, row));
      break;
  }
  return DecimalText(unscaled, view.scale);
}

}  // namespace sluice::engine
