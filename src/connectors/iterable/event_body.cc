#include "connectors/iterable/event_body.h"

#include <string_view>
#include <unordered_set>

#include <fmt/format.h>

#include "base/check.h"
#include "base/json_text.h"
#include "base/text.h"

namespace sluice::connectors::iterable {
namespace {

using connector::Operation;
using connector::OperationKind;

void AppendText(std::string& out, std::string_view name, std::string_view text) {
  std::string quoted;
  AppendJsonString(quoted, text);
  AppendJsonMember(out, name, quoted);
}

// The one identifier that the project uses. False when there is none.
bool AppendPerson(std::string& out, ProjectType project, std::string_view payload) {
  const PayloadIds ids = FindIds(payload);
  const auto used = IdentifiedBy(project, ids);
  const auto id = used ? IdText(ids.Value(*used)) : std::nullopt;
  if (!id) return false;
  AppendText(out, FieldOf(*used), *id);
  return true;
}

// id, createdAt, campaignId, templateId.
void AppendFixed(std::string& out, const Operation& operation) {
  AppendText(out, "id", operation.identity);
  const auto at = UnixSeconds(JsonMemberValue(operation.payload, "createdAt"));
  if (at) AppendJsonMember(out, "createdAt", std::to_string(*at));
  for (const std::string_view name : {"campaignId", "templateId"}) {
    const std::string_view value = JsonMemberValue(operation.payload, name);
    if (!value.empty() && value != "null") AppendJsonMember(out, name, value);
  }
}

void AppendDataFields(std::string& out, ActivityKind kind, std::string_view payload) {
  const std::string fields = DataFieldsOf(kind, payload);
  if (!fields.empty()) AppendJsonMember(out, "dataFields", fields);
}

std::string EventOf(ProjectType project, bool create_new_fields, const Operation& operation) {
  std::string out = "{";
  if (!AppendPerson(out, project, operation.payload)) return {};
  AppendJsonMember(out, "eventName", JsonMemberValue(operation.payload, "eventName"));
  AppendFixed(out, operation);
  AppendDataFields(out, ActivityKind::kEvent, operation.payload);
  if (!create_new_fields) AppendJsonMember(out, "createNewFields", "false");
  return out + '}';
}

// Who the row is about, as Iterable compares.
std::string PersonOf(ProjectType project, std::string_view payload) {
  const auto person = IdentityOfUser(project, payload);
  return person.ok() ? *person : std::string();
}

Status TooLarge(size_t size, size_t most) {
  return RejectedError(fmt::format("one row alone takes {} bytes, and a request may have {}",
                                   Thousands(size), Thousands(most)));
}

}  // namespace

Result<Body> BuildEventsBody(ProjectType project, bool create_new_fields,
                             std::span<const Operation> operations, const BodyLimit& limit) {
  SLUICE_CHECK(!operations.empty() && limit.users > 0 && limit.bytes > 0, "nothing to send");
  constexpr std::string_view kEnd = "]}";
  Body body;
  body.text = "{\"events\":[";
  std::unordered_set<std::string> people;
  std::unordered_set<std::string_view> ids;
  for (const Operation& operation : operations) {
    if (body.users == limit.users || !ids.insert(operation.identity).second) break;
    if (!people.insert(PersonOf(project, operation.payload)).second) break;
    const std::string event = EventOf(project, create_new_fields, operation);
    const size_t size = body.text.size() + (body.users > 0 ? 1 : 0) + event.size() + kEnd.size();
    if (event.empty() || size > limit.bytes) {
      if (body.users > 0) break;
      return event.empty() ? RejectedError("the row has no identifier")
                           : TooLarge(size, limit.bytes);
    }
    if (body.users > 0) body.text += ',';
    body.text += event;
    ++body.users;
  }
  body.text += kEnd;
  return body;
}

Result<Body> BuildCommerceBody(ActivityKind kind, ProjectType project, const UserOptions& options,
                               const Operation& operation, size_t most_bytes) {
  std::string user = "{";
  if (!AppendPerson(user, project, operation.payload)) {
    return RejectedError("the row has no identifier");
  }
  // Without it Iterable takes no userId that is new to an e-mail project.
  const bool by_user_id = StartsWith(user, "{\"userId\"");
  if (project == ProjectType::kEmail && by_user_id && options.prefer_user_id) {
    AppendJsonMember(user, "preferUserId", "true");
  }
  user += '}';
  const std::string_view given = JsonMemberValue(operation.payload, "items");
  const bool empty = operation.kind == OperationKind::kRemove || given.empty() || given == "null";
  Body body;
  body.users = 1;
  body.text = "{";
  AppendJsonMember(body.text, "user", user);
  AppendJsonMember(body.text, "items", empty ? "[]" : given);
  if (kind == ActivityKind::kPurchase) {
    AppendJsonMember(body.text, "total", JsonMemberValue(operation.payload, "total"));
    AppendFixed(body.text, operation);
    AppendDataFields(body.text, kind, operation.payload);
  }
  body.text += '}';
  if (body.text.size() > most_bytes) return TooLarge(body.text.size(), most_bytes);
  return body;
}

}  // namespace sluice::connectors::iterable
