#include "config/yaml_variables.h"

namespace sluice::config {
namespace {

constexpr std::string_view kSpecial = "{}[],:#&*!|>%@`?-";

// U+E000 + c in UTF-8: three bytes that begin with 0xEE.
std::string Private(char c) {
  const auto code = 0xE000U + static_cast<unsigned char>(c);
  return {static_cast<char>(0xE0U | code >> 12U), static_cast<char>(0x80U | (code >> 6U & 0x3FU)),
          static_cast<char>(0x80U | (code & 0x3FU))};
}

}  // namespace

std::string HideVariables(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    out += text[i];
    if (text.substr(i, 2) != "${") continue;
    const size_t end = text.find_first_of("}\n", i);
    if (end == std::string_view::npos || text[end] == '\n') continue;
    for (size_t k = i + 1; k <= end; ++k) {
      const bool special = kSpecial.find(text[k]) != std::string_view::npos;
      out += special ? Private(text[k]) : std::string(1, text[k]);
    }
    i = end;
  }
  return out;
}

std::string ShowVariables(std::string_view text) {
  const std::string open = "$" + Private('{');
  const std::string close = Private('}');
  std::string out;
  bool inside = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i, open.size()) == open) inside = true;
    const bool ours = inside && static_cast<unsigned char>(text[i]) == 0xEE && i + 2 < text.size();
    if (!ours) {
      out += text[i];
      continue;
    }
    if (text.substr(i, close.size()) == close) inside = false;
    const auto high = static_cast<unsigned char>(text[i + 1]);
    const auto low = static_cast<unsigned char>(text[i + 2]);
    out += static_cast<char>((high & 0x3FU) << 6U | (low & 0x3FU));
    i += 2;
  }
  return out;
}

}  // namespace sluice::config
