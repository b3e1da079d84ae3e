#include "format/strict.h"

#include <array>
#include <charconv>
#include <limits>
#include <system_error>

namespace sluice::format {
namespace {

// 0..9, or more for whatever is not a digit.
inline unsigned Digit(char c) { return static_cast<unsigned char>(c) - unsigned{'0'}; }

// Removes a sign; true when it was '-'.
inline bool TakeSign(const char*& at, const char* end) {
  if (at == end || (*at != '-' && *at != '+')) return false;
  return *at++ == '-';
}

constexpr std::array<uint64_t, 20> kPow10 = [] {
  std::array<uint64_t, 20> powers{};
  uint64_t power = 1;
  for (uint64_t& p : powers) {
    p = power;
    power *= 10;  // wraps behind the last, 10^19
  }
  return powers;
}();

UInt128 Pow10(int exponent) {
  return exponent < 20 ? UInt128{kPow10[static_cast<size_t>(exponent)]}
                       : UInt128{kPow10[19]} * kPow10[static_cast<size_t>(exponent - 19)];
}

inline bool TwoDigits(const char* at, unsigned& out) {
  const unsigned high = Digit(at[0]);
  const unsigned low = Digit(at[1]);
  out = high * 10 + low;
  return high <= 9 && low <= 9;
}

constexpr int64_t kMicrosPerSecond = 1'000'000;
constexpr int64_t kMicrosPerDay = 86'400 * kMicrosPerSecond;
constexpr int32_t kFirstDay = -719'162;  // 0001-01-01
constexpr int32_t kLastDay = 2'932'896;  // 9999-12-31

// Days since 1970 of a Gregorian date. Years start in March here, so that the leap day is the last
// day of a year: month m then begins at day (153 m + 2) / 5 (Howard Hinnant, "chrono-Compatible
// Low-Level Date Algorithms").
inline int32_t DaysFromCivil(unsigned year, unsigned month, unsigned day) {
  const unsigned y = month <= 2 ? year - 1 : year;
  const unsigned m = month <= 2 ? month + 9 : month - 3;
  const unsigned day_of_year = (153 * m + 2) / 5 + day - 1;
  return static_cast<int32_t>(y * 365 + y / 4 - y / 100 + y / 400 + day_of_year) - 719'468;
}

inline bool IsLeap(unsigned year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

// Exactly ten characters at `at`.
inline bool TakeDate(const char* at, int32_t& days) {
  constexpr std::array<uint8_t, 13> kDays = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  unsigned century = 0;
  unsigned rest = 0;
  unsigned month = 0;
  unsigned day = 0;
  const bool shape = TwoDigits(at, century) & TwoDigits(at + 2, rest) & (at[4] == '-') &
                     TwoDigits(at + 5, month) & (at[7] == '-') & TwoDigits(at + 8, day);
  if (!shape) return false;
  const unsigned year = century * 100 + rest;
  if (year == 0 || month == 0 || month > 12 || day == 0) return false;
  if (day > kDays[month] && !(month == 2 && day == 29 && IsLeap(year))) return false;
  days = DaysFromCivil(year, month, day);
  return true;
}

// HH:MM[:SS[.f...]] from `at`; moves `at` behind what it took.
inline bool TakeTime(const char*& at, const char* end, int64_t& micros) {
  unsigned hour = 0;
  unsigned minute = 0;
  unsigned second = 0;
  if (end - at < 5 || !TwoDigits(at, hour) || at[2] != ':' || !TwoDigits(at + 3, minute)) {
    return false;
  }
  at += 5;
  int64_t fraction = 0;
  if (at != end && *at == ':') {
    if (end - at < 3 || !TwoDigits(at + 1, second)) return false;
    at += 3;
    if (at != end && *at == '.') {
      const char* const first = ++at;
      int64_t unit = kMicrosPerSecond / 10;
      for (; at != end && Digit(*at) <= 9; ++at) {
        if (unit == 0 && *at != '0') return false;
        fraction += unit * Digit(*at);
        unit /= 10;
      }
      if (at == first) return false;
    }
  }
  if (hour > 23 || minute > 59 || second > 59) return false;
  micros = int64_t{hour * 3600 + minute * 60 + second} * kMicrosPerSecond + fraction;
  return true;
}

// Z, +HH, +HHMM or +HH:MM up to `end`.
bool TakeZone(const char* at, const char* end, int64_t& offset_micros) {
  if (end - at == 1 && *at == 'Z') {
    offset_micros = 0;
    return true;
  }
  const auto length = end - at;
  if (length != 3 && length != 5 && length != 6) return false;
  if (*at != '+' && *at != '-') return false;
  unsigned hours = 0;
  unsigned minutes = 0;
  if (!TwoDigits(at + 1, hours)) return false;
  if (length == 5 && !TwoDigits(at + 3, minutes)) return false;
  if (length == 6 && (at[3] != ':' || !TwoDigits(at + 4, minutes))) return false;
  if (hours > 15 || minutes > 59) return false;
  offset_micros = int64_t{hours * 60 + minutes} * 60 * kMicrosPerSecond;
  if (*at == '-') offset_micros = -offset_micros;
  return true;
}

// [+-] (digits [. digits] | . digits) [e [+-] digits]
bool IsDoubleGrammar(const char* at, const char* end) {
  TakeSign(at, end);
  const auto digits = [&] {
    const char* const first = at;
    while (at != end && Digit(*at) <= 9) ++at;
    return at != first;
  };
  const bool whole = digits();
  if (at != end && *at == '.') {
    ++at;
    if (!digits()) return false;
  } else if (!whole) {
    return false;
  }
  if (at == end) return true;
  if (*at != 'e' && *at != 'E') return false;
  ++at;
  TakeSign(at, end);
  return digits() && at == end;
}

// Only zeros before the exponent: zero, whatever the exponent says.
bool IsZero(const char* at, const char* end) {
  for (; at != end && *at != 'e' && *at != 'E'; ++at) {
    if (*at >= '1' && *at <= '9') return false;
  }
  return true;
}

}  // namespace

std::optional<bool> ParseBoolean(std::string_view text) {
  const auto is = [&](std::string_view word) {
    for (size_t i = 0; i < word.size(); ++i) {
      const char c = text[i];
      if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c) != word[i]) return false;
    }
    return true;
  };
  switch (text.size()) {
    case 1:
      switch (text[0]) {
        case '1': case 't': case 'T': return true;
        case '0': case 'f': case 'F': return false;
        default: return std::nullopt;
      }
    case 4: return is("true") ? std::optional(true) : std::nullopt;
    case 5: return is("false") ? std::optional(false) : std::nullopt;
    default: return std::nullopt;
  }
}

