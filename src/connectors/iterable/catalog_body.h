// The bodies of POST and DELETE /api/catalogs/NAME/items, spliced from payloads:
//
//   {"documents":{"spa-7":{"city":"Ulm"},"spa-8":{"city":null}},"replaceUploadedFieldsOnly":true}
//   {"documents":{"spa-7":{"city":"Ulm"}},"replaceUploadedFieldsOnly":false}   the whole item
//   {"itemIds":["spa-7","spa-8"]}
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"
#include "connector/destination.h"

namespace sluice::connectors::iterable {

inline constexpr const char* kItemId = "itemId";
inline constexpr size_t kMostItems = 1000;
// The smaller reading of "30kb".
inline constexpr size_t kMostItemBytes = 30'000;

struct CatalogBody {
  size_t items = 0;  // of the first operations, in their order
  std::string text;
};

// The largest body within the limits from the first of `operations` (not empty), which are of one kind;
// it ends before an item that is in it already. kRejected when the first one cannot be sent.
// `whole`: an item takes the place of the one that is there; else its fields are merged into it.
Result<CatalogBody> BuildCatalogBody(std::span<const connector::Operation> operations, bool whole,
                                     const connector::RequestLimit& limit);

// The value of an item: the payload without its id.
std::string ItemValue(std::string_view payload);

// The id of an item as it stands in a payload: text, or a whole number; "" when it is neither.
std::string ItemIdOf(std::string_view payload);

}  // namespace sluice::connectors::iterable
