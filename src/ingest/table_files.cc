#include "ingest/table_files.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/text.h"
#include "env/file.h"
#include "format/strict.h"
#include "ingest/hand.h"

namespace sluice::ingest {
namespace {

using config::FilePattern;
using config::PathTemplate;

// What Hive and Spark call a folder of rows that have NULL.
constexpr std::string_view kHiveNull = "__HIVE_DEFAULT_PARTITION__";

// Below `prefix`; a name without a folder is meant in any.
Result<FilePattern> MarkerPattern(const std::string& complete_when) {
  SLUICE_ASSIGN(const PathTemplate marker, PathTemplate::Parse(complete_when));
  const std::string pattern = marker.AsPattern();
  return FilePattern::Parse(pattern.find('/') == std::string::npos ? "**/" + pattern : pattern);
}

bool FitsOne(const std::vector<FilePattern>& patterns, std::string_view path) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const FilePattern& pattern) { return pattern.Fits(path); });
}

}  // namespace

std::optional<std::string> CapturedValue(const config::Captures& captures,
                                         const std::string& capture) {
  const auto found = captures.find(capture);
  if (found == captures.end() || found->second == kHiveNull) return std::nullopt;
  return found->second;
}

bool HasComeAnew(const OpenHold& hold, const std::vector<TableFile>& files) {
  // What was loaded by hand lies elsewhere.
  const bool by_hand = StartsWith(hold.connection, kHandConnection);
  if (hold.check != "checksum" || hold.load_id == 0 || by_hand) return false;
  std::vector<ProvenFile> proven;
  for (const TableFile& file : files) {
    if (hold.files.count(file.file->path) > 0) proven.push_back({file.file, &file.proof});
  }
  return ProofId(std::move(proven)) != hold.load_id;
}

Status ReadCaptures(const TargetTable& target, LoadFile& file) {
  if (target.captured.empty()) return Status::Ok();
  SLUICE_ASSIGN(const FilePattern pattern, FilePattern::Parse(target.pattern));
  const std::string_view path = file.stored.path;
  auto captures = StartsWith(path, target.prefix) ? pattern.Match(path.substr(target.prefix.size()))
                                                  : std::nullopt;
  if (!captures) {
    return RejectedError(fmt::format("the path does not fit {} any more", target.pattern));
  }
  file.captures = std::move(*captures);
  const std::string wrong = WrongCapture(target, file.captures);
  return wrong.empty() ? Status::Ok() : RejectedError(wrong);
}

std::string WrongCapture(const TargetTable& target, const config::Captures& captures) {
  for (const DdlColumn& column : target.columns) {
    const auto capture = target.captured.find(column.name);
    if (capture == target.captured.end()) continue;
    const auto value = CapturedValue(captures, capture->second);
    if (!value) {
      if (std::find(target.key.begin(), target.key.end(), column.name) == target.key.end())
        continue;
      return fmt::format("{{{}}} of its path is NULL, and the key is never NULL", capture->second);
    }
    if (format::Fits(*value, column.type)) continue;
    return fmt::format("{{{}}} of its path is \"{}\", and column {} expects {}", capture->second,
                       *value, column.name, column.type.Expectation());
  }
  return "";
}

Result<Inbox> Inbox::Open(const config::Ingest& ingest, const std::vector<Source>& sources,
                          env::Micros now) {
  Inbox inbox(ingest, sources, now);
  for (const config::Table& table : ingest.tables) {
    SLUICE_ASSIGN(auto pattern, FilePattern::Parse(table.pattern));
    inbox.patterns_.push_back(std::move(pattern));
    if (!table.complete_when.empty()) {
      SLUICE_ASSIGN(auto marker, MarkerPattern(table.complete_when));
      inbox.no_data_.push_back(std::move(marker));
    }
    if (!table.manifest.empty()) {
      SLUICE_ASSIGN(auto manifest, FilePattern::Parse(table.manifest));
      inbox.no_data_.push_back(std::move(manifest));
    }
  }
  for (const Source& source : sources) {
    Listed& listed = inbox.listed_.emplace_back();
    for (const connector::StoredFile& file : source.listing.files) listed[file.path] = &file;
  }
  return inbox;
}

bool Inbox::Takes(std::string_view path) const {
  if (IsKept(path)) return true;
  return StartsWith(path, ingest_.prefix) && FitsOne(patterns_, path.substr(ingest_.prefix.size()));
}

