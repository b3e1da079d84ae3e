#include "connectors/iterable/catalog_fields.h"

#include <fmt/format.h>

#include "base/json_text.h"
#include "connectors/iterable/catalog_body.h"

namespace sluice::connectors::iterable {
namespace {

using connector::FieldToSend;
using connector::ValueKind;

std::string TypeOf(ValueKind kind) {
  switch (kind) {
    case ValueKind::kText:
      return "string";
    case ValueKind::kWhole:
      return "long";
    case ValueKind::kFraction:
      return "double";
    case ValueKind::kBoolean:
      return "boolean";
    case ValueKind::kTime:
      return "date";
    case ValueKind::kNested:
      break;
  }
  return "object";
}

// Top-level field -> the type that it gets.
CatalogTypes TypesOf(std::span<const FieldToSend> fields) {
  CatalogTypes types;
  for (const FieldToSend& field : fields) {
    if (field.name == kItemId) continue;
    const size_t dot = field.name.find('.');
    if (dot == std::string::npos) {
      types[field.name] = TypeOf(field.kind);
    } else {
      types[field.name.substr(0, dot)] = "object";
    }
  }
  return types;
}

bool Fits(const std::string& sent, const std::string& defined) {
  return sent == defined || (sent == "long" && defined == "double") ||
         (sent == "date" && defined == "string") || (sent == "string" && defined == "date") ||
         (defined == "geo_location" && (sent == "object" || sent == "string"));
}

}  // namespace

Result<CatalogTypes> ReadCatalogTypes(std::string_view body) {
  const auto json = CanonicalJson(body);
  const bool object = json.ok() && !json->empty() && json->front() == '{';
  const std::string_view defined =
      object ? JsonMemberValue(json.value(), "definedMappings") : std::string_view();
  if (defined.empty() || defined.front() != '{') {
    return ConfigError("the answer holds no fields of a catalog",
                       "Correct `endpoint` or `region` of the connection.");
  }
  CatalogTypes types;
  JsonMember member;
  for (JsonMemberScan scan(defined); scan.Next(member);) {
    types[JsonText(std::string("\"").append(member.name) + '"')] = JsonText(member.value);
  }
  return types;
}

std::string DefinitionsBody(std::span<const FieldToSend> fields, const CatalogTypes& known) {
  std::string items;
  for (const auto& [name, type] : TypesOf(fields)) {
    if (known.count(name) > 0) continue;
    if (!items.empty()) items += ',';
    items += "{\"fieldName\":";
    AppendJsonString(items, name);
    items += fmt::format(",\"fieldType\":\"{}\"}}", type);
  }
  return items.empty() ? items : "{\"mappingsUpdates\":[" + items + "]}";
}

connector::FieldsReport CompareCatalogFields(std::span<const FieldToSend> fields,
                                             const CatalogTypes& known) {
  connector::FieldsReport report;
  for (const auto& [name, type] : TypesOf(fields)) {
    const auto defined = known.find(name);
    if (defined == known.end()) {
      report.created.emplace_back(name, type);
    } else if (!Fits(type, defined->second)) {
      report.conflicts.push_back(
          fmt::format("the field \"{}\" has the type {} in the catalog, and values of the type {} "
                      "would be sent",
                      name, defined->second, type));
    }
  }
  return report;
}

}  // namespace sluice::connectors::iterable
