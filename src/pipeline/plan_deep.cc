#include "pipeline/plan_deep.h"

#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "base/text.h"
#include "env/lock.h"
#include "pipeline/project_run.h"
#include "warehouse/copy.h"

namespace sluice::pipeline {
namespace {

constexpr const char* kFolder = "plan-deep";
constexpr const char* kLock = "plan-deep.lock";
constexpr const char* kRun = "plan";  // what the copy's records call it
constexpr const char* kCopyStep = "copy of the warehouse";
// What the engine needs beside what it loads.
constexpr uint64_t kReserveBytes = 64ULL << 20;

// The folder of the copy, for as long as this lives.
class Scratch {
 public:
  static Result<Scratch> Make(Runtime& runtime) {
    SLUICE_TRY(runtime.MakeStateFolder());
    auto lock = env::FileLock::TryAcquire(runtime.StatePath(kLock), runtime.options().command);
    if (lock.status().code() == Code::kBusy) {
      return lock.status()
          .WithContext("another plan --deep")
          .WithNext("Try again when it has ended");
    }
    if (!lock.ok()) return lock.status();
    Scratch scratch(std::move(lock).value(), runtime.StatePath(kFolder));
    SLUICE_TRY(env::RemoveTree(scratch.folder_));
    SLUICE_TRY(env::CreateDirectories(scratch.folder_, 0700));
    return scratch;
  }
  Scratch(Scratch&& other) noexcept
      : lock_(std::move(other.lock_)), folder_(std::exchange(other.folder_, "")) {}
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  Scratch& operator=(Scratch&&) = delete;
  ~Scratch() {
    // What cannot be removed now is a leftover that the next run removes.
    if (!folder_.empty()) (void)env::RemoveTree(folder_);
  }
  const std::string& folder() const { return folder_; }

 private:
  Scratch(env::FileLock lock, std::string folder)
      : lock_(std::move(lock)), folder_(std::move(folder)) {}
  env::FileLock lock_;
  std::string folder_;
};

class Rehearsal {
 public:
  Rehearsal(Runtime& real, Selection selection, const DeepOptions& options,
            report::Reporter& reporter, const std::string& folder)
      : real_(real),
        selection_(std::move(selection)),
        options_(options),
        reporter_(reporter),
        folder_(folder),
        copy_(env::JoinPath(folder, "warehouse.duckdb")),
        runtime_(real.InScratch(folder, copy_)) {}

  Result<DeepPlan> Make() {
    const auto began = real_.clock().Monotonic();
    SLUICE_TRY(CopyWarehouse());
    SLUICE_TRY(PlanWhatWaits());
    SLUICE_TRY(RoomForWhatWaits());
    RunOptions run_options;
    run_options.cancel = options_.cancel;
    run_options.leave_files = true;
    if (options_.restore != nullptr) run_options.restore = *options_.restore;
    ProjectRun run(*runtime_, run_options, selection_, reporter_, kRun);
    run.LoadAndBuild();
    SLUICE_TRY(PlanSyncs(run));
    deep_.load = run.TakeReport();
    if (deep_.load.exit_code == kExitCancelled)
      return CancelledError("stopped: nothing was changed");
    deep_.load.seconds = std::chrono::duration<double>(real_.clock().Monotonic() - began).count();
    TakeSyncs();
    TakeModels();
    TakeProblems();
    SLUICE_TRY(TellWhatIsBound());
    return std::move(deep_);
  }

 private:
  Status CopyWarehouse() {
    if (!env::Exists(real_.warehouse().path())) return Status::Ok();
    reporter_.StepBegan(kCopyStep);
    engine::CopyOptions copy;
    copy.cancel = options_.cancel;
    report::Progress progress;
    copy.room = [&](uint64_t bytes) {
      progress.total_bytes = bytes;
      return Room(bytes, fmt::format("the copy of the warehouse takes {}", HumanBytes(bytes)));
    };
    copy.progress = [&](uint64_t bytes) {
      progress.bytes = bytes;
      reporter_.StepAdvanced(kCopyStep, progress);
    };
    const Status copied =
        warehouse::CopyWarehouse(real_.warehouse().path(), copy_, real_.options().command,
                                 options_.wait, real_.clock(), copy);
    reporter_.StepEnded(kCopyStep, copied.ok() ? "done" : "failed", "");
    if (copied.code() != Code::kBusy) return copied;
    return copied.WithNext(
        "Try again when it has ended, or wait for it: sluice plan --deep --wait");
  }

  Status Room(uint64_t bytes, const std::string& what) const {
    SLUICE_ASSIGN(const uint64_t free, options_.free_space(folder_));
    if (free >= bytes + kReserveBytes) return Status::Ok();
    return FailedError(
        fmt::format("{}, and {} has {} free", what, env::Dirname(folder_), HumanBytes(free)),
        "Make room there, or use sluice plan, which copies and loads nothing");
  }

  Status RoomForWhatWaits() const {
    uint64_t bytes = 0;
    for (const ingest::IngestPlan& ingest : deep_.plan.ingests) {
      bytes += ingest.bytes();
      for (const ingest::Rebuild& rebuild : ingest.rebuilds) bytes += rebuild.bytes();
    }
    if (bytes == 0) return Status::Ok();
    return Room(bytes, fmt::format("{} wait to be loaded into the copy", HumanBytes(bytes)));
  }

  // Nothing where there is no warehouse yet.
  Result<std::unique_ptr<warehouse::Session>> OpenCopy() {
    auto session = runtime_->warehouse().Open(false, options_.wait, options_.cancel);
    if (session.status().code() == Code::kNotFound) return std::unique_ptr<warehouse::Session>();
    return session;
  }

