// Who a user object names: which of the fields `email` and `userId` identifies a person in which
// kind of project, and which values can. docs/decisions/0005-iterable-identifiers.md gives the
// reasons.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"

namespace sluice::connectors::iterable {

enum class ProjectType { kEmail, kUserId, kHybrid };
enum class IdKind { kEmail, kUserId };

// "email" or "userId", as the field is called.
std::string_view FieldOf(IdKind kind);
// What Iterable calls it when somebody else has it.
inline constexpr const char* kEmailTaken = "EmailAlreadyExists";
inline constexpr const char* kUserIdTaken = "UserIdAlreadyExists";
// "e-mail", "userId" or "hybrid", for messages.
std::string_view NameOf(ProjectType project);

// The fields that go with every request of such a project.
std::span<const std::string> IdentifierFields(ProjectType project);

// Both identifiers of a payload (canonical): their JSON values, empty where there is none.
struct PayloadIds {
  std::string_view email;
  std::string_view user_id;

  std::string_view Value(IdKind kind) const { return kind == IdKind::kEmail ? email : user_id; }
  // There, and not null.
  bool Has(IdKind kind) const { return !Value(kind).empty() && Value(kind) != "null"; }
};
PayloadIds FindIds(std::string_view payload);

// Which one the request uses: e-mail projects prefer `email`, hybrid ones `userId`, and both take
// the other one where the preferred one is missing; userId projects know `userId` only. Nothing
// when the payload has none that counts.
std::optional<IdKind> IdentifiedBy(ProjectType project, const PayloadIds& ids);

// The text of an identifier's JSON value: a string as it is, a whole number (userIds are often
// numbers in a warehouse) by its digits. Nothing for other values.
std::optional<std::string> IdText(std::string_view value);

// As Iterable compares them: e-mails without regard to the case of ASCII letters, userIds exactly.
std::string NormalId(IdKind kind, std::string_view text);

// The identity of a row, normal. kRejected, with a message that names no value, when the payload
// has no usable identifier: none, or one that Iterable would refuse or mistake for another
// person's.
Result<std::string> IdentityOfUser(ProjectType project, std::string_view payload);

}  // namespace sluice::connectors::iterable
