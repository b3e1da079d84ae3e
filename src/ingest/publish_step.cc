#include "ingest/publish_step.h"

#include <fmt/format.h>

#include "base/text.h"
#include "ingest/load_text.h"
#include "ingest/publish.h"
#include "quality/holds.h"
#include "warehouse/dialect.h"

namespace sluice::ingest {
namespace {

Status RecordChecksOf(engine::Connection& connection, const std::vector<const Judged*>& loads,
                      const RunInfo& run) {
  std::vector<quality::CheckRecord> records;
  for (const Judged* judged : loads) {
    const LoadFile& last = judged->load->files.back();
    for (const quality::CheckResult& check : judged->checks) {
      records.push_back(
          {{judged->load->ingest, judged->load->target.name, last.pod, last.group}, check});
    }
  }
  return quality::RecordChecks(connection, records, run);
}

Status ReadBackFile(engine::Connection& connection, const TableLoad& load) {
  SLUICE_ASSIGN(const auto there,
                connection.Scalar("SELECT count(*) FROM _sluice.files WHERE file_id = $1 AND state "
                                  "= 'loaded'",
                                  {load.files.front().file_id}));
  if (engine::ToInt(there) > 0) return Status::Ok();
  return FailedError(
      fmt::format("{}: the commit was reported as done and is not there", load.label));
}

}  // namespace

LoadBefore::LoadBefore(const TableLoad& load) : stage_(load.stage), gone_(load.gone) {
  for (const LoadFile& file : load.files) counts_.push_back(file.counts);
}

void LoadBefore::Restore(TableLoad& load) const {
  load.stage = stage_;
  load.gone = gone_;
  for (size_t i = 0; i < load.files.size(); ++i) load.files[i].counts = counts_[i];
}

Status PublishLoads(engine::Connection& connection, const warehouse::Fence& fence,
                    const RunInfo& run, const std::vector<Judged*>& passed,
                    std::optional<size_t>* culprit) {
  SLUICE_TRY(warehouse::CheckFence(connection, fence));
  for (size_t i = 0; i < passed.size(); ++i) {
    *culprit = i;
    SLUICE_TRY(AlterTarget(connection, *passed[i]->load));
  }
  for (size_t i = 0; i < passed.size(); ++i) {
    *culprit = i;
    SLUICE_TRY(MergeStage(connection, *passed[i]->load));
  }
  culprit->reset();
  std::vector<const TableLoad*> loads;
  std::vector<std::string> tables;
  for (const Judged* judged : passed) {
    loads.push_back(judged->load);
    tables.push_back(judged->load->target.name);
  }
  SLUICE_TRY(RecordPublished(connection, loads, run, ""));
  SLUICE_TRY(RecordChecksOf(connection, {passed.begin(), passed.end()}, run));
  return warehouse::BumpVersions(connection, tables);
}

Result<std::string> HoldLoad(engine::Connection& connection, const warehouse::Fence& fence,
                             const RunInfo& run, const Judged& judged) {
  const TableLoad& load = *judged.load;
  const LoadFile& last = load.files.back();
  const bool gate = judged.status.code() == Code::kHeld;
  quality::NewHold hold;
  hold.kind = gate ? "gate" : "file";
  hold.owner = load.ingest;
  hold.connection = last.connection;
  hold.table = load.target.name;
  hold.pod = last.pod;
  hold.group = last.group;
  hold.load_id = load.files.front().load_id;
  hold.message = HoldMessage(judged.status, load.too_many_bad_rows);
  std::vector<std::string> names;
  for (const quality::CheckResult& check : judged.checks) {
    if (check.outcome == quality::Outcome::kFail) names.push_back(check.check);
  }
  hold.check = gate ? Join(names, ", ") : load.too_many_bad_rows ? "bad_rows" : "file";
  if (load.unproven && !gate) {
    hold.check = "checksum";
    std::vector<ProvenFile> proven;
    for (const LoadFile& file : load.files) proven.push_back({&file.stored, &file.proof});
    hold.load_id = ProofId(std::move(proven));
  }
  for (const LoadFile& file : load.files) hold.files.push_back(file.stored.path);
  SLUICE_TRY(warehouse::CheckFence(connection, fence));
  if (gate) hold.stage = load.stage;
  if (gate || load.too_many_bad_rows) {
    SLUICE_TRY(RecordHeldFiles(connection, load, run));
  }
  SLUICE_TRY(RecordChecksOf(connection, {&judged}, run));
  return quality::WriteHold(connection, hold, run);
}

Status ReadBack(engine::Connection& connection, const std::vector<Judged*>& published) {
  std::string places;
  std::vector<engine::Value> ids;
  for (const Judged* judged : published) {
    // A load that late files only add to has had its record before.
    if (judged->load->late) {
      SLUICE_TRY(ReadBackFile(connection, *judged->load));
      continue;
    }
    ids.emplace_back(judged->load->files.front().load_id);
    places += fmt::format("{}${}", ids.size() == 1 ? "" : ", ", ids.size());
  }
  if (ids.empty()) return Status::Ok();
  SLUICE_ASSIGN(const auto there,
                connection.Scalar("SELECT count(DISTINCT load_id) FROM _sluice.loads WHERE "
                                  "unloaded_at IS NULL AND load_id IN (" +
                                      places + ")",
                                  ids));
  if (engine::ToInt(there) == static_cast<int64_t>(ids.size())) return Status::Ok();
  return FailedError(fmt::format("{}: the commit was reported as done, and {} of {} are there",
                                 published.front()->load->label, engine::ToInt(there),
                                 Counted(ids.size(), "load record")));
}

}  // namespace sluice::ingest
