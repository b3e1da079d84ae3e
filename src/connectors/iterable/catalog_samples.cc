#include "connectors/iterable/catalog_samples.h"

#include <algorithm>
#include <utility>

#include "base/json_text.h"
#include "connectors/iterable/shown_values.h"

namespace sluice::connectors::iterable {
namespace {

constexpr size_t kMost = 20;

}  // namespace

void CatalogSamples::Add(CatalogSample sample) {
  const std::lock_guard lock(mutex_);
  ++added_;
  const auto known = std::find_if(samples_.begin(), samples_.end(),
                                  [&](const CatalogSample& s) { return s.id == sample.id; });
  if (known != samples_.end()) {
    *known = std::move(sample);
  } else if (samples_.size() < kMost) {
    samples_.push_back(std::move(sample));
  } else {
    // The last place is that of the newest; others change places less and less often.
    samples_[added_ % 7 == 0 ? 1 + added_ / 7 % (kMost - 2) : kMost - 1] = std::move(sample);
  }
}

std::vector<CatalogSample> CatalogSamples::Take() {
  const std::lock_guard lock(mutex_);
  added_ = 0;
  return std::exchange(samples_, {});
}

std::vector<std::string> ItemFieldsNotShown(std::string_view body, std::string_view value) {
  const std::string_view shown = body.front() == '{' ? JsonMemberValue(body, "value") : "";
  if (shown.empty() || shown.front() != '{') return {"value"};
  return FieldsNotShown(value, shown);
}

}  // namespace sluice::connectors::iterable
