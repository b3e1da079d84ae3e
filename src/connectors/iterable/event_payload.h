// What a payload of a sync to `events`, `purchases` or `carts` says: who, when, and which id it gets.
//
//   email, userId            the person, as the project's type wants
//   eventName                of events
//   items, total             of purchases; items of carts
//   createdAt                a time, or seconds since 1970; sent as seconds
//   id                       at most 512 bytes; without it one is made from the sync's name and the key
//   campaignId, templateId
//   everything else          the data fields of the event or purchase
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "connectors/iterable/identifiers.h"

namespace sluice::connectors::iterable {

enum class ActivityKind { kEvent, kPurchase, kCart };

// Seconds since 1970 of a payload's value: a whole number, or a time as connector::TimestampStyle
// kIterable writes it. Nothing for anything else.
std::optional<int64_t> UnixSeconds(std::string_view value);

// The fields that are no data fields, by name.
std::span<const std::string> FixedFields(ActivityKind kind);

// kConfig, naming the field: one that is needed is missing, or one makes no sense here.
Status CheckActivityFields(ActivityKind kind, ProjectType project,
                           std::span<const std::string> fields);

// Of carts the person; else the id that the event gets: the same for the same row of the same sync. kRejected
// when it cannot be sent: nobody is named, or a field has a value of no use.
Result<std::string> IdentityOfActivity(ActivityKind kind, ProjectType project,
                                       std::string_view sync, std::string_view key,
                                       std::string_view payload);

// {"a":1,"b":{"c":2}}: the members that are data fields, without nulls; "" when there are none.
std::string DataFieldsOf(ActivityKind kind, std::string_view payload);

}  // namespace sluice::connectors::iterable
