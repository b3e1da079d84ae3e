// The fast casts against slow ones that share no code and no method with them: patterns by POSIX
// regular expressions, numbers by arithmetic on strings of digits, dates by <chrono>, doubles by strtod.
#include <regex.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "base/check.h"
#include "format/strict.h"

namespace sluice::format {
namespace {

constexpr uint64_t kSeed = 20261121;
constexpr int kRounds = 60'000;

// A whole text against an extended regular expression. (Not std::regex: with sanitizers g++ 12 warns
// inside of it.)
class Pattern {
 public:
  explicit Pattern(const std::string& expression) {
    SLUICE_CHECK(regcomp(&compiled_, ("^(" + expression + ")$").c_str(), REG_EXTENDED) == 0,
                 "pattern");
  }
  ~Pattern() { regfree(&compiled_); }
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;

  bool Match(const std::string& text) {
    if (regexec(&compiled_, text.c_str(), found_.size(), found_.data(), 0) != 0) return false;
    text_ = text;
    return true;
  }
  // Of the last match; group 1 is the first of the expression. Empty when it took no part.
  std::string Group(size_t i) const {
    const regmatch_t& match = found_.at(i + 1);
    if (match.rm_so < 0) return "";
    return text_.substr(static_cast<size_t>(match.rm_so),
                        static_cast<size_t>(match.rm_eo - match.rm_so));
  }

 private:
  regex_t compiled_{};
  std::array<regmatch_t, 16> found_{};
  std::string text_;
};

// The scaled value as digits with a sign, or "refused".
std::string SlowDecimal(const std::string& text, int width, int scale) {
  static Pattern pattern("([+-]?)([0-9]*)(\\.([0-9]+))?");
  if (!pattern.Match(text)) return "refused";
  const bool negative = pattern.Group(1) == "-";
  std::string whole = pattern.Group(2);
  std::string behind = pattern.Group(4);
  if (whole.empty() && behind.empty()) return "refused";
  while (behind.size() > static_cast<size_t>(scale) && behind.back() == '0') behind.pop_back();
  if (behind.size() > static_cast<size_t>(scale)) return "refused";
  behind.resize(static_cast<size_t>(scale), '0');
  std::string digits = whole + behind;
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  if (digits.size() > static_cast<size_t>(width)) return "refused";
  if (digits.empty()) return "0";
  return (negative ? "-" : "") + digits;
}

std::string FastDecimal(const std::string& text, int width, int scale) {
  const auto value = ParseDecimal(text, width, scale);
  if (!value) return "refused";
  if (*value == 0) return "0";
  std::string digits;
  for (Int128 n = *value; n != 0; n /= 10)
    digits += static_cast<char>('0' + std::abs(static_cast<int>(n % 10)));
  if (*value < 0) digits += '-';
  std::reverse(digits.begin(), digits.end());
  return digits;
}

// Whether the digits (with sign) lie within [low, high], compared as text.
std::optional<int64_t> SlowInteger(const std::string& text, int64_t low, int64_t high) {
  static Pattern pattern("[+-]?[0-9]+");
  if (!pattern.Match(text)) return std::nullopt;
  const std::string digits = SlowDecimal(text, 30, 0);
  if (digits == "refused") return std::nullopt;
  errno = 0;
  const long long value = std::strtoll(digits.c_str(), nullptr, 10);
  if (errno != 0 || value < low || value > high) return std::nullopt;
  return value;
}

std::optional<int64_t> SlowTimestamp(const std::string& text, bool zone, bool date_only) {
  static Pattern m(
      "([0-9]{4})-([0-9]{2})-([0-9]{2})([ T]([0-9]{2}):([0-9]{2})(:([0-9]{2})(\\.([0-9]+))?)?"
      "(( ?)(Z|[+-][0-9]{2}(:?[0-9]{2})?))?)?");
  if (!m.Match(text)) return std::nullopt;
  const std::string zone_text = m.Group(13);
  const bool has_time = !m.Group(4).empty();
  if (zone_text.empty() == zone || (date_only && has_time)) return std::nullopt;
  using namespace std::chrono;
  const year_month_day date{year(std::stoi(m.Group(1))),
                            month(static_cast<unsigned>(std::stoi(m.Group(2)))),
                            day(static_cast<unsigned>(std::stoi(m.Group(3))))};
  if (!date.ok() || date.year() < year(1)) return std::nullopt;
  int64_t micros = sys_days(date).time_since_epoch().count() * 86'400'000'000;
  if (has_time) {
    const int h = std::stoi(m.Group(5));
    const int min = std::stoi(m.Group(6));
    const int s = m.Group(8).empty() ? 0 : std::stoi(m.Group(8));
    if (h > 23 || min > 59 || s > 59) return std::nullopt;
    micros += ((h * 60LL + min) * 60 + s) * 1'000'000;
    std::string fraction = m.Group(10);
    while (fraction.size() > 6 && fraction.back() == '0') fraction.pop_back();
    if (fraction.size() > 6) return std::nullopt;
    fraction.resize(6, '0');
    micros += std::stoi(fraction);
  }
  if (zone && zone_text != "Z") {
    const std::string& offset = zone_text;
    const int h = std::stoi(offset.substr(1, 2));
    const int min = offset.size() > 3 ? std::stoi(offset.substr(offset.size() - 2)) : 0;
    if (h > 15 || min > 59) return std::nullopt;
    micros -= (offset[0] == '-' ? -1 : 1) * (h * 60LL + min) * 60'000'000;
  }
  const auto limit = sys_days(year(1) / 1 / 1).time_since_epoch().count() * 86'400'000'000;
  const auto end = sys_days(year(10000) / 1 / 1).time_since_epoch().count() * 86'400'000'000;
  if (micros < limit || micros >= end) return std::nullopt;
  return micros;
}

std::optional<double> SlowDouble(const std::string& text) {
  static Pattern pattern("[+-]?([0-9]+(\\.[0-9]+)?|\\.[0-9]+)([eE][+-]?[0-9]+)?");
  if (!pattern.Match(text)) return std::nullopt;
  const double value = std::strtod(text.c_str(), nullptr);
  if (std::isinf(value)) return std::nullopt;
  static Pattern zero("[+-]?[0.]+([eE].*)?");
  if (value == 0 && !zero.Match(text)) return std::nullopt;
  return value;
}

class Words {
 public:
  explicit Words(uint64_t seed) : random_(seed) {}
  size_t Below(size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(random_); }
  bool OneIn(size_t n) { return Below(n) == 0; }

