#include "ingest/plan_changed.h"

#include <map>
#include <utility>

#include "ingest/existing_table.h"
#include "ingest/files_history.h"
#include "ingest/plan_late.h"
#include "warehouse/dialect.h"

namespace sluice::ingest {
namespace {

constexpr const char* kAsItWas = "Write it in sluice.yml as it was, and do it again";
constexpr const char* kPutBack = "Put them back under their names, as they were, and do it again";

class ChangedPlanner {
 public:
  ChangedPlanner(engine::Connection& connection, const config::Ingest& ingest,
                 const std::vector<Source>& sources, const LedgerState& ledger, IngestPlan& plan)
      : connection_(connection), ingest_(ingest), sources_(sources), ledger_(ledger), plan_(plan) {}

  Status Make() {
    std::map<std::string, std::vector<LateFile>> tables;
    for (LateFile& late : std::exchange(plan_.late, {})) tables[late.table].push_back(late);
    for (auto& [table, files] : tables) SLUICE_TRY(PlanTable(table, std::move(files)));
    return Status::Ok();
  }

 private:
  Status PlanTable(const std::string& table, std::vector<LateFile> files) {
    auto [now, accepted, read_anew] =
        TakeDecided(ingest_, sources_, ledger_, std::move(files), plan_);
    if (now.empty()) return Status::Ok();
    SLUICE_ASSIGN(TargetTable target, FilesTarget(ingest_, table));
    SLUICE_ASSIGN(const FilesHistory history,
                  FilesHistory::Read(connection_, ingest_, sources_, ledger_, std::move(target)));
    SLUICE_ASSIGN(const Obstacle obstacle, history.FindObstacle(now, read_anew));
    if (!obstacle.check.empty()) {
      for (LateFile& late : now) LeaveOut(std::move(late), obstacle.check, obstacle.why, plan_);
      return Status::Ok();
    }
    const std::string reason = ReasonOf(now);
    plan_.rebuilds.push_back(history.MakeRebuild(std::move(now), reason, accepted));
    return Status::Ok();
  }

  engine::Connection& connection_;
  const config::Ingest& ingest_;
  const std::vector<Source>& sources_;
  const LedgerState& ledger_;
  IngestPlan& plan_;
};

}  // namespace

Status PlanChanged(engine::Connection& connection, const config::Ingest& ingest,
                   const std::vector<Source>& sources, const LedgerState& ledger,
                   IngestPlan& plan) {
  if (plan.late.empty()) return Status::Ok();
  return ChangedPlanner(connection, ingest, sources, ledger, plan).Make();
}

Result<Rebuild> PlanFilesRebuild(engine::Connection& connection, const config::Ingest& ingest,
                                 const std::vector<Source>& sources, const LedgerState& ledger,
                                 const std::string& table, const std::string& reason,
                                 int64_t without) {
  SLUICE_ASSIGN(TargetTable target, FilesTarget(ingest, table));
  SLUICE_TRY(CheckExisting(connection, ingest, target));
  SLUICE_ASSIGN(const auto present, warehouse::ColumnsOf(connection, table));
  TakeColumnsOfTable(present, target);
  SLUICE_ASSIGN(FilesHistory history,
                FilesHistory::Read(connection, ingest, sources, ledger, std::move(target)));
  history.Without(without);
  SLUICE_ASSIGN(const Obstacle obstacle, history.FindObstacle({}, false));
  if (!obstacle.check.empty()) {
    return RejectedError(obstacle.why, obstacle.check == kReadOtherwise ? kAsItWas : kPutBack);
  }
  return history.MakeRebuild({}, reason, "");
}

}  // namespace sluice::ingest
