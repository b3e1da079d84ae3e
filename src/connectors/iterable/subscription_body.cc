#include "connectors/iterable/subscription_body.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "base/json_text.h"
#include "base/text.h"
#include "connectors/iterable/field_names.h"

namespace sluice::connectors::iterable {
namespace {

enum class Kind { kList, kNumber, kFlag };
struct Known {
  std::string_view name;
  Kind kind;
};
// Iterable's Swagger, UpdateSubscriptionsRequest.
constexpr Known kFields[] = {
    {"campaignId", Kind::kNumber},
    {"emailListIds", Kind::kList},
    {"subscribedMessageTypeIds", Kind::kList},
    {"templateId", Kind::kNumber},
    {"unsubscribedChannelIds", Kind::kList},
    {"unsubscribedMessageTypeIds", Kind::kList},
    {"validateChannelAlignment", Kind::kFlag},
};

const Known* Find(std::string_view name) {
  const auto at = std::find_if(std::begin(kFields), std::end(kFields),
                               [&](const Known& known) { return known.name == name; });
  return at == std::end(kFields) ? nullptr : at;
}

bool IsId(std::string_view value) {
  return ParseUnsigned(value).has_value();
}

bool Fits(Kind kind, std::string_view value) {
  switch (kind) {
    case Kind::kNumber:
      return IsId(value);
    case Kind::kFlag:
      return value == "true" || value == "false";
    case Kind::kList:
      break;
  }
  if (value.front() != '[') return false;
  const auto items = JsonItems(value);
  return std::all_of(items.begin(), items.end(), IsId);
}

std::string_view NameOfKind(Kind kind) {
  switch (kind) {
    case Kind::kNumber:
      return "whole number";
    case Kind::kFlag:
      return "boolean";
    case Kind::kList:
      break;
  }
  return "list of whole numbers";
}

// What is wrong with a payload; Ok when nothing is.
Status CheckValues(std::string_view payload) {
  JsonMember member;
  for (JsonMemberScan scan(payload); scan.Next(member);) {
    const Known* known = Find(member.name);
    if (known == nullptr || member.value == "null" || Fits(known->kind, member.value)) continue;
    return RejectedError(fmt::format("{} is no {}", member.name, NameOfKind(known->kind)));
  }
  return Status::Ok();
}

bool AppendRequest(std::string& out, ProjectType project, std::string_view payload) {
  const PayloadIds ids = FindIds(payload);
  const auto used = BeginPerson(out, project, ids);
  if (!used) return false;
  JsonMember member;
  for (JsonMemberScan scan(payload); scan.Next(member);) {
    if (Find(member.name) == nullptr || member.value == "null") continue;
    AppendJsonMember(out, member.name, member.value);
  }
  out += '}';
  return true;
}

}  // namespace

Status CheckSubscriptionFields(ProjectType project, std::span<const std::string> fields) {
  SLUICE_TRY(CheckUserFields(project, fields));
  bool any = false;
  std::vector<std::string> names;
  for (const Known& known : kFields) names.emplace_back(known.name);
  for (const std::string& field : fields) {
    const Known* known = Find(field);
    any = any || (known != nullptr && known->kind == Kind::kList);
    if (known != nullptr || field == "email" || field == "userId") continue;
    return ConfigError(
        fmt::format("\"{}\" is no field of subscriptions{}", field, DidYouMean(field, names)),
        fmt::format("There are {}. Other fields of people go by a sync of the object users.",
                    Join(names, ", ")));
  }
  if (any) return Status::Ok();
  return ConfigError("no list of subscriptions is mapped",
                     "Map emailListIds, unsubscribedChannelIds, unsubscribedMessageTypeIds or "
                     "subscribedMessageTypeIds.");
}

Result<Body> BuildSubscriptionsBody(ProjectType project,
                                    std::span<const connector::Operation> operations,
                                    const BodyLimit& limit) {
  SLUICE_TRY(CheckValues(operations.front().payload));
  const auto bad = std::find_if(
      operations.begin(), operations.end(),
      [](const connector::Operation& operation) { return !CheckValues(operation.payload).ok(); });
  return BuildPeopleBody("{\"updateSubscriptionsRequests\":[", std::span(operations.begin(), bad),
                         limit, [&](std::string& out, std::string_view payload) {
                           return AppendRequest(out, project, payload);
                         });
}

}  // namespace sluice::connectors::iterable
