#include "format/json_keys.h"

#include <utility>

#include "base/text.h"

namespace sluice::format {
namespace {

// What is remembered of keys that nobody asks for: a map with a key for each customer must not grow.
constexpr size_t kMaxMet = 10'000;
constexpr size_t kMaxPlaces = 1'000;
constexpr size_t kMaxKeyBytes = 256;

}  // namespace

std::shared_ptr<JsonKeys> JsonKeys::Of(const std::vector<JsonColumn>& columns) {
  auto keys = std::make_shared<JsonKeys>("", false);
  for (size_t i = 0; i < columns.size(); ++i) {
    for (const std::string& name : columns[i].names) keys->Add(Lower(name), i);
  }
  keys->Cover();
  return keys;
}

// Under its whole name, and under its first part where it is a path.
void JsonKeys::Add(std::string_view name, size_t column) {
  JsonKey& whole = declared_[std::string(name)];
  if (!whole.known()) whole.first_column = column;
  whole.columns.push_back(column);
  const size_t point = name.find('.');
  if (point == std::string_view::npos || point == 0 || point + 1 == name.size()) return;
  const std::string head(name.substr(0, point));
  JsonKey& first = declared_[head];
  if (!first.known()) first.first_column = column;
  if (first.members == nullptr) {
    first.members = std::make_shared<JsonKeys>(path_ + head + ".", false);
  }
  first.members->Add(name.substr(point + 1), column);
}

void JsonKeys::Cover() {
  for (auto& [name, key] : declared_) {
    if (key.members == nullptr) continue;
    key.members->covered_ = covered_ || !key.columns.empty();
    key.members->Cover();
  }
}

JsonKey* JsonKeys::Find(std::string_view key, size_t place) {
  if (place < order_.size() && order_[place]->first == key) return &order_[place]->second;
  auto met = met_.find(key);
  if (met == met_.end()) {
    const auto declared = declared_.find(Lower(key));
    const bool known = declared != declared_.end();
    if (!known && (met_.size() >= kMaxMet || key.size() > kMaxKeyBytes)) return nullptr;
    met = met_.emplace(key, known ? declared->second : JsonKey()).first;
  }
  if (place < order_.size()) {
    order_[place] = &*met;
  } else if (place == order_.size() && place < kMaxPlaces) {
    order_.push_back(&*met);
  }
  return &met->second;
}

}  // namespace sluice::format
