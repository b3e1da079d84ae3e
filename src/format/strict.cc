#include "format/strict.h"

#include "format/strict_inline.h"

namespace sluice::format {
namespace {

template <typename Value, typename Cast>
std::optional<Value> Optional(Cast cast) {
  Value value{};
  return cast(value) ? std::optional<Value>(value) : std::nullopt;
}

}  // namespace

std::optional<bool> ParseBoolean(std::string_view text) {
  return Optional<bool>([&](bool& value) { return strict::ToBoolean(text, value); });
}

std::optional<int64_t> ParseInteger(std::string_view text, int64_t low, int64_t high) {
  return Optional<int64_t>(
      [&](int64_t& value) { return strict::ToInteger(text, low, high, value); });
}

std::optional<Int128> ParseDecimal(std::string_view text, int width, int scale) {
  return Optional<Int128>(
      [&](Int128& value) { return strict::ToDecimal(text, width, scale, value); });
}

std::optional<double> ParseDouble(std::string_view text) {
  return Optional<double>([&](double& value) { return strict::ToDouble(text, value); });
}

std::optional<int32_t> ParseDate(std::string_view text) {
  return Optional<int32_t>([&](int32_t& days) { return strict::ToDate(text, days); });
}

std::optional<int64_t> ParseTimestamp(std::string_view text) {
  return Optional<int64_t>([&](int64_t& micros) { return strict::ToTimestamp(text, micros); });
}

std::optional<int64_t> ParseTimestampTz(std::string_view text) {
  return Optional<int64_t>([&](int64_t& micros) { return strict::ToTimestampTz(text, micros); });
}

bool Fits(std::string_view text, const SqlType& type) {
  using Kind = SqlType::Kind;
  switch (type.kind) {
    case Kind::kBoolean:
      return ParseBoolean(text).has_value();
    case Kind::kSmallInt:
      return ParseInteger(text, std::numeric_limits<int16_t>::min(),
                          std::numeric_limits<int16_t>::max())
          .has_value();
    case Kind::kInteger:
      return ParseInteger(text, std::numeric_limits<int32_t>::min(),
                          std::numeric_limits<int32_t>::max())
          .has_value();
    case Kind::kBigInt:
      return ParseInteger(text, std::numeric_limits<int64_t>::min(),
                          std::numeric_limits<int64_t>::max())
          .has_value();
    case Kind::kDecimal:
      return ParseDecimal(text, type.width, type.scale).has_value();
    case Kind::kDouble:
      return ParseDouble(text).has_value();
    case Kind::kText:
      return true;
    case Kind::kDate:
      return ParseDate(text).has_value();
    case Kind::kTimestamp:
      return ParseTimestamp(text).has_value();
    case Kind::kTimestampTz:
      return ParseTimestampTz(text).has_value();
  }
  return false;
}

}  // namespace sluice::format
