#include "connectors/iterable/bulk_answer.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/json_text.h"
#include "base/text.h"
#include "connectors/iterable/answer.h"
#include "connectors/iterable/attribution.h"
#include "connectors/iterable/type_mismatch.h"

namespace sluice::connectors::iterable {
namespace {

using connector::Operation;
using connector::RowOutcome;
using connector::RowState;
using connector::SendResult;
using Rows = std::span<const Operation>;

constexpr size_t kMostFieldsReported = 100;  // of one kind, of one answer
constexpr uint64_t kLongestWaitSeconds = 24 * 60 * 60;

SendResult Everybody(size_t rows, RowState state, std::string code, std::string message) {
  SendResult result;
  result.outcomes.assign(rows, {state, std::move(code), std::move(message)});
  return result;
}

// A request that was refused for some of its rows. A row that is alone is the one to blame.
void Split(SendResult& result) {
  if (result.outcomes.size() == 1) {
    result.outcomes.front().state = RowState::kRejected;
    return;
  }
  result.split = std::any_of(result.outcomes.begin(), result.outcomes.end(),
                             [](const RowOutcome& o) { return o.state != RowState::kRejected; });
}

// Whoever has it may be about to get another one.
RowOutcome Taken(IdKind kind) {
  return {RowState::kAbsent, kind == IdKind::kEmail ? kEmailTaken : kUserIdTaken,
          fmt::format("the {} of this row belongs to another person in Iterable", FieldOf(kind))};
}

// Iterable's words where it has some.
RowOutcome OutcomeOf(BulkCall call, const FailedUser& failure) {
  const bool gone = failure.reason == Reason::kNotFound || failure.reason == Reason::kForgotten;
  if (call == BulkCall::kUnsubscribe && gone) return {RowState::kAcknowledged, "", ""};
  const bool email = failure.kind == IdKind::kEmail;
  const std::string field(FieldOf(failure.kind));
  const auto rejected = [](std::string code, std::string message) {
    return RowOutcome{RowState::kRejected, std::move(code), std::move(message)};
  };
  switch (failure.reason) {
    case Reason::kForgotten:
      return rejected("ForgottenUserError",
                      "this person was forgotten in Iterable, which takes no data about them");
    case Reason::kInvalid:
      return rejected(email ? "InvalidEmailAddressError" : "InvalidUserIdError",
                      fmt::format("Iterable does not accept the {} of this row", field));
    case Reason::kConflict:
      return Taken(failure.kind);
    case Reason::kInvalidData:
      return rejected("InvalidData", "Iterable does not accept the value of one of the fields");
    case Reason::kNotFound: {
      RowOutcome outcome =
          rejected(email ? "UnknownEmailError" : "UnknownUserIdError",
                   fmt::format("nobody in Iterable has the {} of this row", field));
      if (call != BulkCall::kUpdate && call != BulkCall::kSubscriptions)
        outcome.state = RowState::kAbsent;
      return outcome;
    }
    case Reason::kInternal:
      return {RowState::kDeferred, "InternalError",
              "Iterable had a fault of its own with this row"};
    case Reason::kUnsaid:
      if (call != BulkCall::kSubscriptions) break;
      return rejected(email ? "InvalidEmailAddressError" : "InvalidUserIdError",
                      fmt::format("Iterable does not accept the {} of this row", field));
  }
  return rejected("NotUpdated", "Iterable did not update this person and gave no reason");
}

void AddWarnings(const std::vector<std::string>& fields, std::string_view text,
                 std::vector<std::string>& warnings) {
  for (size_t i = 0; i < std::min(fields.size(), kMostFieldsReported); ++i) {
    warnings.push_back(fmt::format(fmt::runtime(text), ShownName(fields[i])));
  }
}

// Which of its fields a row was taken without.
void NoteDropped(const std::vector<std::string>& fields, const Operation& row,
                 RowOutcome& outcome) {
  std::string names;
  for (const std::string& field : fields) {
    if (JsonMemberValue(row.payload, field.substr(0, field.find('.'))).empty()) continue;
    names += names.empty() ? "[" : ",";
    AppendJsonString(names, field);
  }
  if (names.empty()) return;
  outcome.code = connector::kFieldsDropped;
  outcome.message = names + "]";
}

// Events with a name that the project does not track. How many.
uint64_t RejectUntracked(const BulkOutcome& outcome, Rows rows,
                         const std::vector<std::optional<FailedUser>>& blamed, SendResult& result) {
  uint64_t untracked = 0;
  for (size_t i = 0; i < rows.size() && !outcome.untracked_events.empty(); ++i) {
    const std::string name = JsonText(JsonMemberValue(rows[i].payload, "eventName"));
    const auto& names = outcome.untracked_events;
    if (blamed[i] || std::find(names.begin(), names.end(), name) == names.end()) continue;
    result.outcomes[i] = {RowState::kRejected, "DisallowedEventName",
                          "the Iterable project does not track events of this name"};
    ++untracked;
  }
  return untracked;
}

SendResult ReadCounts(ProjectType project, BulkCall call, const BulkOutcome& outcome, Rows rows,
                      bool makes_fields) {
  SendResult result = Everybody(rows.size(), RowState::kAcknowledged, "", "");
  AddWarnings(outcome.filtered_fields,
              "Iterable dropped the field \"{}\", which its project does not have: rows count as "
              "delivered without it",
              result.warnings);
  AddWarnings(outcome.created_fields, "Iterable made a new field \"{}\"", result.warnings);
  const auto blamed = Attribute(project, outcome, rows);
  uint64_t named = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (!blamed[i]) continue;
    ++named;
    result.outcomes[i] = OutcomeOf(call, *blamed[i]);
  }
  for (size_t i = 0; i < rows.size() && !makes_fields; ++i) {
    if (!blamed[i]) NoteDropped(outcome.filtered_fields, rows[i], result.outcomes[i]);
  }
  const uint64_t untracked = RejectUntracked(outcome, rows, blamed, result);
  const bool counted =
      outcome.succeeded <= rows.size() && outcome.failed == rows.size() - outcome.succeeded;
  // Nobody says whether an event that is not tracked counts as failed.
  if (counted && (outcome.failed == named || outcome.failed == named + untracked)) return result;
  // A person alone who was counted as failed needs no name.
  if (counted && rows.size() == 1 && named == 0 && outcome.failed == 1) {
    result.outcomes.front() = OutcomeOf(call, FailedUser{});
    return result;
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    RowOutcome& row = result.outcomes[i];
    if (blamed[i] || row.state != RowState::kAcknowledged) continue;
    row = {RowState::kUnknown, "CountsDisagree",
           "Iterable's answer counts otherwise than it names, so it does not say whether this row "
           "arrived"};
    result.split = rows.size() > 1;
  }
  return result;
}

bool IsAboutKey(int status, std::string_view code) {
  if (status == 401 || status == 403) return true;
  return code == "BadApiKey" || code == "BadAuthorizationHeader" || code == "Unauthorized" ||
         code == "Forbidden" || code == "ForbiddenParamsError" || code == "InvalidJwtPayload" ||
         code == "JwtUserIdentifiersMismatched";
}

bool IsServersFault(int status, std::string_view code) {
  return status == 408 || status >= 500 || code == "DatabaseError" || code == "QueueEmailError";
}

// "401 (BadApiKey)".
std::string Answered(int status, std::string_view code) {
  return code.empty() ? fmt::format("Iterable answered {}", status)
                      : fmt::format("Iterable answered {} ({})", status, code);
}

Status KeyError(int status, std::string_view code) {
  return AuthError(Answered(status, code) + ": it does not accept the API key for this",
                   "Renew the connection's api_key: a server-side key of that project, and of the "
                   "data centre that `region` names.");
}

Status AddressError(int status, std::string_view code) {
  return ConfigError(
      Answered(status, code) + ", which is no answer of Iterable's to such a request",
      "Correct `endpoint` or `region` of the connection.");
}

// "the field "age" is a long in Iterable, and this row has a string/keyword".
std::string DescribeMismatch(const TypeMismatch& mismatch) {
  return fmt::format(
      "the field \"{}\" has the type {} in Iterable and would get {}; the type of a field cannot "
      "be "
      "changed",
      ShownName(mismatch.field),
      mismatch.expected.empty() ? "of its first value" : mismatch.expected,
      mismatch.found.empty() ? "another one" : mismatch.found);
}

SendResult ReadMismatches(const Refusal& refusal, Rows rows) {
  const std::string message = refusal.mismatches.empty()
                                  ? "a field has another type in Iterable"
                                  : DescribeMismatch(refusal.mismatches.front());
  SendResult result = Everybody(rows.size(), RowState::kDeferred, refusal.code, message);
  for (const TypeMismatch& mismatch : refusal.mismatches) {
    for (const size_t row : RowsWithMismatch(mismatch, rows)) {
      if (result.outcomes[row].state == RowState::kRejected) continue;
      result.outcomes[row] = {RowState::kRejected, refusal.code, DescribeMismatch(mismatch)};
    }
  }
  Split(result);
  return result;
}

SendResult ReadUserProblems(int status, const Refusal& refusal, Rows rows) {
  const std::string code = refusal.code.empty() ? fmt::format("http_{}", status) : refusal.code;
  // Words about a request of many rows can be about any of them.
  const std::string about_all =
      rows.size() == 1 ? ShownWords(refusal.said, rows.front().payload) : std::string();
  SendResult result = Everybody(
      rows.size(), RowState::kDeferred, code,
      about_all.empty() ? Answered(status, refusal.code) + " to a request with this row in it"
                        : fmt::format("{}: {}", Answered(status, refusal.code), about_all));
  for (const UserProblem& problem : refusal.users) {
    if (problem.user >= rows.size()) continue;
    RowOutcome& row = result.outcomes[problem.user];
    const std::string field = problem.field.empty()
                                  ? std::string("this row")
                                  : fmt::format("the field \"{}\"", ShownName(problem.field));
    std::string why = problem.expected.empty()
                          ? ShownWords(problem.said, rows[problem.user].payload)
                          : "it expects " + problem.expected;
    if (!why.empty()) why = ": " + why;
    row = {RowState::kRejected, code, fmt::format("Iterable does not accept {}{}", field, why)};
  }
  Split(result);
  return result;
}

SendResult Stopped(size_t rows, std::string code, Status stop) {
  SendResult result = Everybody(rows, RowState::kDeferred, std::move(code), stop.message());
  result.stop = std::move(stop);
  return result;
}

// Iterable says so with the code "Success".
bool IsAboutList(const Refusal& refusal) {
  return StartsWith(refusal.said, "error.lists.");
}

SendResult ReadRefused(BulkCall call, const env::HttpResponse& response, Rows rows,
                       env::Micros now) {
  const int status = response.status;
  const Refusal refusal = ReadRefusal(response.body);
  // A list that one of the people names is not what the request is about.
  const bool into_list = call == BulkCall::kSubscribe || call == BulkCall::kUnsubscribe;
  if (into_list && status == 400 && IsAboutList(refusal)) {
    return Stopped(rows.size(), "InvalidListId",
                   ConfigError("the list is not there any more, or none that takes people",
                               "Look at it in Iterable; the next run says what it finds."));
  }
  const std::string http = fmt::format("http_{}", status);
  // Seen with 400 and with 500; in both it says that nothing was written.
  if (refusal.code == "RequestFieldsTypesMismatched") return ReadMismatches(refusal, rows);
  if (status == 429 || refusal.code == "RateLimitExceeded") {
    SendResult result = Everybody(rows.size(), RowState::kDeferred, http,
                                  "Iterable had more requests than it takes from this project");
    result.retry_after = RetryAfter(response, now);
    return result;
  }
  if (IsAboutKey(status, refusal.code)) {
    return Stopped(rows.size(), http, KeyError(status, refusal.code));
  }
  if (IsServersFault(status, refusal.code)) {
    SendResult result =
        Everybody(rows.size(), RowState::kUnknown, http,
                  Answered(status, refusal.code) + ", before or after it wrote the row");
    result.retry_after = RetryAfter(response, now);
    return result;
  }
  if (status == 413 || refusal.code == "BatchTooLarge") {
    SendResult result = Everybody(rows.size(), RowState::kDeferred, "BatchTooLarge",
                                  Answered(status, refusal.code) + ": the request is too large");
    Split(result);
    return result;
  }
  if (refusal.code == "UniqueFieldsLimitExceeded") {
    return Stopped(rows.size(), refusal.code,
                   ConfigError("the Iterable project has as many user fields as it may have",
                               "Map fewer new fields, set `create_new_fields: false`, or ask "
                               "Iterable for a higher limit."));
  }
  if (rows.size() == 1 && (refusal.code == kEmailTaken || refusal.code == kUserIdTaken)) {
    const bool email = refusal.code == kEmailTaken;
    SendResult result;
    result.outcomes.push_back(Taken(email ? IdKind::kEmail : IdKind::kUserId));
    return result;
  }
  if (status == 400 || status == 409 || status == 422) {
    return ReadUserProblems(status, refusal, rows);
  }
  return Stopped(rows.size(), http, AddressError(status, refusal.code));
}

}  // namespace

