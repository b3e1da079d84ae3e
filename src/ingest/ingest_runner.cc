#include "ingest/ingest_runner.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/hash.h"
#include "base/text.h"
#include "env/file.h"
#include "ingest/daily_volume.h"
#include "ingest/earlier_files.h"
#include "ingest/fetcher.h"
#include "ingest/finish_files.h"
#include "ingest/ingest_report.h"
#include "ingest/late_files.h"
#include "ingest/ledger.h"
#include "ingest/left_behind.h"
#include "ingest/load_checks.h"
#include "ingest/load_files.h"
#include "ingest/publish_step.h"
#include "ingest/rebuild.h"
#include "ingest/row_fixes.h"
#include "ingest/stage.h"
#include "ingest/unmatched_files.h"
#include "quality/holds.h"
#include "warehouse/dialect.h"
#include "warehouse/fence.h"

namespace sluice::ingest {
namespace {

// Steps below this are read with one thread of the engine: 249 loads of 562 small files took 13.0 s
// with one and 17.2 s with two.
constexpr uint64_t kSmallStepBytes = 8 << 20;
// Steps up to this are staged and published in one transaction. What is larger is staged durably first,
// table by table: the transaction that publishes it stays short.
constexpr uint64_t kAtOnceBytes = 128 << 20;
// A log below this may be left for the next opening to replay: less than a tenth of a second.
constexpr uint64_t kReplayedBytes = 2 << 20;

}  // namespace

class IngestRun::Impl {
 public:
  Impl(IngestContext context, IngestPlan plan)
      : context_(std::move(context)),
        connection_(context_.session.connection()),
        plan_(std::move(plan)),
        run_{context_.run_id, context_.clock.Now()},
        told_(context_),
        left_(context_, fence_, run_, told_) {}
  ~Impl() { (void)context_.session.database().UseThreads(0); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Status Begin() {
    SLUICE_ASSIGN(fence_, warehouse::TakeFence(connection_, "ingest:" + context_.ingest.name));
    SLUICE_TRY(DropStaleStages(connection_));
    SLUICE_TRY(env::RemoveTree(context_.spool_folder));
    SLUICE_TRY(env::CreateDirectories(context_.spool_folder, 0700));
    told_.outcome().late_files = static_cast<int64_t>(plan_.late.size());
    SLUICE_TRY(
        HoldLateFiles(connection_, context_.ingest.name, plan_.late, run_, &context_.reporter)
            .status());
    ReportProblems();
    SLUICE_TRY(left_.Lift(plan_.lifted));
    for (const UnfitFile& file : plan_.unfit) SLUICE_TRY(left_.HoldFile(file));
    for (Rebuild& rebuild : plan_.rebuilds) SLUICE_TRY(RebuildOne(rebuild));
    StartFetching();
    return Status::Ok();
  }

  bool is_done() const { return done_; }

  bool IsReady() {
    if (next_step_ == plan_.steps.size()) return true;
    return fetcher_->AreThere(next_file_, FilesToWaitFor());
  }

  report::Progress Fetched() {
    report::Progress progress;
    progress.phase = report::Phase::kDownload;
    if (next_step_ == plan_.steps.size()) return progress;
    size_t at = next_file_;
    for (const TableLoad& load : plan_.steps[next_step_].loads) {
      for (const LoadFile& file : load.files) {
        progress.total_bytes += file.stored.size;
        if (fetcher_->AreThere(at++, 1)) progress.bytes += file.stored.size;
      }
    }
    return progress;
  }

  Status Next() {
    if (next_step_ == plan_.steps.size()) return Finish();
    SLUICE_TRY(RunStep(plan_.steps[next_step_++]));
    return context_.session.database().CheckpointIfLarger(context_.checkpoint_bytes);
  }

  IngestOutcome End(const Status& status) {
    if (!status.ok()) told_.Break();
    return std::move(told_.outcome());
  }

 private:
  // What is loaded at once needs all files of its step, what is loaded one by one those of the first.
  size_t FilesToWaitFor() const {
    const Step& step = plan_.steps[next_step_];
    return step.bytes() > kAtOnceBytes ? step.loads.front().files.size() : step.files();
  }

  // What concerns the ingest as a whole, once all of it is committed.
  Status Finish() {
    done_ = true;
    // Whoever opens the file next replays what is in the log, which costs more than to write it now.
    SLUICE_TRY(context_.session.database().CheckpointIfLarger(
        std::min(context_.checkpoint_bytes, kReplayedBytes)));
    fetcher_.reset();
    SLUICE_TRY(env::RemoveTree(context_.spool_folder));
    SLUICE_TRY(FinishLoaded());
    std::vector<std::string> notes;
    SLUICE_TRY(JudgeDays(connection_, context_.ingest, run_, &told_.outcome().warnings, &notes,
                         &told_.young_tables()));
    for (const std::string& note : notes) context_.reporter.Note(report::Level::kInfo, note);
    return told_.End(connection_, run_);
  }

  // Only now that everything is committed: whatever fails or is killed here, the next run does.
  Status FinishLoaded() {
    if (context_.leave_files) return Status::Ok();
    const FinishOutcome finished = FinishFiles(context_.ingest, plan_.done, context_.cancel);
    for (const std::string& problem : finished.problems) told_.Fail(problem);
    for (const std::string& note : finished.notes) {
      context_.reporter.Note(report::Level::kInfo, note);
    }
    return RecordFinished(connection_, fence_, context_.ingest.name, finished.files, run_);
  }

  void ReportProblems() {
    for (const std::string& note : plan_.notes) told_.Warn(note);
    // Not a warning: what nobody wants may lie there for years.
    for (const UnmatchedFiles& unmatched : plan_.unmatched) {
      context_.reporter.Note(report::Level::kInfo, Told(plan_.ingest, unmatched));
    }
    for (const std::string& problem : plan_.problems) {
      told_.outcome().failed = true;
      const std::string table = Split(problem, ':')[0];
      told_.outcome().loads.push_back(
          {table, fmt::format("{}.{}", context_.ingest.name, table), "failed", problem, "", {}});
      context_.reporter.Note(report::Level::kError, problem);
    }
  }

  // Late files that cannot be brought in hold nothing else up: what is published stays as it was.
  Status RebuildOne(Rebuild& rebuild) {
    const std::string table = context_.ingest.name + "." + rebuild.target.name;
    context_.reporter.StepBegan(rebuild.label);
    SLUICE_TRY(context_.session.database().UseThreads(rebuild.bytes() < kSmallStepBytes ? 1 : 0));
    SLUICE_ASSIGN(const RebuildOutcome result, RunRebuild(context_, fence_, run_, rebuild));
    for (const std::string& warning : result.warnings) told_.Warn(warning);
    LoadOutcome outcome{rebuild.target.name, rebuild.label, "done", "", "", result.total};
    std::string text = WhatWasRebuilt(rebuild, result);
    if (result.status.ok()) {
      told_.outcome().total += result.late;
    } else if (!rebuild.partial &&
               (result.status.code() == Code::kHeld || result.status.code() == Code::kRejected)) {
      outcome.outcome = "held";
      outcome.message = fmt::format("{}; {} stays as it was", result.status.message(), table);
      for (LateFile& late : rebuild.late) {
        late.check = result.check;
        late.why = outcome.message;
      }
      SLUICE_ASSIGN(outcome.hold_id, HoldLateFiles(connection_, context_.ingest.name, rebuild.late,
                                                   run_, nullptr, result.refused));
      text = fmt::format("{} (hold {})", outcome.message, outcome.hold_id);
    } else {
      outcome.outcome = "failed";
      outcome.message = text = WhyNotRebuilt(rebuild, result, table);
      told_.outcome().failed = true;
    }
    context_.reporter.StepEnded(rebuild.label, outcome.outcome, text);
    told_.outcome().loads.push_back(std::move(outcome));
    return Status::Ok();
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
    fetcher_ = std::make_unique<Fetcher>(std::move(tasks), context_.spool_folder, context_.fetch,
                                         context_.cancel, nullptr);
  }

  double SecondsSince(std::chrono::nanoseconds began) const {
    return std::chrono::duration<double>(context_.clock.Monotonic() - began).count();
  }

  // Several loads that are published together are told as one, under the name of their group.
  Status RunStep(Step& step) {
    const uint64_t bytes = step.bytes();
    parts_.clear();
    for (const TableLoad& load : step.loads) {
      parts_.push_back({next_file_, load.files.size(), {}});
      next_file_ += load.files.size();
    }
    SLUICE_TRY(context_.session.database().UseThreads(bytes < kSmallStepBytes ? 1 : 0));
    told_.BeginStep(step);
    Result<bool> done = false;
    if (bytes <= kAtOnceBytes) done = RunAtOnce(step);
    Status status = done.status();
    if (done.ok() && !*done) status = RunOneByOne(step);
    for (const Part& part : parts_) Release(part);
    return status;
  }

  // The files of one load of the step in the fetcher, and how fetching them ended, once it has.
  struct Part {
    size_t first_file = 0;
    size_t files = 0;
    std::optional<Status> fetched;
  };

  void Release(const Part& part) {
    for (size_t i = 0; i < part.files; ++i) fetcher_->Release(part.first_file + i);
  }

  // Only what concerns this one table may leave it behind alone.
  static bool MayBeLeft(const Status& status) {
    return status.code() == Code::kHeld || ConcernsOneFile(status);
  }

  // Staging, checks and publishing of all loads in one transaction: each commit costs as much as a small
  // load, and what is staged and published at once is written to the log once. False: a statement
  // failed, nothing has happened, and RunOneByOne finds out which load it concerns.
  Result<bool> RunAtOnce(Step& step) {
    SLUICE_TRY(PrepareToStage(connection_, step.loads));
    for (size_t i = 0; i < step.loads.size(); ++i) SLUICE_TRY(Fetch(step.loads[i], parts_[i]));
    SLUICE_ASSIGN(const bool any_fixes, HasRowFixes(connection_, context_.ingest.name));
    fixes_ = any_fixes ? ReadFixes::kAll : ReadFixes::kNone;
    const std::vector<TableLoad> before = step.loads;
    std::vector<Judged> judged;
    std::vector<LeftLoad> held;
    const Status status = TryAtOnce(step, judged, held);
    if (status.code() == Code::kCancelled) {
      told_.StopStep(step, status);
      return status;
    }
    if (!status.ok()) {
      step.loads = before;
      return false;
    }
    size_t next_held = 0;
    std::vector<Judged*> passed;
    for (Judged& one : judged) {
      told_.Findings(one);
      SLUICE_TRY(left_.HoldFilesOf(*one.load));
      if (!one.status.ok()) {
        left_.Tell(held[next_held++], *one.load);
      } else if (one.load->files.empty()) {
        told_.NothingLeft(one);
      } else {
        passed.push_back(&one);
      }
    }
    SLUICE_TRY(TellPublished(passed));
    told_.Group(passed, step.loads.size());
    return true;
  }

  Status TryAtOnce(Step& step, std::vector<Judged>& judged, std::vector<LeftLoad>& held) {
    SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(connection_));
    for (size_t i = 0; i < step.loads.size(); ++i) {
      judged.push_back(Judge(step.loads[i], parts_[i], true));
      const Status& status = judged.back().status;
      if (!status.ok() && !MayBeLeft(status)) return status;
    }
    std::vector<Judged*> passed;
    for (Judged& one : judged) {
      if (one.status.ok() && !one.load->files.empty()) passed.push_back(&one);
    }
    for (const Judged* one : passed) TellPhase(*one->load, report::Phase::kPublish);
    std::optional<size_t> culprit;
    SLUICE_TRY(PublishLoads(connection_, fence_, run_, passed, &culprit));
    for (Judged& one : judged) {
      if (one.status.ok()) continue;
      SLUICE_ASSIGN(LeftLoad left, left_.Leave(one));
      held.push_back(std::move(left));
    }
    return transaction->Commit();
  }

