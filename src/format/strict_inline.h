// The strict casts themselves, for inlining into loops over columns: cast_functions.cc and strict.cc are
// to include this, everybody else strict.h, which also says what is accepted.
//
// They give a bool and write through a reference (which holds rubbish after false): a returned
// std::optional<int64_t> costs more than the whole cast, since g++ writes its flag as one byte and
// reads it back as eight.
#pragma once

#include <array>
#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>
#include <system_error>

#include "base/int128.h"

namespace sluice::format::strict {

// 0..9, or more for whatever is not a digit.
inline unsigned Digit(char c) {
  return static_cast<unsigned char>(c) - unsigned{'0'};
}

// Removes a sign; true when it was '-'.
inline bool TakeSign(const char*& at, const char* end) {
  if (at == end || (*at != '-' && *at != '+')) return false;
  return *at++ == '-';
}

// Eight characters at once (a technique of Daniel Lemire and Johnny Lee, "SIMD within a register"): the
// first character is the lowest byte, as on every machine that this runs on.
static_assert(std::endian::native == std::endian::little);

inline bool AllDigits(uint64_t chars) {
  // The high half of each byte is 3 and stays 3 when 6 is added: 0x30 to 0x39.
  return ((chars & 0xF0F0F0F0F0F0F0F0) |
          (((chars + 0x0606060606060606) & 0xF0F0F0F0F0F0F0F0) >> 4)) == 0x3333333333333333;
}

inline uint64_t ValueOfDigits(uint64_t chars) {
  chars = (chars & 0x0F0F0F0F0F0F0F0F) * ((10 << 8) + 1) >> 8;     // pairs
  chars = (chars & 0x00FF00FF00FF00FF) * ((100 << 16) + 1) >> 16;  // fours
  return (chars & 0x0000FFFF0000FFFF) * ((uint64_t{10000} << 32) + 1) >> 32;
}

template <typename T>
inline uint64_t Load(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

// The `n` <= 8 characters at `at`, with zeros before them. Reads nothing beyond them.
inline uint64_t LoadPadded(const char* at, size_t n) {
  constexpr uint64_t kZeros = 0x3030303030303030;
  if (n == 8) return Load<uint64_t>(at);
  if (n == 0) return kZeros;
  uint64_t chars = 0;  // in the highest n bytes
  if (n >= 4) {        // two loads that overlap
    chars = Load<uint32_t>(at) << (8 * (8 - n)) | Load<uint32_t>(at + n - 4) << 32;
  } else {  // the first, the middle and the last: some may be the same
    chars = Load<uint8_t>(at) << (8 * (8 - n)) |
            Load<uint8_t>(at + n / 2) << (8 * (8 - n + n / 2)) | Load<uint8_t>(at + n - 1) << 56;
  }
  return chars | kZeros >> (8 * n);
}

// The value of `n` <= 19 digits, which 64 bits hold; false when one is none.
inline bool TakeDigits(const char* at, size_t n, uint64_t& value) {
  if (n <= 8) {
    const uint64_t chars = LoadPadded(at, n);
    value = ValueOfDigits(chars);
    return AllDigits(chars);
  }
  const uint64_t low = Load<uint64_t>(at + n - 8);
  if (n <= 16) {
    const uint64_t high = LoadPadded(at, n - 8);
    value = ValueOfDigits(high) * 100'000'000 + ValueOfDigits(low);
    return AllDigits(high) && AllDigits(low);
  }
  const uint64_t high = LoadPadded(at, n - 16);
  const uint64_t middle = Load<uint64_t>(at + n - 16);
  value = (ValueOfDigits(high) * 100'000'000 + ValueOfDigits(middle)) * 100'000'000 +
          ValueOfDigits(low);
  return AllDigits(high) && AllDigits(middle) && AllDigits(low);
}

inline constexpr std::array<uint64_t, 20> kPow10 = [] {
  std::array<uint64_t, 20> powers{};
  uint64_t power = 1;
  for (uint64_t& p : powers) {
    p = power;
    power *= 10;  // wraps behind the last, 10^19
  }
  return powers;
}();

inline UInt128 Pow10(int exponent) {
  return exponent < 20 ? UInt128{kPow10[static_cast<size_t>(exponent)]}
                       : UInt128{kPow10[19]} * kPow10[static_cast<size_t>(exponent - 19)];
}

inline bool TwoDigits(const char* at, unsigned& out) {
  const unsigned high = Digit(at[0]);
  const unsigned low = Digit(at[1]);
  out = high * 10 + low;
  return high <= 9 && low <= 9;
}

inline constexpr int64_t kMicrosPerSecond = 1'000'000;
inline constexpr int64_t kMicrosPerDay = 86'400 * kMicrosPerSecond;
inline constexpr int32_t kFirstDay = -719'162;  // 0001-01-01
inline constexpr int32_t kLastDay = 2'932'896;  // 9999-12-31

// Days since 1970 of a Gregorian date. Years start in March here, so that the leap day is the last
// day of a year: month m then begins at day (153 m + 2) / 5 (Howard Hinnant, "chrono-Compatible
// Low-Level Date Algorithms").
inline int32_t DaysFromCivil(unsigned year, unsigned month, unsigned day) {
  const unsigned y = month <= 2 ? year - 1 : year;
  const unsigned m = month <= 2 ? month + 9 : month - 3;
  const unsigned day_of_year = (153 * m + 2) / 5 + day - 1;
  return static_cast<int32_t>(y * 365 + y / 4 - y / 100 + y / 400 + day_of_year) - 719'468;
}

inline bool IsLeap(unsigned year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

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
inline bool TakeZone(const char* at, const char* end, int64_t& offset_micros) {
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

// The forms that nearly all decimals have: whole, or with exactly `scale` digits behind the point.
// False for whatever else there is, good or bad.
inline bool CommonDecimal(const char* at, size_t n, int width, int scale, uint64_t& value) {
  const auto behind = static_cast<size_t>(scale);
  const auto before = static_cast<size_t>(width) - behind;
  uint64_t whole = 0;
  uint64_t fraction = 0;
  const bool point = behind > 0 && n > behind + 1 && at[n - behind - 1] == '.';
  const size_t digits = point ? n - behind - 1 : n;
  if (digits == 0 || digits > before || digits + behind > 19) return false;
  if (!TakeDigits(at, digits, whole)) return false;
  if (point && !TakeDigits(at + digits + 1, behind, fraction)) return false;
  value = whole * kPow10[behind] + fraction;
  return true;
}

// [+-] (digits [. digits] | . digits) [e [+-] digits]
inline bool IsDoubleGrammar(const char* at, const char* end) {
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
inline bool IsZero(const char* at, const char* end) {
  for (; at != end && *at != 'e' && *at != 'E'; ++at) {
    if (*at >= '1' && *at <= '9') return false;
  }
  return true;
}

inline bool ToBoolean(std::string_view text, bool& value) {
  const auto is = [&](std::string_view word) {
    for (size_t i = 0; i < word.size(); ++i) {
      const char c = text[i];
      if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c) != word[i]) return false;
    }
    return true;
  };
  switch (text.size()) {
    case 1: {
      const char c = text[0];
      value = c == '1' || c == 't' || c == 'T';
      return value || c == '0' || c == 'f' || c == 'F';
    }
    case 4:
      value = true;
      return is("true");
    case 5:
      value = false;
      return is("false");
    default:
      return false;
  }
}

inline bool ToInteger(std::string_view text, int64_t low, int64_t high, int64_t& value) {
  const char* at = text.data();
  const char* const end = at + text.size();
  const bool negative = TakeSign(at, end);
  if (at == end) return false;
  uint64_t n = 0;
  // Leading zeros say nothing about the size, and 19 digits fit.
  while (end - at > 19 && *at == '0') ++at;
  if (end - at > 19 || !TakeDigits(at, static_cast<size_t>(end - at), n)) return false;
  constexpr auto kMax = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  if (n > kMax + (negative ? 1 : 0)) return false;
  value = static_cast<int64_t>(negative ? 0 - n : n);
  return value >= low && value <= high;
}

// Any decimal, from behind its sign.
inline bool AnyDecimal(const char* at, const char* end, int width, int scale, UInt128& value) {
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
    if (at - significant >= whole_limit) return false;
    push(digit);
  }
  int behind = 0;  // digits taken behind the point
  if (at != end) {
    if (*at != '.') return false;
    ++at;
    if (at == end) return false;
    for (; at != end && behind < scale; ++at, ++behind) {
      const unsigned digit = Digit(*at);
      if (digit > 9) return false;
      push(digit);
    }
    for (; at != end; ++at) {
      if (*at != '0') return false;
    }
  } else if (at == first) {
    return false;  // nothing or only a sign
  }

  UInt128 n = low;
  if (high != 0) n += high * kPow10[static_cast<size_t>(low_digits)];
  if (behind < scale) n *= Pow10(scale - behind);
  value = n;
  return true;
}

template <typename Value>  // int64_t where width <= 18, else Int128
inline bool ToDecimal(std::string_view text, int width, int scale, Value& value) {
  const char* at = text.data();
  const char* const end = at + text.size();
  const bool negative = TakeSign(at, end);
  uint64_t common = 0;
  if (CommonDecimal(at, static_cast<size_t>(end - at), width, scale, common)) {
    value = negative ? -static_cast<Value>(common) : static_cast<Value>(common);
    return true;
  }
  UInt128 any = 0;
  if (!AnyDecimal(at, end, width, scale, any)) return false;
  value = negative ? -static_cast<Value>(any) : static_cast<Value>(any);
  return true;
}

inline bool ToDouble(std::string_view text, double& value) {
  const char* at = text.data();
  const char* const end = at + text.size();
  if (!IsDoubleGrammar(at, end)) return false;
  if (*at == '+') ++at;  // from_chars knows no plus
  const auto [stop, error] = std::from_chars(at, end, value, std::chars_format::general);
  if (stop != end) return false;
  if (error == std::errc() && value != 0 && value >= std::numeric_limits<double>::lowest() &&
      value <= std::numeric_limits<double>::max()) {
    return true;
  }
  // Zero, or out of range in either direction. What overflows or vanishes is not what was written.
  if (!IsZero(at, end)) return false;
  value = *at == '-' ? -0.0 : 0.0;
  return true;
}

inline bool ToDate(std::string_view text, int32_t& days) {
  return text.size() == 10 && TakeDate(text.data(), days);
}

inline bool ToTimestamp(std::string_view text, int64_t& micros) {
  int32_t days = 0;
  if (text.size() < 10 || !TakeDate(text.data(), days)) return false;
  int64_t time = 0;
  if (text.size() > 10) {
    if (text[10] != ' ' && text[10] != 'T') return false;
    const char* at = text.data() + 11;
    const char* const end = text.data() + text.size();
    if (!TakeTime(at, end, time) || at != end) return false;
  }
  micros = days * kMicrosPerDay + time;
  return true;
}

inline bool ToTimestampTz(std::string_view text, int64_t& micros) {
  int32_t days = 0;
  if (text.size() < 11 || !TakeDate(text.data(), days)) return false;
  if (text[10] != ' ' && text[10] != 'T') return false;
  const char* at = text.data() + 11;
  const char* const end = text.data() + text.size();
  int64_t time = 0;
  int64_t offset = 0;
  if (!TakeTime(at, end, time)) return false;
  if (at != end && *at == ' ') ++at;
  if (!TakeZone(at, end, offset)) return false;
  micros = days * kMicrosPerDay + time - offset;
  return micros >= kFirstDay * kMicrosPerDay && micros < (kLastDay + 1) * kMicrosPerDay;
}

}  // namespace sluice::format::strict
