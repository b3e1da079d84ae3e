#include "connectors/iterable/event_destination.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "connector/ordered.h"
#include "connector/untold.h"
#include "connectors/iterable/answer.h"
#include "connectors/iterable/bulk_answer.h"
#include "connectors/iterable/event_body.h"
#include "connectors/iterable/people_destination.h"

namespace sluice::connectors::iterable {
namespace {

using connector::Operation;
using connector::OperationKind;
using connector::PreparedRequest;
using connector::RequestLimit;
using connector::RowState;
using connector::SendResult;

const char* TargetOf(ActivityKind kind) {
  switch (kind) {
    case ActivityKind::kEvent:
      return "/api/events/trackBulk";
    case ActivityKind::kPurchase:
      return "/api/commerce/trackPurchase";
    case ActivityKind::kCart:
      break;
  }
  return "/api/commerce/updateCart";
}

// One row, and one answer: {"code":"Success"}.
SendResult ReadSingle(const env::HttpResponse& response, std::span<const Operation> rows,
                      env::Micros now) {
  if (response.status / 100 != 2) {
    return ReadRefusedRequest(BulkCall::kUpdate, response, rows, now);
  }
  SendResult result;
  result.status = response.status;
  const bool done = ReadRefusal(response.body).code == "Success";
  result.outcomes.push_back(
      done ? connector::RowOutcome{RowState::kAcknowledged, "", ""}
           : connector::RowOutcome{
                 RowState::kUnknown, "unreadable_answer",
                 fmt::format("Iterable answered {} without saying what became of the row",
                             response.status)});
  return result;
}

class EventDestination : public PeopleDestination,
                         public connector::Ordered,
                         public connector::Untold {
 public:
  EventDestination(ActivityKind kind, IterableSettings settings, UserOptions options,
                   std::string sync, std::unique_ptr<env::HttpTransport> transport,
                   env::Clock& clock)
      : PeopleDestination(std::move(settings), std::move(transport), clock),
        kind_(kind),
        options_(options),
        sync_(std::move(sync)) {
    if (kind_ != ActivityKind::kEvent) capabilities_.max_rows_per_request = 1;
    // Purchases and carts write profiles, one in a call. Of events it matters only that track and trackBulk are not
    // mixed, and track is never called.
    capabilities_.calls =
        kind_ == ActivityKind::kEvent ? connector::CallKind::kAny : connector::CallKind::kSingle;
    capabilities_.at_once = 1;  // what somebody did is told in its order
    capabilities_.removes = kind_ == ActivityKind::kCart;
    // An event is its id, whoever it is about.
    capabilities_.follows_identities = kind_ == ActivityKind::kCart;
    capabilities_.noun = kind_ == ActivityKind::kEvent      ? "event"
                         : kind_ == ActivityKind::kPurchase ? "purchase"
                                                            : "cart";
    capabilities_.request_name = fmt::format("POST {}", TargetOf(kind_));
  }

  std::string WhyUntold() const override {
    return kind_ == ActivityKind::kCart ? "Iterable shows a cart as a field of its person, which "
                                          "purchases and others change too"
                                        : "Iterable shows the last 200 events of a person, and not "
                                          "by which ids they were sent";
  }

  std::string order_field() const override { return "createdAt"; }

  Status CheckFields(std::span<const std::string> fields) const override {
    return CheckActivityFields(kind_, project(), fields);
  }
  Result<std::string> IdentityOf(std::string_view key, std::string_view payload) const override {
    return IdentityOfActivity(kind_, project(), sync_, key, payload);
  }
  Result<PreparedRequest> Prepare(std::span<const Operation> operations,
                                  const RequestLimit& limit) const override {
    const BodyLimit most = LimitOfBody(Within(limit, api_.settings()));
    auto body = kind_ == ActivityKind::kEvent
                    ? BuildEventsBody(project(), options_.create_new_fields, operations, most)
                    : BuildCommerceBody(kind_, project(), options_, operations.front(), most.bytes);
    if (!body.ok()) return body.status();
    return PreparedRequest{body->users, "POST", TargetOf(kind_), std::move(body->text)};
  }

  SendResult Send(const PreparedRequest& request, std::span<const Operation> operations,
                  const env::Cancel* cancel) override {
    return api_.Send(request, operations, cancel,
                     [this](const env::HttpResponse& response, std::span<const Operation> rows,
                            env::Micros now) {
                       return kind_ == ActivityKind::kEvent
                                  ? ReadBulkAnswer(project(), BulkCall::kTrack, response, rows, now)
                                  : ReadSingle(response, rows, now);
                     });
  }

  Status Probe(const env::Cancel* cancel) override {
    return CompareUserFields(api_, {}, true, cancel).status();
  }

 private:
  const ActivityKind kind_;
  const UserOptions options_;
  const std::string sync_;
};

}  // namespace

std::unique_ptr<connector::Destination> MakeEventDestination(
    ActivityKind kind, IterableSettings settings, UserOptions options, std::string sync,
    std::unique_ptr<env::HttpTransport> transport, env::Clock& clock) {
  return std::make_unique<EventDestination>(kind, std::move(settings), options, std::move(sync),
                                            std::move(transport), clock);
}

}  // namespace sluice::connectors::iterable
