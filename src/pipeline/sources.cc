#include "pipeline/sources.h"

#include <algorithm>
#include <map>
#include <set>

namespace sluice::pipeline {

namespace {

Status ListAll(Runtime& runtime, const config::Ingest& ingest, const env::Cancel* cancel,
               std::vector<ingest::Source>* sources) {
  for (const std::string& name : ingest.from) {
    SLUICE_ASSIGN(connector::Store * store, runtime.StoreOf(name));
    auto listing = store->List(ingest.prefix, cancel);
    if (!listing.ok()) {
      return listing.status().WithContext("connection " + name + " (" + store->Describe() + ")");
    }
    sources->push_back({name, store, std::move(listing).value(), {}});
  }
  return Status::Ok();
}

// What has another size or tag in the later listing is still being written.
void FindChanging(const connector::Listing& later, ingest::Source& source) {
  std::map<std::string_view, const connector::StoredFile*> by_path;
  for (const connector::StoredFile& file : later.files) by_path[file.path] = &file;
  for (const connector::StoredFile& file : source.listing.files) {
    const auto found = by_path.find(file.path);
    const bool same = found != by_path.end() && found->second->size == file.size &&
                      found->second->tag == file.tag;
    if (!same) source.changing.insert(file.path);
  }
}

}  // namespace

Result<std::vector<ingest::Source>> ListSources(Runtime& runtime, const config::Ingest& ingest,
                                                const env::Cancel* cancel) {
  std::vector<ingest::Source> sources;
  SLUICE_TRY(ListAll(runtime, ingest, cancel, &sources));
  if (ingest.stable_for.count() == 0) return sources;
  if (!runtime.clock().Sleep(ingest.stable_for, cancel)) return CancelledError("stopped");
  std::vector<ingest::Source> later;
  SLUICE_TRY(ListAll(runtime, ingest, cancel, &later));
  for (size_t i = 0; i < sources.size(); ++i) FindChanging(later[i].listing, sources[i]);
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
  std::erase_if(plan.unfit, [&](const ingest::UnfitFile& file) { return other(file.table); });
  std::erase_if(plan.done, [&](const ingest::DoneFile& file) { return other(file.table); });
  std::erase_if(plan.late, [&](const ingest::LateFile& late) { return other(late.table); });
  std::erase_if(plan.rebuilds,
                [&](const ingest::Rebuild& rebuild) { return other(rebuild.target.name); });
  std::erase_if(plan.waiting, [&](const auto& waiting) { return other(waiting.table); });
}

}  // namespace sluice::pipeline
