#include "pipeline/sources.h"

#include <algorithm>
#include <set>

namespace sluice::pipeline {

Result<std::vector<ingest::Source>> ListSources(Runtime& runtime, const config::Ingest& ingest,
                                                const env::Cancel* cancel) {
  std::vector<ingest::Source> sources;
  for (const std::string& name : ingest.from) {
    SLUICE_ASSIGN(connector::Store * store, runtime.StoreOf(name));
    auto listing = store->List(ingest.prefix, cancel);
    if (!listing.ok()) {
      return listing.status().WithContext("connection " + name + " (" + store->Describe() + ")");
    }
    sources.push_back({name, store, std::move(listing).value()});
  }
  return sources;
}

void KeepTables(ingest::IngestPlan& plan, const std::set<std::string>& tables) {
  if (tables.empty()) return;
  const auto other = [&](const std::string& table) { return tables.count(table) == 0; };
  for (ingest::Step& step : plan.steps) {
    std::erase_if(step.loads,
                  [&](const ingest::TableLoad& load) { return other(load.target.name); });
  }
  std::erase_if(plan.steps, [](const ingest::Step& step) { return step.loads.empty(); });
  std::erase_if(plan.late, [&](const ingest::LateFile& late) { return other(late.table); });
  std::erase_if(plan.waiting, [&](const auto& waiting) { return other(waiting.table); });
}

}  // namespace sluice::pipeline
