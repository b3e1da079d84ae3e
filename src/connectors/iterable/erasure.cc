#include "connectors/iterable/erasure.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/json_text.h"
#include "connectors/iterable/answer.h"
#include "connectors/iterable/bulk_answer.h"

namespace sluice::connectors::iterable {
namespace {

using connector::Erasure;
using connector::Operation;
using connector::PreparedRequest;
using connector::RowOutcome;
using connector::RowState;
using connector::SendResult;

// Iterable's Swagger, forget and unforget.
constexpr double kForgetsPerSecond = 3;

struct Who {
  IdKind kind = IdKind::kEmail;
  std::string text;  // as the row has it
  std::string identity;
};

Result<Who> FindWho(ProjectType project, const ErasureForm& form, std::string_view payload) {
  SLUICE_ASSIGN(std::string identity, IdentityOfUser(project, payload));
  const PayloadIds ids = FindIds(payload);
  const IdKind kind = *IdentifiedBy(project, ids);
  if (project == ProjectType::kEmail && kind == IdKind::kUserId) {
    if (form.erasure != Erasure::kDelete) {
      return RejectedError(
          fmt::format("there is no email, and an e-mail project can {} people by nothing else",
                      NameOf(form.erasure)));
    }
    if (!form.allow_shared) {
      return RejectedError(
          "there is no email; several people of an e-mail project may have one userId, and all of "
          "them would be deleted: if that may be, write allow_shared: true and let them go again "
          "with sluice sync retry");
    }
  }
  return Who{kind, *IdText(ids.Value(kind)), std::move(identity)};
}

SendResult Done(int status) {
  SendResult result;
  result.status = status;
  result.outcomes.push_back({RowState::kAcknowledged, "", ""});
  return result;
}

}  // namespace

std::string_view NameOf(Erasure erasure) {
  switch (erasure) {
    case Erasure::kDelete:
      return "delete";
    case Erasure::kForget:
      return "forget";
    case Erasure::kUnforget:
      break;
  }
  return "unforget";
}

Result<std::string> IdentityToErase(ProjectType project, const ErasureForm& form,
                                    std::string_view payload) {
  SLUICE_ASSIGN(Who who, FindWho(project, form, payload));
  return std::move(who.identity);
}

Result<PreparedRequest> ErasureRequest(ProjectType project, const ErasureForm& form,
                                       std::string_view payload) {
  SLUICE_ASSIGN(const Who who, FindWho(project, form, payload));
  PreparedRequest request;
  request.rows = 1;
  if (form.erasure == Erasure::kDelete) {
    request.method = "DELETE";
    request.target = who.kind == IdKind::kEmail ? "/api/users/" : "/api/users/byUserId/";
    request.target += env::UrlEncode(who.text);
    return request;
  }
  request.method = "POST";
  request.target = fmt::format("/api/users/{}", NameOf(form.erasure));
  request.body = fmt::format("{{\"{}\":", FieldOf(who.kind));
  AppendJsonString(request.body, who.text);
  request.body += '}';
  return request;
}

SendResult ReadErasureAnswer(Erasure erasure, const env::HttpResponse& response,
                             std::span<const Operation> rows, env::Micros now) {
  const Refusal said = ReadRefusal(response.body);
  if (response.status / 100 == 2) {
    SendResult result = Done(response.status);
    if (said.code != "Success") {
      result.outcomes.front() = {
          RowState::kUnknown, "unreadable_answer",
          fmt::format("Iterable answered {} without saying what became of the person",
                      response.status)};
    }
    return result;
  }
  if (said.code == "ForgottenUserError" && erasure != Erasure::kUnforget) {
    return Done(response.status);
  }
  if (SaysNobody(said)) {
    SendResult result = Done(response.status);
    if (erasure == Erasure::kForget) {
      result.warnings.push_back(
          "people who were to be forgotten are not known to Iterable, which has nothing of them "
          "and "
          "will take what others send about them");
    }
    return result;
  }
  return ReadRefusedRequest(BulkCall::kUpdate, response, rows, now);
}

connector::Capabilities ErasureCapabilities(const IterableSettings& settings, Erasure erasure) {
  connector::Capabilities can = CommonCapabilities(settings);
  can.max_rows_per_request = 1;
  can.settles = settings.settle;
  can.calls = connector::CallKind::kSingle;
  can.tells_again = true;
  can.irreversible = erasure != Erasure::kUnforget;
  can.noun = erasure == Erasure::kDelete ? "deletion" : std::string(NameOf(erasure));
  if (erasure == Erasure::kDelete) {
    can.request_name = "DELETE /api/users";
    return can;
  }
  can.request_name = fmt::format("POST /api/users/{}", NameOf(erasure));
  can.budget = NameOf(erasure);
  can.requests_per_second = std::min(kForgetsPerSecond, settings.requests_per_second);
  can.requests_per_day = settings.forgets_per_day;
  return can;
}

RowOutcome ErasePerson(Api& api, const ErasureForm& form, std::string_view identifiers,
                       const env::Cancel* cancel) {
  const auto request = ErasureRequest(api.settings().project, form, identifiers);
  if (!request.ok()) {
    return {RowState::kRejected, "cannot_be_sent", request.status().message()};
  }
  Operation operation;
  operation.kind = connector::OperationKind::kUpsert;
  operation.payload = identifiers;
  SendResult result = api.Send(
      *request, std::span(&operation, 1), cancel,
      [&](const env::HttpResponse& response, std::span<const Operation> rows, env::Micros now) {
        return ReadErasureAnswer(form.erasure, response, rows, now);
      });
  return std::move(result.outcomes.front());
}

}  // namespace sluice::connectors::iterable
