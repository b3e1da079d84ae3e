#include "ingest/files_history.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "ingest/reading.h"

namespace sluice::ingest {
namespace {

using engine::ToInt;
using engine::ToText;

const LateFile* Find(const std::vector<LateFile>& now, const LoadFile& file) {
  const auto found = std::find_if(now.begin(), now.end(), [&](const LateFile& late) {
    return late.connection == file.connection && late.file.path == file.stored.path;
  });
  return found == now.end() ? nullptr : &*found;
}

}  // namespace

Result<FilesHistory> FilesHistory::Read(engine::Connection& connection,
                                        const config::Ingest& ingest,
                                        const std::vector<Source>& sources,
                                        const LedgerState& ledger, TargetTable target) {
  FilesHistory history(connection, ingest, sources, ledger, std::move(target));
  SLUICE_TRY(history.ReadFiles());
  SLUICE_TRY(history.ReadRecords());
  return history;
}

// Entries are appended as files are published, and a rebuild appends them anew in the same order.
Status FilesHistory::ReadFiles() {
  SLUICE_ASSIGN(
      auto rows,
      connection_->Query(
          "SELECT connection, address, tag, content_hash, load_id, coalesce(reading, 0) FROM "
          "_sluice.files WHERE ingest = $1 AND table_name = $2 AND state "
          "= 'loaded' ORDER BY rowid",
          {ingest_->name, target_.name}));
  std::map<LateKey, size_t> newest;
  std::set<int64_t> seen;
  while (true) {
    SLUICE_ASSIGN(const auto batch, rows.Next());
    if (!batch) break;
    for (size_t r = 0; r < batch->rows(); ++r) {
      Known& known = known_.emplace_back();
      known.file.connection = std::string(batch->text(0, r));
      known.file.stored.path = std::string(batch->text(1, r));
      known.tag = std::string(batch->text(2, r));
      known.file.expected_hash = std::string(batch->text(3, r));
      known.file.load_id = batch->integer(4, r);
      known.reading = batch->integer(5, r);
      newest[{known.file.connection, known.file.stored.path}] = known_.size() - 1;
      if (seen.insert(known.file.load_id).second) loads_.push_back(known.file.load_id);
    }
  }
  for (size_t i = 0; i < known_.size(); ++i) {
    const LoadFile& file = known_[i].file;
    const bool last = newest.at({file.connection, file.stored.path}) == i;
    if (last) newest_.push_back(i);
    Compare(known_[i], last);
  }
  return Status::Ok();
}

Status FilesHistory::ReadRecords() {
  SLUICE_ASSIGN(const auto loads,
                connection_->Rows("SELECT load_id, published_at::VARCHAR, day::VARCHAR, hold_id, "
                                  "kind, rows_read, key_collisions, mode FROM _sluice.loads WHERE "
                                  "ingest = $1 AND table_name = $2 AND unloaded_at IS NULL",
                                  {ingest_->name, target_.name}));
  for (const auto& row : loads) {
    Record& record = records_[ToInt(row[0])];
    record.published_at = ToText(row[1]);
    record.day = ToText(row[2]);
    record.hold_id = ToText(row[3]);
    record.kind = ToText(row[4]);
    record.read = ToInt(row[5]);
    record.collisions = ToInt(row[6]);
    record.mode = ToText(row[7]);
  }
  return Status::Ok();
}

void FilesHistory::Compare(Known& known, bool newest) const {
  known.stored = FindStored(*sources_, known.file.connection, known.file.stored.path);
  if (known.stored == nullptr) return;
  std::string tag = known.tag;
  if (newest) {
    // A copy with another time has taken over its tag in the ledger as it was read.
    const auto entry =
        ledger_->files.find({known.file.connection, known.file.stored.path, target_.name});
    if (entry != ledger_->files.end() && entry->second.state == "loaded") tag = entry->second.tag;
  }
  known.changed = tag != known.stored->tag;
  known.file.stored = *known.stored;
  known.file.store = FindSource(*sources_, known.file.connection)->store;
}

void FilesHistory::Without(int64_t load_id) {
  std::vector<Known> left;
  std::vector<size_t> newest;
  for (size_t i = 0; i < known_.size(); ++i) {
    if (known_[i].file.load_id == load_id) continue;
    if (std::binary_search(newest_.begin(), newest_.end(), i)) newest.push_back(left.size());
    left.push_back(std::move(known_[i]));
  }
  known_ = std::move(left);
  newest_ = std::move(newest);
  std::erase(loads_, load_id);
}

std::string FilesHistory::FilesGone(const std::vector<LateFile>& now) const {
  std::vector<std::string> gone;
  for (size_t i = 0; i < known_.size(); ++i) {
    const Known& known = known_[i];
    const bool newest = std::binary_search(newest_.begin(), newest_.end(), i);
    if (known.stored != nullptr && (!known.changed || (newest && Find(now, known.file)))) continue;
    const bool by_hand = FindSource(*sources_, known.file.connection) == nullptr;
    gone.push_back(
        known.file.stored.path +
        (by_hand ? " (loaded by hand, or from a connection that " + ingest_->name + " has no more)"
                 : ""));
  }
  return TellGone(target_.name, "made again", gone, known_.size(), "that it was loaded from");
}

// Rows that were there before Sluice, and those of another ingest, stand in no file of this one.
Result<std::string> FilesHistory::RowsOfOthers() const {
  if (ledger_->tables.count(target_.name) == 0) return std::string();
  SLUICE_ASSIGN(
      const auto rows,
      connection_->Scalar(
          fmt::format("SELECT count(*) FROM main.{0} WHERE {1} IS NULL OR {1} NOT IN (SELECT "
                      "load_id FROM _sluice.loads WHERE ingest = $1 AND table_name = $2 AND "
                      "unloaded_at IS NULL)",
                      engine::QuoteName(target_.name), engine::QuoteName(kLoadColumn)),
          {ingest_->name, target_.name}));
  if (ToInt(rows) == 0) return std::string();
  return fmt::format("{} cannot be made again: {} of it {} from no file of {}", target_.name,
                     Counted(static_cast<uint64_t>(ToInt(rows)), "row"),
                     ToInt(rows) == 1 ? "comes" : "come", ingest_->name);
}

Result<Obstacle> FilesHistory::FindObstacle(const std::vector<LateFile>& now,
                                            bool read_anew) const {
  std::string gone = FilesGone(now);
  if (!gone.empty()) return Obstacle{kMissing, std::move(gone)};
  SLUICE_ASSIGN(std::string otherwise, DeclaredOtherwise(*connection_, target_, records_));
  if (!otherwise.empty()) return Obstacle{kMissing, std::move(otherwise)};
  SLUICE_ASSIGN(std::string others, RowsOfOthers());
  if (!others.empty()) return Obstacle{kMissing, std::move(others)};
  if (read_anew) return Obstacle();
  std::set<int64_t> readings;
  for (size_t i = 0; i < known_.size(); ++i) {
    const bool newest = std::binary_search(newest_.begin(), newest_.end(), i);
    if (!newest || !Find(now, known_[i].file)) readings.insert(known_[i].reading);
  }
  SLUICE_ASSIGN(std::string read, TellReadOtherwise(*connection_, target_, readings));
  return read.empty() ? Obstacle() : Obstacle{kReadOtherwise, std::move(read)};
}

LoadFile FilesHistory::FileOf(const LateFile& late, const LoadFile& before) {
  LoadFile file = before;
  file.stored = late.file;
  file.expected_hash.clear();
  file.proof = late.proof;
  return file;
}

Rebuild FilesHistory::MakeRebuild(std::vector<LateFile> now, const std::string& reason,
                                  const std::string& accepted) const {
  Rebuild rebuild;
  rebuild.target = target_;
  rebuild.label = fmt::format("rebuild {}.{}", ingest_->name, target_.name);
  rebuild.reason = reason;
  rebuild.accepted = accepted;
  std::map<int64_t, size_t> places;
  for (const int64_t load_id : loads_) {
    places[load_id] = rebuild.loads.size();
    Rebuild::Load& one = rebuild.loads.emplace_back();
    one.load.ingest = ingest_->name;
    one.load.label = fmt::format("{}.{}", ingest_->name, target_.name);
    // It gets its columns when its turn comes: they are the same for all.
    one.load.target.name = target_.name;
    one.load.stage_suffix = "_rebuild";
    const auto record = records_.find(load_id);
    if (record == records_.end()) continue;
    one.published_at = record->second.published_at;
    one.day = record->second.day;
    one.hold_id = record->second.hold_id;
  }
  for (size_t i = 0; i < known_.size(); ++i) {
    const Known& known = known_[i];
    TableLoad& load = rebuild.loads[places.at(known.file.load_id)].load;
    const LateFile* late =
        std::binary_search(newest_.begin(), newest_.end(), i) ? Find(now, known.file) : nullptr;
    LoadFile file = late == nullptr ? known.file : FileOf(*late, known.file);
    file.any_bad_rows = late == nullptr || !accepted.empty();  // what is loaded was let in
    const auto record = records_.find(file.load_id);
    file.full = record != records_.end() && record->second.kind == "full";
    load.late = load.late || late != nullptr;
    load.files.push_back(std::move(file));
  }
  rebuild.late = std::move(now);
  return rebuild;
}

}  // namespace sluice::ingest