  // A transaction for each stage, one for all that is published. What fails for one table leaves that
  // table behind, and the others are published without it.
  Status RunOneByOne(Step& step) {
    std::vector<Judged> judged;
    for (size_t i = 0; i < step.loads.size(); ++i) {
      TableLoad& load = step.loads[i];
      Judged one = Judge(load, parts_[i], false);
      Release(parts_[i]);
      told_.Findings(one);
      SLUICE_TRY(left_.HoldFilesOf(load));
      if (one.status.ok() && load.files.empty()) {
        told_.NothingLeft(one);
        continue;
      }
      if (one.status.ok()) {
        judged.push_back(std::move(one));
        continue;
      }
      if (!MayBeLeft(one.status)) {
        const bool stopped = one.status.code() == Code::kCancelled;
        context_.reporter.PartEnded(load.label, stopped ? "stopped" : "failed",
                                    one.status.ToString(), one.seconds);
        return one.status;
      }
      SLUICE_TRY(left_.LeaveAlone(one));
    }
    std::vector<Judged*> passed;
    for (Judged& one : judged) passed.push_back(&one);
    SLUICE_TRY(Publish(passed));
    told_.Group(passed, step.loads.size());
    return Status::Ok();
  }

  // Fetches, stages and checks one load. Tells nobody: what is done at once may be done again.
  Judged Judge(TableLoad& load, Part& part, bool in_transaction) {
    Judged judged{&load, {}, {}, 0};
    const auto began = context_.clock.Monotonic();
    if (context_.cancel != nullptr && context_.cancel->is_set()) {
      judged.status = CancelledError("stopped");
    } else {
      context_.reporter.StepBegan(load.label);
      judged.status = StageAndCheck(judged, part, in_transaction);
    }
    judged.seconds = SecondsSince(began);
    return judged;
  }

