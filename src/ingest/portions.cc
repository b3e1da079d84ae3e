#include "ingest/portions.h"

#include <algorithm>

#include <fmt/format.h>

namespace sluice::ingest {
namespace {

constexpr size_t kPerStatement = 500;

}  // namespace

Status ForEachPortion(const std::vector<std::string>& values,
                      const std::vector<engine::Value>& fixed,
                      const std::function<Status(const std::string& places,
                                                 const std::vector<engine::Value>& bound)>& ask) {
  for (size_t from = 0; from < values.size(); from += kPerStatement) {
    std::vector<engine::Value> bound = fixed;
    std::string places;
    for (size_t i = from; i < std::min(values.size(), from + kPerStatement); ++i) {
      bound.emplace_back(values[i]);
      places += fmt::format("{}${}", places.empty() ? "" : ", ", bound.size());
    }
    SLUICE_TRY(ask(places, bound));
  }
  return Status::Ok();
}

}  // namespace sluice::ingest
