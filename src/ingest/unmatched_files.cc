#include "ingest/unmatched_files.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "format/data_name.h"
#include "ingest/hand.h"

namespace sluice::ingest {
namespace {

const std::vector<Source> kNoSources;

}  // namespace

Result<TakenFiles> TakenFiles::Of(const config::Project& project, const std::string& connection) {
  TakenFiles taken;
  for (const config::Ingest& ingest : project.ingests) {
    if (std::find(ingest.from.begin(), ingest.from.end(), connection) == ingest.from.end()) {
      continue;
    }
    if (ingest.layout != "files") {
      taken.drops_.push_back(ingest.prefix);
      continue;
    }
    SLUICE_ASSIGN(Inbox inbox, Inbox::Open(ingest, kNoSources, 0));
    taken.ingests_.push_back(&ingest);
    taken.inboxes_.push_back(std::move(inbox));
  }
  return taken;
}

bool TakenFiles::Has(std::string_view path) const {
  return std::any_of(drops_.begin(), drops_.end(),
                     [&](const std::string& prefix) { return StartsWith(path, prefix); }) ||
         std::any_of(inboxes_.begin(), inboxes_.end(),
                     [&](const Inbox& inbox) { return inbox.Takes(path); });
}

const config::Ingest* TakenFiles::TellerOf(std::string_view path) const {
  const config::Ingest* teller = nullptr;
  for (const config::Ingest* ingest : ingests_) {
    if (!StartsWith(path, ingest->prefix)) continue;
    if (teller == nullptr || ingest->prefix.size() > teller->prefix.size()) teller = ingest;
  }
  return teller;
}

Result<std::vector<UnmatchedFiles>> FindUnmatched(const config::Project& project,
                                                  const config::Ingest& ingest,
                                                  const std::vector<Source>& sources,
                                                  env::Micros now) {
  std::vector<UnmatchedFiles> all;
  if (ingest.layout != "files") return all;
  for (const Source& source : sources) {
    // Beside a file that somebody named lies what nobody named.
    if (StartsWith(source.connection, kHandConnection)) continue;
    SLUICE_ASSIGN(const TakenFiles taken, TakenFiles::Of(project, source.connection));
    UnmatchedFiles unmatched{source.connection, 0, ""};
    for (const connector::StoredFile& file : source.listing.files) {
      if (!format::LooksLikeData(file.path) || format::IsBesideData(file.path)) continue;
      const bool settled = file.modified + ingest.settle.count() * 1000 <= now;
      if (!settled || source.changing.count(file.path) > 0) continue;
      const config::Ingest* teller = taken.TellerOf(file.path);
      if (teller == nullptr || teller->name != ingest.name || taken.Has(file.path)) continue;
      if (unmatched.files++ == 0) unmatched.first = file.path;
    }
    if (unmatched.files > 0) all.push_back(std::move(unmatched));
  }
  return all;
}

std::string Told(const std::string& ingest, const UnmatchedFiles& unmatched) {
  const bool one = unmatched.files == 1;
  return fmt::format(
      "{}: {} of connection {} {} no pattern of a table and {} not loaded ({}{}); {}", ingest,
      Counted(unmatched.files, "file"), unmatched.connection, one ? "fits" : "fit",
      one ? "is" : "are", unmatched.first, one ? "" : " …",
      fmt::format("sluice discover {} proposes {}", ingest, one ? "a table" : "tables"));
}

}  // namespace sluice::ingest
