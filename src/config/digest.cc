#include "config/digest.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "base/hash.h"
#include "base/text.h"
#include "config/units.h"

namespace sluice::config {
namespace {

std::string Canonical(const Value& value, const std::string& folder) {
  switch (value.spec == nullptr ? OptionKind::kText : value.spec->kind) {
    case OptionKind::kSecret:
      return "secret";
    case OptionKind::kInteger:
    case OptionKind::kBytes:
    case OptionKind::kDuration:
      return fmt::format("{}", value.number);
    case OptionKind::kPercent:
      return fmt::format("{}", value.real);
    case OptionKind::kBoolean:
      return value.flag ? "true" : "false";
    case OptionKind::kConstant:
      return value.text;
    case OptionKind::kPath: {
      const std::string inside = folder + "/";
      return JsonText(StartsWith(value.text, inside) ? value.text.substr(inside.size())
                                                     : value.text);
    }
    default:
      break;
  }
  std::vector<std::string> parts;
  for (const Value& item : value.items) parts.push_back(Canonical(item, folder));
  if (!parts.empty()) return "[" + Join(parts, ",") + "]";
  for (const auto& [name, field] : value.fields) {
    parts.push_back(JsonText(name) + ":" + Canonical(field, folder));
  }
  std::sort(parts.begin(), parts.end());
  return JsonText(value.text) + "{" + Join(parts, ",") + "}";
}

}  // namespace

std::string DigestOf(const Value& root, const Project& project) {
  std::string text = Canonical(root, project.folder);
  for (const Model& model : project.models) {
    text += "\n" + JsonText(model.name) + ":" + JsonText(model.sql);
  }
  return HashOf(text).Hex();
}

}  // namespace sluice::config
