#include "ingest/rebuild.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/hash.h"
#include "base/text.h"
#include "ingest/existing_table.h"
#include "ingest/fetcher.h"
#include "ingest/ledger.h"
#include "ingest/load_checks.h"
#include "ingest/load_files.h"
#include "ingest/load_text.h"
#include "ingest/publish.h"
#include "ingest/restore_rows.h"
#include "ingest/row_fixes.h"
#include "ingest/sql.h"
#include "ingest/stage.h"
#include "warehouse/dialect.h"

namespace sluice::ingest {
namespace {

using engine::Value;
using warehouse::NameList;
using warehouse::QualifiedName;
using warehouse::QuoteName;

// What a load tells of itself, as part of the rebuild: so many rows and bytes came before it.
class PartOfRebuild : public report::Reporter {
 public:
  PartOfRebuild(report::Reporter& whole, std::string label, uint64_t total_bytes)
      : whole_(whole), label_(std::move(label)), total_bytes_(total_bytes) {}

  void StepBegan(std::string_view) override {}
  void StepAdvanced(std::string_view, const report::Progress& progress) override {
    report::Progress all;
    all.phase = progress.phase;
    all.bytes = std::min(bytes_ + progress.bytes, total_bytes_);
    all.total_bytes = total_bytes_;
    all.rows = rows_ + progress.rows;
    whole_.StepAdvanced(label_, all);
  }
  void StepEnded(std::string_view, std::string_view, std::string_view) override {}
  void Note(report::Level level, std::string_view text) override { whole_.Note(level, text); }

  void IsAt(report::Phase phase) {
    report::Progress progress;
    progress.phase = phase;
    StepAdvanced("", progress);
  }

  void LoadIsDone(const TableLoad& load) {
    bytes_ += load.bytes();
    rows_ += static_cast<uint64_t>(load.Total().read);
    StepAdvanced("", {});
  }

 private:
  report::Reporter& whole_;
  const std::string label_;
  const uint64_t total_bytes_;
  uint64_t bytes_ = 0;
  uint64_t rows_ = 0;
};

class Rebuilder {
 public:
  Rebuilder(const IngestContext& context, const warehouse::Fence& fence, const RunInfo& run,
            Rebuild& rebuild, const std::function<Status()>& beside)
      : context_(context),
        connection_(context.session.connection()),
        fence_(fence),
        run_(run),
        rebuild_(rebuild),
        beside_(beside),
        reporter_(context.reporter, rebuild.label, rebuild.bytes()),
        shadow_(fmt::format(
            "{}rebuild_{}", kStagePrefix,
            HexEncode(static_cast<uint64_t>(StableId(
                {context.ingest.name, rebuild.target.name, rebuild.connection, rebuild.pod}))))),
        all_(rebuild.target),
        ledger_{"main", shadow_ + "_files", shadow_ + "_loads", shadow_ + "_quarantine", false} {}

  Result<RebuildOutcome> Run() {
    const auto began = context_.clock.Monotonic();
    const Status status = MakeAndSwap();
    outcome_.seconds = std::chrono::duration<double>(context_.clock.Monotonic() - began).count();
    if (status.ok()) return std::move(outcome_);
    // Only what concerns this one table may leave it as it was.
    const bool goes_on = status.code() == Code::kRejected || status.code() == Code::kHeld ||
                         status.code() == Code::kNotFound || status.code() == Code::kRetry ||
                         status.code() == Code::kAuth;
    if (!goes_on) return status;
    SLUICE_TRY(DropStaleStages(connection_));
    outcome_.status = status;
    return std::move(outcome_);
  }

 private:
  Status Execute(const std::string& sql, const std::vector<Value>& values = {}) {
    return connection_.Execute(sql, values).status();
  }