SendResult ReadBulkAnswer(ProjectType project, BulkCall call, const env::HttpResponse& response,
                          Rows rows, env::Micros now, bool makes_fields) {
  SendResult result;
  if (response.status / 100 != 2) {
    result = ReadRefused(call, response, rows, now);
  } else if (const auto outcome = ReadOutcome(response.body)) {
    result = ReadCounts(project, call, *outcome, rows, makes_fields);
  } else {
    result = Everybody(
        rows.size(), RowState::kUnknown, "unreadable_answer",
        fmt::format("Iterable answered {} without saying what became of the row", response.status));
  }
  result.status = response.status;
  return result;
}

SendResult ReadRefusedRequest(BulkCall call, const env::HttpResponse& response, Rows rows,
                              env::Micros now) {
  SendResult result = ReadRefused(call, response, rows, now);
  result.status = response.status;
  return result;
}

std::optional<std::chrono::milliseconds> RetryAfter(const env::HttpResponse& response,
                                                    env::Micros now) {
  const std::string_view text = Trim(response.Header("Retry-After"));
  if (const auto seconds = ParseUnsigned(text)) {
    return std::chrono::seconds(std::min(*seconds, kLongestWaitSeconds));
  }
  const auto date = env::ParseHttpDate(text);
  if (!date) return std::nullopt;
  const auto wait = std::chrono::microseconds(std::max<env::Micros>(*date - now, 0));
  return std::min<std::chrono::milliseconds>(
      std::chrono::duration_cast<std::chrono::milliseconds>(wait),
      std::chrono::seconds(kLongestWaitSeconds));
}

Status StatusOfRefusal(const env::HttpResponse& response) {
  const int status = response.status;
  if (status / 100 == 2) return Status::Ok();
  const Refusal refusal = ReadRefusal(response.body);
  if (status == 429 || refusal.code == "RateLimitExceeded" ||
      IsServersFault(status, refusal.code)) {
    return RetryError(Answered(status, refusal.code), "Try again later.");
  }
  if (IsAboutKey(status, refusal.code)) return KeyError(status, refusal.code);
  return AddressError(status, refusal.code);
}

}  // namespace sluice::connectors::iterable
