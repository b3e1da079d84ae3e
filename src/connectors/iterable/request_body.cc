#include "connectors/iterable/request_body.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <unordered_set>

#include <fmt/format.h>

#include "base/json_text.h"
#include "base/text.h"

namespace sluice::connectors::iterable {
namespace {

constexpr std::string_view kEnd = "]}";

// Identifiers are text there: a number gets quotes. Anything else is not ours to mend.
void AppendIdValue(std::string& out, std::string_view value) {
  const bool number = value.front() == '-' || (value.front() >= '0' && value.front() <= '9');
  if (number) out += '"';
  out += value;
  if (number) out += '"';
}

// What becomes of an identifier among the data fields.
enum class Fate { kGone, kText };

// Copies the inside of `payload` up to the identifier with this value, and then the identifier as
// `fate` says. `from` moves behind it.
void CopyUpTo(std::string& out, std::string_view payload, size_t& from, std::string_view name,
              std::string_view value, Fate fate) {
  if (value.empty()) return;
  const size_t value_begin = static_cast<size_t>(value.data() - payload.data());
  const size_t member_begin = value_begin - name.size() - 3;  // two quotes and the colon
  out += payload.substr(from, member_begin - from);
  from = value_begin + value.size();
  if (fate == Fate::kText) {
    out += payload.substr(member_begin, value_begin - member_begin);
    AppendIdValue(out, value);
  } else if (payload[from] == ',') {
    ++from;
  }
}

// The payload without the identifier that stands beside the data fields.
void AppendDataFields(std::string& out, std::string_view payload, const PayloadIds& ids,
                      IdKind used, ProjectType project) {
  const size_t begin = out.size();
  out += ",\"dataFields\":{";
  const size_t empty = out.size();
  size_t from = 1;
  // A person who is found by userId although e-mails identify has no e-mail, which needs no saying:
  // Iterable refuses to take the e-mail away in such a project.
  const bool drop_email =
      used == IdKind::kEmail || (project == ProjectType::kEmail && ids.email == "null");
  CopyUpTo(out, payload, from, "email", ids.email, drop_email ? Fate::kGone : Fate::kText);
  CopyUpTo(out, payload, from, "userId", ids.user_id,
           used == IdKind::kUserId ? Fate::kGone : Fate::kText);
  out += payload.substr(from, payload.size() - 1 - from);
  if (out.back() == ',') out.pop_back();  // the last member is gone
  if (out.size() == empty) {
    out.resize(begin);
  } else {
    out += '}';
  }
}

// False when there is no identifier.
bool AppendUser(std::string& out, ProjectType project, const UserOptions& options,
                std::string_view payload) {
  const PayloadIds ids = FindIds(payload);
  const auto used = BeginPerson(out, project, ids);
  if (!used) return false;
  AppendDataFields(out, payload, ids, *used, project);
  if (options.merge_nested_objects) out += ",\"mergeNestedObjects\":true";
  // Without it Iterable takes no userId that is new to an e-mail project.
  if (project == ProjectType::kEmail && *used == IdKind::kUserId && options.prefer_user_id) {
    out += ",\"preferUserId\":true";
  }
  out += '}';
  return true;
}

// A guess that spares growing: all operations as large as the first.
size_t ExpectedSize(std::span<const connector::Operation> operations, const BodyLimit& limit) {
  const size_t rows = std::min(operations.size(), limit.users);
  return std::min(limit.bytes, rows * (operations.front().payload.size() + 80) + 64);
}

// The identifier alone. False when there is none.
bool AppendIdentifier(std::string& out, ProjectType project, std::string_view payload) {
  if (!BeginPerson(out, project, FindIds(payload))) return false;
  out += '}';
  return true;
}

}  // namespace

std::optional<IdKind> BeginPerson(std::string& out, ProjectType project, const PayloadIds& ids) {
  const auto used = IdentifiedBy(project, ids);
  if (!used) return {};
  out += "{\"";
  out += FieldOf(*used);
  out += "\":";
  AppendIdValue(out, ids.Value(*used));
  return used;
}

BodyLimit LimitOfBody(const connector::RequestLimit& limit) {
  return {static_cast<size_t>(limit.rows), static_cast<size_t>(limit.bytes)};
}

Result<Body> BuildPeopleBody(const std::string& head,
                             std::span<const connector::Operation> operations,
                             const BodyLimit& limit,
                             const std::function<bool(std::string&, std::string_view)>& append) {
  SLUICE_CHECK(!operations.empty() && limit.users > 0 && limit.bytes > 0, "nothing to send");
  Body body;
  body.text.reserve(ExpectedSize(operations, limit));
  body.text = head;
  std::unordered_set<std::string_view> seen;
  seen.reserve(std::min(operations.size(), limit.users));
  for (const connector::Operation& operation : operations) {
    if (body.users == limit.users || !seen.insert(operation.identity).second) break;
    const size_t before = body.text.size();
    if (body.users > 0) body.text += ',';
    const bool named = append(body.text, operation.payload);
    const size_t size = body.text.size() + kEnd.size();
    if (named && size <= limit.bytes) {
      ++body.users;
      continue;
    }
    if (body.users == 0 && !named) return RejectedError("the row has no identifier");
    if (body.users == 0) {
      return RejectedError(fmt::format("one person alone takes {} bytes, and a request may have {}",
                                       Thousands(size), Thousands(limit.bytes)));
    }
    body.text.resize(before);
    break;
  }
  body.text += kEnd;
  return body;
}

std::span<const connector::Operation> OfOneKind(std::span<const connector::Operation> operations) {
  size_t count = 0;
  while (count < operations.size() && operations[count].kind == operations.front().kind) ++count;
  return operations.first(count);
}

Result<Body> BuildBody(ProjectType project, const UserOptions& options,
                       std::span<const connector::Operation> operations, const BodyLimit& limit) {
  return BuildPeopleBody(options.create_new_fields ? "{\"createNewFields\":true,\"users\":["
                                                   : "{\"createNewFields\":false,\"users\":[",
                         operations, limit, [&](std::string& out, std::string_view payload) {
                           return AppendUser(out, project, options, payload);
                         });
}

Result<Body> BuildListBody(ProjectType project, const UserOptions& options, const ListForm& form,
                           std::span<const connector::Operation> operations,
                           const BodyLimit& limit) {
  std::string head = fmt::format("{{\"listId\":{},", form.id);
  if (form.kind == connector::OperationKind::kRemove) {
    return BuildPeopleBody(head + "\"subscribers\":[", operations, limit,
                           [&](std::string& out, std::string_view payload) {
                             return AppendIdentifier(out, project, payload);
                           });
  }
  if (form.existing_only) head += "\"updateExistingUsersOnly\":true,";
  return BuildPeopleBody(head + "\"subscribers\":[", operations, limit,
                         [&](std::string& out, std::string_view payload) {
                           return AppendUser(out, project, options, payload);
                         });
}

}  // namespace sluice::connectors::iterable