  std::string Digits(size_t longest) {
    std::string out;
    const size_t n = Below(longest + 1);
    const char* const alphabet = OneIn(4) ? "0000009" : "0123456789";
    const size_t letters = std::char_traits<char>::length(alphabet);
    for (size_t i = 0; i < n; ++i) out += alphabet[Below(letters)];
    return out;
  }
  // Mostly a number, sometimes damaged by one character.
  std::string Number() {
    std::string out;
    if (OneIn(3)) out += OneIn(2) ? '-' : '+';
    out += Digits(OneIn(3) ? 42 : 12);
    if (!OneIn(3)) out += "." + Digits(OneIn(3) ? 42 : 6);
    if (OneIn(5)) out += (OneIn(2) ? "e" : "E-") + Digits(3);
    return Damage(out);
  }
  std::string Time() {
    const auto two = [&](size_t below) {
      const size_t n = Below(below);
      return std::string(1, static_cast<char>('0' + n / 10)) + static_cast<char>('0' + n % 10);
    };
    std::string out = OneIn(10) ? (OneIn(2) ? "0001" : "9999") : two(100) + two(100);
    out += "-" + two(14) + "-" + two(33);
    if (OneIn(20)) out = OneIn(2) ? "0001-01-01" : "9999-12-31";
    if (!OneIn(4)) {
      out += (OneIn(2) ? " " : "T") + two(25) + ":" + two(61);
      if (!OneIn(4)) out += ":" + two(61);
      if (OneIn(2)) out += "." + Digits(9);
      if (OneIn(2)) {
        if (OneIn(4)) out += " ";
        out += OneIn(4) ? "Z" : (OneIn(2) ? "+" : "-") + two(17);
        if (OneIn(2)) out += (OneIn(2) ? ":" : "") + two(61);
      }
    }
    return Damage(out);
  }
  std::string Damage(std::string text) {
    if (!OneIn(8)) return text;
    const size_t at = Below(text.size() + 1);
    const char c = "0+-. eETZ:x_,\t"[Below(14)];
    if (OneIn(3) && at < text.size()) {
      text.erase(at, 1);
    } else if (OneIn(2) && at < text.size()) {
      text[at] = c;
    } else {
      text.insert(at, 1, c);
    }
    return text;
  }

