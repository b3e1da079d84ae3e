#include "format/cast_functions.h"

#include <limits>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "engine/functions.h"
#include "format/strict_inline.h"

namespace sluice::format {
namespace {

using engine::Input;
using engine::Output;
using Kind = SqlType::Kind;

// A function of the engine from `cast`, which writes a Value or says no; Stored is what the engine keeps.
template <typename Stored, typename Value, typename Cast>
engine::VectorFunction Vectorised(Cast cast) {
  return [cast](size_t rows, const std::vector<Input>& inputs, Output& output) {
    const Input& in = inputs[0];
    Stored* const out = output.data<Stored>();
    for (size_t row = 0; row < rows; ++row) {
      Value value{};
      if (!in.is_null(row) && cast(in.text(row), value)) {
        out[row] = static_cast<Stored>(value);
      } else {
        output.SetNull(row);
      }
    }
    return Status::Ok();
  };
}

template <typename Stored>
engine::VectorFunction IntegerFunction() {
  return Vectorised<Stored, int64_t>([](std::string_view text, int64_t& value) {
    using Limits = std::numeric_limits<Stored>;
    return strict::ToInteger(text, Limits::min(), Limits::max(), value);
  });
}

template <typename Stored, typename Value>
engine::VectorFunction DecimalFunctionOf(int width, int scale) {
  return Vectorised<Stored, Value>([width, scale](std::string_view text, Value& value) {
    return strict::ToDecimal(text, width, scale, value);
  });
}

// The engine keeps a decimal in the smallest integer that holds its digits.
engine::VectorFunction DecimalFunction(int width, int scale) {
  if (width <= 4) return DecimalFunctionOf<int16_t, int64_t>(width, scale);
  if (width <= 9) return DecimalFunctionOf<int32_t, int64_t>(width, scale);
  if (width <= 18) return DecimalFunctionOf<int64_t, int64_t>(width, scale);
  return DecimalFunctionOf<Int128, Int128>(width, scale);
}

engine::VectorFunction FunctionOf(const SqlType& type) {
  switch (type.kind) {
    case Kind::kBoolean:
      return Vectorised<bool, bool>(
          [](auto text, bool& value) { return strict::ToBoolean(text, value); });
    case Kind::kSmallInt:
      return IntegerFunction<int16_t>();
    case Kind::kInteger:
      return IntegerFunction<int32_t>();
    case Kind::kBigInt:
      return IntegerFunction<int64_t>();
    case Kind::kDecimal:
      return DecimalFunction(type.width, type.scale);
    case Kind::kDouble:
      return Vectorised<double, double>(
          [](auto text, double& value) { return strict::ToDouble(text, value); });
    case Kind::kDate:
      return Vectorised<int32_t, int32_t>(
          [](auto text, int32_t& days) { return strict::ToDate(text, days); });
    case Kind::kTimestamp:
      return Vectorised<int64_t, int64_t>(
          [](auto text, int64_t& micros) { return strict::ToTimestamp(text, micros); });
    case Kind::kTimestampTz:
      return Vectorised<int64_t, int64_t>(
          [](auto text, int64_t& micros) { return strict::ToTimestampTz(text, micros); });
    case Kind::kText:
      break;
  }
  return nullptr;
}

std::string FunctionName(const SqlType& type) {
  switch (type.kind) {
    case Kind::kBoolean:
      return "sluice_boolean";
    case Kind::kSmallInt:
      return "sluice_smallint";
    case Kind::kInteger:
      return "sluice_integer";
    case Kind::kBigInt:
      return "sluice_bigint";
    case Kind::kDecimal:
      return fmt::format("sluice_decimal_{}_{}", type.width, type.scale);
    case Kind::kDouble:
      return "sluice_double";
    case Kind::kDate:
      return "sluice_date";
    case Kind::kTimestamp:
      return "sluice_timestamp";
    case Kind::kTimestampTz:
      return "sluice_timestamptz";
    case Kind::kText:
      break;
  }
  return "";
}

// Text in a form -> text as the casts above read it, NULL when it is not written so.
engine::VectorFunction FormFunction(const SqlType& type, const ValueForm& form) {
  return [type, form](size_t rows, const std::vector<Input>& inputs, Output& output) {
    const Input& in = inputs[0];
    std::string strict;
    for (size_t row = 0; row < rows; ++row) {
      if (!in.is_null(row) && ToStrict(in.text(row), type, form, strict)) {
        output.SetText(row, strict);
      } else {
        output.SetNull(row);
      }
    }
    return Status::Ok();
  };
}

// Forms are told apart by their digest: a function is registered once for the life of the process.
std::string FormName(const SqlType& type, const ValueForm& form) {
  const std::string written = fmt::format("{}\n{}\n{}", form.decimal, form.thousands, form.date);
  return fmt::format("{}_as_{:016x}", FunctionName(type), Hash64(written));
}

Status Register(engine::Connection& connection, std::string name, std::string result,
                const engine::VectorFunction& function) {
  // Half a millisecond each, for every load.
  if (name.empty() || engine::HasFunction(connection, name)) return Status::Ok();
  return engine::RegisterFunction(connection, {.name = std::move(name),
                                               .parameters = {"VARCHAR"},
                                               .variadic = false,
                                               .result = std::move(result),
                                               .is_volatile = false,
                                               .function = function});
}

}  // namespace

Status RegisterCasts(engine::Connection& connection, std::span<const TypedForm> casts) {
  std::set<std::string> done;
  for (const auto& [type, form] : casts) {
    std::string name = FunctionName(type);
    if (name.empty()) continue;
    if (form.Concerns(type) && done.insert(FormName(type, form)).second) {
      SLUICE_TRY(Register(connection, FormName(type, form), "VARCHAR", FormFunction(type, form)));
    }
    if (!done.insert(name).second) continue;
    SLUICE_TRY(Register(connection, std::move(name),
                        type.kind == Kind::kTimestampTz ? "TIMESTAMPTZ" : type.DuckDb(),
                        FunctionOf(type)));
  }
  return Status::Ok();
}

std::string CastExpression(const SqlType& type, std::string_view expression,
                           const ValueForm& form) {
  const std::string name = FunctionName(type);
  if (name.empty()) return std::string(expression);
  if (!form.Concerns(type)) return fmt::format("{}({})", name, expression);
  return fmt::format("{}({}({}))", name, FormName(type, form), expression);
}

}  // namespace sluice::format