std::optional<int64_t> ParseInteger(std::string_view text, int64_t low, int64_t high) {
  const char* at = text.data();
  const char* const end = at + text.size();
  const bool negative = TakeSign(at, end);
  if (at == end) return std::nullopt;
  if (end - at > 18) {  // leading zeros say nothing about the size; the last character stays
    while (end - at > 1 && *at == '0') ++at;
    if (end - at > 19) return std::nullopt;
  }
  uint64_t n = 0;  // 19 digits fit
  for (; at != end; ++at) {
    const unsigned digit = Digit(*at);
    if (digit > 9) return std::nullopt;
    n = n * 10 + digit;
  }
  constexpr auto kMax = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  if (n > kMax + (negative ? 1 : 0)) return std::nullopt;
  const auto value = static_cast<int64_t>(negative ? 0 - n : n);
  if (value < low || value > high) return std::nullopt;
  return value;
}

std::optional<Int128> ParseDecimal(std::string_view text, int width, int scale) {
  const char* at = text.data();
  const char* const end = at + text.size();
  const bool negative = TakeSign(at, end);
  const char* const first = at;
  while (at != end && *at == '0') ++at;

  // The digits that count, at most 38 of them: `low` takes 19, then they move into `high`.
  UInt128 high = 0;
  uint64_t low = 0;
  int low_digits = 0;
  const auto push = [&](unsigned digit) {
    if (low_digits == 19) {
      high = high * kPow10[19] + low;
      low = 0;
      low_digits = 0;
    }
    low = low * 10 + digit;
    ++low_digits;
  };

  const char* const significant = at;
  const auto whole_limit = width - scale;
  for (; at != end; ++at) {
    const unsigned digit = Digit(*at);
    if (digit > 9) break;
    if (at - significant >= whole_limit) return std::nullopt;
    push(digit);
  }
  int behind = 0;  // digits taken behind the point
  if (at != end) {
    if (*at != '.') return std::nullopt;
    ++at;
    if (at == end) return std::nullopt;
    for (; at != end && behind < scale; ++at, ++behind) {
      const unsigned digit = Digit(*at);
      if (digit > 9) return std::nullopt;
      push(digit);
    }
    for (; at != end; ++at) {
      if (*at != '0') return std::nullopt;
    }
  } else if (at == first) {
    return std::nullopt;  // nothing or only a sign
  }

  UInt128 n = low;
  if (high != 0) n += high * kPow10[static_cast<size_t>(low_digits)];
  if (behind < scale) n *= Pow10(scale - behind);
  const auto value = static_cast<Int128>(n);
  return negative ? -value : value;
}

