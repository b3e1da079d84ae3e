#include "connectors/iterable/api.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "connectors/iterable/bulk_answer.h"
#include "connectors/iterable/field_types.h"

namespace sluice::connectors::iterable {
namespace {

using connector::RowState;
using connector::SendResult;

constexpr const char* kGetFields = "/api/users/getFields";
// A refused request of 10,000 people names each of them once or twice.
constexpr uint64_t kLargestAnswer = 16ULL << 20;
// That somebody asked a moment ago says nothing against key or address: the fields are told once a second.
constexpr std::chrono::milliseconds kPatience{15'000};
constexpr std::chrono::milliseconds kUsualWait{1'000};
constexpr std::chrono::milliseconds kShortestWait{200};

SendResult Unanswered(size_t rows, const Status& status, env::Sent sent) {
  SendResult result;
  const bool maybe = sent == env::Sent::kMaybe;
  std::string code = maybe ? "no_answer" : "not_sent";
  if (status.code() == Code::kCancelled) code = "cancelled";
  result.outcomes.assign(
      rows, {maybe ? RowState::kUnknown : RowState::kDeferred, std::move(code), status.message()});
  // What can never be reached, for its address or its certificate; not what is out of reach now.
  const bool never = status.code() == Code::kConfig || (status.code() == Code::kFailed && !maybe);
  if (never) result.stop = status;
  return result;
}

}  // namespace

env::HttpRequest Api::NewRequest(const std::string& method, const std::string& target,
                                 const std::string& body, const env::Cancel* cancel) const {
  env::HttpRequest http;
  http.method = method;
  http.url = settings_.base_url + target;
  http.headers = {{"Api-Key", settings_.api_key.Reveal()}, {"Accept", "application/json"}};
  if (!body.empty()) http.headers.emplace_back("Content-Type", "application/json");
  http.body = body;
  http.timeout = settings_.timeout;
  // Iterable answers when all is done: silence until then is no sign of anything.
  http.stall_timeout = settings_.timeout;
  http.max_body = kLargestAnswer;
  http.cancel = cancel;
  return http;
}

SendResult Api::Send(const connector::PreparedRequest& request,
                     std::span<const connector::Operation> operations, const env::Cancel* cancel,
                     const Reader& read) {
  SLUICE_CHECK(request.rows > 0 && request.rows <= operations.size(),
               "a request for more rows than there are");
  const auto rows = operations.first(request.rows);
  env::HttpError error;
  const auto response =
      transport_->Send(NewRequest(request.method, request.target, request.body, cancel), &error);
  if (!response.ok()) return Unanswered(rows.size(), response.status(), error.sent);
  return read(response.value(), rows, clock_.Now());
}

Result<env::HttpResponse> Api::AskAnything(const std::string& method, const std::string& target,
                                           const std::string& body, const env::Cancel* cancel) {
  env::HttpRequest http = NewRequest(method, target, body, cancel);
  http.repeatable = method == "GET";
  const auto give_up = clock_.Monotonic() + kPatience;
  while (true) {
    auto response = transport_->Send(http);
    if (!response.ok()) return response.status().WithContext(settings_.Describe());
    if (!http.repeatable || response->status != 429) return response;
    const auto wait =
        std::max(RetryAfter(*response, clock_.Now()).value_or(kUsualWait), kShortestWait);
    if (clock_.Monotonic() + wait > give_up) return response;
    if (!clock_.Sleep(wait, cancel)) return CancelledError("stopped");
  }
}

Result<env::HttpResponse> Api::Stream(const std::string& target,
                                      const std::function<Status(std::string_view)>& sink,
                                      const env::Cancel* cancel) {
  env::HttpRequest http = NewRequest("GET", target, "", cancel);
  http.timeout = std::chrono::milliseconds(0);
  http.sink = sink;
  auto response = transport_->Send(http);
  if (!response.ok()) return response.status().WithContext(settings_.Describe());
  return response;
}

Result<std::string> Api::Ask(const std::string& method, const std::string& target,
                             const std::string& body, const env::Cancel* cancel) {
  SLUICE_ASSIGN(auto response, AskAnything(method, target, body, cancel));
  Status refused = StatusOfRefusal(response);
  if (!refused.ok()) return refused.WithContext(settings_.Describe());
  return std::move(response.body);
}

connector::RequestLimit Within(const connector::RequestLimit& asked, const IterableSettings& own) {
  const auto smaller = [](int64_t a, int64_t b) { return a > 0 ? std::min(a, b) : b; };
  return {smaller(asked.rows, own.max_users), smaller(asked.bytes, own.max_body_bytes)};
}

connector::Capabilities CommonCapabilities(const IterableSettings& settings) {
  connector::Capabilities can;
  can.max_rows_per_request = settings.max_users;
  can.max_bytes_per_request = settings.max_body_bytes;
  can.requests_per_second = settings.requests_per_second;
  can.at_once = kMostAtOnce;
  can.one_per_identity = true;
  can.repeatable = true;
  can.timestamps = connector::TimestampStyle::kIterable;
  // The first value of a field fixes its type: a "long" refuses fractions.
  can.numbers = connector::NumberStyle::kTyped;
  can.noun = "user";
  return can;
}

Result<connector::FieldsReport> CompareUserFields(Api& api,
                                                  std::span<const connector::FieldToSend> fields,
                                                  bool create_new_fields,
                                                  const env::Cancel* cancel) {
  SLUICE_ASSIGN(const std::string answer, api.Ask("GET", kGetFields, "", cancel));
  auto report = CompareFields(answer, fields, create_new_fields);
  if (report.ok()) return report;
  return report.status().WithContext(
      fmt::format("{}: GET {}", api.settings().Describe(), kGetFields));
}

std::string HintAboutProject(const IterableSettings& settings, std::span<const std::string> codes) {
  constexpr std::string_view kAboutIdentifiers[] = {
      "BadParams",          "BadJsonBody",       "InvalidEmailAddressError",
      "InvalidUserIdError", "UnknownEmailError", "UnknownUserIdError"};
  const bool all = std::all_of(codes.begin(), codes.end(), [&](const std::string& code) {
    return std::find(std::begin(kAboutIdentifiers), std::end(kAboutIdentifiers), code) !=
           std::end(kAboutIdentifiers);
  });
  if (codes.empty() || !all) return {};
  return fmt::format("is the project at Iterable what the connection says: {}?",
                     settings.Describe());
}

}  // namespace sluice::connectors::iterable
