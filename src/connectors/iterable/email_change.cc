#include "connectors/iterable/email_change.h"

#include <span>
#include <utility>

#include <fmt/format.h>

#include "base/json_text.h"
#include "connector/identity_change.h"
#include "connectors/iterable/answer.h"
#include "connectors/iterable/bulk_answer.h"
#include "connectors/iterable/user_lookup.h"

namespace sluice::connectors::iterable {
namespace {

using connector::Operation;
using connector::OperationKind;
using connector::PreparedRequest;
using connector::RowOutcome;
using connector::RowState;
using connector::SendResult;

constexpr const char* kUpdateEmail = "/api/users/updateEmail";
constexpr std::string_view kCurrentEmail = "currentEmail";
constexpr std::string_view kCurrentUserId = "currentUserId";
constexpr std::string_view kNewEmail = "newEmail";
constexpr const char* kUpdate = "/api/users/update";

// The identifier by which a payload names somebody.
Result<Identifier> IdentifierOf(ProjectType project, std::string_view payload) {
  SLUICE_TRY(IdentityOfUser(project, payload).status());
  const PayloadIds ids = FindIds(payload);
  const IdKind kind = *IdentifiedBy(project, ids);
  return Identifier{kind, *IdText(ids.Value(kind))};
}

void AppendText(std::string& out, std::string_view name, std::string_view text) {
  if (out.back() != '{') out += ',';
  AppendJsonString(out, name);
  out += ':';
  AppendJsonString(out, text);
}

SendResult One(int status, RowState state, std::string code, std::string message) {
  SendResult result;
  result.status = status;
  result.outcomes.push_back({state, std::move(code), std::move(message)});
  return result;
}

// Whether a refusal can come from a request that was carried out before.
bool MayBeDone(const Refusal& refusal) {
  return refusal.code == "EmailAlreadyExists" || refusal.code == "UserIdAlreadyExists" ||
         SaysNobody(refusal);
}

Result<bool> IsThere(Api& api, const Identifier& who, const env::Cancel* cancel) {
  SLUICE_ASSIGN(const auto response,
                api.AskAnything("GET", UserTarget(who.kind, who.text), "", cancel));
  // The Swagger knows no answer for somebody who is not there: 200 without a user, or 400.
  if (response.status == 400) return false;
  SLUICE_TRY(StatusOfRefusal(response));
  const auto json = CanonicalJson(response.body);
  const std::string_view user =
      json.ok() && !json->empty() ? JsonMemberValue(json.value(), "user") : std::string_view();
  return !user.empty() && user != "null";
}

// Another row may be about to give it up. Of a change that the engine makes it knows that none does.
RowOutcome Taken(OperationKind kind, IdKind what) {
  const bool for_good = kind == OperationKind::kChangeIdentity;
  return {for_good ? RowState::kRejected : RowState::kAbsent,
          what == IdKind::kEmail ? kEmailTaken : kUserIdTaken,
          fmt::format("the new {} of this row belongs to another person in Iterable: {}merge the "
                      "two there, or delete that one, then let it go again with sluice sync retry",
                      FieldOf(what), for_good ? "" : "unless that one gets another, ")};
}

// By what is there now.
SendResult Explain(Api& api, int status, OperationKind kind, const EmailChange& change,
                   const env::Cancel* cancel) {
  const auto old_there = IsThere(api, change.from, cancel);
  const auto new_there = IsThere(api, change.to, cancel);
  if (!old_there.ok() || !new_there.ok()) {
    return One(status, RowState::kDeferred, "not_looked_up",
               "the change was refused, and who is there could not be asked");
  }
  if (!old_there.value() && new_there.value()) {
    return One(status, RowState::kAcknowledged, "", "");
  }
  if (!old_there.value()) {
    SendResult result =
        One(status, RowState::kAcknowledged, connector::kNobodyThere,
            "nobody in Iterable has the old identifier of this row, nor the new one");
    result.warnings.push_back(
        kind == OperationKind::kChangeIdentity
            ? "people whose e-mail address has changed are not in Iterable any more: they are made "
              "anew"
            : "people whose e-mail address was to be changed are not in Iterable");
    return result;
  }
  if (!new_there.value()) {
    return One(status, RowState::kDeferred, "change_refused",
               "Iterable refused the change although the new identifier is free");
  }
  RowOutcome taken = Taken(kind, change.to.kind);
  return One(status, taken.state, std::move(taken.code), std::move(taken.message));
}

SendResult ReadAnswer(const env::HttpResponse& response, std::span<const Operation> rows,
                      env::Micros now) {
  if (response.status / 100 != 2) {
    return ReadRefusedRequest(BulkCall::kUpdate, response, rows, now);
  }
  if (ReadRefusal(response.body).code == "Success") {
    return One(response.status, RowState::kAcknowledged, "", "");
  }
  return One(
      response.status, RowState::kUnknown, "unreadable_answer",
      fmt::format("Iterable answered {} without saying what became of the row", response.status));
}

}  // namespace

Result<EmailChange> EmailChangeOf(ProjectType project, std::string_view former,
                                  std::string_view payload) {
  SLUICE_ASSIGN(Identifier from, IdentifierOf(project, former));
  SLUICE_ASSIGN(Identifier to, IdentifierOf(project, payload));
  if (from.kind == IdKind::kUserId && to.kind == IdKind::kUserId) {
    return RejectedError("Iterable knows this person by the userId, which cannot be changed");
  }
  if (project == ProjectType::kEmail && to.kind == IdKind::kUserId) {
    return RejectedError("there is no email any more, and Iterable takes it from nobody");
  }
  if (from.kind == IdKind::kUserId && project == ProjectType::kHybrid) {
    return RejectedError("there is no userId any more, and Iterable takes it from nobody");
  }
  return EmailChange{std::move(from), std::move(to)};
}

Result<EmailChange> EmailChangeOfRow(ProjectType project, std::string_view payload) {
  // As a payload that names a person by it, so that it is checked as such.
  const auto named = [&](std::string_view field, IdKind kind) -> Result<Identifier> {
    const std::string person =
        fmt::format("{{\"{}\":{}}}", FieldOf(kind), JsonMemberValue(payload, field));
    const auto as = kind == IdKind::kEmail ? ProjectType::kEmail : ProjectType::kUserId;
    auto identifier = IdentifierOf(as, person);
    if (identifier.ok()) return identifier;
    return RejectedError(fmt::format("{}: {}", field, identifier.status().message()));
  };
  const auto has = [&](std::string_view field) {
    const std::string_view value = JsonMemberValue(payload, field);
    return !value.empty() && value != "null";
  };
  if (!has(kNewEmail)) return RejectedError("there is no newEmail");
  const bool by_email = project != ProjectType::kUserId && has(kCurrentEmail);
  if (!by_email && !has(kCurrentUserId)) {
    return RejectedError(project == ProjectType::kUserId
                             ? "there is no currentUserId"
                             : "there is neither a currentEmail nor a currentUserId");
  }
  EmailChange change;
  SLUICE_ASSIGN(change.from, by_email ? named(kCurrentEmail, IdKind::kEmail)
                                      : named(kCurrentUserId, IdKind::kUserId));
  SLUICE_ASSIGN(change.to, named(kNewEmail, IdKind::kEmail));
  return change;
}

PreparedRequest EmailChangeRequest(ProjectType project, const EmailChange& change) {
  PreparedRequest request;
  request.rows = 1;
  request.method = "POST";
  request.body = "{";
  if (project == ProjectType::kEmail) {
    request.target = kUpdateEmail;
    AppendText(request.body, change.from.kind == IdKind::kEmail ? kCurrentEmail : kCurrentUserId,
               change.from.text);
    AppendText(request.body, kNewEmail, change.to.text);
    request.body += '}';
    return request;
  }
  request.target = kUpdate;
  AppendText(request.body, FieldOf(change.from.kind), change.from.text);
  request.body += ",\"dataFields\":{";
  AppendText(request.body, FieldOf(change.to.kind), change.to.text);
  request.body += "}}";
  return request;
}

SendResult SendEmailChange(Api& api, const PreparedRequest& request, const Operation& operation,
                           const EmailChange& change, const env::Cancel* cancel) {
  if (request.target == kUpdate) {
    const auto there = IsThere(api, change.from, cancel);
    if (!there.ok()) {
      return One(0, RowState::kDeferred, "not_sent", there.status().message());
    }
    if (!there.value()) return Explain(api, 200, operation.kind, change, cancel);
  }
  bool doubtful = false;
  SendResult result = api.Send(
      request, std::span(&operation, 1), cancel,
      [&](const env::HttpResponse& response, std::span<const Operation> rows, env::Micros now) {
        if (response.status == 400 || response.status == 409) {
          doubtful = MayBeDone(ReadRefusal(response.body));
        }
        return ReadAnswer(response, rows, now);
      });
  return doubtful ? Explain(api, result.status, operation.kind, change, cancel) : result;
}

}  // namespace sluice::connectors::iterable
