// A few of the items that a catalog accepted, and whether it shows them as they were sent.
#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::connectors::iterable {

struct CatalogSample {
  std::string id;
  std::string value;  // what was sent, canonical; "" when the item was to be deleted
};

// Keeps the first, the last and some between of what it is given, at most 20, an item once. Thread-safe.
class CatalogSamples {
 public:
  void Add(CatalogSample sample);
  std::vector<CatalogSample> Take();

 private:
  std::mutex mutex_;
  std::vector<CatalogSample> samples_;
  size_t added_ = 0;
};

// The fields of `value` (what was sent, canonical) that `body`, the answer to a GET of an item (canonical
// JSON), does not show so. Fields that were not sent do not count.
std::vector<std::string> ItemFieldsNotShown(std::string_view body, std::string_view value);

}  // namespace sluice::connectors::iterable
