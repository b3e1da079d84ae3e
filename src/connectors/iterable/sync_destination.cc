#include "connectors/iterable/sync_destination.h"

#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "connectors/iterable/catalog_destination.h"
#include "connectors/iterable/email_change_destination.h"
#include "connectors/iterable/erasure_destination.h"
#include "connectors/iterable/event_destination.h"
#include "connectors/iterable/iterable_destination.h"
#include "connectors/iterable/list_destination.h"
#include "connectors/iterable/subscription_destination.h"

namespace sluice::connectors::iterable {
namespace {

constexpr std::string_view kList = "list:";
constexpr std::string_view kListId = "list_id:";
constexpr std::string_view kCatalog = "catalog:";
constexpr std::pair<std::string_view, ActivityKind> kActivities[] = {
    {"events", ActivityKind::kEvent},
    {"purchases", ActivityKind::kPurchase},
    {"carts", ActivityKind::kCart}};

constexpr connector::Erasure kErasures[] = {
    connector::Erasure::kDelete, connector::Erasure::kForget, connector::Erasure::kUnforget};

Status Wrong(const config::Sync& sync, std::string_view key, const std::string& what,
             std::string next) {
  return ConfigError(fmt::format("{}: syncs.{}{}: {}", sync.where.ToString(), sync.name, key, what),
                     std::move(next));
}

Result<ListOptions> ReadListOptions(const config::Sync& sync, const IterableSettings& settings) {
  ListOptions options;
  if (StartsWith(sync.object, kListId)) {
    const auto id = ParseUnsigned(Trim(std::string_view(sync.object).substr(kListId.size())));
    if (!id || *id == 0) {
      return Wrong(sync, ".object", fmt::format("\"{}\" names no list by its id", sync.object),
                   "Write it as list_id:1234.");
    }
    options.id = static_cast<int64_t>(*id);
  } else {
    options.name = Trim(std::string_view(sync.object).substr(kList.size()));
    if (options.name.empty()) {
      return Wrong(sync, ".object", "the list has no name", "Write it as \"list:VIP guests\".");
    }
  }
  options.create_users = settings.create_users;
  options.takes_off = sync.mode == "remove";
  options.fields = sync.mode == "mirror";
  options.user = OptionsOfSync(sync);
  // A userId that is not known makes a person only where that may be.
  options.user.prefer_user_id = sync.prefer_user_id && settings.create_users;
  const bool makes_people = !options.takes_off && settings.project == ProjectType::kEmail;
  if (makes_people && !settings.create_users) {
    return Wrong(
        sync, "",
        "Iterable makes a person of every address that an e-mail project does not know "
        "when it is put on a list",
        fmt::format("If that may be, write create_users: true at the connection {}.", sync.to));
  }
  return options;
}

}  // namespace

Result<std::unique_ptr<connector::Destination>> MakeSyncDestination(
    IterableSettings settings, const config::Sync& sync,
    std::unique_ptr<env::HttpTransport> transport, env::Clock& clock) {
  if (sync.object == "users") {
    if (sync.change_identifiers && settings.project == ProjectType::kUserId) {
      return Wrong(sync, ".identifier_changes",
                   "a userId project knows people by their userId, which cannot be changed; a new "
                   "e-mail address is sent as the field it is",
                   "Leave it out.");
    }
    return MakeIterableDestination(std::move(settings), OptionsOfSync(sync), std::move(transport),
                                   clock);
  }
  if (StartsWith(sync.object, kList) || StartsWith(sync.object, kListId)) {
    SLUICE_ASSIGN(ListOptions options, ReadListOptions(sync, settings));
    return MakeListDestination(std::move(settings), std::move(options), std::move(transport),
                               clock);
  }
  for (const auto& [object, kind] : kActivities) {
    if (sync.object != object) continue;
    if (kind != ActivityKind::kEvent && !settings.create_users) {
      return Wrong(
          sync, "",
          fmt::format("Iterable makes whoever it does not know when it is sent one of the {}",
                      object),
          fmt::format("If that may be, write create_users: true at the connection {}.", sync.to));
    }
    return MakeEventDestination(kind, std::move(settings), OptionsOfSync(sync), sync.name,
                                std::move(transport), clock);
  }
  if (sync.object == "subscriptions") {
    return MakeSubscriptionDestination(std::move(settings), std::move(transport), clock);
  }
  for (const connector::Erasure erasure : kErasures) {
    if (sync.object != NameOf(erasure)) continue;
    return MakeErasureDestination(std::move(settings), {erasure, sync.allow_shared},
                                  std::move(transport), clock);
  }
  if (sync.object == "email_changes") {
    return MakeEmailChangeDestination(std::move(settings), std::move(transport), clock);
  }
  if (StartsWith(sync.object, kCatalog)) {
    std::string name(Trim(std::string_view(sync.object).substr(kCatalog.size())));
    if (!IsCatalogName(name)) {
      return Wrong(
          sync, ".object",
          fmt::format("\"{}\" is no name of a catalog: letters, digits and dashes, at most "
                      "255",
                      name),
          "Write it as catalog:spa-treatments.");
    }
    return MakeCatalogDestination(std::move(settings), std::move(name), sync.mode == "replace",
                                  std::move(transport), clock);
  }
  return Wrong(sync, ".object", fmt::format("Iterable has no object \"{}\"", sync.object),
               "Write users, list:NAME, catalog:NAME, events, purchases, carts, subscriptions, "
               "email_changes, delete, forget or unforget.");
}

}  // namespace sluice::connectors::iterable
