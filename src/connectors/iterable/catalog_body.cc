#include "connectors/iterable/catalog_body.h"

#include <unordered_set>

#include <fmt/format.h>

#include "base/check.h"
#include "base/json_text.h"
#include "base/text.h"
#include "connectors/iterable/identifiers.h"

namespace sluice::connectors::iterable {
namespace {

using connector::Operation;
using connector::OperationKind;

constexpr std::string_view kUpsertHead = "{\"documents\":{";
constexpr std::string_view kMergeTail = "},\"replaceUploadedFieldsOnly\":true}";
constexpr std::string_view kReplaceTail = "},\"replaceUploadedFieldsOnly\":false}";
constexpr std::string_view kRemoveHead = "{\"itemIds\":[";
constexpr std::string_view kRemoveTail = "]}";

// Ids need no escapes: IdentityOf let only letters, digits and dashes pass.
std::string PartOf(const Operation& operation) {
  std::string part = "\"" + std::string(operation.identity) + "\"";
  if (operation.kind == OperationKind::kUpsert) part += ":" + ItemValue(operation.payload);
  return part;
}

// Why the operation fits into no request; "" when it does.
std::string TooLarge(const std::string& part, const Operation& operation, size_t frame,
                     size_t most_bytes) {
  const size_t id = operation.identity.size() + 3;  // two quotes and a colon
  if (operation.kind == OperationKind::kUpsert && part.size() > id + kMostItemBytes) {
    return fmt::format("the item takes {} bytes, and Iterable takes items of {}",
                       Thousands(part.size() - id), Thousands(kMostItemBytes));
  }
  if (frame + part.size() > most_bytes) {
    return fmt::format("one item alone takes {} bytes, and a request may have {}",
                       Thousands(frame + part.size()), Thousands(most_bytes));
  }
  return {};
}

}  // namespace

std::string ItemIdOf(std::string_view payload) {
  const std::string_view value = JsonMemberValue(payload, kItemId);
  return value.empty() ? std::string() : IdText(value).value_or("");
}

std::string ItemValue(std::string_view payload) {
  std::string value = "{";
  JsonMember member;
  for (JsonMemberScan scan(payload); scan.Next(member);) {
    if (member.name == kItemId) continue;
    if (value.size() > 1) value += ',';
    value += '"';
    value += member.name;
    value += "\":";
    value += member.value;
  }
  value += '}';
  return value;
}

Result<CatalogBody> BuildCatalogBody(std::span<const Operation> operations, bool whole,
                                     const connector::RequestLimit& limit) {
  SLUICE_CHECK(!operations.empty() && limit.rows > 0 && limit.bytes > 0, "nothing to send");
  const bool upserts = operations.front().kind == OperationKind::kUpsert;
  const std::string_view tail = !upserts ? kRemoveTail : whole ? kReplaceTail : kMergeTail;
  const auto most_bytes = static_cast<size_t>(limit.bytes);
  CatalogBody body;
  body.text = upserts ? kUpsertHead : kRemoveHead;
  const size_t frame = body.text.size() + tail.size();
  std::unordered_set<std::string_view> seen;
  for (const Operation& operation : operations) {
    if (body.items == static_cast<size_t>(limit.rows)) break;
    if (!seen.insert(operation.identity).second) break;
    const std::string part = PartOf(operation);
    const std::string too_large = TooLarge(part, operation, frame, most_bytes);
    if (body.items == 0 && !too_large.empty()) return RejectedError(too_large);
    if (!too_large.empty() || body.text.size() + part.size() + 1 + tail.size() > most_bytes) {
      // A first one that fits alone is in already.
      if (body.items > 0) break;
    }
    if (body.items > 0) body.text += ',';
    body.text += part;
    ++body.items;
  }
  body.text += tail;
  return body;
}

}  // namespace sluice::connectors::iterable
