#include "format/cast_functions.h"

#include <limits>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "engine/functions.h"

namespace sluice::format {
namespace {

using engine::Input;
using engine::Output;
using Kind = SqlType::Kind;

// A function of the engine from `parse`, which gives an optional; Stored is what the engine keeps.
template <typename Stored, typename Parse>
engine::VectorFunction Vectorised(Parse parse) {
  return [parse](size_t rows, const std::vector<Input>& inputs, Output& output) {
    const Input& in = inputs[0];
    Stored* const out = output.data<Stored>();
    for (size_t row = 0; row < rows; ++row) {
      if (in.is_null(row)) {
        output.SetNull(row);
      } else if (const auto value = parse(in.text(row))) {
        out[row] = static_cast<Stored>(*value);
      } else {
        output.SetNull(row);
      }
    }
    return Status::Ok();
  };
}

template <typename Stored>
engine::VectorFunction IntegerFunction() {
  return Vectorised<Stored>([](std::string_view text) {
    return ParseInteger(text, std::numeric_limits<Stored>::min(), std::numeric_limits<Stored>::max());
  });
}

// The engine keeps a decimal in the smallest integer that holds its digits.
engine::VectorFunction DecimalFunction(int width, int scale) {
  const auto parse = [width, scale](std::string_view text) { return ParseDecimal(text, width, scale); };
  if (width <= 4) return Vectorised<int16_t>(parse);
  if (width <= 9) return Vectorised<int32_t>(parse);
  if (width <= 18) return Vectorised<int64_t>(parse);
  return Vectorised<Int128>(parse);
}

engine::VectorFunction FunctionOf(const SqlType& type) {
  switch (type.kind) {
    case Kind::kBoolean: return Vectorised<bool>(ParseBoolean);
    case Kind::kSmallInt: return IntegerFunction<int16_t>();
    case Kind::kInteger: return IntegerFunction<int32_t>();
    case Kind::kBigInt: return IntegerFunction<int64_t>();
    case Kind::kDecimal: return DecimalFunction(type.width, type.scale);
    case Kind::kDouble: return Vectorised<double>(ParseDouble);
    case Kind::kDate: return Vectorised<int32_t>(ParseDate);
    case Kind::kTimestamp: return Vectorised<int64_t>(ParseTimestamp);
    case Kind::kTimestampTz: return Vectorised<int64_t>(ParseTimestampTz);
    case Kind::kText: break;
  }
  return nullptr;
}

std::string FunctionName(const SqlType& type) {
  switch (type.kind) {
    case Kind::kBoolean: return "sluice_boolean";
    case Kind::kSmallInt: return "sluice_smallint";
    case Kind::kInteger: return "sluice_integer";
    case Kind::kBigInt: return "sluice_bigint";
    case Kind::kDecimal: return fmt::format("sluice_decimal_{}_{}", type.width, type.scale);
    case Kind::kDouble: return "sluice_double";
    case Kind::kDate: return "sluice_date";
    case Kind::kTimestamp: return "sluice_timestamp";
    case Kind::kTimestampTz: return "sluice_timestamptz";
    case Kind::kText: break;
  }
  return "";
}

}  // namespace

Status RegisterCasts(engine::Connection& connection, std::span<const SqlType> types) {
  std::set<std::string> done;
  for (const SqlType& type : types) {
    std::string name = FunctionName(type);
    if (name.empty() || !done.insert(name).second) continue;
    SLUICE_TRY(engine::RegisterFunction(
        connection, {.name = std::move(name),
                     .parameters = {"VARCHAR"},
                     .variadic = false,
                     .result = type.kind == Kind::kTimestampTz ? "TIMESTAMPTZ" : type.DuckDb(),
                     .is_volatile = false,
                     .function = FunctionOf(type)}));
  }
  return Status::Ok();
}

std::string CastExpression(const SqlType& type, std::string_view expression) {
  const std::string name = FunctionName(type);
  return name.empty() ? std::string(expression) : fmt::format("{}({})", name, expression);
}

}  // namespace sluice::format
