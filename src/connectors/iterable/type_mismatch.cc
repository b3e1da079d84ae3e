#include "connectors/iterable/type_mismatch.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/json_text.h"
#include "base/text.h"

namespace sluice::connectors::iterable {
namespace {

constexpr size_t kSurelyLong = 18;  // digits that a 64-bit integer always holds

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

// A letter that no number has.
bool IsWordLetter(char c) {
  return static_cast<unsigned char>(c) > '~' ||
         (((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) && c != 'e' && c != 'E');
}

// Every value of `path` below `value`: a list has the types of its elements, so all of them.
void VisitValues(std::string_view value, std::string_view path,
                 const std::function<void(std::string_view)>& visit) {
  if (value.empty()) return;
  if (path.empty()) visit(value);
  if (value.front() == '[') {
    for (const std::string_view item : JsonItems(value)) VisitValues(item, path, visit);
    return;
  }
  if (path.empty() || value.front() != '{') return;
  const size_t dot = path.find('.');
  std::string name;
  AppendJsonString(name, path.substr(0, dot));
  const std::string_view inner =
      JsonMemberValue(value, std::string_view(name).substr(1, name.size() - 2));
  VisitValues(inner, dot == std::string_view::npos ? "" : path.substr(dot + 1), visit);
}

// "2026-11-21 14:03:07" -> "0000-00-00 00:00:00"; nothing where text does not begin like a date.
std::optional<std::string> DatePattern(std::string_view text) {
  std::string pattern(text);
  for (char& c : pattern) {
    if (IsDigit(c)) c = '0';
  }
  return StartsWith(pattern, "0000-00-00") ? std::optional(pattern) : std::nullopt;
}

// Whether a refusal of this text (it begins like a date) must be about the way it is written: it is
// a day of every calendar and a time of day.
bool IsSurelyInCalendar(std::string_view text) {
  const auto number = [&](size_t at) {
    return at + 2 > text.size() ? uint64_t{0} : ParseUnsigned(text.substr(at, 2)).value_or(99);
  };
  const uint64_t year = number(0) * 100 + number(2);
  const uint64_t month = number(5);
  const uint64_t day = number(8);
  return year >= 1900 && year < 2100 && month >= 1 && month <= 12 && day >= 1 && day <= 28 &&
         number(11) < 24 && number(14) < 60 && number(17) < 60;
}

// What values have in common that must have the same type for Iterable; empty where that is not
// sure.
std::string KindOf(std::string_view value, std::string_view expected) {
  switch (value.front()) {
    case '{':
      return "object";
    case 't':
    case 'f':
      return "boolean";
    case 'n':  // null has no type
    case '[':  // has that of its elements
      return "";
    case '"':
      break;
    default:
      // What is beyond 64 bits, or written with an exponent, may be refused for that.
      if (value.find('e') != std::string_view::npos || value.size() > kSurelyLong) return "";
      return value.find('.') == std::string_view::npos ? "integer" : "fraction";
  }
  const std::string text = JsonText(value);
  if (auto pattern = DatePattern(text)) return *pattern;
  const bool digits = std::any_of(text.begin(), text.end(), IsDigit);
  const bool word = std::any_of(text.begin(), text.end(), IsWordLetter);
  // A date can be written with words and digits in ways that are not known here; a number cannot.
  if (!text.empty() && (!digits || (word && expected != "date"))) return "text";
  return "";
}

}  // namespace

std::vector<size_t> RowsWithMismatch(const TypeMismatch& mismatch,
                                     std::span<const connector::Operation> rows) {
  std::vector<size_t> found;
  if (mismatch.value.empty()) return found;
  std::string kind = KindOf(mismatch.value, mismatch.expected);
  const std::string text = JsonText(mismatch.value);
  if (DatePattern(text) && !IsSurelyInCalendar(text)) kind.clear();  // refused for being no day
  for (size_t i = 0; i < rows.size(); ++i) {
    bool to_blame = false;
    VisitValues(rows[i].payload, mismatch.field, [&](std::string_view value) {
      to_blame = to_blame || value == mismatch.value ||
                 (!kind.empty() && KindOf(value, mismatch.expected) == kind);
    });
    if (to_blame) found.push_back(i);
  }
  return found;
}

}  // namespace sluice::connectors::iterable
