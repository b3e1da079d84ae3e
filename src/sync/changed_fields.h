// Which fields of a payload have to be sent, from what the destination is known to hold. The unit
// is the top-level field: an object that changed inside is sent whole.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::sync {

// Names as they stand between their quotes in the payload.
struct ChangedFieldsRules {
  std::vector<std::string> identifiers;  // of fields that always go along
  // Every top-level field that the sync maps, sorted.
  std::vector<std::string> mapped;
  bool merges_nested = false;  // connector::Capabilities::merges_nested
  // Of the mapped ones, sorted: those that are not cleared when their value is NULL.
  std::vector<std::string> kept = {};
  // Whether what is not mapped is cleared where it was delivered.
  bool clears_unmapped = false;
  // Every mapped field with its whole path, "address.city", sorted: what merging may clear inside of
  // objects.
  std::vector<std::string> paths = {};
  // Mode replace: what is sent takes the place of all that is there, fields that the sync does not know included.
  bool whole = false;
};

// The fields to send so that a destination that holds `delivered` (nothing: it holds nothing) holds
// `payload`: those that differ, null for those that are gone, and the identifiers.
//
// `maybe`: payloads of which any part may have arrived (Overlay of earlier tries, or what another
// key left there). With one of them everything of `payload` is sent, and null for whatever
// `delivered` or one of them names and `payload` does not. All are canonical objects.
std::string FieldsToSend(std::string_view payload, std::optional<std::string_view> delivered,
                         std::span<const std::string_view> maybe, const ChangedFieldsRules& rules);

// What the destination holds when it took FieldsToSend: `payload`, and the members of `delivered`
// that are neither in it nor cleared. One of which `maybe` has another value is left out: which of
// the two is there is not known.
std::string WithKept(std::string_view payload, std::string_view delivered,
                     std::optional<std::string_view> maybe, const ChangedFieldsRules& rules);

// The identifiers of a payload alone: what names a row that is to be removed.
std::string IdentifiersOf(std::string_view payload, const ChangedFieldsRules& rules);

// Whether FieldsToSend would send more than what always goes along.
bool AnythingToSend(std::string_view payload, std::string_view delivered,
                    const ChangedFieldsRules& rules);

// The same object without the fields `names`, a JSON list: "level", or "address.city" of an object inside of it.
std::string Without(std::string_view payload, std::string_view names);

// The same object with every value hidden that is not null: which fields there were, and nothing of them.
std::string Masked(std::string_view payload);

// What the destination may hold, as far as names go, after `sent` may have arrived: `payload` with
// the values of `sent` over it, its nulls included.
std::string Overlay(std::string_view payload, std::string_view sent);

}  // namespace sluice::sync
