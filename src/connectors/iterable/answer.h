// What Iterable's answers to users/bulkUpdate say, read in full and as plain values. The shapes are
// those of Iterable's Swagger (UserBulkUpdateListResponse, IterableApiResponse) and of its errors
// as they have been seen.
//
// An answer is a stranger's text: whatever of it may come into a message is checked for its form
// here, so that no value of a person's field travels on in it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/iterable/identifiers.h"

namespace sluice::connectors::iterable {

// Why a person was not updated; the first that applies counts.
enum class Reason {
  kForgotten,    // erased on their own request: never again
  kInvalid,      // the identifier is malformed
  kConflict,     // the identifier belongs to somebody else
  kInvalidData,  // something in the data fields
  kNotFound,
  kInternal,  // a fault of Iterable's own, of subscriptions: worth another try
  kUnsaid,    // only the old lists name them, without a reason
};

// One entry of a list of failures: whom it names, not in which row.
struct FailedUser {
  Reason reason = Reason::kUnsaid;
  IdKind kind = IdKind::kEmail;
  std::string id;
};

// Of an answer with 200.
struct BulkOutcome {
  uint64_t succeeded = 0;
  uint64_t failed = 0;
  std::vector<FailedUser> failures;      // of failedUpdates; valid*Failures of subscriptions
  std::vector<FailedUser> named_before;  // of the deprecated lists: identifiers of the user objects
  std::vector<std::string> created_fields;    // names
  std::vector<std::string> filtered_fields;   // names
  std::vector<std::string> untracked_events;  // names that the project does not track
};

// Nothing when the body is not JSON or has no counts.
std::optional<BulkOutcome> ReadOutcome(std::string_view body);

// "obj.users[3].dataFields.age" (or "obj.subscribers[3]…"): "Number value expected" -> {3, "dataFields.age", "a number"}.
struct UserProblem {
  size_t user = 0;       // index in the request
  std::string field;     // may be empty
  std::string expected;  // "a number"; empty where the answer says something else
  std::string said;      // the answer's own words. May quote a value: only through ShownWords
};

// A field whose type was fixed by its first value and is another one now.
struct TypeMismatch {
  std::string field;     // "address.city"
  std::string expected;  // "date"
  std::string found;     // "string/keyword"
  std::string value;     // the value that was refused, canonical JSON; empty when not given. Secret
};

// Of any other answer.
struct Refusal {
  std::string code;  // Iterable's: "BadJsonBody"; empty when the body has none
  std::string said;  // its message. May quote values: only through ShownWords
  std::vector<UserProblem> users;
  std::vector<TypeMismatch> mismatches;
};

Refusal ReadRefusal(std::string_view body);
// Whether it says that nobody is there. Iterable has no code for it everywhere: "User does not exist. Email: …".
bool SaysNobody(const Refusal& refusal);

// The answer's own words about a row with this payload, short and on one line, for messages: without
// the row's values, and without whatever looks like one (numbers, addresses). May be empty.
std::string ShownWords(std::string_view said, std::string_view payload);

// A name of the answer, short and without line breaks, for messages.
std::string ShownName(std::string_view name);

}  // namespace sluice::connectors::iterable
