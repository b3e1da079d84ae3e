// What a table of layout files was loaded from, in the order in which it was, and how it is made again from
// that. Layout zenoti: table_history.h.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "ingest/ledger.h"
#include "ingest/plan.h"
#include "ingest/table_history.h"

namespace sluice::ingest {

class FilesHistory {
 public:
  // Of the ledger only what concerns the table is read. All but `target` must outlive it.
  static Result<FilesHistory> Read(engine::Connection& connection, const config::Ingest& ingest,
                                   const std::vector<Source>& sources, const LedgerState& ledger,
                                   TargetTable target);

  // The loads of the table, in their order.
  const std::vector<int64_t>& loads() const { return loads_; }
  const std::map<int64_t, Record>& records() const { return records_; }  // by load id

  // Leaves a load out, as if it had never been.
  void Without(int64_t load_id);

  // Why the table cannot be made again, with `now` in the places of what they were: files are gone, are others by
  // now, or rows of it stand in no file. "" when it can.
  // `read_anew`: somebody wants files that were read otherwise read as is declared now.
  Result<Obstacle> FindObstacle(const std::vector<LateFile>& now, bool read_anew) const;

  // The table from all its files in the order in which they were loaded; of `now`, each in the place that it had.
  Rebuild MakeRebuild(std::vector<LateFile> now, const std::string& reason,
                      const std::string& accepted) const;

 private:
  FilesHistory(engine::Connection& connection, const config::Ingest& ingest,
               const std::vector<Source>& sources, const LedgerState& ledger, TargetTable target)
      : connection_(&connection),
        ingest_(&ingest),
        sources_(&sources),
        ledger_(&ledger),
        target_(std::move(target)) {}

  Status ReadFiles();
  Status ReadRecords();
  void Compare(Known& known, bool newest) const;
  static LoadFile FileOf(const LateFile& late, const LoadFile& before);
  std::string FilesGone(const std::vector<LateFile>& now) const;
  Result<std::string> RowsOfOthers() const;

  engine::Connection* connection_;
  const config::Ingest* ingest_;
  const std::vector<Source>* sources_;
  const LedgerState* ledger_;
  TargetTable target_;
  std::vector<Known> known_;  // its files that are loaded, in the order in which they were
  std::vector<size_t>
      newest_;  // those of them that no later one of the same address follows, ascending
  std::vector<int64_t> loads_;
  std::map<int64_t, Record> records_;
};

}  // namespace sluice::ingest
