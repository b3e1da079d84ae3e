#include "config/units.h"

#include <charconv>
#include <limits>

#include <fmt/format.h>

#include "base/text.h"

namespace sluice::config {
namespace {

constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

struct Unit {
  std::string_view name;
  int64_t factor;
};

constexpr Unit kByteUnits[] = {
    {"b", 1},
    {"byte", 1},
    {"bytes", 1},
    {"kb", 1'000},
    {"mb", 1'000'000},
    {"gb", 1'000'000'000},
    {"tb", 1'000'000'000'000},
    {"kib", 1LL << 10},
    {"mib", 1LL << 20},
    {"gib", 1LL << 30},
    {"tib", 1LL << 40},
};

constexpr int64_t kSecond = 1'000;
constexpr int64_t kMinute = 60 * kSecond;
constexpr int64_t kHour = 60 * kMinute;
constexpr int64_t kDay = 24 * kHour;

constexpr Unit kTimeUnits[] = {
    {"ms", 1},        {"millisecond", 1},  {"milliseconds", 1},  {"s", kSecond},
    {"sec", kSecond}, {"second", kSecond}, {"seconds", kSecond}, {"m", kMinute},
    {"min", kMinute}, {"minute", kMinute}, {"minutes", kMinute}, {"h", kHour},
    {"hour", kHour},  {"hours", kHour},    {"d", kDay},          {"day", kDay},
    {"days", kDay},
};

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Takes digits from the front of `text`; nothing when there are none or they do not fit.
std::optional<int64_t> TakeNumber(std::string_view* text) {
  size_t digits = 0;
  while (digits < text->size() && IsDigit((*text)[digits])) ++digits;
  const auto number = ParseUnsigned(text->substr(0, digits));
  if (!number || *number > static_cast<uint64_t>(kMost)) return std::nullopt;
  text->remove_prefix(digits);
  return static_cast<int64_t>(*number);
}

std::string_view TakeWord(std::string_view* text) {
  size_t letters = 0;
  while (letters < text->size() && IsLetter((*text)[letters])) ++letters;
  const std::string_view word = text->substr(0, letters);
  text->remove_prefix(letters);
  return word;
}

template <size_t N>
std::optional<int64_t> FactorOf(std::string_view word, const Unit (&units)[N]) {
  for (const Unit& unit : units) {
    if (EqualsIgnoreCase(word, unit.name)) return unit.factor;
  }
  return std::nullopt;
}

std::optional<int64_t> Times(int64_t number, int64_t factor) {
  if (number > kMost / factor) return std::nullopt;
  return number * factor;
}

// Digits after a point, as a part of `factor`: "5" of 1,000 is 500; must come out whole.
std::optional<int64_t> FractionOf(std::string_view digits, int64_t factor) {
  int64_t total = 0;
  for (const char digit : digits) {
    if (factor % 10 != 0) return std::nullopt;
    factor /= 10;
    total += (digit - '0') * factor;
  }
  return total;
}

// -?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)? as JSON writes numbers.
bool IsJsonNumber(std::string_view text) {
  size_t i = 0;
  const auto digits = [&] {
    const size_t begin = i;
    while (i < text.size() && IsDigit(text[i])) ++i;
    return i > begin;
  };
  if (i < text.size() && text[i] == '-') ++i;
  const size_t first = i;
  if (!digits() || (text[first] == '0' && i - first > 1)) return false;
  if (i < text.size() && text[i] == '.') {
    ++i;
    if (!digits()) return false;
  }
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
    if (!digits()) return false;
  }
  return i == text.size();
}

}  // namespace

std::optional<bool> ParseYamlBoolean(std::string_view text) {
  for (const std::string_view word : {"true", "yes", "on"}) {
    if (EqualsIgnoreCase(text, word)) return true;
  }
  for (const std::string_view word : {"false", "no", "off"}) {
    if (EqualsIgnoreCase(text, word)) return false;
  }
  return std::nullopt;
}

std::optional<int64_t> ParseWhole(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<int64_t> ParseBytes(std::string_view text) {
  const auto whole = TakeNumber(&text);
  if (!whole) return std::nullopt;
  std::string_view fraction;
  if (StartsWith(text, ".")) {
    size_t end = 1;
    while (end < text.size() && IsDigit(text[end])) ++end;
    fraction = text.substr(1, end - 1);
    if (fraction.empty()) return std::nullopt;
    text.remove_prefix(end);
  }
  text = Trim(text);
  const auto factor = text.empty() ? std::optional<int64_t>(1) : FactorOf(text, kByteUnits);
  if (!factor) return std::nullopt;
  const auto total = Times(*whole, *factor);
  const auto part = FractionOf(fraction, *factor);
  if (!total || !part || *total > kMost - *part) return std::nullopt;
  return *total + *part;
}

std::optional<int64_t> ParseDuration(std::string_view text) {
  text = Trim(text);
  if (text == "0") return 0;
  int64_t total = 0;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    const auto number = TakeNumber(&text);
    if (!number) return std::nullopt;
    text = Trim(text);
    const auto factor = FactorOf(TakeWord(&text), kTimeUnits);
    if (!factor) return std::nullopt;
    const auto part = Times(*number, *factor);
    if (!part || total > kMost - *part) return std::nullopt;
    total += *part;
    text = Trim(text);
  }
  return total;
}

std::optional<double> ParsePercent(std::string_view text) {
  if (!EndsWith(text, "%")) return std::nullopt;
  text = Trim(text.substr(0, text.size() - 1));
  if (text.empty() || !IsDigit(text.front()) || !IsDigit(text.back())) return std::nullopt;
  double value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string ConstantAsJson(std::string_view text, bool quoted) {
  if (!quoted) {
    if (EqualsIgnoreCase(text, "true")) return "true";
    if (EqualsIgnoreCase(text, "false")) return "false";
    if (IsJsonNumber(text)) return std::string(text);
  }
  return JsonText(text);
}

std::string JsonText(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        } else {
          out += c;
        }
    }
  }
  return out + "\"";
}

}  // namespace sluice::config
