#include "format/value_form.h"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "base/text.h"

namespace sluice::format {
namespace {

using Kind = SqlType::Kind;

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

bool IsNumber(Kind kind) {
  return kind == Kind::kSmallInt || kind == Kind::kInteger || kind == Kind::kBigInt ||
         kind == Kind::kDecimal || kind == Kind::kDouble;
}

bool IsTime(Kind kind) {
  return kind == Kind::kDate || kind == Kind::kTimestamp || kind == Kind::kTimestampTz;
}

bool IsOrder(std::string_view date) {
  return date == "dmy" || date == "mdy" || date == "ymd" || date == "auto";
}

// Takes from the front of a text; false leaves nothing said about where it stands.
class Cursor {
 public:
  explicit Cursor(std::string_view rest) : rest_(rest) {}
  bool AtEnd() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }

  bool Take(std::string_view text) {
    if (!StartsWith(rest_, text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }
  // The number of digits at the front.
  size_t Digits() const {
    size_t n = 0;
    while (n < rest_.size() && IsDigit(rest_[n])) ++n;
    return n;
  }
  // A run of digits that is `least` to `most` long.
  std::optional<std::string_view> Run(size_t least, size_t most) {
    const size_t n = Digits();
    if (n < least || n > most) return std::nullopt;
    return Cut(n);
  }
  std::string_view Cut(size_t n) {
    const std::string_view cut = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return cut;
  }
  // One of the words in any case, by its place; the longest ones first.
  template <size_t N>
  std::optional<size_t> Word(const std::array<std::string_view, N>& words, size_t length) {
    for (size_t i = 0; i < N; ++i) {
      const std::string_view word = words[i].substr(0, length == 0 ? words[i].npos : length);
      if (Lower(rest_.substr(0, word.size())) != word) continue;
      rest_.remove_prefix(word.size());
      return i;
    }
    return std::nullopt;
  }

 private:
  std::string_view rest_;
};

constexpr std::array<std::string_view, 12> kMonths = {
    "january", "february", "march",     "april",   "may",      "june",
    "july",    "august",   "september", "october", "november", "december"};
constexpr std::array<std::string_view, 2> kHalves = {"am", "pm"};

struct Moment {
  std::string_view year, month, day;
  std::string_view hour, minute, second, fraction;
  std::optional<size_t> month_word, half;
  std::string zone;
};

void AppendTwo(std::string& out, size_t n) {
  out += static_cast<char>('0' + n / 10 % 10);
  out += static_cast<char>('0' + n % 10);
}

size_t ToNumber(std::string_view digits) {
  size_t n = 0;
  for (const char c : digits) n = n * 10 + static_cast<size_t>(c - '0');
  return n;
}

// The hour of the day, of 1 to 12 and a half where there is one. False: there is no such hour.
bool SettleHour(const Moment& moment, size_t& hour) {
  hour = ToNumber(moment.hour);
  if (!moment.half) return true;
  if (hour < 1 || hour > 12) return false;
  hour = hour % 12 + (*moment.half == 1 ? 12 : 0);
  return true;
}

// Whether it says no more than a day.
bool IsMidnight(const Moment& moment, size_t hour) {
  const auto is_zero = [](std::string_view digits) {
    return digits.find_first_not_of('0') == digits.npos;
  };
  return hour == 0 && is_zero(moment.minute) && is_zero(moment.second) &&
         is_zero(moment.fraction) && moment.zone.empty();
}

// As strict.h reads it; that days, months and hours exist is seen there.
bool Write(const Moment& moment, Kind kind, std::string& out) {
  out.assign(moment.year);
  out += '-';
  AppendTwo(out, moment.month_word ? *moment.month_word + 1 : ToNumber(moment.month));
  out += '-';
  AppendTwo(out, ToNumber(moment.day));
  if (moment.hour.empty()) return true;
  size_t hour = 0;
  if (!SettleHour(moment, hour)) return false;
  // A day with a time would lose it; midnight is how programs write a day.
  if (kind == Kind::kDate) return IsMidnight(moment, hour);
  out += ' ';
  AppendTwo(out, hour);
  out += ':';
  out += moment.minute.empty() ? "00" : moment.minute;
  if (!moment.second.empty()) {
    out += ':';
    out += moment.second;
  }
  if (!moment.fraction.empty()) {
    out += '.';
    out += moment.fraction;
  }
  out += moment.zone;
  return true;
}

// H:MM[:SS[.f]] [AM|PM] and whatever zone stands behind it.
bool TakeTime(Cursor& at, Moment& moment) {
  const auto hour = at.Run(1, 2);
  if (!hour || !at.Take(":")) return false;
  const auto minute = at.Run(2, 2);
  if (!minute) return false;
  moment.hour = *hour;
  moment.minute = *minute;
  if (at.Take(":")) {
    const auto second = at.Run(2, 2);
    if (!second) return false;
    moment.second = *second;
    if (at.Take(".")) {
      const auto fraction = at.Run(1, 30);
      if (!fraction) return false;
      moment.fraction = *fraction;
    }
  }
  Cursor behind = at;
  (void)behind.Take(" ");
  moment.half = behind.Word(kHalves, 0);
  if (moment.half) at = behind;
  moment.zone = at.rest();
  return true;
}

bool TakeDayAndTime(Cursor& at, Moment& moment) {
  if (at.AtEnd()) return true;
  if (!at.Take(" ") && !at.Take("T")) return false;
  return TakeTime(at, moment);
}

// In one order; with a year in front in that one alone.
bool ReadOrdered(std::string_view text, std::string_view order, Moment& moment) {
  Cursor at(text);
  if (at.Digits() == 8 && order == "ymd") {
    moment.year = at.Cut(4);
    moment.month = at.Cut(2);
    moment.day = at.Cut(2);
    return TakeDayAndTime(at, moment);
  }
  char between = '\0';
  for (size_t i = 0; i < order.size(); ++i) {
    if (i > 0) {
      if (at.AtEnd()) return false;
      const char c = at.Cut(1)[0];
      if ((c != '.' && c != '/' && c != '-') || (between != '\0' && c != between)) return false;
      between = c;
    }
    const bool year = order[i] == 'y';
    const auto run = year ? at.Run(4, 4) : at.Run(1, 2);
    if (!run) return false;
    (year ? moment.year : order[i] == 'm' ? moment.month : moment.day) = *run;
  }
  return TakeDayAndTime(at, moment);
}

bool OrderedToStrict(std::string_view text, const SqlType& type, std::string_view order,
                     std::string& out) {
  Moment moment;
  return ReadOrdered(text, order, moment) && Write(moment, type.kind, out) && Fits(out, type);
}

bool AutoToStrict(std::string_view text, const SqlType& type, std::string& out) {
  std::string other;
  const bool dmy = OrderedToStrict(text, type, "dmy", out);
  const bool mdy = OrderedToStrict(text, type, "mdy", other);
  if (dmy && mdy) return out == other;
  if (mdy) out = other;
  return dmy || mdy;
}

// One letter behind a %.
bool TakeField(char field, Cursor& at, Moment& moment) {
  switch (field) {
    case 'f':
      moment.fraction = at.Run(1, 30).value_or(std::string_view());
      return !moment.fraction.empty();
    case 'p':
      moment.half = at.Word(kHalves, 0);
      return moment.half.has_value();
    case 'b':
      moment.month_word = at.Word(kMonths, 3);
      return moment.month_word.has_value();
    case 'B':
      moment.month_word = at.Word(kMonths, 0);
      return moment.month_word.has_value();
    case 'z':
      moment.zone = at.Cut(at.rest().size());
      return !moment.zone.empty();
    case '%':
      return at.Take("%");
    default:
      break;
  }
  return false;
}

// Digits that stand without anything between them are told apart by their number: two, four for a year.
bool TakeDigits(char field, bool digits_follow, Cursor& at, Moment& moment) {
  const size_t most = field == 'Y' ? 4 : 2;
  const bool fixed = field == 'Y' || field == 'M' || field == 'S' || digits_follow;
  const size_t there = std::min(at.Digits(), most);
  if (there == 0 || (fixed && there != most)) return false;
  const std::string_view run = at.Cut(there);
  switch (field) {
    case 'Y':
      moment.year = run;
      break;
    case 'm':
      moment.month = run;
      break;
    case 'd':
      moment.day = run;
      break;
    case 'H':
    case 'I':
      moment.hour = run;
      break;
    case 'M':
      moment.minute = run;
      break;
    default:
      moment.second = run;
  }
  return true;
}

constexpr std::string_view kDigitFields = "YmdHIMS";
constexpr std::string_view kOtherFields = "fpbBz%";

bool ReadPattern(std::string_view text, std::string_view pattern, Moment& moment) {
  Cursor at(text);
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '%') {
      if (!at.Take(pattern.substr(i, 1))) return false;
      continue;
    }
    const char field = pattern[++i];
    if (kDigitFields.find(field) == kDigitFields.npos) {
      if (!TakeField(field, at, moment)) return false;
      continue;
    }
    const bool digits_follow =
        i + 2 < pattern.size() && pattern[i + 1] == '%' &&
        (kDigitFields.find(pattern[i + 2]) != kDigitFields.npos || pattern[i + 2] == 'f');
    if (!TakeDigits(field, digits_follow, at, moment)) return false;
  }
  return at.AtEnd();
}

Status ValidatePattern(const std::string& pattern) {
  std::string seen;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '%') continue;
    const char field = i + 1 < pattern.size() ? pattern[i + 1] : ' ';
    if (field == 'y') {
      return ConfigError(
          fmt::format("the date format \"{}\" has a year of two digits (%y)", pattern),
          "Declare the column as text, and make dates of it in a model");
    }
    if (kDigitFields.find(field) == kDigitFields.npos &&
        kOtherFields.find(field) == kOtherFields.npos) {
      return ConfigError(
          fmt::format("nothing is known of %{} in the date format \"{}\"", field, pattern),
          "There are %Y %m %d %b %B %H %I %M %S %f %p %z %%");
    }
    if (field == 'z' && i + 2 != pattern.size()) {
      return ConfigError(fmt::format("in the date format \"{}\" something follows %z", pattern));
    }
    seen += field;
    ++i;
  }
  const auto has = [&](std::string_view any) { return seen.find_first_of(any) != seen.npos; };
  if (!has("Y") || !has("d") || !has("mbB")) {
    return ConfigError(
        fmt::format("the date format \"{}\" lacks a day, a month or a year", pattern),
        "Write iso, dmy, mdy, ymd, auto, or a pattern such as \"%d.%m.%Y\"");
  }
  if (has("I") != has("p")) {
    return ConfigError(fmt::format("the date format \"{}\" has only one of %I and %p", pattern));
  }
  return Status::Ok();
}

