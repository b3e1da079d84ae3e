#include "ingest/ingest_runner.h"

#include <algorithm>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "base/hash.h"
#include "base/text.h"
#include "env/file.h"
#include "ingest/daily_volume.h"
#include "ingest/fetcher.h"
#include "ingest/finish_files.h"
#include "ingest/late_files.h"
#include "ingest/ledger.h"
#include "ingest/load_checks.h"
#include "ingest/load_text.h"
#include "ingest/publish.h"
#include "ingest/stage.h"
#include "quality/holds.h"
#include "warehouse/dialect.h"
#include "warehouse/fence.h"

namespace sluice::ingest {
namespace {

// Steps below this are read with one thread of the engine: 249 loads of 562 small files took 13.0 s
// with one and 17.2 s with two.
constexpr uint64_t kSmallStepBytes = 8 << 20;

class Runner {
 public:
  Runner(const IngestContext& context, IngestPlan plan)
      : context_(context),
        connection_(context.session.connection()),
        plan_(std::move(plan)),
        run_{context.run_id, context.clock.Now()} {}
  ~Runner() { (void)context_.session.database().UseThreads(0); }
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  Result<IngestOutcome> Run() {
    SLUICE_ASSIGN(fence_, warehouse::TakeFence(connection_, "ingest:" + context_.ingest.name));
    SLUICE_TRY(DropStaleStages(connection_));
    SLUICE_TRY(env::RemoveTree(context_.spool_folder));
    SLUICE_TRY(env::CreateDirectories(context_.spool_folder, 0700));
    outcome_.late_files = static_cast<int64_t>(plan_.late.size());
    SLUICE_TRY(
        HoldLateFiles(connection_, context_.ingest.name, plan_.late, run_, context_.reporter));
    ReportProblems();
    for (const UnfitFile& file : plan_.unfit) SLUICE_TRY(HoldFile(file));
    StartFetching();
    for (Step& step : plan_.steps) {
      SLUICE_TRY(RunStep(step));
      SLUICE_TRY(context_.session.database().CheckpointIfLarger(context_.checkpoint_bytes));
    }
    fetcher_.reset();
    SLUICE_TRY(env::RemoveTree(context_.spool_folder));
    FinishLoaded();
    SLUICE_TRY(JudgeDays(connection_, context_.ingest, run_, &outcome_.warnings, &young_tables_));
    for (const auto& [table, found] : collisions_) {
      Warn(CollisionText(context_.ingest.name + "." + table, found));
    }
    SLUICE_TRY(TellYoungTables());
    SLUICE_TRY(ListOpenHolds());
    return std::move(outcome_);
  }

 private:
  void Warn(const std::string& text) {
    outcome_.warnings.push_back(text);
    context_.reporter.Note(report::Level::kWarning, text);
  }

  void Fail(const std::string& text) {
    outcome_.failed = true;
    outcome_.warnings.push_back(text);
    context_.reporter.Note(report::Level::kError, text);
  }

  // Only now that everything is committed: whatever fails or is killed here, the next run does.
  void FinishLoaded() {
    const FinishOutcome finished = FinishFiles(context_.ingest, plan_.done, context_.cancel);
    for (const std::string& problem : finished.problems) Fail(problem);
    for (const std::string& note : finished.notes) {
      context_.reporter.Note(report::Level::kInfo, note);
    }
  }

  void ReportProblems() {
    for (const std::string& note : plan_.notes) Warn(note);
    for (const std::string& problem : plan_.problems) {
      outcome_.failed = true;
      outcome_.loads.push_back({Split(problem, ':')[0], problem, "failed", problem, "", {}});
      context_.reporter.Note(report::Level::kError, problem);
    }
  }

  void StartFetching() {
    std::vector<Fetcher::Task> tasks;
    for (const Step& step : plan_.steps) {
      for (const TableLoad& load : step.loads) {
        for (const LoadFile& file : load.files) {
          tasks.push_back({file.stored, file.store, file.proof});
        }
      }
    }
    fetcher_ = std::make_unique<Fetcher>(std::move(tasks), context_.spool_folder, FetchLimits(),
                                         context_.cancel, nullptr);
  }

