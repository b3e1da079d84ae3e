#include "connectors/iterable/event_payload.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/hash.h"
#include "base/json_text.h"
#include "base/text.h"
#include "connectors/iterable/field_names.h"

namespace sluice::connectors::iterable {
namespace {

constexpr size_t kMostIdBytes = 512;

// Days since 1970 of a date of the proleptic Gregorian calendar (Howard Hinnant, "chrono-Compatible
// Low-Level Date Algorithms").
int64_t DaysOf(int64_t year, int64_t month, int64_t day) {
  year -= month <= 2 ? 1 : 0;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146'097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
         719'468;
}

bool Needs(ActivityKind kind, std::string_view field) {
  if (field == "eventName") return kind == ActivityKind::kEvent;
  if (field == "items") return kind != ActivityKind::kEvent;
  return field == "total" && kind == ActivityKind::kPurchase;
}

bool IsNumber(std::string_view value) {
  return !value.empty() && (value.front() == '-' || (value.front() >= '0' && value.front() <= '9'));
}

bool IsGiven(std::string_view value) {
  return !value.empty() && value != "null";
}

Status CheckValues(ActivityKind kind, std::string_view payload) {
  const auto value = [&](std::string_view name) { return JsonMemberValue(payload, name); };
  if (kind == ActivityKind::kEvent) {
    const std::string_view name = value("eventName");
    if (name.size() < 3 || name.front() != '"') return RejectedError("eventName is no text");
  }
  if (Needs(kind, "items") && (kind == ActivityKind::kPurchase || IsGiven(value("items")))) {
    const std::string_view items = value("items");
    if (items.empty() || items.front() != '[') return RejectedError("items is no list");
  }
  if (Needs(kind, "total") && !IsNumber(value("total"))) return RejectedError("total is no number");
  if (IsGiven(value("createdAt")) && !UnixSeconds(value("createdAt"))) {
    return RejectedError("createdAt is neither a time nor a whole number of seconds");
  }
  return Status::Ok();
}

}  // namespace

std::optional<int64_t> UnixSeconds(std::string_view value) {
  if (IsNumber(value)) {
    const bool whole = value.find_first_not_of("0123456789") == std::string_view::npos;
    const auto seconds = whole ? ParseUnsigned(value) : std::nullopt;
    return seconds ? std::optional(static_cast<int64_t>(*seconds)) : std::nullopt;
  }
  // "2026-11-21 14:03:07 +00:00", in quotes.
  if (value.size() != 28 || value.substr(20) != " +00:00\"") return std::nullopt;
  const auto part = [&](size_t at, size_t length) {
    return ParseUnsigned(value.substr(at, length));
  };
  const auto year = part(1, 4);
  const auto month = part(6, 2);
  const auto day = part(9, 2);
  const auto hour = part(12, 2);
  const auto minute = part(15, 2);
  const auto second = part(18, 2);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  const auto number = [](uint64_t n) { return static_cast<int64_t>(n); };
  return DaysOf(number(*year), number(*month), number(*day)) * 86'400 + number(*hour) * 3'600 +
         number(*minute) * 60 + number(*second);
}

std::span<const std::string> FixedFields(ActivityKind kind) {
  static const std::vector<std::string> event = {"campaignId", "createdAt",  "email", "eventName",
                                                 "id",         "templateId", "userId"};
  static const std::vector<std::string> purchase = {"campaignId", "createdAt",  "email", "id",
                                                    "items",      "templateId", "total", "userId"};
  static const std::vector<std::string> cart = {"email", "userId"};
  switch (kind) {
    case ActivityKind::kEvent:
      return event;
    case ActivityKind::kPurchase:
      return purchase;
    case ActivityKind::kCart:
      break;
  }
  return cart;
}

Status CheckActivityFields(ActivityKind kind, ProjectType project,
                           std::span<const std::string> fields) {
  SLUICE_TRY(CheckUserFields(project, fields));
  const auto has = [&](std::string_view name) {
    return std::find(fields.begin(), fields.end(), name) != fields.end();
  };
  for (const std::string_view needed : {"eventName", "items", "total"}) {
    if (!Needs(kind, needed) || has(needed)) continue;
    return ConfigError(fmt::format("\"{}\" is not mapped{}", needed, DidYouMean(needed, fields)),
                       needed == "eventName"
                           ? "Add `eventName: { value: visit }`, or a column, to the sync's fields."
                           : fmt::format("Add `{}: COLUMN` to the sync's fields.", needed));
  }
  if (kind != ActivityKind::kCart) return Status::Ok();
  for (const std::string& field : fields) {
    if (field == "email" || field == "userId" || field == "items") continue;
    return ConfigError(fmt::format("a cart has no field \"{}\"", field),
                       "Leave it out; fields of a person belong into a sync of the object users.");
  }
  return Status::Ok();
}

Result<std::string> IdentityOfActivity(ActivityKind kind, ProjectType project,
                                       std::string_view sync, std::string_view key,
                                       std::string_view payload) {
  SLUICE_ASSIGN(std::string person, IdentityOfUser(project, payload));
  SLUICE_TRY(CheckValues(kind, payload));
  if (kind == ActivityKind::kCart) return person;
  const std::string_view given = JsonMemberValue(payload, "id");
  if (!IsGiven(given)) {
    return "sluice-" + HashOf(std::string(sync) + '\n' + std::string(key)).Hex();
  }
  const auto id = IdText(given);
  if (!id || id->empty()) return RejectedError("id is neither text nor a whole number");
  if (id->size() > kMostIdBytes) return RejectedError("id is longer than 512 bytes");
  return *id;
}

std::string DataFieldsOf(ActivityKind kind, std::string_view payload) {
  const auto fixed = FixedFields(kind);
  std::string out = "{";
  JsonMember member;
  for (JsonMemberScan scan(payload); scan.Next(member);) {
    if (member.value == "null") continue;
    if (std::find(fixed.begin(), fixed.end(), member.name) != fixed.end()) continue;
    if (out.size() > 1) out += ',';
    out += '"';
    out += member.name;
    out += "\":";
    out += member.value;
  }
  return out.size() == 1 ? std::string() : out + '}';
}

}  // namespace sluice::connectors::iterable