  Status StageAndCheck(Judged& judged, Part& part, bool in_transaction) {
    TableLoad& load = *judged.load;
    if (left_.IsBlocked(load)) return HeldError("an earlier group of this table waits");
    SLUICE_TRY(Fetch(load, part));
    SLUICE_TRY(*part.fetched);
    if (load.files.empty()) return Status::Ok();
    const StageContext stage{connection_,
                             context_.functions,
                             context_.reporter,
                             context_.cancel,
                             context_.spool_folder,
                             in_transaction ? fixes_ : ReadFixes::kAll,
                             &context_.session.database()};
    SLUICE_TRY(in_transaction ? StageInTransaction(stage, load) : Stage(stage, load));
    SLUICE_TRY(FindEarlierVersions(connection_, load));
    SLUICE_TRY(TellKnownContent(connection_, load));
    TellPhase(load, report::Phase::kCheck);
    SLUICE_ASSIGN(judged.checks, CheckLoad(connection_, context_.ingest, load));
    std::vector<std::string> failures;
    for (const quality::CheckResult& result : judged.checks) {
      if (result.outcome != quality::Outcome::kFail) continue;
      failures.push_back(fmt::format("{}: {}", result.check, result.message));
    }
    return failures.empty() ? Status::Ok() : HeldError(Join(failures, "; "));
  }