// Groups of three digits, or none; a fraction; for a double an exponent, which is looked at later.
bool NumberToStrict(std::string_view text, const ValueForm& form, std::string& out) {
  out.clear();
  Cursor at(text);
  if (at.Take("-")) out += '-';
  if (out.empty() && at.Take("+")) out += '+';
  size_t run = at.Digits();
  const bool grouped = !form.thousands.empty() && run <= 3 && run > 0 &&
                       StartsWith(at.rest().substr(run), form.thousands);
  // "0.123" is a fraction to everybody but who knows better, and no thousand is written so.
  if (grouped && at.rest().front() == '0') return false;
  out += at.Cut(run);
  while (grouped && at.Take(form.thousands)) {
    run = at.Digits();
    if (run != 3) return false;
    out += at.Cut(run);
  }
  if (at.Take(std::string_view(&form.decimal, 1))) {
    out += '.';
    out += at.Cut(at.Digits());
  }
  // What is left may be an exponent, but no other point.
  if (at.rest().find_first_of(".,") != at.rest().npos) return false;
  out += at.rest();
  return true;
}

}  // namespace

Status ValueForm::Validate() const {
  if (decimal != '.' && decimal != ',') {
    return ConfigError("what stands before a fraction is . or ,");
  }
  const bool digits = std::any_of(thousands.begin(), thousands.end(), IsDigit);
  if (digits || thousands.size() > 4 || thousands == std::string(1, decimal) || thousands == "-" ||
      thousands == "+" || thousands == "e" || thousands == "E") {
    return ConfigError(fmt::format("\"{}\" cannot stand between groups of digits", thousands));
  }
  return date.empty() || date == "iso" || IsOrder(date) ? Status::Ok() : ValidatePattern(date);
}