  Status MakeAndSwap() {
    SLUICE_TRY(MakeTables());
    std::vector<Fetcher::Task> tasks;
    for (const Rebuild::Load& one : rebuild_.loads) {
      for (const LoadFile& file : one.load.files)
        tasks.push_back({file.stored, file.store, file.proof});
    }
    Fetcher fetcher(std::move(tasks), context_.spool_folder, FetchLimits(), context_.cancel,
                    nullptr);
    size_t next = 0;
    for (Rebuild::Load& one : rebuild_.loads) {
      if (context_.cancel != nullptr && context_.cancel->is_set()) return CancelledError("stopped");
      const size_t first = next;
      next += one.load.files.size();
      const Status status = MakeLoad(one, fetcher, first);
      for (size_t i = first; i < next; ++i) fetcher.Release(i);
      SLUICE_TRY(status);
      reporter_.LoadIsDone(one.load);
      SLUICE_TRY(context_.session.database().CheckpointIfLarger(context_.checkpoint_bytes));
    }
    reporter_.IsAt(report::Phase::kPublish);
    SLUICE_TRY(Swap());
    return ReadBack();
  }

  // The ledger's tables beside it; and the table itself, unless its first load can become it by
  // renaming: only then are its columns in the order in which people know them.
  Status MakeTables() {
    SLUICE_ASSIGN(present_, warehouse::ColumnsOf(connection_, rebuild_.target.name));
    SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(connection_));
    for (const auto& [beside, table] :
         {std::pair{ledger_.files, "files"}, std::pair{ledger_.loads, "loads"},
          std::pair{ledger_.quarantine, "quarantine"}}) {
      SLUICE_TRY(Execute("DROP TABLE IF EXISTS " + QualifiedName(beside)));
      SLUICE_TRY(Execute(fmt::format("CREATE TABLE {} AS SELECT * FROM _sluice.{} LIMIT 0",
                                     QualifiedName(beside), table)));
    }
    SLUICE_TRY(Execute("DROP TABLE IF EXISTS " + QualifiedName(shadow_)));
    std::vector<std::string> names;
    for (const warehouse::ColumnInfo& column : present_) names.push_back(column.name);
    if (rebuild_.partial && !names.empty()) {
      SLUICE_TRY(CopyOtherRows(connection_, rebuild_, shadow_));
    } else if (!names.empty() && names != rebuild_.target.AllColumns()) {
      SLUICE_TRY(Execute(fmt::format("CREATE TABLE {} AS SELECT * FROM {} LIMIT 0",
                                     QualifiedName(shadow_), QualifiedName(rebuild_.target.name))));
    }
    return transaction->Commit();
  }

  Status MakeLoad(Rebuild::Load& one, Fetcher& fetcher, size_t first) {
    TableLoad& load = one.load;
    load.target = rebuild_.target;
    if (one.restore) InsertAsSnapshot(load.target);
    report::Progress progress;
    progress.phase = report::Phase::kDownload;
    const Status fetched = FetchFiles(fetcher, first, load, reporter_, &progress);
    if (!fetched.ok()) {
      outcome_.check = "file";
      return fetched;
    }
    const StageContext stage{connection_,
                             context_.functions,
                             reporter_,
                             context_.cancel,
                             context_.spool_folder,
                             ReadFixes::kAll,
                             &context_.session.database()};
    const Status staged = Stage(stage, load);
    if (load.late) {
      outcome_.warnings.insert(outcome_.warnings.end(), load.warnings.begin(), load.warnings.end());
    }
    if (!staged.ok()) {
      outcome_.check = load.too_many_bad_rows ? "bad_rows" : "file";
      if (load.too_many_bad_rows) outcome_.refused = &load;
      return staged;
    }
    reporter_.IsAt(report::Phase::kCheck);
    SLUICE_TRY(MakeRoom(one));
    SLUICE_TRY(Check(one));
    SLUICE_TRY(Merge(one));
    for (const DdlColumn& column : load.target.columns) {
      if (std::find(all_.columns.begin(), all_.columns.end(), column) == all_.columns.end()) {
        all_.columns.push_back(column);
      }
    }
    TargetTable done;
    done.name = rebuild_.target.name;
    load.target = std::move(done);
    return Status::Ok();
  }

