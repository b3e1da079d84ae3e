// The bodies of POST /api/users/bulkUpdate, /api/lists/subscribe and /api/lists/unsubscribe, spliced from
// payloads: their text is copied, never parsed into values and printed again.
//
//   {"createNewFields":true,"users":[
//     {"email":"ann@x.org","dataFields":{"firstName":"Ann","userId":"7"},"mergeNestedObjects":true},
//     {"userId":"8","dataFields":{"firstName":"Bo"},"preferUserId":true}]}
//   {"listId":17,"updateExistingUsersOnly":true,"subscribers":[{"userId":"8"}]}
//
// Iterable wants one of `email` and `userId` beside the data fields, never both; the other one is
// set through the data fields. docs/decisions/0005-iterable-identifiers.md.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"
#include "connector/destination.h"
#include "connectors/iterable/identifiers.h"

namespace sluice::connectors::iterable {

// "{" and the identifier of a payload are appended, the object not yet closed; nothing, and nothing
// appended, when it has none.
std::optional<IdKind> BeginPerson(std::string& out, ProjectType project, const PayloadIds& ids);

// What a sync says about its requests.
struct UserOptions {
  bool create_new_fields = true;
  bool merge_nested_objects = false;
  bool prefer_user_id = true;
};

struct BodyLimit {
  size_t users = 0;
  size_t bytes = 0;
};

// Both of `limit` are set.
BodyLimit LimitOfBody(const connector::RequestLimit& limit);

struct Body {
  size_t users = 0;  // of the first operations, in their order
  std::string text;
};

// The operations at the front that are of one kind.
std::span<const connector::Operation> OfOneKind(std::span<const connector::Operation> operations);

// The largest body within `limit` (both at least 1) from the first of `operations` (not empty); it
// ends before an identity that is in it already. kRejected when the first one cannot be sent:
// larger than the limit all alone, or without an identifier. Numbers as userIds are sent as text.
Result<Body> BuildBody(ProjectType project, const UserOptions& options,
                       std::span<const connector::Operation> operations, const BodyLimit& limit);

// Any body of the form HEAD person, person ... "]}", within the same limits. `append` writes the person of a
// payload, or says that it has no identifier.
Result<Body> BuildPeopleBody(const std::string& head,
                             std::span<const connector::Operation> operations,
                             const BodyLimit& limit,
                             const std::function<bool(std::string&, std::string_view)>& append);

// The same for a static list. All of `operations` are of one kind: those to be put on the list go with
// their fields, those to be taken off it by their identifier alone.
struct ListForm {
  int64_t id = 0;  // 0: it is not made yet, and nothing is sent
  connector::OperationKind kind = connector::OperationKind::kUpsert;
  bool existing_only = false;  // nobody is made; e-mail projects do not know that
};
Result<Body> BuildListBody(ProjectType project, const UserOptions& options, const ListForm& form,
                           std::span<const connector::Operation> operations,
                           const BodyLimit& limit);

}  // namespace sluice::connectors::iterable