  // All rows are read.
  void TellPhase(const TableLoad& load, report::Phase phase) {
    report::Progress progress;
    progress.phase = phase;
    progress.bytes = progress.total_bytes = load.bytes();
    progress.rows = progress.total_rows = static_cast<uint64_t>(load.Total().read);
    context_.reporter.StepAdvanced(load.label, progress);
  }

  // Once for each load of a step, and outside of its transaction: files that stay away are told and
  // held here. How it ended is in `part`; an error only where nothing can go on.
  Status Fetch(TableLoad& load, Part& part) {
    if (part.fetched || left_.IsBlocked(load)) return Status::Ok();
    report::Progress progress;
    progress.phase = report::Phase::kDownload;
    progress.total_bytes = load.bytes();
    MissingFiles missing;
    part.fetched =
        FetchFiles(*fetcher_, part.first_file, load, context_.reporter, &progress, &missing);
    for (const auto& [file, status] : missing) SLUICE_TRY(left_.LeaveFile(load, file, status));
    return Status::Ok();
  }

  // After the commit. That reading back was broken off says nothing against what was committed.
  Status TellPublished(const std::vector<Judged*>& loads) {
    const Status read = ReadBack(connection_, loads);
    if (!read.ok() && read.code() != Code::kCancelled) return read;
    for (Judged* one : loads) IsPublished(*one);
    return read;
  }

