#include "connectors/iterable/iterable_destination.h"

#include <utility>

#include <fmt/format.h>

#include "connectors/iterable/api.h"
#include "connectors/iterable/bulk_answer.h"
#include "connectors/iterable/field_names.h"
#include "connectors/iterable/identifiers.h"
#include "connectors/iterable/user_lookup.h"

namespace sluice::connectors::iterable {
namespace {

using connector::Operation;
using connector::PreparedRequest;
using connector::RequestLimit;
using connector::SendResult;

constexpr const char* kBulkUpdate = "/api/users/bulkUpdate";

class IterableDestination : public connector::Destination,
                            public connector::FieldCatalog,
                            public connector::Lookup {
 public:
  IterableDestination(IterableSettings settings, UserOptions options,
                      std::unique_ptr<env::HttpTransport> transport, env::Clock& clock)
      : api_(std::move(settings), std::move(transport), clock),
        options_(options),
        capabilities_(CommonCapabilities(api_.settings())),
        terms_(UserLookupTerms(api_.settings())) {
    capabilities_.merges_nested = options_.merge_nested_objects;
    capabilities_.request_name = fmt::format("POST {}", kBulkUpdate);
  }

  std::string Describe() const override { return api_.settings().Describe(); }
  const connector::Capabilities& capabilities() const override { return capabilities_; }

  Status CheckFields(std::span<const std::string> fields) const override {
    return CheckUserFields(project(), fields);
  }
  Result<std::string> IdentityOf(std::string_view, std::string_view payload) const override {
    return IdentityOfUser(project(), payload);
  }
  std::span<const std::string> identifiers() const override { return IdentifierFields(project()); }

  Result<PreparedRequest> Prepare(std::span<const Operation> operations,
                                  const RequestLimit& limit) const override {
    SLUICE_ASSIGN(Body body, BuildBody(project(), options_, operations,
                                       LimitOfBody(Within(limit, api_.settings()))));
    return PreparedRequest{body.users, "POST", kBulkUpdate, std::move(body.text)};
  }

  SendResult Send(const PreparedRequest& request, std::span<const Operation> operations,
                  const env::Cancel* cancel) override {
    return api_.Send(request, operations, cancel,
                     [this](const env::HttpResponse& response, std::span<const Operation> rows,
                            env::Micros now) {
                       return ReadBulkAnswer(project(), BulkCall::kUpdate, response, rows, now);
                     });
  }

  std::string HintOf(std::span<const std::string> codes) const override {
    return HintAboutProject(api_.settings(), codes);
  }

  // The fields of the project: it needs the same kind of key, and costs next to nothing.
  Status Probe(const env::Cancel* cancel) override { return Compare({}, cancel).status(); }

  connector::FieldCatalog* catalog() override { return this; }
  Result<connector::FieldsReport> Compare(std::span<const connector::FieldToSend> fields,
                                          const env::Cancel* cancel) override {
    return CompareUserFields(api_, fields, options_.create_new_fields, cancel);
  }

  const Terms& lookup_terms() const override { return terms_; }
  Result<std::vector<Found>> LookFor(std::span<const Operation> rows, bool values,
                                     const env::Cancel* cancel) override {
    SLUICE_ASSIGN(Found found, LookForUser(api_, rows.front(), values, cancel));
    return std::vector<Found>{std::move(found)};
  }

 private:
  ProjectType project() const { return api_.settings().project; }

  Api api_;
  const UserOptions options_;
  connector::Capabilities capabilities_;
  const Terms terms_;
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
