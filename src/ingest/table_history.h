// What a table of layout zenoti, or one pod of it, was loaded from, and how it is made again from that
// (docs/decisions/0011-late-files-rebuild.md).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "base/status.h"
#include "env/file.h"
#include "ingest/ledger.h"
#include "ingest/obstacle.h"
#include "ingest/plan.h"

namespace sluice::ingest {

// The rows that are made again together: all of a table, or those of one pod.
struct Scope {
  std::string table;
  std::string connection;  // both "": all of the table
  std::string pod;
  auto operator<=>(const Scope&) const = default;
};

// A file as the ledger has it, with what the store says of it now.
struct Known {
  LoadFile file;
  std::string tag;                                // of the ledger
  const connector::StoredFile* stored = nullptr;  // null: gone
  bool changed = false;                           // another one by now
  int64_t reading = 0;                            // LoadFile::reading of when it was loaded
};

// A load record.
struct Record {
  std::string published_at;
  std::string day;
  std::string hold_id;
  std::string kind;
  int64_t read = 0;
  int64_t collisions = 0;
  std::string connection;
  std::string pod;
  int64_t group = 0;  // of a restored month: the one that it stands behind
  std::optional<MonthRestore> restore = {};
  std::string mode = {};  // MergeName of how it was merged
};

const Source* FindSource(const std::vector<Source>& sources, const std::string& connection);
// As the listing has it; null when it is not there.
const connector::StoredFile* FindStored(const std::vector<Source>& sources,
                                        const std::string& connection, const std::string& path);

// In which files of one load count.
inline auto FileOrderOf(const LoadFile& file) {
  return std::make_tuple(file.log_id, env::Basename(file.stored.path), file.stored.path);
}
void SortFiles(TableLoad& load);
// "a.csv came late, b.csv changed".
std::string ReasonOf(const std::vector<LateFile>& files);

class TableHistory {
 public:
  // Of the ledger only what concerns the scope is read. All but `target` must outlive it.
  static Result<TableHistory> Read(engine::Connection& connection, const config::Ingest& ingest,
                                   const std::vector<Source>& sources, const LedgerState& ledger,
                                   TargetTable target, Scope scope);

  const TargetTable& target() const { return target_; }
  const std::vector<Known>& files() const { return known_; }
  const std::map<int64_t, Record>& records() const { return records_; }  // by load id

  // Why the table cannot be made again, with `now` in the place of what the ledger has of them. `read_anew`: somebody
  // wants files that were read otherwise read as is declared now.
  Result<Obstacle> FindObstacle(const std::vector<LateFile>& now, bool read_anew) const;

  // The table from all its files and `late`, each in its place.
  Rebuild MakeRebuild(std::vector<LateFile> late, const std::string& reason,
                      const std::string& accepted) const;

  // `restores` (new ones, of one file or more each) and every load behind the first of them. Each gets its place
  // behind the group that its files name.
  Rebuild MakeRestore(std::vector<Rebuild::Load> restores, const std::string& reason) const;
  // Why `restore` cannot be carried out; "" when it can.
  Result<std::string> ObstacleTo(const Rebuild& restore) const;
  // Whether a month was restored behind this group: what comes into it now must stand before that.
  bool IsRestoredBehind(const std::string& connection, const std::string& pod, int64_t group) const;

  // Where a load stands; of a restored month the last part is when it was restored.
  using Place = std::tuple<std::string, size_t, std::string, int64_t, std::string>;
  Place PlaceOf(const Record& record) const;
  size_t SourceIndex(const std::string& connection) const;

  // A late file as it is loaded, and an empty load for it.
  LoadFile FileOf(const LateFile& late) const;
  TableLoad NewLoad(const std::string& pod, int64_t group) const;

 private:
  TableHistory(engine::Connection& connection, const config::Ingest& ingest,
               const std::vector<Source>& sources, const LedgerState& ledger, TargetTable target,
               Scope scope)
      : connection_(&connection),
        ingest_(&ingest),
        sources_(&sources),
        ledger_(&ledger),
        target_(std::move(target)),
        scope_(std::move(scope)) {}

  Status ReadScope();
  Status ReadRestores(const std::string& where, const std::vector<engine::Value>& values);
  Known Compare(Known known) const;
  std::string FilesGone(const std::vector<LateFile>& now) const;
  Result<std::string> RowsOfOthers() const;
  Place PlaceOf(const std::string& published_at, const std::string& connection,
                const std::string& pod, int64_t group, const std::string& restored_at) const;
  Place PlaceOf(const Rebuild::Load& one) const;
  std::string PublishedUpTo(const std::string& connection, const std::string& pod,
                            int64_t group) const;
  Rebuild NewRebuild(const std::string& reason) const;
  void Arrange(std::map<int64_t, Rebuild::Load> loads, Rebuild& rebuild) const;
  void DescribeRestore(Rebuild::Load& one) const;
  void FindOverruled(Rebuild& rebuild) const;
  std::string NameOf() const;
  TableLoad& LoadOf(std::map<int64_t, Rebuild::Load>& loads, const LoadFile& file) const;
  void PutInTime(int64_t load_id, Rebuild::Load& one) const;
  void MarkFull(Rebuild& rebuild) const;

  engine::Connection* connection_;
  const config::Ingest* ingest_;
  const std::vector<Source>* sources_;
  const LedgerState* ledger_;
  TargetTable target_;
  Scope scope_;
  std::vector<Known> known_;           // its files that are loaded
  std::map<int64_t, Record> records_;  // its loads
};

}  // namespace sluice::ingest