  // A load that passed its checks and is to be published.
  struct Passed {
    TableLoad* load = nullptr;
    std::vector<quality::CheckResult> checks;
    double seconds = 0;  // of its own work
  };

  double SecondsSince(std::chrono::nanoseconds began) const {
    return std::chrono::duration<double>(context_.clock.Monotonic() - began).count();
  }

  // Several loads that are published together are told as one, under the name of their group.
  Status RunStep(Step& step) {
    uint64_t bytes = 0;
    for (const TableLoad& load : step.loads) {
      for (const LoadFile& file : load.files) bytes += file.stored.size;
    }
    SLUICE_TRY(context_.session.database().UseThreads(bytes < kSmallStepBytes ? 1 : 0));
    group_label_ = step.loads.size() > 1 ? GroupLabel(context_.ingest.name, step) : "";
    if (!group_label_.empty()) context_.reporter.StepBegan(group_label_);
    std::vector<Passed> passed;
    for (TableLoad& load : step.loads) {
      if (context_.cancel != nullptr && context_.cancel->is_set()) return CancelledError("stopped");
      const size_t first_file = next_file_;
      const size_t files = load.files.size();
      next_file_ += files;
      const auto began = context_.clock.Monotonic();
      context_.reporter.StepBegan(load.label);
      std::vector<quality::CheckResult> checks;
      const Status status = StageAndCheck(load, first_file, &checks);
      for (size_t i = 0; i < files; ++i) fetcher_->Release(first_file + i);
      if (status.ok() && load.files.empty()) {
        TellLoad(load, outcome_.failed ? "failed" : "held", "none of its files can be loaded",
                 SecondsSince(began));
        continue;
      }
      if (status.ok()) {
        passed.push_back({&load, std::move(checks), SecondsSince(began)});
        continue;
      }
      // Only what concerns this one table may leave it behind alone.
      const bool goes_on = status.code() == Code::kRejected || status.code() == Code::kHeld ||
                           status.code() == Code::kNotFound || status.code() == Code::kRetry ||
                           status.code() == Code::kAuth;
      if (!goes_on) {
        const bool stopped = status.code() == Code::kCancelled;
        context_.reporter.PartEnded(load.label, stopped ? "stopped" : "failed", status.ToString(),
                                    SecondsSince(began));
        return status;
      }
      SLUICE_TRY(Leave(load, status, checks, SecondsSince(began)));
    }
    if (!passed.empty()) SLUICE_TRY(Publish(passed));
    TellGroup(passed, step.loads.size());
    return Status::Ok();
  }

  void TellGroup(const std::vector<Passed>& passed, size_t loads) {
    if (group_label_.empty()) return;
    FileCounts total;
    for (const Passed& one : passed) total += one.load->Total();
    std::string text = fmt::format("{}, {}", Counted(passed.size(), "table"),
                                   Counted(static_cast<uint64_t>(total.read), "row"));
    if (total.quarantined > 0) {
      text += fmt::format(", {} quarantined", Thousands(static_cast<uint64_t>(total.quarantined)));
    }
    if (passed.size() < loads) {
      text += fmt::format("; not loaded: {}", Counted(loads - passed.size(), "table"));
    }
    context_.reporter.StepEnded(group_label_, passed.empty() ? "waiting" : "done", text);
  }

  // The one load of a step is the step; of several each is a part.
  void TellLoad(const TableLoad& load, std::string_view outcome, const std::string& summary,
                double seconds) {
    if (group_label_.empty()) {
      context_.reporter.StepEnded(load.label, outcome, summary);
    } else {
      context_.reporter.PartEnded(load.label, outcome, summary, seconds);
    }
  }

  bool IsBlocked(const TableLoad& load) const {
    if (blocked_.count(load.target.name) > 0) return true;
    return std::any_of(load.files.begin(), load.files.end(), [&](const LoadFile& file) {
      return blocked_.count(load.target.name + "/" + file.pod) > 0;
    });
  }