 private:
  std::mt19937_64 random_;
};

TEST(StrictAgainstSlow, Decimals) {
  Words words(kSeed);
  int accepted = 0;
  for (int i = 0; i < kRounds; ++i) {
    const int width = 1 + static_cast<int>(words.Below(38));
    const int scale = static_cast<int>(words.Below(static_cast<size_t>(width) + 1));
    const std::string text = words.Number();
    const std::string expected = SlowDecimal(text, width, scale);
    accepted += expected != "refused";
    ASSERT_EQ(FastDecimal(text, width, scale), expected)
        << '"' << text << "\" as DECIMAL(" << width << ',' << scale << ") seed " << kSeed;
  }
  EXPECT_GT(accepted, kRounds / 10);
}

TEST(StrictAgainstSlow, Integers) {
  Words words(kSeed + 1);
  int accepted = 0;
  for (int i = 0; i < kRounds; ++i) {
    const bool small = words.OneIn(3);
    const int64_t low = small ? -32768 : std::numeric_limits<int64_t>::min();
    const int64_t high = small ? 32767 : std::numeric_limits<int64_t>::max();
    std::string text = words.OneIn(4) ? "922337203685477" : "";
    text = (words.OneIn(3) ? "-" : "") + text + words.Digits(text.empty() ? 22 : 5);
    text = words.Damage(text);
    const auto expected = SlowInteger(text, low, high);
    accepted += expected.has_value();
    ASSERT_EQ(ParseInteger(text, low, high), expected) << '"' << text << "\" seed " << kSeed + 1;
  }
  EXPECT_GT(accepted, kRounds / 10);
}

TEST(StrictAgainstSlow, Doubles) {
  Words words(kSeed + 2);
  int accepted = 0;
  for (int i = 0; i < kRounds; ++i) {
    const std::string text = words.Number();
    const auto expected = SlowDouble(text);
    accepted += expected.has_value();
    ASSERT_EQ(ParseDouble(text), expected) << '"' << text << "\" seed " << kSeed + 2;
  }
  EXPECT_GT(accepted, kRounds / 10);
}

TEST(StrictAgainstSlow, DatesAndTimes) {
  Words words(kSeed + 3);
  int accepted = 0;
  for (int i = 0; i < kRounds; ++i) {
    const std::string text = words.Time();
    const auto naive = SlowTimestamp(text, false, false);
    const auto zoned = SlowTimestamp(text, true, false);
    const auto date = SlowTimestamp(text, false, true);
    accepted += naive.has_value() + zoned.has_value();
    ASSERT_EQ(ParseTimestamp(text), naive) << '"' << text << "\" seed " << kSeed + 3;
    ASSERT_EQ(ParseTimestampTz(text), zoned) << '"' << text << "\" seed " << kSeed + 3;
    const auto days = ParseDate(text);
    ASSERT_EQ(days.has_value(), date.has_value()) << '"' << text << "\" seed " << kSeed + 3;
    if (days) {
      ASSERT_EQ(*days * 86'400'000'000, *date) << text;
    }
  }
  EXPECT_GT(accepted, kRounds / 10);
}

TEST(StrictAgainstSlow, EveryDay) {
  using namespace std::chrono;
  for (sys_days day = year(1) / 1 / 1; day < sys_days(year(10000) / 1 / 1); day += days(1)) {
    const year_month_day date(day);
    char text[16];
    std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(date.year()) % 10000,
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
    ASSERT_EQ(ParseDate(text), static_cast<int32_t>(day.time_since_epoch().count())) << text;
  }
}

}  // namespace
}  // namespace sluice::format
