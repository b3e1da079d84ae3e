// A few of the items that a catalog accepted, and whether it shows them as they were sent.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::connectors::iterable {

struct CatalogSample {
  std::string id;
  std::string value;  // what was sent, canonical; "" when the item was to be deleted
};

// Keeps the first, the last and some between of what it is given, at most 20, an item once.
class CatalogSamples {
 public:
  void Add(CatalogSample sample);
  std::vector<CatalogSample> Take();

 private:
  std::vector<CatalogSample> samples_;
  size_t added_ = 0;
};

// Whether `body`, the answer to a GET of an item (canonical JSON), shows what was sent. Fields that were
// not sent do not count; numbers are compared by value, times and nested values only by being there:
// Iterable may write them otherwise.
bool ShowsSample(std::string_view body, const CatalogSample& sample);

}  // namespace sluice::connectors::iterable