  Status StageAndCheck(TableLoad& load, size_t first_file,
                       std::vector<quality::CheckResult>* checks) {
    if (IsBlocked(load)) return HeldError("an earlier group of this table waits");
    report::Progress progress;
    SLUICE_TRY(AwaitFiles(load, first_file, &progress));
    if (load.files.empty()) return Status::Ok();
    const StageContext stage{connection_, context_.functions, context_.reporter, context_.cancel,
                             context_.spool_folder};
    const Status staged = Stage(stage, load);
    for (const std::string& warning : load.warnings) Warn(warning);
    SLUICE_TRY(staged);
    progress.rows = static_cast<uint64_t>(load.Total().read);
    progress.total_rows = progress.rows;
    context_.reporter.StepAdvanced(load.label, progress);
    SLUICE_ASSIGN(*checks, CheckLoad(connection_, context_.ingest, load));
    std::vector<std::string> failures;
    for (const quality::CheckResult& result : *checks) {
      if (result.outcome == quality::Outcome::kPass) continue;
      // Said once for the whole ingest: a young table is no news for every group of it.
      if (result.outcome == quality::Outcome::kNotEnoughHistory) {
        young_tables_[result.check].insert(load.target.name);
        continue;
      }
      if (result.outcome == quality::Outcome::kFail) {
        failures.push_back(fmt::format("{}: {}", result.check, result.message));
      } else {
        const std::string text =
            fmt::format("{}: {}: {}", load.label, result.check, result.message);
        Warn(text);
      }
    }
    if (!failures.empty()) return HeldError(Join(failures, "; "));
    return Status::Ok();
  }

  Status AwaitFiles(TableLoad& load, size_t first_file, report::Progress* progress) {
    for (const LoadFile& file : load.files) progress->total_bytes += file.stored.size;
    std::vector<LoadFile> there;
    std::vector<std::pair<LoadFile, Status>> missing;
    for (size_t i = 0; i < load.files.size(); ++i) {
      LoadFile& file = load.files[i];
      auto fetched = fetcher_->Wait(first_file + i);
      if (!fetched.ok()) {
        const Status status = fetched.status().WithContext(file.stored.path);
        if (!load.file_by_file || !ConcernsOneFile(status)) return status;
        missing.emplace_back(file, status);
        continue;
      }
      file.local_path = fetched->local_path;
      file.content_hash = fetched->content_hash;
      file.file_id = StableId(
          {load.ingest, load.target.name, file.connection, file.stored.path, file.content_hash});
      progress->bytes += file.stored.size;
      context_.reporter.StepAdvanced(load.label, *progress);
      there.push_back(file);
    }
    // The only one: its failure is the load's.
    if (there.empty() && missing.size() == 1) return missing[0].second;
    for (const auto& [file, status] : missing) SLUICE_TRY(LeaveFile(load, file, status));
    load.files = std::move(there);
    return Status::Ok();
  }

  // One file of a load that goes on without it: held when it is bad, else tried again by the next run.
  Status LeaveFile(const TableLoad& load, const LoadFile& file, const Status& status) {
    if (status.code() == Code::kRejected) {
      return HoldFile(
          {file.connection, load.target.name, file.stored.path, "checksum", status.message()});
    }
    Fail(load.label + ": " + status.ToString());
    return Status::Ok();
  }

  Status HoldFile(const UnfitFile& file) {
    SLUICE_ASSIGN(const std::string id,
                  HoldUnfitFile(connection_, fence_, context_.ingest.name, file, run_));
    const std::string name = context_.ingest.name + "." + file.table;
    context_.reporter.Note(report::Level::kWarning,
                           fmt::format("{}: {} (hold {})", name, file.message, id));
    outcome_.loads.push_back({file.table, name, "held", file.message, id, {}});
    return Status::Ok();
  }

  // The load is not published: a gate holds its stage, or its files are held, or it failed for now.
  Status Leave(TableLoad& load, const Status& status,
               const std::vector<quality::CheckResult>& checks, double seconds) {
    LoadOutcome outcome{load.target.name,  load.label, "failed",
                        status.ToString(), "",         load.Total()};
    if (IsBlocked(load)) {
      outcome.outcome = "waiting";
    } else if (status.code() == Code::kHeld || status.code() == Code::kRejected) {
      outcome.outcome = "held";
      SLUICE_ASSIGN(outcome.hold_id, Hold(load, status, checks));
    } else {
      outcome_.failed = true;
    }
    if (!load.stands_alone) Block(load);
    TellLoad(load, outcome.outcome,
             outcome.hold_id.empty()
                 ? status.ToString()
                 : fmt::format("{} (hold {})", status.message(), outcome.hold_id),
             seconds);
    outcome_.loads.push_back(std::move(outcome));
    return Status::Ok();
  }