  Status PlanWhatWaits() {
    SLUICE_ASSIGN(const auto session, OpenCopy());
    report::SilentReporter silent;
    SLUICE_ASSIGN(deep_.plan, PlanLoads(*runtime_, session.get(), selection_, silent,
                                        options_.cancel, options_.restore));
    return Status::Ok();
  }

  Status PlanSyncs(ProjectRun& run) {
    SLUICE_ASSIGN(const auto session, OpenCopy());
    if (session != nullptr) {
      SLUICE_ASSIGN(deep_.plan.holds, HoldsOf(session->connection(), real_.project(), selection_,
                                              deep_.plan.ingests));
      for (PlannedHold& planned : deep_.plan.holds) {
        planned.would_be = planned.hold.run_id == kRun;
      }
    }
    run.Sync([&](const config::Sync& sync) {
      SyncReport report;
      report.name = sync.name;
      report.outcome = "planned";
      planned_.emplace(sync.name, PlanSync(session.get(), sync));
      return report;
    });
    return Status::Ok();
  }

  PlannedSync PlanSync(warehouse::Session* session, const config::Sync& sync) {
    if (session == nullptr) {
      return Unplannable(sync.name, NotFoundError("its model is not built yet"));
    }
    if (auto paused = PausedSync(*session, sync.name)) return *std::move(paused);
    reporter_.StepBegan("sync " + sync.name);
    const auto look = LookAtSync(*runtime_, *session, sync, options_.cancel, options_.rows);
    reporter_.StepEnded("sync " + sync.name, look.ok() ? "done" : "failed", "");
    if (!look.ok()) return Unplannable(sync.name, look.status());
    std::string text = look->plan.Describe();
    if (look->plan.totals.bytes > 0) {
      text += fmt::format("\n{} of requests", HumanBytes(look->plan.totals.bytes));
    }
    return TellSync(sync.name, *look, text, true);
  }

  void TakeSyncs() {
    for (const SyncReport& report : deep_.load.syncs) {
      const auto planned = planned_.find(report.name);
      if (planned != planned_.end()) {
        deep_.plan.syncs.push_back(planned->second);
        continue;
      }
      PlannedSync waiting;
      waiting.name = report.name;
      waiting.hold_id = report.hold_id;
      waiting.text = report.message + ": sends nothing before";
      deep_.plan.syncs.push_back(std::move(waiting));
    }
  }

  void TakeModels() {
    deep_.plan.models.clear();
    for (const ModelReport& model : deep_.load.models) {
      if (model.outcome == "done") deep_.plan.models.push_back(model.name);
    }
  }

  void TakeProblems() {
    deep_.plan.misconfigured = deep_.plan.misconfigured || deep_.load.exit_code == kExitConfig;
    for (const IngestReport& ingest : deep_.load.ingests) {
      if (ingest.outcome != "failed") continue;
      if (!ingest.message.empty()) AddProblem(ingest.name, ingest.message);
      for (const ingest::LoadOutcome& load : ingest.result.loads) {
        if (load.outcome == "failed") AddProblem(load.label, load.message);
      }
    }
    for (const ModelReport& model : deep_.load.models) {
      if (model.outcome == "failed") AddProblem("model " + model.name, model.message);
    }
  }

  // Of what nothing waits for now it says the same as a plan that loads nothing.
  Status TellWhatIsBound() {
    SLUICE_ASSIGN(const auto session, OpenCopy());
    return TellBound(real_.project(), selection_, session.get(), deep_.plan);
  }

  // Unless the plan knew it without loading.
  void AddProblem(const std::string& what, const std::string& message) {
    const auto is_known = [&](const std::vector<std::string>& texts) {
      return std::any_of(texts.begin(), texts.end(), [&](const std::string& text) {
        return text == message || StartsWith(text, what + ": ");
      });
    };
    bool known = is_known(deep_.plan.problems);
    for (const ingest::IngestPlan& plan : deep_.plan.ingests) {
      known = known || is_known(plan.problems);
    }
    if (!known) deep_.plan.problems.push_back(what + ": " + message);
  }

  Runtime& real_;
  const Selection selection_;
  const DeepOptions& options_;
  report::Reporter& reporter_;
  const std::string folder_;
  const std::string copy_;
  const std::unique_ptr<Runtime> runtime_;
  std::map<std::string, PlannedSync> planned_;
  DeepPlan deep_;
};

}  // namespace

Result<DeepPlan> PlanDeep(Runtime& runtime, const std::vector<std::string>& selectors,
                          const DeepOptions& options, report::Reporter& reporter) {
  SLUICE_ASSIGN(Selection selection, Select(runtime.project(), selectors));
  SLUICE_ASSIGN(const Scratch scratch, Scratch::Make(runtime));
  return Rehearsal(runtime, std::move(selection), options, reporter, scratch.folder()).Make();
}

Result<bool> RemoveDeepLeftover(Runtime& runtime, bool dry_run) {
  const std::string folder = runtime.StatePath(kFolder);
  if (!env::Exists(folder)) return false;
  const auto lock = env::FileLock::TryAcquire(runtime.StatePath(kLock), runtime.options().command);
  if (lock.status().code() == Code::kBusy) return false;
  if (!lock.ok()) return lock.status();
  if (!dry_run) SLUICE_TRY(env::RemoveTree(folder));
  return true;
}

}  // namespace sluice::pipeline
