// The ingests of a run, beside each other: their stores are listed at the same time, and of those that were
// planned the next step is done of whichever has its files, so that one slow store holds up no other.
// Loading itself is still the work of one thread, step after step.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "config/project.h"
#include "env/lock.h"
#include "ingest/ingest_runner.h"
#include "ingest/plan.h"
#include "pipeline/interrupt.h"
#include "pipeline/run.h"
#include "pipeline/runtime.h"
#include "pipeline/selector.h"
#include "report/report.h"
#include "warehouse/warehouse.h"

namespace sluice::pipeline {

// How one ended. `status` is an error where nothing could go on.
struct EndedIngest {
  const config::Ingest* ingest = nullptr;
  Status status;
  bool was_planned = false;      // what follows is set
  ingest::IngestOutcome result;  // what was published before an error is in it
  size_t tables_without_key = 0;
  warehouse::Session* session = nullptr;
};

// What is referred to outlives it. One thread.
class IngestSteps {
 public:
  IngestSteps(Runtime& runtime, const RunOptions& options, const Selection& selection,
              const std::string& run_id, report::Reporter& reporter);
  ~IngestSteps();
  IngestSteps(const IngestSteps&) = delete;
  IngestSteps& operator=(const IngestSteps&) = delete;

  // Until all have ended; each is told once, when it has.
  void Run(const std::function<void(EndedIngest&&)>& ended);

  // The warehouse, still open when the last one had it: what comes next need not open it again.
  std::unique_ptr<warehouse::Session> TakeSession();

 private:
  // The lock is held, and the stores were listed.
  struct Listed {
    std::optional<env::FileLock> lock;
    std::vector<ingest::Source> sources;
  };
  enum class Phase { kWaiting, kListing, kLoading, kEnded };
  struct One {
    const config::Ingest* ingest = nullptr;
    Phase phase = Phase::kWaiting;
    std::future<Result<Listed>> listing;
    Listed listed;
    std::unique_ptr<ingest::IngestRun> run;
    size_t tables_without_key = 0;
    // How much longer the others wait for it, so that quick stores are always loaded in the same order.
    std::chrono::nanoseconds patience{0};
    std::optional<std::chrono::nanoseconds> told_waiting;  // since when its download is shown
  };

  bool Stopped() const;
  void StartListing();
  Result<Listed> List(const config::Ingest& ingest) const;
  // One of them did something.
  bool Advance();
  bool IsReady(One& one) const;
  void Begin(One& one);
  Status Plan(One& one);
  void Step(One& one);
  void End(One& one, const Status& status);
  void Wait();
  void ShowDownload(One& one);
  void HideDownload(One& one);
  Status OpenWarehouse();
  void CloseWarehouse();
  size_t Count(Phase phase) const;

  Runtime& runtime_;
  const RunOptions& options_;
  const Selection& selection_;
  const std::string& run_id_;
  report::Reporter& reporter_;
  std::vector<One> all_;  // in the order of the project file
  size_t at_once_ = 1;
  std::unique_ptr<warehouse::Session> session_;
  std::unique_ptr<InterruptOnCancel> interrupt_;
  const std::function<void(EndedIngest&&)>* ended_ = nullptr;
};

}  // namespace sluice::pipeline
