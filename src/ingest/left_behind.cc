#include "ingest/left_behind.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "ingest/late_files.h"

namespace sluice::ingest {

Status LeftBehind::Lift(const std::vector<std::string>& holds) {
  for (const std::string& id : holds) {
    SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(connection()));
    SLUICE_TRY(warehouse::CheckFence(connection(), fence_));
    SLUICE_ASSIGN(const quality::HoldRecord hold, quality::FindHold(connection(), id));
    SLUICE_TRY(quality::SettleHold(connection(), hold, "rejected",
                                   "the file or its checksum has come anew", run_.now));
    SLUICE_TRY(transaction->Commit());
    context_.reporter.Note(
        report::Level::kInfo,
        fmt::format("{}.{}: hold {} is lifted: the file or its checksum has come anew",
                    context_.ingest.name, hold.table, id));
  }
  return Status::Ok();
}

bool LeftBehind::IsBlocked(const TableLoad& load) const {
  if (blocked_.count(load.target.name) > 0) return true;
  return std::any_of(load.files.begin(), load.files.end(), [&](const LoadFile& file) {
    return blocked_.count(load.target.name + "/" + file.pod) > 0;
  });
}

Result<LeftLoad> LeftBehind::Leave(const Judged& judged) {
  const TableLoad& load = *judged.load;
  LeftLoad left{
      {load.target.name, load.label, "failed", judged.status.ToString(), "", load.Total()},
      judged.status,
      judged.seconds,
      false};
  if (IsBlocked(load)) {
    left.outcome.outcome = "waiting";
  } else if (judged.status.code() == Code::kHeld || judged.status.code() == Code::kRejected) {
    left.outcome.outcome = "held";
    SLUICE_ASSIGN(left.outcome.hold_id, HoldLoad(connection(), fence_, run_, judged));
  } else {
    left.failed = true;
  }
  return left;
}

void LeftBehind::Tell(LeftLoad& left, const TableLoad& load) {
  if (left.failed) told_.outcome().failed = true;
  if (!load.stands_alone) Block(load);
  told_.Load(load, left.outcome.outcome,
             left.outcome.hold_id.empty()
                 ? left.status.ToString()
                 : fmt::format("{} (hold {})", left.status.message(), left.outcome.hold_id),
             left.seconds);
  told_.outcome().loads.push_back(std::move(left.outcome));
}

Status LeftBehind::LeaveAlone(const Judged& judged) {
  SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(connection()));
  SLUICE_ASSIGN(LeftLoad left, Leave(judged));
  SLUICE_TRY(transaction->Commit());
  Tell(left, *judged.load);
  return Status::Ok();
}

Status LeftBehind::LeaveFile(const TableLoad& load, const LoadFile& file, const Status& status) {
  if (status.code() == Code::kRejected) {
    return HoldFile({file.connection,
                     load.target.name,
                     file.stored.path,
                     "checksum",
                     status.ToString(),
                     {},
                     ProofId({{&file.stored, &file.proof}})});
  }
  told_.Fail(load.label + ": " + status.ToString());
  return Status::Ok();
}

Status LeftBehind::HoldFilesOf(const TableLoad& load) {
  SLUICE_ASSIGN(const auto sets, LeftSetsOf(load, context_.spool_folder));
  for (const LeftSet& set : sets) {
    SLUICE_TRY(HoldFile(set.what, set.rows ? &*set.rows : nullptr));
  }
  return Status::Ok();
}

Status LeftBehind::HoldFile(const UnfitFile& file, const TableLoad* rows) {
  SLUICE_ASSIGN(const std::string id,
                HoldUnfitFile(connection(), fence_, context_.ingest.name, file, rows, run_));
  const std::string name = context_.ingest.name + "." + file.table;
  context_.reporter.Note(report::Level::kWarning,
                         fmt::format("{}: {} (hold {})", name, file.message, id));
  told_.outcome().loads.push_back({file.table, name, "held", file.message, id, {}});
  return Status::Ok();
}

void LeftBehind::Block(const TableLoad& load) {
  std::set<std::string> pods;
  for (const LoadFile& file : load.files) pods.insert(file.pod);
  if (!load.target.match_pod || pods.size() > 1) {
    blocked_.insert(load.target.name);
  } else {
    blocked_.insert(load.target.name + "/" + *pods.begin());
  }
}

}  // namespace sluice::ingest
