#include "ingest/table_history.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/hash.h"
#include "base/text.h"
#include "ingest/reading.h"
#include "warehouse/dialect.h"

namespace sluice::ingest {
namespace {

using engine::ToInt;
using engine::ToText;
using engine::Value;

bool IsAmong(const std::vector<LateFile>& now, const Known& known) {
  return std::any_of(now.begin(), now.end(), [&](const LateFile& late) {
    return late.connection == known.file.connection && late.file.path == known.file.stored.path;
  });
}

int64_t LoadIdOf(const LateFile& late) {
  return StableId({late.connection, late.pod, late.table, std::to_string(late.group)});
}

}  // namespace

const Source* FindSource(const std::vector<Source>& sources, const std::string& connection) {
  const auto found = std::find_if(sources.begin(), sources.end(), [&](const Source& source) {
    return source.connection == connection;
  });
  return found == sources.end() ? nullptr : &*found;
}

const connector::StoredFile* FindStored(const std::vector<Source>& sources,
                                        const std::string& connection, const std::string& path) {
  const Source* source = FindSource(sources, connection);
  if (source == nullptr) return nullptr;
  const auto& files = source->listing.files;
  const auto found = std::lower_bound(
      files.begin(), files.end(), path,
      [](const connector::StoredFile& file, const std::string& p) { return file.path < p; });
  return found != files.end() && found->path == path ? &*found : nullptr;
}

void SortFiles(TableLoad& load) {
  std::sort(load.files.begin(), load.files.end(),
            [](const LoadFile& a, const LoadFile& b) { return FileOrderOf(a) < FileOrderOf(b); });
}

std::string ReasonOf(const std::vector<LateFile>& files) {
  std::vector<std::string> came;
  std::vector<std::string> changed;
  for (const LateFile& late : files) (late.changed ? changed : came).push_back(late.file.path);
  std::string text;
  if (!came.empty()) text = Listed(came) + " came late";
  if (!changed.empty()) text += (text.empty() ? "" : ", ") + Listed(changed) + " changed";
  return text;
}

Result<TableHistory> TableHistory::Read(engine::Connection& connection,
                                        const config::Ingest& ingest,
                                        const std::vector<Source>& sources,
                                        const LedgerState& ledger, TargetTable target,
                                        Scope scope) {
  TableHistory history(connection, ingest, sources, ledger, std::move(target), std::move(scope));
  SLUICE_TRY(history.ReadScope());
  return history;
}

Status TableHistory::ReadScope() {
  const Scope& scope = scope_;
  known_.clear();
  records_.clear();
  std::vector<Value> values = {ingest_->name, scope.table};
  std::string where = "WHERE ingest = $1 AND table_name = $2";
  if (!scope.pod.empty()) {
    where += " AND connection = $3 AND pod = $4";
    values.insert(values.end(), {scope.connection, scope.pod});
  }
  SLUICE_ASSIGN(
      auto files,
      connection_->Query(
          "SELECT connection, pod, group_id::BIGINT, log_id::BIGINT, "
          "address, tag, content_hash, load_id, coalesce(reading, 0) FROM _sluice.files " +
              where + " AND state = 'loaded' ORDER BY rowid",
          values));
  std::map<LateKey, Known> by_address;  // the newest entry counts
  while (true) {
    SLUICE_ASSIGN(const auto batch, files.Next());
    if (!batch) break;
    for (size_t r = 0; r < batch->rows(); ++r) {
      Known known;
      known.file.connection = std::string(batch->text(0, r));
      known.file.pod = std::string(batch->text(1, r));
      known.file.group = batch->integer(2, r);
      known.file.log_id = batch->integer(3, r);
      known.file.stored.path = std::string(batch->text(4, r));
      known.tag = std::string(batch->text(5, r));
      known.file.expected_hash = std::string(batch->text(6, r));
      known.file.load_id = batch->integer(7, r);
      known.reading = batch->integer(8, r);
      LateKey key{known.file.connection, known.file.stored.path};
      by_address[std::move(key)] = std::move(known);
    }
  }
  for (auto& [key, known] : by_address) known_.push_back(Compare(std::move(known)));
  SLUICE_ASSIGN(const auto loads,
                connection_->Rows("SELECT load_id, published_at::VARCHAR, day::VARCHAR, hold_id, "
                                  "kind, rows_read, key_collisions, connection, pod, group_id, "
                                  "mode "
                                  "FROM _sluice.loads " +
                                      where + " AND unloaded_at IS NULL",
                                  values));
  for (const auto& row : loads) {
    records_[ToInt(row[0])] = {
        ToText(row[1]), ToText(row[2]), ToText(row[3]), ToText(row[4]), ToInt(row[5]),
        ToInt(row[6]),  ToText(row[7]), ToText(row[8]), ToInt(row[9]),  {},
        ToText(row[10])};
  }
  return ReadRestores(where, values);
}

Known TableHistory::Compare(Known known) const {
  const connector::StoredFile* stored =
      FindStored(*sources_, known.file.connection, known.file.stored.path);
  known.stored = stored;
  if (stored == nullptr) return known;
  // A copy with another time has taken over its tag in the ledger as it was read.
  const auto entry =
      ledger_->files.find({known.file.connection, known.file.stored.path, scope_.table});
  const bool newest = entry != ledger_->files.end() && entry->second.state == "loaded";
  known.changed = (newest ? entry->second.tag : known.tag) != stored->tag;
  known.file.stored = *stored;
  known.file.store = FindSource(*sources_, known.file.connection)->store;
  return known;
}

// Why the table cannot be made again; "" when it can.
std::string TableHistory::FilesGone(const std::vector<LateFile>& now) const {
  std::vector<std::string> gone;
  for (const Known& known : known_) {
    if (known.stored != nullptr && (!known.changed || IsAmong(now, known))) continue;
    gone.push_back(known.file.stored.path);
  }
  return TellGone(NameOf(), "rebuilt", gone, known_.size(), "that it was loaded from");
}

// "bi_factsale of POD1".
std::string TableHistory::NameOf() const {
  return scope_.table + (scope_.pod.empty() ? "" : " of " + scope_.pod);
}

// Rows that were there before Sluice stand in no file.
Result<std::string> TableHistory::RowsOfOthers() const {
  const Scope& scope = scope_;
  if (ledger_->tables.count(scope.table) == 0) return std::string();
  SLUICE_ASSIGN(const auto rows,
                connection_->Scalar(fmt::format(
                    "SELECT count(*) FROM main.{} WHERE {} IS NULL{}",
                    engine::QuoteName(scope.table), engine::QuoteName(kLoadColumn),
                    scope.pod.empty() ? ""
                                      : fmt::format(" AND {} = {}", engine::QuoteName(kPodColumn),
                                                    engine::QuoteText(scope.pod)))));
  if (ToInt(rows) == 0) return std::string();
  return fmt::format("{} cannot be rebuilt: {} of it {} there before Sluice and in no file",
                     scope.table, Counted(static_cast<uint64_t>(ToInt(rows)), "row"),
                     ToInt(rows) == 1 ? "was" : "were");
}

Result<Obstacle> TableHistory::FindObstacle(const std::vector<LateFile>& now,
                                            bool read_anew) const {
  std::string gone = FilesGone(now);
  if (!gone.empty()) return Obstacle{kMissing, std::move(gone)};
  SLUICE_ASSIGN(std::string otherwise, DeclaredOtherwise(*connection_, target_, records_));
  if (!otherwise.empty()) return Obstacle{kMissing, std::move(otherwise)};
  SLUICE_ASSIGN(std::string others, RowsOfOthers());
  if (!others.empty()) return Obstacle{kMissing, std::move(others)};
  if (read_anew) return Obstacle();
  std::set<int64_t> readings;
  for (const Known& known : known_) {
    if (!IsAmong(now, known)) readings.insert(known.reading);
  }
  SLUICE_ASSIGN(std::string read, TellReadOtherwise(*connection_, target_, readings));
  return read.empty() ? Obstacle() : Obstacle{kReadOtherwise, std::move(read)};
}

size_t TableHistory::SourceIndex(const std::string& connection) const {
  const Source* source = FindSource(*sources_, connection);
  return source == nullptr ? sources_->size() : static_cast<size_t>(source - sources_->data());
}

// Where a load stands: the groups of one pod by number; those of several pods of a table without
// the pod in its key in the order in which they were published. A restored month stands behind its group,
// wherever that is.
TableHistory::Place TableHistory::PlaceOf(const std::string& published_at,
                                          const std::string& connection, const std::string& pod,
                                          int64_t group, const std::string& restored_at) const {
  std::string when;
  if (!target_.match_pod) {
    when = restored_at.empty() ? published_at : PublishedUpTo(connection, pod, group);
  }
  return {std::move(when), SourceIndex(connection), pod, group, restored_at};
}

TableHistory::Place TableHistory::PlaceOf(const Record& record) const {
  return PlaceOf(record.published_at, record.connection, record.pod, record.group,
                 record.restore ? record.restore->restored_at : std::string());
}

TableHistory::Place TableHistory::PlaceOf(const Rebuild::Load& one) const {
  const LoadFile& first = one.load.files.front();
  return PlaceOf(one.published_at, first.connection, first.pod, first.group,
                 one.restore ? one.restore->restored_at : std::string());
}

LoadFile TableHistory::FileOf(const LateFile& late) const {
  LoadFile file;
  const Source* source = FindSource(*sources_, late.connection);
  file.stored = late.file;
  file.store = source == nullptr ? nullptr : source->store;
  file.connection = late.connection;
  file.pod = late.pod;
  file.group = late.group;
  file.log_id = late.log_id;
  file.load_id = LoadIdOf(late);
  file.any_bad_rows = std::any_of(
      ledger_->limits_lifted.begin(), ledger_->limits_lifted.end(), [&](const LiftedLimit& limit) {
        return limit.table == late.table && limit.files.count(late.file.path) > 0;
      });
  return file;
}

TableLoad TableHistory::NewLoad(const std::string& pod, int64_t group) const {
  TableLoad load;
  load.ingest = ingest_->name;
  load.target = target_;
  load.label = fmt::format("{}.{} {}/{}", ingest_->name, target_.name, pod, group);
  return load;
}

Rebuild TableHistory::NewRebuild(const std::string& reason) const {
  Rebuild rebuild;
  rebuild.target = target_;
  rebuild.connection = scope_.connection;
  rebuild.pod = scope_.pod;
  rebuild.label = fmt::format("rebuild {}.{}{}", ingest_->name, scope_.table,
                              scope_.pod.empty() ? "" : " " + scope_.pod);
  rebuild.reason = reason;
  return rebuild;
}

Rebuild TableHistory::MakeRebuild(std::vector<LateFile> now, const std::string& reason,
                                  const std::string& accepted) const {
  Rebuild rebuild = NewRebuild(reason);
  rebuild.accepted = accepted;
  std::map<int64_t, Rebuild::Load> loads;
  for (const Known& known : known_) {
    if (IsAmong(now, known)) continue;
    LoadFile file = known.file;
    file.any_bad_rows = true;  // it was let in
    LoadOf(loads, file).files.push_back(file);
  }
  for (const LateFile& late : now) {
    LoadFile file = FileOf(late);
    file.any_bad_rows = file.any_bad_rows || !accepted.empty();
    TableLoad& load = LoadOf(loads, file);
    load.late = true;
    load.files.push_back(std::move(file));
  }
  Arrange(std::move(loads), rebuild);
  rebuild.late = std::move(now);
  return rebuild;
}

void TableHistory::Arrange(std::map<int64_t, Rebuild::Load> loads, Rebuild& rebuild) const {
  for (auto& [id, one] : loads) {
    SortFiles(one.load);
    if (!one.restore) PutInTime(id, one);
    rebuild.loads.push_back(std::move(one));
  }
  std::sort(
      rebuild.loads.begin(), rebuild.loads.end(),
      [&](const Rebuild::Load& a, const Rebuild::Load& b) { return PlaceOf(a) < PlaceOf(b); });
  MarkFull(rebuild);
  FindOverruled(rebuild);
}

TableLoad& TableHistory::LoadOf(std::map<int64_t, Rebuild::Load>& loads,
                                const LoadFile& file) const {
  const auto [entry, is_new] = loads.try_emplace(file.load_id);
  TableLoad& load = entry->second.load;
  if (is_new) {
    load = NewLoad(file.pod, file.group);
    // It gets its columns when its turn comes: they are the same for all.
    TargetTable later;
    later.name = target_.name;
    load.target = std::move(later);
    load.stage_suffix = "_rebuild";
  }
  return load;
}

// Where a load has its record it stands there. A new one stands beside the group's other tables,
// else before the next group of its pod.
void TableHistory::PutInTime(int64_t load_id, Rebuild::Load& one) const {
  const auto own = records_.find(load_id);
  if (own != records_.end()) {
    one.published_at = own->second.published_at;
    one.day = own->second.day;
    one.hold_id = own->second.hold_id;
    one.restore = own->second.restore;
    if (one.restore) DescribeRestore(one);
    return;
  }
  const LoadFile& first = one.load.files.front();
  const Record* next = nullptr;
  for (const auto& [id, record] : records_) {
    if (record.restore || record.connection != first.connection || record.pod != first.pod ||
        record.group < first.group) {
      continue;
    }
    if (next == nullptr || record.group < next->group) next = &record;
  }
  const auto rows = connection_->Rows(
      "SELECT published_at::VARCHAR, day::VARCHAR FROM _sluice.loads WHERE ingest = $1 AND "
      "connection = $2 AND pod = $3 AND group_id = $4 AND kind <> 'restore' ORDER BY published_at "
      "LIMIT 1",
      {ingest_->name, first.connection, first.pod, first.group});
  if (rows.ok() && !rows->empty()) {
    one.published_at = ToText(rows.value()[0][0]);
    one.day = ToText(rows.value()[0][1]);
  } else if (next != nullptr) {
    one.published_at = next->published_at;
    one.day = next->day;
  }
}

// The first load of a pod is its full load, unless its first groups were loaded elsewhere.
void TableHistory::MarkFull(Rebuild& rebuild) const {
  std::set<std::pair<std::string, std::string>> seen;
  for (Rebuild::Load& one : rebuild.loads) {
    if (one.restore) continue;
    const LoadFile& first = one.load.files.front();
    const bool full = seen.insert({first.connection, first.pod}).second &&
                      BeginsWithFullLoad(*ingest_, first.connection, first.pod);
    for (LoadFile& file : one.load.files) file.full = full;
  }
}

}  // namespace sluice::ingest
