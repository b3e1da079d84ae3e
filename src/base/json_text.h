// JSON as text in one canonical form, so that equal values are equal bytes: what payloads, their
// digests and their differences are made of. Not a document model: text in, views or text out.
//
// Canonical: no blanks; the names of an object sorted bytewise as they stand between their quotes,
// each once (of several the last counts); strings escaped only where JSON demands it (quote,
// backslash, control characters: \b \f \n \r \t, else \u00xx in lower case), everything else as
// UTF-8; numbers as they came, without trailing zeros of a fraction, "+", leading "-" of zero, and
// with "e" for "E". Numbers are never turned into floats.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace sluice {

// The quoted and escaped string is appended. `text` is UTF-8.
void AppendJsonString(std::string& out, std::string_view text);

// A member is appended to an object that is being written (`out` ends in '{' or behind another one). The name
// as it stands between its quotes, the value canonical.
void AppendJsonMember(std::string& out, std::string_view name, std::string_view value);

// The number is appended in its canonical form; `number` is a JSON number or the text of a decimal.
// kKeepFraction: what is written with a fraction keeps one, so that 12.00 is 12.0 and not 12.
enum class JsonNumbers { kShortest, kKeepFraction };
void AppendJsonNumber(std::string& out, std::string_view number,
                      JsonNumbers numbers = JsonNumbers::kShortest);

// Any JSON text in canonical form; nested at most 64 deep. kRejected when it is no JSON; the
// message tells where (byte from 0), never what.
Result<std::string> CanonicalJson(std::string_view text,
                                  JsonNumbers numbers = JsonNumbers::kShortest);

// One member of a canonical object, as views into it.
struct JsonMember {
  std::string_view name;   // between its quotes, still escaped
  std::string_view value;  // canonical
};

// The members of a canonical object one after the other, in their order. Only for text that
// CanonicalJson or the payload builder made: anything else breaks an invariant. The object's text
// outlives the scan.
class JsonMemberScan {
 public:
  explicit JsonMemberScan(std::string_view object);
  // False, and `member` as it was, behind the last one.
  bool Next(JsonMember& member);

 private:
  std::string_view object_;
  size_t at_ = 1;
};

// All members at once; the same text as above.
std::vector<JsonMember> JsonMembers(std::string_view object);
// The value of one name; empty when it is not there. `name` as it stands between the quotes.
std::string_view JsonMemberValue(std::string_view object, std::string_view name);
// The elements of a canonical array, in their order, as views into it.
std::vector<std::string_view> JsonItems(std::string_view array);
// The text of a canonical string ("\"a\\n\"" -> "a\n"); for other values the value itself.
std::string JsonText(std::string_view value);

}  // namespace sluice