  // Before the checks, which ask what is in the table: nobody sees it yet.
  Status MakeRoom(Rebuild::Load& one) {
    if (!one.restore && one.overrules.empty()) return Status::Ok();
    if (one.restore && one.restore->is_new) {
      std::string warning;
      SLUICE_TRY(CheckSnapshot(connection_, one, &warning));
      if (!warning.empty()) outcome_.warnings.push_back(std::move(warning));
    }
    SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(connection_));
    if (one.restore) {
      SLUICE_ASSIGN(int64_t removed, RemoveMonth(connection_, one, shadow_));
      if (one.restore->is_new) {
        // What an earlier restore of the month had brought was not copied.
        SLUICE_ASSIGN(
            const auto before,
            connection_.Scalar(fmt::format(
                "SELECT count(*) FROM {} WHERE {} = {}", QualifiedName(rebuild_.target.name),
                QuoteName(kLoadColumn), one.load.files.front().load_id)));
        removed += engine::ToInt(before);
        outcome_.removed += one.restore->removed = removed;
      }
    } else {
      SLUICE_TRY(RemoveOverruled(connection_, one, shadow_));
    }
    return transaction->Commit();
  }

  Status Check(Rebuild::Load& one) {
    if (!one.hold_id.empty()) return Status::Ok();
    SLUICE_ASSIGN(auto checks,
                  CheckLoad(connection_, context_.ingest, one.load, {shadow_, !one.load.late}));
    std::vector<std::string> failures;
    std::vector<std::string> names;
    for (const quality::CheckResult& result : checks) {
      const std::string text =
          fmt::format("{}: {}: {}", one.load.label, result.check, result.message);
      if (result.outcome == quality::Outcome::kWarn) outcome_.warnings.push_back(text);
      if (result.outcome != quality::Outcome::kFail) continue;
      failures.push_back(text);
      names.push_back(result.check);
    }
    if (one.load.late) checks_.emplace_back(&one.load, std::move(checks));
    if (failures.empty()) return Status::Ok();
    if (!rebuild_.accepted.empty()) {
      // So it stays accepted when the table is made again.
      one.hold_id = rebuild_.accepted;
      return Status::Ok();
    }
    outcome_.check = Join(names, ", ");
    return HeldError(Join(failures, "; "));
  }

