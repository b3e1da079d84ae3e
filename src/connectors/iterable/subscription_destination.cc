#include "connectors/iterable/subscription_destination.h"

#include <utility>

#include <fmt/format.h>

#include "connectors/iterable/api.h"
#include "connectors/iterable/bulk_answer.h"
#include "connectors/iterable/people_destination.h"
#include "connectors/iterable/subscription_body.h"
#include "connectors/iterable/user_lookup.h"

namespace sluice::connectors::iterable {
namespace {

using connector::Operation;
using connector::PreparedRequest;
using connector::RequestLimit;
using connector::SendResult;

constexpr const char* kBulkUpdate = "/api/users/bulkUpdateSubscriptions";

class SubscriptionDestination : public PeopleDestination, public connector::Lookup {
 public:
  SubscriptionDestination(IterableSettings settings, std::unique_ptr<env::HttpTransport> transport,
                          env::Clock& clock)
      : PeopleDestination(std::move(settings), std::move(transport), clock),
        terms_(UserLookupTerms(api_.settings())) {
    capabilities_.clears = false;
    capabilities_.follows_identities = true;
    capabilities_.request_name = fmt::format("POST {}", kBulkUpdate);
  }

  Status CheckFields(std::span<const std::string> fields) const override {
    return CheckSubscriptionFields(project(), fields);
  }
  Result<PreparedRequest> Prepare(std::span<const Operation> operations,
                                  const RequestLimit& limit) const override {
    SLUICE_ASSIGN(Body body, BuildSubscriptionsBody(project(), operations,
                                                    LimitOfBody(Within(limit, api_.settings()))));
    return PreparedRequest{body.users, "POST", kBulkUpdate, std::move(body.text)};
  }

  SendResult Send(const PreparedRequest& request, std::span<const Operation> operations,
                  const env::Cancel* cancel) override {
    return api_.Send(request, operations, cancel,
                     [this](const env::HttpResponse& response, std::span<const Operation> rows,
                            env::Micros now) {
                       return ReadBulkAnswer(project(), BulkCall::kSubscriptions, response, rows,
                                             now);
                     });
  }

  Status Probe(const env::Cancel* cancel) override {
    return CompareUserFields(api_, {}, true, cancel).status();
  }

  // No answer of Iterable's tells what somebody agreed to: only who is there can be asked.
  const Terms& lookup_terms() const override { return terms_; }
  Result<std::vector<Found>> LookFor(std::span<const Operation> rows, bool,
                                     const env::Cancel* cancel) override {
    SLUICE_ASSIGN(Found found, LookForUser(api_, rows.front(), false, cancel));
    return std::vector<Found>{std::move(found)};
  }

 private:
  const Terms terms_;
};

}  // namespace

std::unique_ptr<connector::Destination> MakeSubscriptionDestination(
    IterableSettings settings, std::unique_ptr<env::HttpTransport> transport, env::Clock& clock) {
  return std::make_unique<SubscriptionDestination>(std::move(settings), std::move(transport),
                                                   clock);
}

}  // namespace sluice::connectors::iterable
