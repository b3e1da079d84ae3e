#include "connectors/iterable/iterable_destination.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "base/json_text.h"
#include "connectors/iterable/bulk_answer.h"
#include "connectors/iterable/field_names.h"
#include "connectors/iterable/field_types.h"
#include "connectors/iterable/identifiers.h"

namespace sluice::connectors::iterable {
namespace {

using connector::Operation;
using connector::PreparedRequest;
using connector::RequestLimit;
using connector::RowState;
using connector::SendResult;

constexpr const char* kBulkUpdate = "/api/users/bulkUpdate";
constexpr const char* kGetFields = "/api/users/getFields";
// A refused request of 10,000 people names each of them once or twice.
constexpr uint64_t kLargestAnswer = 16ULL << 20;

class IterableDestination : public connector::Destination, public connector::FieldCatalog {
 public:
  IterableDestination(IterableSettings settings, UserOptions options,
                      std::unique_ptr<env::HttpTransport> transport, env::Clock& clock)
      : settings_(std::move(settings)),
        options_(options),
        transport_(std::move(transport)),
        clock_(clock) {
    capabilities_.max_rows_per_request = settings_.max_users;
    capabilities_.max_bytes_per_request = settings_.max_body_bytes;
    capabilities_.requests_per_second = settings_.requests_per_second;
    capabilities_.one_per_identity = true;
    capabilities_.repeatable = true;
    capabilities_.merges_nested = options_.merge_nested_objects;
    capabilities_.timestamps = connector::TimestampStyle::kIterable;
    // The first value of a field fixes its type: a "long" refuses fractions.
    capabilities_.numbers = connector::NumberStyle::kTyped;
    capabilities_.noun = "user";
    capabilities_.request_name = fmt::format("POST {}", kBulkUpdate);
  }

  std::string Describe() const override { return settings_.Describe(); }
  const connector::Capabilities& capabilities() const override { return capabilities_; }

  Status CheckFields(std::span<const std::string> fields) const override {
    return CheckUserFields(settings_.project, fields);
  }
  Result<std::string> IdentityOf(std::string_view, std::string_view payload) const override {
    return IdentityOfUser(settings_.project, payload);
  }
  std::span<const std::string> identifiers() const override {
    return IdentifierFields(settings_.project);
  }

  Result<PreparedRequest> Prepare(std::span<const Operation> operations,
                                  const RequestLimit& limit) const override {
    BodyLimit most;
    most.users = static_cast<size_t>(Smaller(limit.rows, settings_.max_users));
    most.bytes = static_cast<size_t>(Smaller(limit.bytes, settings_.max_body_bytes));
    SLUICE_ASSIGN(Body body, BuildBody(settings_.project, options_, operations, most));
    PreparedRequest request;
    request.rows = body.users;
    request.method = "POST";
    request.target = kBulkUpdate;
    request.body = std::move(body.text);
    return request;
  }

  SendResult Send(const PreparedRequest& request, std::span<const Operation> operations,
                  const env::Cancel* cancel) override {
    SLUICE_CHECK(request.rows > 0 && request.rows <= operations.size(),
                 "a request for more rows than there are");
    env::HttpRequest http = NewRequest(request.method, request.target, cancel);
    http.headers.emplace_back("Content-Type", "application/json");
    http.body = request.body;
    env::HttpError error;
    const auto response = transport_->Send(http, &error);
    const auto rows = operations.first(request.rows);
    if (!response.ok()) return Unanswered(rows.size(), response.status(), error.sent);
    return ReadBulkAnswer(settings_.project, response.value(), rows, clock_.Now());
  }

  std::string HintOf(std::span<const std::string> codes) const override {
    constexpr std::string_view kAboutIdentifiers[] = {
        "BadParams",          "BadJsonBody",       "InvalidEmailAddressError",
        "InvalidUserIdError", "UnknownEmailError", "UnknownUserIdError"};
    const bool all = std::all_of(codes.begin(), codes.end(), [&](const std::string& code) {
      return std::find(std::begin(kAboutIdentifiers), std::end(kAboutIdentifiers), code) !=
             std::end(kAboutIdentifiers);
    });
    if (codes.empty() || !all) return {};
    return fmt::format("is the project at Iterable what the connection says: {}?", Describe());
  }

  // The fields of the project: it needs the same kind of key, and costs next to nothing.
  Status Probe(const env::Cancel* cancel) override { return Compare({}, cancel).status(); }

  connector::FieldCatalog* catalog() override { return this; }
  Result<connector::FieldsReport> Compare(std::span<const connector::FieldToSend> fields,
                                          const env::Cancel* cancel) override {
    env::HttpRequest http = NewRequest("GET", kGetFields, cancel);
    http.repeatable = true;
    const auto response = transport_->Send(http);
    if (!response.ok()) return response.status().WithContext(Describe());
    Status refused = StatusOfRefusal(response.value());
    if (!refused.ok()) return refused.WithContext(Describe());
    auto report = CompareFields(response.value().body, fields, options_.create_new_fields);
    if (!report.ok()) {
      return report.status().WithContext(fmt::format("{}: GET {}", Describe(), kGetFields));
    }
    return report;
  }

 private:
  // 0 asks for no limit of its own.
  static int64_t Smaller(int64_t asked, int64_t own) {
    return asked > 0 ? std::min(asked, own) : own;
  }

  env::HttpRequest NewRequest(std::string method, const std::string& target,
                              const env::Cancel* cancel) const {
    env::HttpRequest http;
    http.method = std::move(method);
    http.url = settings_.base_url + target;
    http.headers = {{"Api-Key", settings_.api_key.Reveal()}, {"Accept", "application/json"}};
    http.timeout = settings_.timeout;
    // Iterable answers when all is done: silence until then is no sign of anything.
    http.stall_timeout = settings_.timeout;
    http.max_body = kLargestAnswer;
    http.cancel = cancel;
    return http;
  }

  static SendResult Unanswered(size_t rows, const Status& status, env::Sent sent) {
    SendResult result;
    const bool maybe = sent == env::Sent::kMaybe;
    std::string code = maybe ? "no_answer" : "not_sent";
    if (status.code() == Code::kCancelled) code = "cancelled";
    result.outcomes.assign(rows, {maybe ? RowState::kUnknown : RowState::kDeferred, std::move(code),
                                  status.message()});
    // What can never be reached, for its address or its certificate; not what is out of reach now.
    const bool never = status.code() == Code::kConfig || (status.code() == Code::kFailed && !maybe);
    if (never) result.stop = status;
    return result;
  }

  const IterableSettings settings_;
  const UserOptions options_;
  const std::unique_ptr<env::HttpTransport> transport_;
  env::Clock& clock_;
  connector::Capabilities capabilities_;
};

}  // namespace

UserOptions OptionsOfSync(const config::Sync& sync) {
  UserOptions options;
  options.create_new_fields = sync.create_new_fields;
  options.merge_nested_objects = sync.merge_nested_objects;
  options.prefer_user_id = sync.prefer_user_id;
  return options;
}

std::unique_ptr<connector::Destination> MakeIterableDestination(
    IterableSettings settings, UserOptions options, std::unique_ptr<env::HttpTransport> transport,
    env::Clock& clock) {
  return std::make_unique<IterableDestination>(std::move(settings), options, std::move(transport),
                                               clock);
}

}  // namespace sluice::connectors::iterable
