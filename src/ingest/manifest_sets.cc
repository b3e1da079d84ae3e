#include "ingest/manifest_sets.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/text.h"
#include "ingest/manifest.h"

namespace sluice::ingest {
namespace {

class ManifestReader {
 public:
  ManifestReader(const config::Ingest& ingest, const config::Table& table,
                 const config::FilePattern& pattern, const std::vector<TableFile>& files,
                 const LedgerState& ledger, IngestPlan* plan)
      : ingest_(ingest), table_(table), pattern_(pattern), ledger_(ledger), plan_(plan) {
    for (const TableFile& file : files) by_path_[file.file->path] = &file;
  }

  // The files get what the manifest says of them; `proofs` keeps the copies that carry it.
  FileSet Read(const TableFile& manifest, std::vector<TableFile>* proofs,
               const env::Cancel* cancel) {
    FileSet set;
    set.label = manifest.file->path;
    set.whole = false;
    if (!manifest.waits.empty()) {
      Waits(manifest, manifest.waits);
      return set;
    }
    auto text = manifest.source->store->ReadSmall(*manifest.file, kMaxManifestBytes, cancel);
    if (!text.ok()) {
      Fails(manifest, text.status());
      return set;
    }
    const auto entries = ParseManifest(*text);
    if (!entries.ok()) {
      Unfit(manifest, entries.status().message());
      return set;
    }
    set.whole = Collect(manifest, *entries, proofs);
    return set;
  }

 private:
  bool Collect(const TableFile& manifest, const std::vector<ManifestEntry>& entries,
               std::vector<TableFile>* proofs) {
    const std::string& path = manifest.file->path;
    const std::string folder = path.substr(0, path.rfind('/') + 1);
    const std::string store = manifest.source->store->Describe();
    std::vector<std::string> missing;
    std::string waits;
    for (const ManifestEntry& entry : entries) {
      auto found = EntryPath(entry.name, store, folder);
      if (!found.ok()) {
        Unfit(manifest, found.status().message());
        return false;
      }
      if (!StartsWith(*found, ingest_.prefix) ||
          !pattern_.Fits(std::string_view(*found).substr(ingest_.prefix.size()))) {
        continue;
      }
      const auto listed = by_path_.find(*found);
      if (listed == by_path_.end()) {
        if (!IsLoaded(manifest, *found)) missing.push_back(*found);
        continue;
      }
      const TableFile& file = *listed->second;
      if (entry.size && *entry.size != file.file->size) {
        Unfit(manifest, fmt::format("it says that {} has {} bytes, and it has {}", *found,
                                    *entry.size, file.file->size));
        return false;
      }
      if (!file.wrong.empty()) {
        Unfit(manifest, fmt::format("{}: {}", *found, file.wrong));
        return false;
      }
      if (!file.waits.empty()) waits = fmt::format("{}: {}", *found, file.waits);
      TableFile& proven = proofs->emplace_back(file);
      proven.proof.digest = entry.digest;
      proven.proof.by = path;
    }
    if (!missing.empty()) {
      waits = missing.size() == 1
                  ? fmt::format("{} is not there", missing[0])
                  : fmt::format("{} of its files are not there ({} …)", missing.size(), missing[0]);
    }
    if (!waits.empty()) Waits(manifest, waits);
    return waits.empty();
  }

  bool IsLoaded(const TableFile& manifest, const std::string& path) const {
    const auto known = ledger_.files.find({manifest.source->connection, path, table_.name});
    return known != ledger_.files.end() && known->second.state != "held";
  }

  void Waits(const TableFile& manifest, const std::string& why) {
    const std::string text = fmt::format("{}: {}: {}", table_.name, manifest.file->path, why);
    plan_->unsettled.push_back(text);
    if (EndsWith(why, kAhead)) plan_->notes.push_back(fmt::format("{}.{}", ingest_.name, text));
  }

  void Unfit(const TableFile& manifest, const std::string& why) {
    plan_->unfit.push_back({manifest.source->connection, table_.name, manifest.file->path,
                            "manifest", fmt::format("{}: {}", manifest.file->path, why)});
  }

  // The next run may read it.
  void Fails(const TableFile& manifest, const Status& status) {
    plan_->problems.push_back(fmt::format("{}.{}: {}: {}", ingest_.name, table_.name,
                                          manifest.file->path, status.ToString()));
  }

  const config::Ingest& ingest_;
  const config::Table& table_;
  const config::FilePattern& pattern_;
  const LedgerState& ledger_;
  IngestPlan* plan_;
  std::map<std::string_view, const TableFile*> by_path_;
};

}  // namespace

Result<std::vector<FileSet>> ManifestSets(const config::Ingest& ingest, const config::Table& table,
                                          const std::vector<TableFile>& files,
                                          const std::vector<TableFile>& manifests,
                                          const std::set<std::string>& held,
                                          const LedgerState& ledger, const env::Cancel* cancel,
                                          std::vector<std::vector<TableFile>>* proofs,
                                          IngestPlan* plan) {
  SLUICE_ASSIGN(const auto pattern, config::FilePattern::Parse(table.pattern));
  ManifestReader reader(ingest, table, pattern, files, ledger, plan);
  std::vector<FileSet> sets;
  for (const TableFile& manifest : manifests) {
    if (cancel != nullptr && cancel->is_set()) return CancelledError("stopped");
    if (held.count(manifest.file->path) > 0) {
      sets.emplace_back().whole = false;
      continue;
    }
    std::vector<TableFile>& own = proofs->emplace_back();
    FileSet set = reader.Read(manifest, &own, cancel);
    std::sort(own.begin(), own.end(),
              [](const TableFile& a, const TableFile& b) { return a.file->path < b.file->path; });
    for (const TableFile& file : own) set.files.push_back(&file);
    sets.push_back(std::move(set));
  }
  return sets;
}

}  // namespace sluice::ingest