  void Block(const TableLoad& load) {
    std::set<std::string> pods;
    for (const LoadFile& file : load.files) pods.insert(file.pod);
    if (!load.target.match_pod || pods.size() > 1) {
      blocked_.insert(load.target.name);
    } else {
      blocked_.insert(load.target.name + "/" + *pods.begin());
    }
  }

  Result<std::string> Hold(TableLoad& load, const Status& status,
                           const std::vector<quality::CheckResult>& checks) {
    const LoadFile& last = load.files.back();
    quality::NewHold hold;
    hold.kind = status.code() == Code::kHeld ? "gate" : "file";
    hold.owner = load.ingest;
    hold.connection = last.connection;
    hold.table = load.target.name;
    hold.pod = last.pod;
    hold.group = last.group;
    hold.load_id = load.files.front().load_id;
    hold.message = status.message();
    std::vector<std::string> names;
    for (const quality::CheckResult& check : checks) {
      if (check.outcome == quality::Outcome::kFail) names.push_back(check.check);
    }
    hold.check = hold.kind == "gate"      ? Join(names, ", ")
                 : load.too_many_bad_rows ? "bad_rows"
                                          : "file";
    for (const LoadFile& file : load.files) hold.files.push_back(file.stored.path);
    SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(connection_));
    SLUICE_TRY(warehouse::CheckFence(connection_, fence_));
    if (hold.kind == "gate") {
      hold.stage = load.stage;
      SLUICE_TRY(RecordHeldFiles(connection_, load, run_));
    }
    SLUICE_TRY(RecordChecks(load, checks));
    SLUICE_ASSIGN(std::string id, quality::WriteHold(connection_, hold, run_));
    SLUICE_TRY(transaction->Commit());
    return id;
  }

  Status RecordChecks(const TableLoad& load, const std::vector<quality::CheckResult>& checks) {
    const LoadFile& last = load.files.back();
    for (const quality::CheckResult& check : checks) {
      SLUICE_TRY(quality::RecordCheck(
          connection_, {load.ingest, load.target.name, last.pod, last.group}, check, run_));
    }
    return Status::Ok();
  }

  // What a failed transaction may have changed in a load.
  struct Before {
    std::string stage;
    std::string gone;
    std::vector<FileCounts> counts;
  };
  static Before Remember(const TableLoad& load) {
    Before before{load.stage, load.gone, {}};
    for (const LoadFile& file : load.files) before.counts.push_back(file.counts);
    return before;
  }
  static void Restore(const Before& before, TableLoad& load) {
    load.stage = before.stage;
    load.gone = before.gone;
    for (size_t i = 0; i < load.files.size(); ++i) load.files[i].counts = before.counts[i];
  }

  // One transaction for all. What fails for one table leaves that table behind, and the others are
  // published without it.
  Status Publish(std::vector<Passed>& loads) {
    while (!loads.empty()) {
      std::vector<Before> before;
      for (const Passed& passed : loads) before.push_back(Remember(*passed.load));
      std::optional<size_t> culprit;
      const Status status = TryPublish(loads, &culprit);
      if (status.ok()) break;
      if (!culprit || status.code() == Code::kCancelled) return status;
      for (size_t i = 0; i < loads.size(); ++i) Restore(before[i], *loads[i].load);
      const Passed failed = std::move(loads[*culprit]);
      loads.erase(loads.begin() + static_cast<ptrdiff_t>(*culprit));
      SLUICE_TRY(Leave(*failed.load, FailedError(status.message(), status.next()), failed.checks,
                       failed.seconds));
    }
    for (const Passed& passed : loads) {
      TableLoad* load = passed.load;
      SLUICE_TRY(ReadBack(*load));
      const FileCounts total = load->Total();
      outcome_.total += total;
      TellLoad(*load, "done", SummaryOf(total), passed.seconds);
      if (total.key_collisions > 0) {
        Collisions& found = collisions_[load->target.name];
        found.rows += total.key_collisions;
        ++found.loads;
      }
      outcome_.loads.push_back({load->target.name, load->label, "done", "", "", total});
      for (const LoadFile& file : load->files) {
        if (file.counts.quarantined > 0) continue;
        plan_.done.push_back(
            {file.connection, load->target.name, file.store, file.stored, file.proof.sidecar});
      }
      load->quarantined.clear();
      load->quarantined.shrink_to_fit();
    }
    return Status::Ok();
  }

