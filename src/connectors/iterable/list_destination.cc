#include "connectors/iterable/list_destination.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "base/json_text.h"
#include "base/text.h"
#include "connector/container.h"
#include "connector/lookup.h"
#include "connectors/iterable/bulk_answer.h"
#include "connectors/iterable/field_names.h"
#include "connectors/iterable/list_members.h"
#include "connectors/iterable/lists.h"
#include "connectors/iterable/people_destination.h"

namespace sluice::connectors::iterable {
namespace {

using connector::Operation;
using connector::OperationKind;
using connector::PreparedRequest;
using connector::RequestLimit;
using connector::SendResult;

constexpr const char* kLists = "/api/lists";
constexpr const char* kSubscribe = "/api/lists/subscribe";
constexpr const char* kUnsubscribe = "/api/lists/unsubscribe";

class ListDestination : public PeopleDestination,
                        public connector::Container,
                        public connector::FieldCatalog,
                        public connector::Lookup {
 public:
  ListDestination(IterableSettings settings, ListOptions options,
                  std::unique_ptr<env::HttpTransport> transport, env::Clock& clock)
      : PeopleDestination(std::move(settings), std::move(transport), clock),
        options_(std::move(options)) {
    capabilities_.removes = true;
    capabilities_.follows_identities = true;
    capabilities_.merges_nested = options_.user.merge_nested_objects;
    capabilities_.request_name = fmt::format("POST {}", kSubscribe);
  }

  Status CheckFields(std::span<const std::string> fields) const override {
    SLUICE_TRY(CheckUserFields(project(), fields));
    for (const std::string& field : fields) {
      const auto ids = identifiers();
      if (options_.fields || std::find(ids.begin(), ids.end(), field) != ids.end()) continue;
      return ConfigError(fmt::format("the field \"{}\" is none that identifies, and the modes add "
                                     "and remove send nothing else",
                                     field),
                         "Leave it out, and send it by a sync of the object users.");
    }
    return Status::Ok();
  }

  Result<PreparedRequest> Prepare(std::span<const Operation> operations,
                                  const RequestLimit& limit) const override {
    ListForm form;
    form.id = id_;
    form.kind = options_.takes_off ? OperationKind::kRemove : operations.front().kind;
    form.existing_only = !options_.create_users && project() != ProjectType::kEmail;
    SLUICE_ASSIGN(Body body, BuildListBody(project(), options_.user, form, OfOneKind(operations),
                                           LimitOfBody(Within(limit, api_.settings()))));
    const bool removes = form.kind == OperationKind::kRemove;
    return PreparedRequest{body.users, "POST", removes ? kUnsubscribe : kSubscribe,
                           std::move(body.text)};
  }

  SendResult Send(const PreparedRequest& request, std::span<const Operation> operations,
                  const env::Cancel* cancel) override {
    SLUICE_CHECK(id_ != 0, "a list is looked up before anybody is put on it");
    const BulkCall call =
        request.target == kUnsubscribe ? BulkCall::kUnsubscribe : BulkCall::kSubscribe;
    return api_.Send(request, operations, cancel,
                     [this, call](const env::HttpResponse& response,
                                  std::span<const Operation> rows, env::Micros now) {
                       return ReadBulkAnswer(project(), call, response, rows, now);
                     });
  }

  Status Probe(const env::Cancel* cancel) override { return Find(cancel).status(); }

  connector::FieldCatalog* catalog() override { return this; }
  Result<connector::FieldsReport> Compare(std::span<const connector::FieldToSend> fields,
                                          const env::Cancel* cancel) override {
    // Subscribing has no word about new fields: the project's own setting decides.
    return CompareUserFields(api_, fields, true, cancel);
  }

  std::string Name() const override {
    return options_.id != 0 ? fmt::format("the list {}", options_.id)
                            : fmt::format("the list \"{}\"", options_.name);
  }
  std::string Id() const override {
    const int64_t id = id_;
    return id != 0 ? fmt::format("list {}", id) : std::string();
  }

  Result<bool> Find(const env::Cancel* cancel) override {
    SLUICE_ASSIGN(const std::string body, api_.Ask("GET", kLists, "", cancel));
    const auto id = Recognise(body);
    if (!id.ok()) return id.status().WithContext(Describe());
    if (id.value()) id_ = *id.value();
    return id.value().has_value();
  }

  Status Make(const env::Cancel* cancel) override {
    std::string body = "{\"name\":";
    AppendJsonString(body, options_.name);
    body += "}";
    SLUICE_ASSIGN(const std::string answer, api_.Ask("POST", kLists, body, cancel));
    const auto json = CanonicalJson(answer);
    const bool object = json.ok() && !json->empty() && json->front() == '{';
    if (!object || !ParseUnsigned(JsonMemberValue(json.value(), "listId"))) {
      return RetryError(fmt::format("{}: the answer to POST {} has no listId", Describe(), kLists),
                        "The next run looks whether the list is there.");
    }
    // Somebody else may have made one meanwhile: then there are two, and this says so.
    SLUICE_ASSIGN(const bool there, Find(cancel));
    if (there) return Status::Ok();
    return RetryError(fmt::format("{}: {} was made and is not to be seen yet", Describe(), Name()),
                      "The next run looks for it.");
  }

  // Who is on it; what else a mirror has written into profiles is an audit's of a sync of users.
  const Terms& lookup_terms() const override { return terms_; }
  Result<std::vector<Found>> LookFor(std::span<const Operation> rows, bool,
                                     const env::Cancel* cancel) override {
    SLUICE_CHECK(id_ != 0, "a list is looked up before its people are");
    SLUICE_ASSIGN(auto found, LookForMembers(api_, id_, rows, cancel));
    // What mode remove has delivered is that somebody is not on it.
    for (Found& one : found) {
      if (!options_.takes_off) break;
      if (one.there) one.differing = {"is on the list"};
      one.there = true;
    }
    return found;
  }

  Result<uint64_t> Size(const env::Cancel* cancel) override {
    SLUICE_CHECK(id_ != 0, "a list is looked up before its people are counted");
    const std::string target = fmt::format("{}/{}/size", kLists, id_.load());
    SLUICE_ASSIGN(const std::string body, api_.Ask("GET", target, "", cancel));
    std::string_view text = Trim(body);
    if (text.size() > 1 && text.front() == '"' && text.back() == '"') {
      text = text.substr(1, text.size() - 2);
    }
    if (const auto count = ParseUnsigned(text)) return *count;
    return RetryError(fmt::format("{}: GET {} gave no number", Describe(), target),
                      "Try again later.");
  }

 private:
  Result<std::optional<int64_t>> Recognise(std::string_view body) const {
    SLUICE_ASSIGN(const auto lists, ReadLists(body));
    if (options_.id == 0) return FindListByName(lists, options_.name);
    SLUICE_TRY(CheckListId(lists, options_.id));
    return std::optional(options_.id);
  }

  const ListOptions options_;
  const Terms terms_ = ListLookupTerms();
  // Once it was found: for good, since requests for it may be on their way. (A plan may be made beside a run.)
  std::atomic<int64_t> id_{0};
};

}  // namespace

std::unique_ptr<connector::Destination> MakeListDestination(
    IterableSettings settings, ListOptions options, std::unique_ptr<env::HttpTransport> transport,
    env::Clock& clock) {
  return std::make_unique<ListDestination>(std::move(settings), std::move(options),
                                           std::move(transport), clock);
}

}  // namespace sluice::connectors::iterable
