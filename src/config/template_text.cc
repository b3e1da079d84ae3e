#include "config/template_text.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/text.h"

namespace sluice::config {
namespace {

void AddText(std::vector<TemplatePart>& parts, std::string_view text) {
  if (text.empty()) return;
  if (parts.empty() || parts.back().is_column) parts.push_back({});
  parts.back().text += text;
}

}  // namespace

Result<std::vector<TemplatePart>> ParseTemplate(std::string_view text) {
  std::vector<TemplatePart> parts;
  while (!text.empty()) {
    const size_t brace = std::min(text.find_first_of("{}"), text.size());
    AddText(parts, text.substr(0, brace));
    text.remove_prefix(brace);
    if (text.empty()) break;
    if (text.size() > 1 && text[1] == text[0]) {
      AddText(parts, text.substr(0, 1));
      text.remove_prefix(2);
      continue;
    }
    if (text[0] == '}') return ConfigError("a } without { before it; write }} for the character");
    const size_t end = text.find_first_of("{}", 1);
    if (end == std::string_view::npos || text[end] == '{') {
      return ConfigError("a { without } behind it; write {{ for the character");
    }
    const std::string_view column = Trim(text.substr(1, end - 1));
    if (column.empty()) return ConfigError("{} names no column");
    parts.push_back({Lower(column), true});
    text.remove_prefix(end + 1);
  }
  return parts;
}

}  // namespace sluice::config