std::optional<double> ParseDouble(std::string_view text) {
  const char* at = text.data();
  const char* const end = at + text.size();
  if (!IsDoubleGrammar(at, end)) return std::nullopt;
  if (*at == '+') ++at;  // from_chars knows no plus
  double value = 0;
  const auto [stop, error] = std::from_chars(at, end, value, std::chars_format::general);
  if (stop != end) return std::nullopt;
  if (error == std::errc() && value != 0 && value >= std::numeric_limits<double>::lowest() &&
      value <= std::numeric_limits<double>::max()) {
    return value;
  }
  // Zero, or out of range in either direction. What overflows or vanishes is not what was written.
  if (!IsZero(at, end)) return std::nullopt;
  return *at == '-' ? -0.0 : 0.0;
}

std::optional<int32_t> ParseDate(std::string_view text) {
  int32_t days = 0;
  if (text.size() != 10 || !TakeDate(text.data(), days)) return std::nullopt;
  return days;
}

std::optional<int64_t> ParseTimestamp(std::string_view text) {
  int32_t days = 0;
  if (text.size() < 10 || !TakeDate(text.data(), days)) return std::nullopt;
  int64_t time = 0;
  if (text.size() > 10) {
    if (text[10] != ' ' && text[10] != 'T') return std::nullopt;
    const char* at = text.data() + 11;
    const char* const end = text.data() + text.size();
    if (!TakeTime(at, end, time) || at != end) return std::nullopt;
  }
  return days * kMicrosPerDay + time;
}

std::optional<int64_t> ParseTimestampTz(std::string_view text) {
  int32_t days = 0;
  if (text.size() < 11 || !TakeDate(text.data(), days)) return std::nullopt;
  if (text[10] != ' ' && text[10] != 'T') return std::nullopt;
  const char* at = text.data() + 11;
  const char* const end = text.data() + text.size();
  int64_t time = 0;
  int64_t offset = 0;
  if (!TakeTime(at, end, time)) return std::nullopt;
  if (at != end && *at == ' ') ++at;
  if (!TakeZone(at, end, offset)) return std::nullopt;
  const int64_t utc = days * kMicrosPerDay + time - offset;
  if (utc < kFirstDay * kMicrosPerDay || utc >= (kLastDay + 1) * kMicrosPerDay) return std::nullopt;
  return utc;
}

bool Fits(std::string_view text, const SqlType& type) {
  using Kind = SqlType::Kind;
  switch (type.kind) {
    case Kind::kBoolean: return ParseBoolean(text).has_value();
    case Kind::kSmallInt:
      return ParseInteger(text, std::numeric_limits<int16_t>::min(),
                          std::numeric_limits<int16_t>::max()).has_value();
    case Kind::kInteger:
      return ParseInteger(text, std::numeric_limits<int32_t>::min(),
                          std::numeric_limits<int32_t>::max()).has_value();
    case Kind::kBigInt:
      return ParseInteger(text, std::numeric_limits<int64_t>::min(),
                          std::numeric_limits<int64_t>::max()).has_value();
    case Kind::kDecimal: return ParseDecimal(text, type.width, type.scale).has_value();
    case Kind::kDouble: return ParseDouble(text).has_value();
    case Kind::kText: return true;
    case Kind::kDate: return ParseDate(text).has_value();
    case Kind::kTimestamp: return ParseTimestamp(text).has_value();
    case Kind::kTimestampTz: return ParseTimestampTz(text).has_value();
  }
  return false;
}

}  // namespace sluice::format