  // `culprit` is set when the error arose at one table.
  Status TryPublish(std::vector<Passed>& loads, std::optional<size_t>* culprit) {
    SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(connection_));
    SLUICE_TRY(warehouse::CheckFence(connection_, fence_));
    for (size_t i = 0; i < loads.size(); ++i) {
      *culprit = i;
      SLUICE_TRY(AlterTarget(connection_, *loads[i].load));
    }
    for (size_t i = 0; i < loads.size(); ++i) {
      *culprit = i;
      const auto began = context_.clock.Monotonic();
      TableLoad& load = *loads[i].load;
      SLUICE_TRY(MergeStage(connection_, load));
      SLUICE_TRY(RecordPublished(connection_, load, run_, ""));
      SLUICE_TRY(RecordChecks(load, loads[i].checks));
      SLUICE_TRY(warehouse::BumpVersion(connection_, load.target.name));
      loads[i].seconds += SecondsSince(began);
    }
    culprit->reset();
    return transaction->Commit();
  }

  // COMMIT is not believed: the engine has reported success for what it rolled back.
  Status ReadBack(const TableLoad& load) {
    SLUICE_ASSIGN(const auto there,
                  connection_.Scalar("SELECT count(*) FROM _sluice.loads WHERE load_id = $1 AND "
                                     "unloaded_at IS NULL",
                                     {load.files.front().load_id}));
    if (engine::ToInt(there) > 0) return Status::Ok();
    return FailedError(
        fmt::format("{}: the commit was reported as done and is not there", load.label));
  }

  // Told when a table is met for the first time: later runs have nothing new to say of it.
  Status TellYoungTables() {
    for (const auto& [check, tables] : young_tables_) {
      std::vector<std::string> names;
      for (const std::string& table : tables) {
        SLUICE_ASSIGN(
            const auto before,
            connection_.Scalar("SELECT count(*) FROM _sluice.check_results WHERE owner = $1 AND "
                               "table_name = $2 AND check_name = $3 AND run_id <> $4",
                               {context_.ingest.name, table, check, run_.run_id}));
        if (engine::ToInt(before) == 0) names.push_back(table);
      }
      if (names.empty()) continue;
      context_.reporter.Note(
          report::Level::kInfo,
          fmt::format("note: {}: {}: not enough history yet to judge {}", context_.ingest.name,
                      check,
                      names.size() > 3 ? Counted(names.size(), "table") : Join(names, ", ")));
    }
    return Status::Ok();
  }

  Status ListOpenHolds() {
    SLUICE_ASSIGN(
        const auto rows,
        connection_.Rows("SELECT hold_id FROM _sluice.holds WHERE state = 'open' AND owner "
                         "= $1 ORDER BY created_at, hold_id",
                         {context_.ingest.name}));
    for (const auto& row : rows) outcome_.hold_ids.push_back(engine::ToText(row[0]));
    return Status::Ok();
  }

  const IngestContext& context_;
  engine::Connection& connection_;
  IngestPlan plan_;
  const RunInfo run_;
  warehouse::Fence fence_;
  std::unique_ptr<Fetcher> fetcher_;
  size_t next_file_ = 0;
  std::string group_label_;        // of the step in work; "" when it has one load
  std::set<std::string> blocked_;  // "table" or "table/pod"
  std::map<std::string, std::set<std::string>> young_tables_;  // by check
  std::map<std::string, Collisions> collisions_;               // by table
  IngestOutcome outcome_;
};

}  // namespace

Result<IngestOutcome> RunIngest(const IngestContext& context, IngestPlan plan) {
  return Runner(context, std::move(plan)).Run();
}

}  // namespace sluice::ingest
