#include "connector/memory_destination.h"

#include <algorithm>
#include <set>

#include "base/json_text.h"
#include "base/text.h"
#include "connector/identity_change.h"

namespace sluice::connector {
namespace {

// A change of identity goes alone.
constexpr const char* kChange = "/people/identity";

const std::vector<std::string> kIdentifiers = {"email"};

SendResult Whole(size_t rows, RowState state, int status, const std::string& code) {
  SendResult result;
  result.status = status;
  result.outcomes.assign(rows, {state, code, "the test asked for it"});
  return result;
}

// `value` over what is there, as a destination does that merges objects.
std::string Merged(std::string_view there, std::string_view value) {
  const bool both = !there.empty() && there.front() == '{' && value.front() == '{';
  if (value.front() != '{') return std::string(value);
  std::map<std::string_view, std::string> members;
  if (both) {
    for (const JsonMember& member : JsonMembers(there)) members[member.name] = member.value;
  }
  for (const JsonMember& member : JsonMembers(value)) {
    if (member.value == "null") {
      members.erase(member.name);
    } else {
      members[member.name] = Merged(members[member.name], member.value);
    }
  }
  std::string out = "{";
  for (const auto& [name, text] : members) {
    if (out.size() > 1) out += ',';
    out += "\"" + std::string(name) + "\":" + text;
  }
  return out + '}';
}

std::string Line(const Operation& operation) {
  std::string line =
      operation.kind == OperationKind::kRemove ? "{\"remove\":true,\"key\":" : "{\"key\":";
  if (operation.kind == OperationKind::kChangeIdentity) {
    line = "{\"former\":" + std::string(operation.former) + ",\"key\":";
  }
  AppendJsonString(line, operation.key);
  line += ",\"payload\":";
  line += operation.payload;
  return line + "}\n";
}

}  // namespace

std::string MemoryWorld::Person(const std::string& identity) const {
  const auto person = people.find(identity);
  if (person == people.end()) return "";
  std::string out = "{";
  for (const auto& [name, value] : person->second) {
    if (out.size() > 1) out += ',';
    out += "\"" + name + "\":" + value;
  }
  return out + '}';
}

Status MemoryDestination::CheckFields(std::span<const std::string> fields) const {
  if (std::find(fields.begin(), fields.end(), "email") == fields.end()) {
    return ConfigError("a person needs the field \"email\"");
  }
  return Status::Ok();
}

Result<std::string> MemoryDestination::IdentityOf(std::string_view /*key*/,
                                                  std::string_view payload) const {
  const std::string email = Lower(Trim(JsonText(JsonMemberValue(payload, "email"))));
  if (email.find('@') == std::string::npos) return RejectedError("there is no usable e-mail");
  return email;
}

std::span<const std::string> MemoryDestination::identifiers() const {
  return kIdentifiers;
}

Result<PreparedRequest> MemoryDestination::Prepare(std::span<const Operation> operations,
                                                   const RequestLimit& limit) const {
  int64_t rows = options_.capabilities.max_rows_per_request;
  int64_t bytes = options_.capabilities.max_bytes_per_request;
  if (limit.rows > 0) rows = std::min(rows, limit.rows);
  if (limit.bytes > 0) bytes = std::min(bytes, limit.bytes);
  PreparedRequest request;
  request.method = "POST";
  request.target = "/people";
  std::set<std::string_view> identities;
  for (const Operation& operation : operations) {
    if (request.rows == static_cast<size_t>(rows)) break;
    const bool changes = operation.kind == OperationKind::kChangeIdentity;
    if (request.rows > 0 && (changes || request.target == kChange)) break;
    if (changes) request.target = kChange;
    if (!identities.insert(operation.identity).second) break;
    const std::string line = Line(operation);
    if (request.body.size() + line.size() > static_cast<size_t>(bytes)) break;
    request.body += line;
    ++request.rows;
  }
  if (request.rows == 0) return RejectedError("the row is larger than a request may be");
  return request;
}

SendResult MemoryDestination::Send(const PreparedRequest& request,
                                   std::span<const Operation> operations,
                                   const env::Cancel* cancel) {
  const auto sent = operations.first(request.rows);
  const std::lock_guard lock(mutex_);
  if (cancel != nullptr && cancel->is_set()) {
    return Whole(sent.size(), RowState::kDeferred, 0, "cancelled");
  }
  const MemoryFault fault = options_.fault ? options_.fault() : MemoryFault::kNone;
  if (fault != MemoryFault::kLostRequest) ++world_.requests;
  SendResult result = Answer(sent, fault);
  if (options_.before_answer) options_.before_answer();
  return result;
}

SendResult MemoryDestination::Answer(std::span<const Operation> operations, MemoryFault fault) {
  const size_t rows = operations.size();
  switch (fault) {
    case MemoryFault::kTooMany: {
      SendResult result = Whole(rows, RowState::kDeferred, 429, "http_429");
      result.retry_after = options_.retry_after;
      return result;
    }
    case MemoryFault::kUnavailable:
      return Whole(rows, RowState::kDeferred, 503, "http_503");
    case MemoryFault::kLostRequest:
      return Whole(rows, RowState::kUnknown, 0, "timeout");
    case MemoryFault::kForbidden: {
      SendResult result = Whole(rows, RowState::kDeferred, 401, "BadApiKey");
      result.stop = AuthError("the key is not valid any more");
      return result;
    }
    case MemoryFault::kBadRequest: {
      SendResult result = Whole(rows, RowState::kDeferred, 400, "bad_request");
      result.split = true;
      return result;
    }
    default:
      break;
  }
  if (options_.poison && std::any_of(operations.begin(), operations.end(), options_.poison)) {
    SendResult result = Whole(rows, RowState::kDeferred, 400, "poison");
    result.split = true;
    for (size_t i = 0; i < rows && options_.name_poison; ++i) {
      if (options_.poison(operations[i])) result.outcomes[i].state = options_.named;
    }
    return result;
  }
  SendResult result = Whole(rows, RowState::kAcknowledged, 200, "");
  for (size_t i = 0; i < rows; ++i) {
    std::optional<RowOutcome> refused;
    if (options_.refuse) refused = options_.refuse(operations[i]);
    if (!refused && operations[i].kind == OperationKind::kChangeIdentity) {
      refused = ChangeIdentity(operations[i]);
    } else if (!refused) {
      Apply(operations[i]);
    }
    if (refused) {
      result.outcomes[i] = *refused;
    } else {
      result.outcomes[i] = {RowState::kAcknowledged, "", ""};
      if (fault == MemoryFault::kHalfUnknown && i % 2 == 1) {
        result.outcomes[i] = {RowState::kUnknown, "unsure", "the test asked for it"};
      }
    }
  }
  if (fault == MemoryFault::kLostAnswer) return Whole(rows, RowState::kUnknown, 0, "timeout");
  if (options_.warn) result.warnings = options_.warn(operations);
  return result;
}

std::optional<RowOutcome> MemoryDestination::ChangeIdentity(const Operation& operation) {
  const std::string from = IdentityOf(operation.key, operation.former).value();
  const std::string to(operation.identity);
  const auto old = world_.people.find(from);
  const bool taken = world_.people.count(to) > 0;
  if (old == world_.people.end()) {
    // Done before; or there is nobody.
    if (taken) return {};
    return RowOutcome{RowState::kAcknowledged, kNobodyThere, "nobody is there"};
  }
  if (from != to && taken) {
    return RowOutcome{RowState::kRejected, "taken", "the identity belongs to another one"};
  }
  world_.applied.push_back(
      {std::string(operation.key), to, std::string(operation.payload), operation.kind});
  auto person = std::move(old->second);
  world_.people.erase(old);
  person["email"] = JsonMemberValue(operation.payload, "email");
  world_.people[to] = std::move(person);
  return {};
}

void MemoryDestination::Apply(const Operation& operation) {
  world_.applied.push_back({std::string(operation.key), std::string(operation.identity),
                            std::string(operation.payload), operation.kind});
  if (operation.kind == OperationKind::kRemove) {
    world_.people.erase(std::string(operation.identity));
    return;
  }
  auto& person = world_.people[std::string(operation.identity)];
  for (const JsonMember& member : JsonMembers(operation.payload)) {
    std::string& value = person[std::string(member.name)];
    value = options_.capabilities.merges_nested ? Merged(value, member.value)
                                                : std::string(member.value);
    if (value == "null") person.erase(std::string(member.name));
  }
}

Status MemoryDestination::Probe(const env::Cancel*) {
  const MemoryFault fault = options_.fault ? options_.fault() : MemoryFault::kNone;
  if (fault == MemoryFault::kForbidden) return AuthError("the key is not valid any more");
  if (fault != MemoryFault::kNone) return RetryError("it does not answer");
  return Status::Ok();
}

const Lookup::Terms& MemoryDestination::lookup_terms() const {
  static const Terms terms = {0, 4, 1, "GET /people"};
  return terms;
}

Result<std::vector<Lookup::Found>> MemoryDestination::LookFor(std::span<const Operation> rows,
                                                              bool values, const env::Cancel*) {
  ++world_.questions;
  if (options_.lookup_fault && options_.lookup_fault()) return RetryError("the test asked for it");
  std::vector<Found> found;
  for (const Operation& row : rows) {
    const auto person = world_.people.find(std::string(row.identity));
    found.push_back({person != world_.people.end(), {}});
    if (!values || !found.back().there) continue;
    for (const JsonMember& member : JsonMembers(row.payload)) {
      const auto field = person->second.find(std::string(member.name));
      const bool gone = field == person->second.end();
      if (gone ? member.value != "null" : member.value != field->second) {
        found.back().differing.emplace_back(member.name);
      }
    }
  }
  return found;
}

}  // namespace sluice::connector
