#include "connectors/iterable/catalog_samples.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/json_text.h"

namespace sluice::connectors::iterable {
namespace {

constexpr size_t kMost = 20;

bool IsNumber(std::string_view value) {
  return value.front() == '-' || (value.front() >= '0' && value.front() <= '9');
}

// "2026-11-21 14:03:07 +00:00", in quotes.
bool IsTime(std::string_view value) {
  return value.size() == 28 && value[5] == '-' && value[8] == '-' && value[14] == ':';
}

bool Same(std::string_view sent, std::string_view shown) {
  if (sent == "null") return shown.empty() || shown == "null";
  if (shown.empty()) return false;
  if (IsNumber(sent)) {
    return IsNumber(shown) && std::strtod(std::string(sent).c_str(), nullptr) ==
                                  std::strtod(std::string(shown).c_str(), nullptr);
  }
  const bool rewritten = sent.front() == '{' || sent.front() == '[' || IsTime(sent);
  return rewritten || sent == shown;
}

}  // namespace

void CatalogSamples::Add(CatalogSample sample) {
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
  added_ = 0;
  return std::exchange(samples_, {});
}

bool ShowsSample(std::string_view body, const CatalogSample& sample) {
  if (body.empty() || body.front() != '{' || sample.value.empty()) return false;
  const std::string_view shown = JsonMemberValue(body, "value");
  if (shown.empty() || shown.front() != '{') return false;
  JsonMember member;
  for (JsonMemberScan scan(sample.value); scan.Next(member);) {
    if (!Same(member.value, JsonMemberValue(shown, member.name))) return false;
  }
  return true;
}

}  // namespace sluice::connectors::iterable
