#include "connectors/iterable/shown_values.h"

#include <cstdlib>

#include "base/json_text.h"

namespace sluice::connectors::iterable {
namespace {

bool IsNumber(std::string_view value) {
  return value.front() == '-' || (value.front() >= '0' && value.front() <= '9');
}

// "2026-11-21 14:03:07 +00:00", in quotes.
bool IsTime(std::string_view value) {
  return value.size() == 28 && value[5] == '-' && value[8] == '-' && value[14] == ':';
}

bool Same(std::string_view sent, std::string_view shown) {
  if (sent == "null") return shown.empty() || shown == "null";
  if (shown.empty()) return false;
  if (IsNumber(sent)) {
    return IsNumber(shown) && std::strtod(std::string(sent).c_str(), nullptr) ==
                                  std::strtod(std::string(shown).c_str(), nullptr);
  }
  const bool rewritten = sent.front() == '{' || sent.front() == '[' || IsTime(sent);
  return rewritten || sent == shown;
}

}  // namespace

std::vector<std::string> FieldsNotShown(std::string_view sent, std::string_view shown) {
  std::vector<std::string> fields;
  JsonMember member;
  for (JsonMemberScan scan(sent); scan.Next(member);) {
    if (!Same(member.value, JsonMemberValue(shown, member.name))) fields.emplace_back(member.name);
  }
  return fields;
}

}  // namespace sluice::connectors::iterable
