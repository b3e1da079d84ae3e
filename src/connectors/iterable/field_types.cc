#include "connectors/iterable/field_types.h"

#include <algorithm>
#include <map>
#include <string>

#include <fmt/format.h>

#include "base/json_text.h"
#include "connectors/iterable/answer.h"

namespace sluice::connectors::iterable {
namespace {

using connector::FieldToSend;
using connector::ValueKind;

// Iterable's soft cap of a project, by its support pages.
constexpr size_t kMostFields = 1000;

struct KindOfValue {
  std::string_view what;                 // for people
  std::string_view first;                // the type of a field that such a value makes
  std::vector<std::string_view> others;  // types that take such values too
};

KindOfValue Look(ValueKind kind) {
  switch (kind) {
    case ValueKind::kWhole:
      return {"whole numbers", "long", {"double"}};
    case ValueKind::kFraction:
      return {"numbers with a fraction", "double", {}};
    case ValueKind::kBoolean:
      return {"true and false", "boolean", {}};
    case ValueKind::kTime:
      return {"dates", "date", {"string"}};
    case ValueKind::kNested:
      return {"objects or lists", "object", {"string", "date", "long", "double", "boolean"}};
    case ValueKind::kText:
      break;
  }
  return {"text", "string", {"date"}};
}

bool Takes(const KindOfValue& kind, std::string_view type) {
  return type == kind.first ||
         std::find(kind.others.begin(), kind.others.end(), type) != kind.others.end();
}

}  // namespace

Result<connector::FieldsReport> CompareFields(std::string_view answer,
                                              std::span<const FieldToSend> fields,
                                              bool create_new_fields) {
  const auto json = CanonicalJson(answer);
  const std::string_view list =
      json.ok() && json.value().front() == '{' ? JsonMemberValue(json.value(), "fields") : "";
  if (list.empty() || list.front() != '{') {
    return ConfigError("the answer is not Iterable's", "Correct `endpoint` of the connection.");
  }
  std::map<std::string, std::string> there;
  JsonMember member;
  for (JsonMemberScan scan(list); scan.Next(member);) {
    there[JsonText(std::string("\"").append(member.name) + '"')] = JsonText(member.value);
  }
  connector::FieldsReport report;
  report.there = there.size();
  report.most = kMostFields;
  for (const FieldToSend& field : fields) {
    if (field.name == "email" || field.name == "userId") continue;
    const KindOfValue kind = Look(field.kind);
    const auto known = there.find(field.name);
    if (known == there.end()) {
      if (create_new_fields) {
        report.created.emplace_back(field.name, kind.first);
      } else {
        report.dropped.push_back(field.name);
      }
    } else if (!Takes(kind, known->second)) {
      report.conflicts.push_back(fmt::format(
          "the field \"{}\" has the type {} in Iterable, and {} would be sent; the type "
          "of a field cannot be changed",
          field.name, ShownName(known->second), kind.what));
      // Of text the values decide.
      if (field.kind != ValueKind::kText) report.refused.push_back(report.conflicts.back());
    }
  }
  return report;
}

}  // namespace sluice::connectors::iterable