bool ValueForm::Concerns(const SqlType& type) const {
  if (IsNumber(type.kind)) return decimal != '.' || !thousands.empty();
  return IsTime(type.kind) && !date.empty() && date != "iso";
}

bool ToStrict(std::string_view text, const SqlType& type, const ValueForm& form, std::string& out) {
  if (!form.Concerns(type)) {
    out = text;
    return true;
  }
  if (IsNumber(type.kind)) return NumberToStrict(text, form, out);
  if (!IsOrder(form.date)) {
    Moment moment;
    return ReadPattern(text, form.date, moment) && Write(moment, type.kind, out);
  }
  // A year in front leaves no doubt.
  if (Fits(text, type)) {
    out = text;
    return true;
  }
  if (form.date == "auto") return AutoToStrict(text, type, out);
  return OrderedToStrict(text, type, form.date, out);
}

bool Fits(std::string_view text, const SqlType& type, const ValueForm& form) {
  if (!form.Concerns(type)) return Fits(text, type);
  std::string strict;
  return ToStrict(text, type, form, strict) && Fits(strict, type);
}

std::string Expectation(const SqlType& type, const ValueForm& form) {
  if (!form.Concerns(type)) return type.Expectation();
  if (IsNumber(type.kind)) {
    return fmt::format(
        "{}, with {} before a fraction{}", type.Expectation(), form.decimal,
        form.thousands.empty()
            ? std::string()
            : fmt::format(" and \"{}\" between groups of three digits", form.thousands));
  }
  const std::string what = type.kind == Kind::kDate ? "a date" : "a date and time";
  if (form.date == "dmy") return what + " as day, month, year";
  if (form.date == "mdy") return what + " as month, day, year";
  if (form.date == "ymd") return what + " as year, month, day";
  if (form.date == "auto") return what;
  return fmt::format("{} like {}", what, form.date);
}

bool IsAmbiguousDate(std::string_view text, const SqlType& type) {
  std::string dmy;
  std::string mdy;
  return IsTime(type.kind) && OrderedToStrict(text, type, "dmy", dmy) &&
         OrderedToStrict(text, type, "mdy", mdy) && dmy != mdy;
}

void DateOrderTrial::Add(std::string_view text, const SqlType& type) {
  std::string out;
  const bool dmy = OrderedToStrict(text, type, "dmy", out);
  const bool mdy = OrderedToStrict(text, type, "mdy", out);
  if (!dmy && !mdy) return;
  any_ = true;
  dmy_ = dmy_ && dmy;
  mdy_ = mdy_ && mdy;
}

std::string DateOrderTrial::Order() const {
  if (!any_ || dmy_ == mdy_) return "auto";
  return dmy_ ? "dmy" : "mdy";
}

}  // namespace sluice::format