  // One transaction for all; `loads` loses those that fail.
  Status Publish(std::vector<Judged*>& loads) {
    while (!loads.empty()) {
      std::vector<LoadBefore> before;
      for (const Judged* judged : loads) before.emplace_back(*judged->load);
      const auto began = context_.clock.Monotonic();
      for (const Judged* judged : loads) TellPhase(*judged->load, report::Phase::kPublish);
      std::optional<size_t> culprit;
      const Status status = TryPublish(loads, &culprit);
      if (status.ok()) {
        const double each = SecondsSince(began) / static_cast<double>(loads.size());
        for (Judged* judged : loads) judged->seconds += each;
        return TellPublished(loads);
      }
      if (!culprit || status.code() == Code::kCancelled) return status;
      for (size_t i = 0; i < loads.size(); ++i) before[i].Restore(*loads[i]->load);
      Judged* failed = loads[*culprit];
      loads.erase(loads.begin() + static_cast<ptrdiff_t>(*culprit));
      failed->status = FailedError(status.message(), status.next());
      SLUICE_TRY(left_.LeaveAlone(*failed));
    }
    return Status::Ok();
  }

  void IsPublished(const Judged& judged) {
    TableLoad& load = *judged.load;
    told_.Published(judged);
    for (const LoadFile& file : load.files) {
      if (file.counts.quarantined > 0) continue;
      plan_.done.push_back(
          {file.connection, load.target.name, file.store, file.stored, file.proof.sidecar});
    }
    load.quarantined = {};
  }

  // `culprit` is set when the error arose at one table.
  Status TryPublish(const std::vector<Judged*>& loads, std::optional<size_t>* culprit) {
    SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(connection_));
    SLUICE_TRY(PublishLoads(connection_, fence_, run_, loads, culprit));
    return transaction->Commit();
  }

  const IngestContext context_;
  engine::Connection& connection_;
  IngestPlan plan_;
  const RunInfo run_;
  warehouse::Fence fence_;
  std::unique_ptr<Fetcher> fetcher_;
  size_t next_step_ = 0;
  size_t next_file_ = 0;               // the first one of that step, in the fetcher
  std::vector<Part> parts_;            // of the step in work, one for each load
  ReadFixes fixes_ = ReadFixes::kAll;  // of a step that is one transaction
  IngestReport told_;
  LeftBehind left_;
  bool done_ = false;
};

IngestRun::IngestRun(IngestContext context, IngestPlan plan)
    : impl_(std::make_unique<Impl>(std::move(context), std::move(plan))) {}
IngestRun::~IngestRun() = default;

Status IngestRun::Begin() {
  return impl_->Begin();
}

bool IngestRun::is_done() const {
  return impl_->is_done();
}

bool IngestRun::IsReady() {
  return impl_->IsReady();
}

report::Progress IngestRun::Fetched() {
  return impl_->Fetched();
}

Status IngestRun::Next() {
  return impl_->Next();
}

IngestOutcome IngestRun::End(const Status& status) {
  return impl_->End(status);
}

Status RunIngest(const IngestContext& context, IngestPlan plan, IngestOutcome& outcome) {
  IngestRun run(context, std::move(plan));
  Status status = run.Begin();
  while (status.ok() && !run.is_done()) status = run.Next();
  outcome = run.End(status);
  return status;
}

}  // namespace sluice::ingest