bool Inbox::IsKept(std::string_view path) const {
  for (const config::Table& table : ingest_.tables) {
    if (!table.move_to.empty() && StartsWith(path, table.move_to)) return true;
  }
  return StartsWith(path, ingest_.prefix) && FitsOne(no_data_, path.substr(ingest_.prefix.size()));
}

bool Inbox::IsNoData(std::string_view path, const config::Table& table) const {
  if (IsKept(path)) return true;
  // A pattern that ends so asks for them.
  if (SidecarKind(path)) return !SidecarKind(table.pattern);
  return env::Basename(path) == kHadoopMarker && !EndsWith(table.pattern, kHadoopMarker);
}

std::string Inbox::WaitsFor(const config::Table& table, const TableFile& file,
                            const Listed& listed) const {
  if (file.source->changing.count(file.file->path) > 0) return "still being written";
  if (IsAhead(file.file->modified, now_)) return kAhead;
  if (file.file->modified + ingest_.settle.count() * 1000 > now_) {
    return fmt::format("changed less than {} ago",
                       HumanSeconds(static_cast<double>(ingest_.settle.count()) / 1000));
  }
  if (table.sidecars == config::Table::Sidecars::kRequire && !file.proof.sidecar) {
    return "no checksum beside it";
  }
  if (table.complete_when.empty()) return "";
  const auto marker = PathTemplate::Parse(table.complete_when);
  if (!marker.ok()) return marker.status().message();  // told by the config already
  config::Captures values = file.captures;
  values["file"] = env::Basename(file.file->path);
  std::string path = marker->Fill(values);
  const size_t folder = file.file->path.rfind('/');
  const bool beside = table.complete_when.find('/') == std::string::npos;
  if (!beside) {
    path = ingest_.prefix + path;
  } else if (folder != std::string::npos) {
    path = file.file->path.substr(0, folder + 1) + path;
  }
  return listed.count(path) > 0 ? "" : fmt::format("no {} yet", path);
}

void Inbox::FindSidecar(const config::Table& table, const Listed& listed, TableFile* file) const {
  if (table.sidecars == config::Table::Sidecars::kIgnore) return;
  // The strongest of several.
  for (const std::string_view ending : kSidecarEndings) {
    const std::string path = file->file->path + std::string(ending);
    const auto found = listed.find(path);
    if (found == listed.end()) continue;
    file->proof.sidecar = *found->second;
    return;
  }
}

Result<std::vector<TableFile>> Inbox::FilesOf(const config::Table& table) const {
  SLUICE_ASSIGN(const FilePattern pattern, FilePattern::Parse(table.pattern));
  SLUICE_ASSIGN(const TargetTable target, FilesTarget(ingest_, table.name));
  std::vector<TableFile> files;
  for (size_t s = 0; s < sources_.size(); ++s) {
    for (const connector::StoredFile& stored : sources_[s].listing.files) {
      if (!StartsWith(stored.path, ingest_.prefix)) continue;
      auto captures = pattern.Match(std::string_view(stored.path).substr(ingest_.prefix.size()));
      if (!captures || IsNoData(stored.path, table)) continue;
      TableFile& file = files.emplace_back();
      file.source = &sources_[s];
      file.file = &stored;
      file.captures = std::move(*captures);
      FindSidecar(table, listed_[s], &file);
      file.waits = WaitsFor(table, file, listed_[s]);
      file.wrong = WrongCapture(target, file.captures);
    }
  }
  return files;
}

Result<std::vector<TableFile>> Inbox::ManifestsOf(const config::Table& table) const {
  std::vector<TableFile> manifests;
  if (table.manifest.empty()) return manifests;
  SLUICE_ASSIGN(const FilePattern pattern, FilePattern::Parse(table.manifest));
  for (const Source& source : sources_) {
    for (const connector::StoredFile& stored : source.listing.files) {
      const std::string_view path = stored.path;
      if (!StartsWith(path, ingest_.prefix) || !pattern.Fits(path.substr(ingest_.prefix.size()))) {
        continue;
      }
      TableFile& manifest = manifests.emplace_back();
      manifest.source = &source;
      manifest.file = &stored;
      if (source.changing.count(stored.path) > 0) manifest.waits = "still being written";
      if (stored.modified + ingest_.settle.count() * 1000 > now_) {
        manifest.waits = IsAhead(stored.modified, now_) ? kAhead : "changed a moment ago";
      }
    }
  }
  return manifests;
}

}  // namespace sluice::ingest
