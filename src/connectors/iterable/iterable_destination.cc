#include "connectors/iterable/iterable_destination.h"

#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "connector/exporting.h"
#include "connectors/iterable/bulk_answer.h"
#include "connectors/iterable/email_change.h"
#include "connectors/iterable/field_names.h"
#include "connectors/iterable/people_destination.h"
#include "connectors/iterable/user_export.h"
#include "connectors/iterable/user_lookup.h"

namespace sluice::connectors::iterable {
namespace {

using connector::Operation;
using connector::OperationKind;
using connector::PreparedRequest;
using connector::RequestLimit;
using connector::SendResult;

constexpr const char* kBulkUpdate = "/api/users/bulkUpdate";

class IterableDestination : public PeopleDestination,
                            public connector::FieldCatalog,
                            public connector::Lookup,
                            public connector::Exporting {
 public:
  IterableDestination(IterableSettings settings, UserOptions options,
                      std::unique_ptr<env::HttpTransport> transport, env::Clock& clock)
      : PeopleDestination(std::move(settings), std::move(transport), clock),
        options_(options),
        terms_(UserLookupTerms(api_.settings())) {
    capabilities_.changes_identities = project() != ProjectType::kUserId;
    capabilities_.hands_over = true;
    capabilities_.merges_nested = options_.merge_nested_objects;
    capabilities_.request_name = fmt::format("POST {}", kBulkUpdate);
  }

  Status CheckFields(std::span<const std::string> fields) const override {
    return CheckUserFields(project(), fields);
  }

  Result<PreparedRequest> Prepare(std::span<const Operation> operations,
                                  const RequestLimit& limit) const override {
    if (operations.front().kind == OperationKind::kChangeIdentity) {
      SLUICE_ASSIGN(const EmailChange change, ChangeOf(operations.front()));
      return EmailChangeRequest(project(), change);
    }
    SLUICE_ASSIGN(Body body, BuildBody(project(), options_, OfOneKind(operations),
                                       LimitOfBody(Within(limit, api_.settings()))));
    return PreparedRequest{body.users, "POST", kBulkUpdate, std::move(body.text)};
  }

  SendResult Send(const PreparedRequest& request, std::span<const Operation> operations,
                  const env::Cancel* cancel) override {
    if (operations.front().kind == OperationKind::kChangeIdentity) {
      const auto change = ChangeOf(operations.front());
      SLUICE_CHECK(change.ok(), "a request was made of a change that is none");
      return SendEmailChange(api_, request, operations.front(), *change, cancel);
    }
    return api_.Send(request, operations, cancel,
                     [this](const env::HttpResponse& response, std::span<const Operation> rows,
                            env::Micros now) {
                       return ReadBulkAnswer(project(), BulkCall::kUpdate, response, rows, now,
                                             options_.create_new_fields);
                     });
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

  Status Export(const See& see, const env::Cancel* cancel) override {
    return ExportUsers(api_, see, cancel);
  }
  std::vector<std::string> DifferingFrom(std::string_view payload,
                                         std::string_view held) const override {
    return FieldsThatDiffer(payload, held);
  }

 private:
  Result<EmailChange> ChangeOf(const Operation& operation) const {
    return EmailChangeOf(project(), operation.former, operation.payload);
  }

  const UserOptions options_;
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
