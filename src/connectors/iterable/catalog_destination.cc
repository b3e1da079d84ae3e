#include "connectors/iterable/catalog_destination.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/json_text.h"
#include "base/text.h"
#include "connector/container.h"
#include "connector/lookup.h"
#include "connector/sampling.h"
#include "connectors/iterable/answer.h"
#include "connectors/iterable/api.h"
#include "connectors/iterable/bulk_answer.h"
#include "connectors/iterable/catalog_body.h"
#include "connectors/iterable/catalog_fields.h"
#include "connectors/iterable/catalog_samples.h"
#include "connectors/iterable/field_names.h"

namespace sluice::connectors::iterable {
namespace {

using connector::Operation;
using connector::OperationKind;
using connector::PreparedRequest;
using connector::RequestLimit;
using connector::RowState;
using connector::SendResult;

constexpr size_t kLongestName = 255;
constexpr size_t kItemsAtOnce = 10;
constexpr std::chrono::milliseconds kFirstLook{250};
constexpr std::chrono::milliseconds kLongestPause{5'000};

// 200 and 202 with the code "Success": all of it was accepted.
bool IsAccepted(const env::HttpResponse& response) {
  return response.status / 100 == 2 && ReadRefusal(response.body).code == "Success";
}

class CatalogDestination : public connector::Destination,
                           public connector::Container,
                           public connector::FieldCatalog,
                           public connector::Sampling,
                           public connector::Lookup {
 public:
  CatalogDestination(IterableSettings settings, std::string name, bool whole,
                     std::unique_ptr<env::HttpTransport> transport, env::Clock& clock)
      : api_(std::move(settings), std::move(transport), clock),
        clock_(clock),
        name_(std::move(name)),
        whole_(whole),
        path_("/api/catalogs/" + name_),
        capabilities_(CommonCapabilities(api_.settings())),
        terms_({api_.settings().lookups_per_second, 1, kItemsAtOnce,
                fmt::format("GET {}/items/ID", path_)}) {
    capabilities_.max_rows_per_request = kMostItems;
    capabilities_.removes = true;
    capabilities_.noun = "item";
    capabilities_.request_name = fmt::format("POST {}/items", path_);
  }

  std::string Describe() const override { return api_.settings().Describe(); }
  const connector::Capabilities& capabilities() const override { return capabilities_; }

  Status CheckFields(std::span<const std::string> fields) const override {
    return CheckItemFields(fields);
  }
  Result<std::string> IdentityOf(std::string_view, std::string_view payload) const override {
    std::string id = ItemIdOf(payload);
    if (IsCatalogName(id)) return id;
    return RejectedError(id.empty() ? "itemId is missing, or neither text nor a whole number"
                                    : "itemId is not made of letters, digits and dashes alone, at "
                                      "most 255");
  }
  std::span<const std::string> identifiers() const override {
    static const std::vector<std::string> id = {kItemId};
    return id;
  }

  Result<PreparedRequest> Prepare(std::span<const Operation> operations,
                                  const RequestLimit& limit) const override {
    const bool upserts = operations.front().kind == OperationKind::kUpsert;
    const auto other = std::find_if(operations.begin(), operations.end(), [&](const Operation& o) {
      return o.kind != operations.front().kind;
    });
    RequestLimit most = Within(limit, api_.settings());
    const auto own = static_cast<int64_t>(kMostItems);
    most.rows = limit.rows > 0 ? std::min(limit.rows, own) : own;
    SLUICE_ASSIGN(CatalogBody body,
                  BuildCatalogBody(std::span(operations.begin(), other), whole_, most));
    return PreparedRequest{body.items, upserts ? "POST" : "DELETE", path_ + "/items",
                           std::move(body.text)};
  }

  SendResult Send(const PreparedRequest& request, std::span<const Operation> operations,
                  const env::Cancel* cancel) override {
    return api_.Send(request, operations, cancel,
                     [this](const env::HttpResponse& response, std::span<const Operation> rows,
                            env::Micros now) { return Read(response, rows, now); });
  }

  Status Probe(const env::Cancel* cancel) override { return Find(cancel).status(); }

  // ---- Container ----

  std::string Name() const override { return fmt::format("the catalog \"{}\"", name_); }
  // Names of catalogs are unique.
  std::string Id() const override { return there_ ? "catalog " + name_ : std::string(); }

  Result<bool> Find(const env::Cancel* cancel) override {
    SLUICE_ASSIGN(const auto response,
                  api_.AskAnything("GET", path_ + "/fieldMappings", "", cancel));
    if (response.status == 404) return false;
    const Status refused = StatusOfRefusal(response);
    if (!refused.ok()) return refused.WithContext(Describe());
    auto types = ReadCatalogTypes(response.body);
    if (!types.ok()) return types.status().WithContext(Describe());
    const std::lock_guard lock(mutex_);
    types_ = std::move(types).value();
    there_ = true;
    return true;
  }

  Status Make(const env::Cancel* cancel) override {
    SLUICE_ASSIGN(const auto response, api_.AskAnything("POST", path_, "", cancel));
    // Somebody else may have made it meanwhile, which Iterable answers with 400.
    if (response.status != 400) {
      const Status refused = StatusOfRefusal(response);
      if (!refused.ok()) return refused.WithContext(Describe());
    }
    SLUICE_ASSIGN(const bool there, Find(cancel));
    if (there) return Status::Ok();
    return RetryError(fmt::format("{}: {} was asked for and is not to be seen", Describe(), Name()),
                      "The next run looks for it.");
  }

  Status Define(std::span<const connector::FieldToSend> fields,
                const env::Cancel* cancel) override {
    const std::string body = DefinitionsBody(fields, Types());
    if (body.empty()) return Status::Ok();
    SLUICE_ASSIGN(const auto response,
                  api_.AskAnything("PUT", path_ + "/fieldMappings", body, cancel));
    const Status refused = StatusOfRefusal(response);
    if (!refused.ok()) return refused.WithContext(Describe());
    return Find(cancel).status();
  }

  Result<uint64_t> Size(const env::Cancel* cancel) override {
    SLUICE_ASSIGN(const std::string body,
                  api_.Ask("GET", path_ + "/items?page=1&pageSize=1", "", cancel));
    const auto json = CanonicalJson(body);
    const bool object = json.ok() && !json->empty() && json->front() == '{';
    const auto count =
        object ? ParseUnsigned(JsonMemberValue(json.value(), "totalItemsCount")) : std::nullopt;
    if (count) return *count;
    return RetryError(fmt::format("{}: GET {}/items gave no number", Describe(), path_),
                      "Try again later.");
  }

  // ---- FieldCatalog ----

  connector::FieldCatalog* catalog() override { return this; }
  Result<connector::FieldsReport> Compare(std::span<const connector::FieldToSend> fields,
                                          const env::Cancel* cancel) override {
    SLUICE_TRY(Find(cancel).status());
    return CompareCatalogFields(fields, Types());
  }

  // ---- Sampling ----

  Result<Seen> LookAgain(std::chrono::milliseconds patience, const env::Cancel* cancel) override {
    std::vector<CatalogSample> missing = samples_.Take();
    Seen seen;
    seen.looked = missing.size();
    const env::Micros end =
        clock_.Now() + std::chrono::duration_cast<std::chrono::microseconds>(patience).count();
    for (auto pause = kFirstLook; !missing.empty(); pause = std::min(2 * pause, kLongestPause)) {
      for (auto sample = missing.begin(); sample != missing.end();) {
        SLUICE_ASSIGN(const bool shown, IsShown(*sample, cancel));
        sample = shown ? missing.erase(sample) : sample + 1;
      }
      if (missing.empty() || clock_.Now() >= end || !clock_.Sleep(pause, cancel)) break;
    }
    seen.found = seen.looked - missing.size();
    return seen;
  }

  // ---- Lookup ----

  const Terms& lookup_terms() const override { return terms_; }
  Result<std::vector<Found>> LookFor(std::span<const Operation> rows, bool values,
                                     const env::Cancel* cancel) override {
    SLUICE_ASSIGN(const auto body, GetItem(std::string(rows.front().identity), cancel));
    Found found;
    found.there = body.has_value();
    if (found.there && values) {
      found.differing = ItemFieldsNotShown(*body, ItemValue(rows.front().payload));
    }
    return std::vector<Found>{std::move(found)};
  }

 private:
  SendResult Read(const env::HttpResponse& response, std::span<const Operation> rows,
                  env::Micros now) {
    SendResult result;
    if (IsAccepted(response)) {
      result.outcomes.assign(rows.size(), {RowState::kAcknowledged, "", ""});
      result.status = response.status;
      for (const Operation* row : {&rows.front(), &rows.back()}) {
        const bool removed = row->kind == OperationKind::kRemove;
        samples_.Add({std::string(row->identity), removed ? "" : ItemValue(row->payload)});
      }
      return result;
    }
    if (response.status / 100 == 2) {
      result.outcomes.assign(
          rows.size(), {RowState::kUnknown, "unreadable_answer",
                        fmt::format("Iterable answered {} without saying what became of the item",
                                    response.status)});
      result.status = response.status;
      return result;
    }
    if (response.status == 404) {
      result.stop =
          ConfigError(Name() + " is not there any more", "The next run says what it finds.");
      result.outcomes.assign(rows.size(), {RowState::kDeferred, "NotFound", result.stop.message()});
      result.status = response.status;
      return result;
    }
    return ReadRefusedRequest(BulkCall::kUpdate, response, rows, now);
  }

  Result<bool> IsShown(const CatalogSample& sample, const env::Cancel* cancel) {
    SLUICE_ASSIGN(const auto body, GetItem(sample.id, cancel));
    if (!body || sample.value.empty()) return body.has_value() != sample.value.empty();
    return ItemFieldsNotShown(*body, sample.value).empty();
  }

  // The answer, canonical; nothing when there is no such item.
  Result<std::optional<std::string>> GetItem(const std::string& id, const env::Cancel* cancel) {
    SLUICE_ASSIGN(const auto response, api_.AskAnything("GET", path_ + "/items/" + id, "", cancel));
    if (response.status == 404) return std::optional<std::string>();
    const Status refused = StatusOfRefusal(response);
    if (!refused.ok()) return refused.WithContext(Describe());
    auto json = CanonicalJson(response.body);
    if (json.ok()) return std::optional(std::move(json).value());
    return RetryError(fmt::format("{}: the answer about an item is no JSON", Describe()),
                      "Try again later.");
  }

  CatalogTypes Types() const {
    const std::lock_guard lock(mutex_);
    return types_;
  }

  Api api_;
  env::Clock& clock_;
  const std::string name_;
  const bool whole_;
  const std::string path_;
  connector::Capabilities capabilities_;
  const Terms terms_;
  std::atomic<bool> there_{false};
  mutable std::mutex mutex_;  // a plan may be made beside a run
  CatalogTypes types_;
  CatalogSamples samples_;
};

}  // namespace

bool IsCatalogName(std::string_view text) {
  return !text.empty() && text.size() <= kLongestName &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return c == '-' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                  (c >= 'A' && c <= 'Z');
         });
}

std::unique_ptr<connector::Destination> MakeCatalogDestination(
    IterableSettings settings, std::string name, bool whole,
    std::unique_ptr<env::HttpTransport> transport, env::Clock& clock) {
  return std::make_unique<CatalogDestination>(std::move(settings), std::move(name), whole,
                                              std::move(transport), clock);
}

}  // namespace sluice::connectors::iterable