  // Into the table beside the target, with its records.
  Status Merge(Rebuild::Load& one) {
    TableLoad& load = one.load;
    SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(connection_));
    const std::string name = std::exchange(load.target.name, shadow_);
    Status status = AlterTarget(connection_, load);
    if (status.ok()) status = MergeStage(connection_, load);
    load.target.name = name;
    SLUICE_TRY(status);
    const bool late =
        std::exchange(load.late, false);  // recorded whole, not added to what is there
    status = RecordPublished(connection_, {&load}, run_, one.hold_id, ledger_);
    load.late = late;
    SLUICE_TRY(status);
    SLUICE_TRY(transaction->Commit());
    outcome_.total += load.Total();
    for (const LoadFile& file : load.files) {
      if (file.expected_hash.empty()) outcome_.late += file.counts;
    }
    load.quarantined = {};
    return Status::Ok();
  }

  // The condition of the ledger's rows that are replaced. Its parameters are ScopeValues().
  std::string Where() const {
    return std::string("ingest = $1 AND table_name = $2") +
           (rebuild_.pod.empty() ? "" : " AND connection = $3 AND pod = $4") +
           (rebuild_.partial ? " AND load_id IN " + LoadList(LoadIds(rebuild_)) : "");
  }
  std::vector<Value> ScopeValues() const {
    std::vector<Value> values = {context_.ingest.name, rebuild_.target.name};
    if (!rebuild_.pod.empty()) {
      values.insert(values.end(), {rebuild_.connection, rebuild_.pod});
    }
    return values;
  }

  Status Swap() {
    SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(connection_));
    SLUICE_TRY(warehouse::CheckFence(connection_, fence_));
    SLUICE_TRY(SwapRows());
    if (beside_) SLUICE_TRY(beside_());
    SLUICE_TRY(SwapLedger());
    SLUICE_TRY(RecordRestores(connection_, rebuild_, context_.ingest.name, run_));
    SLUICE_TRY(MoveCursors());
    for (const auto& [load, checks] : checks_) {
      const LoadFile& last = load->files.back();
      for (const quality::CheckResult& check : checks) {
        SLUICE_TRY(quality::RecordCheck(
            connection_, {load->ingest, load->target.name, last.pod, last.group}, check, run_));
      }
    }
    std::vector<LateKey> files;
    for (const LateFile& late : rebuild_.late) files.push_back({late.connection, late.file.path});
    SLUICE_TRY(SettleLate(connection_, context_.ingest.name, rebuild_.target.name, files, run_));
    SLUICE_TRY(SettleFixes(connection_, context_.ingest.name, rebuild_.target.name, run_));
    SLUICE_TRY(Execute(
        "INSERT INTO _sluice.rebuilds VALUES ($1, $2, $3, $4, $5, $6::TIMESTAMP, "
        "$7, $8, $9, $10)",
        {context_.ingest.name, rebuild_.connection, rebuild_.target.name, rebuild_.pod, run_.run_id,
         env::FormatUtc(run_.now, true), rebuild_.reason, static_cast<int64_t>(rebuild_.files()),
         static_cast<int64_t>(rebuild_.bytes()), outcome_.total.read}));
    SLUICE_TRY(warehouse::BumpVersion(connection_, rebuild_.target.name));
    return transaction->Commit();
  }

  // Renamed into its place where no row of another pod is in the table.
  Status SwapRows() {
    const std::string target = QualifiedName(rebuild_.target.name);
    std::string others = "false";
    if (!rebuild_.pod.empty() && !present_.empty()) {
      others = fmt::format("EXISTS (SELECT 1 FROM {} WHERE {} IS DISTINCT FROM {})", target,
                           QuoteName(kPodColumn), engine::QuoteText(rebuild_.pod));
    }
    SLUICE_ASSIGN(const auto any, connection_.Scalar(fmt::format("SELECT ({})::INTEGER", others)));
    if (engine::ToInt(any) == 0) {
      if (!present_.empty()) SLUICE_TRY(Execute("DROP TABLE " + target));
      return Execute(fmt::format("ALTER TABLE {} RENAME TO {}", QualifiedName(shadow_),
                                 QuoteName(rebuild_.target.name)));
    }
    SLUICE_TRY(ChangeColumns(connection_, all_, rebuild_.target.name));
    SLUICE_ASSIGN(const auto columns, warehouse::ColumnsOf(connection_, shadow_));
    std::vector<std::string> names;
    for (const warehouse::ColumnInfo& column : columns) names.push_back(column.name);
    SLUICE_TRY(Execute(fmt::format("DELETE FROM {} WHERE {} = {}", target, QuoteName(kPodColumn),
                                   engine::QuoteText(rebuild_.pod))));
    SLUICE_TRY(Execute(fmt::format("INSERT INTO {} ({}) SELECT {} FROM {}", target, NameList(names),
                                   NameList(names), QualifiedName(shadow_))));
    return Execute("DROP TABLE " + QualifiedName(shadow_));
  }

  // What was known of the loads and is no matter of their rows stays: which run published them when,
  // and when a bad row was first seen.
  Status SwapLedger() {
    const std::string loads = QualifiedName(ledger_.loads);
    const std::string files = QualifiedName(ledger_.files);
    const std::string quarantine = QualifiedName(ledger_.quarantine);
    for (const Rebuild::Load& one : rebuild_.loads) {
      if (one.published_at.empty()) continue;
      if (!one.load.late) continue;  // taken over below, all at once
      SLUICE_TRY(Execute(fmt::format("UPDATE {} SET published_at = $2::TIMESTAMP, day = $3::DATE "
                                     "WHERE load_id = $1",
                                     loads),
                         {one.load.files.front().load_id, one.published_at, one.day}));
    }
    SLUICE_TRY(
        Execute(fmt::format("UPDATE {} AS s SET run_id = o.run_id, published_at = "
                            "o.published_at, day = o.day FROM _sluice.loads AS o WHERE "
                            "o.load_id = s.load_id AND o.unloaded_at IS NULL{}",
                            loads, NotNew())));
    SLUICE_TRY(
        Execute(fmt::format("UPDATE {} AS s SET found_at = o.found_at FROM "
                            "_sluice.quarantine AS o WHERE o.quarantine_id = "
                            "s.quarantine_id AND o.file_id = s.file_id",
                            quarantine)));
    SLUICE_TRY(Execute(
        fmt::format("UPDATE {} AS s SET finished_at = o.finished_at FROM _sluice.files AS o "
                    "WHERE o.file_id = s.file_id AND o.load_id = s.load_id AND o.state = "
                    "'loaded' AND o.finished_at IS NOT NULL",
                    files)));
    SLUICE_TRY(
        Execute("DELETE FROM _sluice.quarantine WHERE file_id IN (SELECT file_id FROM "
                "_sluice.files WHERE state = 'loaded' AND " +
                    Where() + ")",
                ScopeValues()));
    SLUICE_TRY(
        Execute("DELETE FROM _sluice.files WHERE state = 'loaded' AND " + Where(), ScopeValues()));
    SLUICE_TRY(Execute("DELETE FROM _sluice.loads WHERE unloaded_at IS NULL AND " + Where(),
                       ScopeValues()));
    for (const auto& [beside, table] : {std::pair{files, "files"}, std::pair{loads, "loads"},
                                        std::pair{quarantine, "quarantine"}}) {
      SLUICE_TRY(Execute(fmt::format("INSERT INTO _sluice.{} SELECT * FROM {}", table, beside)));
      SLUICE_TRY(Execute("DROP TABLE " + beside));
    }
    return Status::Ok();
  }

  // A month that is restored once more is published now.
  std::string NotNew() const {
    std::vector<int64_t> ids;
    for (const Rebuild::Load& one : rebuild_.loads) {
      if (one.restore && one.restore->is_new) ids.push_back(one.load.files.front().load_id);
    }
    return ids.empty() ? std::string() : " AND s.load_id NOT IN " + LoadList(ids);
  }

  // They stand where they stood; the last group may have a higher log id and more rows.
  Status MoveCursors() {
    std::map<std::pair<std::string, std::string>, const TableLoad*> last;
    for (const Rebuild::Load& one : rebuild_.loads) {
      if (one.restore) continue;
      const LoadFile& first = one.load.files.front();
      last[{first.connection, first.pod}] = &one.load;
    }
    for (const auto& [pod, load] : last) {
      const LoadFile& file = load->files.back();
      SLUICE_TRY(Execute(
          "UPDATE _sluice.cursors SET log_id = greatest(log_id, $6), rows = $7 WHERE ingest = $1 "
          "AND connection = $2 AND pod = $3 AND table_name = $4 AND group_id = $5",
          {load->ingest, file.connection, file.pod, load->target.name, file.group, file.log_id,
           load->Total().read}));
    }
    return Status::Ok();
  }

  // COMMIT is not believed: the engine has reported success for what it rolled back.
  Status ReadBack() {
    SLUICE_ASSIGN(const auto there,
                  connection_.Scalar(
                      "SELECT count(*) FROM _sluice.rebuilds WHERE ingest = $1 AND "
                      "table_name = $2 AND pod = $3 AND run_id = $4",
                      {context_.ingest.name, rebuild_.target.name, rebuild_.pod, run_.run_id}));
    if (engine::ToInt(there) > 0) return Status::Ok();
    return FailedError(
        fmt::format("{}: the commit was reported as done and is not there", rebuild_.label));
  }

  const IngestContext& context_;
  engine::Connection& connection_;
  const warehouse::Fence& fence_;
  const RunInfo& run_;
  Rebuild& rebuild_;
  const std::function<Status()>& beside_;
  PartOfRebuild reporter_;
  const std::string shadow_;
  TargetTable all_;  // with the columns that files brought
  const LedgerTables ledger_;
  std::vector<warehouse::ColumnInfo> present_;  // of the published table
  std::vector<std::pair<const TableLoad*, std::vector<quality::CheckResult>>> checks_;
  RebuildOutcome outcome_;
};

}  // namespace

Result<RebuildOutcome> RunRebuild(const IngestContext& context, const warehouse::Fence& fence,
                                  const RunInfo& run, Rebuild& rebuild,
                                  const std::function<Status()>& beside) {
  return Rebuilder(context, fence, run, rebuild, beside).Run();
}

}  // namespace sluice::ingest
