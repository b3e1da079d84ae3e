#include "pipeline/sync_state.h"

#include <fmt/format.h>

#include "base/text.h"
#include "env/lock.h"
#include "pipeline/sync_step.h"
#include "sync/decisions.h"
#include "sync/functions.h"
#include "warehouse/fence.h"

namespace sluice::pipeline {
namespace {

Result<std::string> Adopt(Runtime& runtime, engine::Connection& connection,
                          const SyncDecisionJob& job, const sync::DeliveryFiles& files) {
  const sync::SyncFunctions functions;
  SLUICE_TRY(functions.Register(connection));
  const config::Sync& sync = *runtime.project().FindSync(job.sync);
  return sync::Adopt(connection, {job.sync, HostName(), std::nullopt, sync.attempts.payload}, files,
                     job.reason, runtime.clock());
}

Result<std::string> Do(Runtime& runtime, engine::Connection& connection,
                       const SyncDecisionJob& job) {
  const sync::DeliveryFiles files(runtime.project().StateFolder(), job.sync);
  env::Clock& clock = runtime.clock();
  switch (job.decision) {
    case SyncDecision::kAdopt:
      return Adopt(runtime, connection, job, files);
    case SyncDecision::kReset:
      return sync::Reset(connection, job.sync, files, job.reason, clock);
    case SyncDecision::kRetry:
      return sync::Retry(connection, job.sync, job.state, job.reason, clock);
    case SyncDecision::kResync:
      return sync::Resync(connection, job.sync, std::nullopt, job.reason, clock);
    case SyncDecision::kPause:
      return sync::Pause(connection, job.sync, job.reason, clock);
    case SyncDecision::kResume:
      return sync::Resume(connection, job.sync, job.reason, clock);
  }
  return FailedError("no such decision");
}

}  // namespace

Status CheckSyncName(const config::Project& project, const std::string& name) {
  if (project.FindSync(name) != nullptr) return Status::Ok();
  std::vector<std::string> names;
  for (const config::Sync& sync : project.syncs) names.push_back(sync.name);
  std::string known = DidYouMean(name, names);
  if (known.empty() && !names.empty()) known = "; there is " + Join(names, ", ");
  return ConfigError(fmt::format("there is no sync {}{}", name, known));
}

Result<std::string> DecideAboutSync(Runtime& runtime, warehouse::Session& session,
                                    const SyncDecisionJob& job) {
  SLUICE_TRY(CheckSyncName(runtime.project(), job.sync));
  SLUICE_TRY(runtime.MakeStateFolder());
  engine::Connection& connection = session.connection();
  const bool needs_lock =
      job.decision != SyncDecision::kPause && job.decision != SyncDecision::kResume;
  std::optional<env::FileLock> lock;
  if (needs_lock) {
    SLUICE_ASSIGN(auto taken,
                  env::FileLock::TryAcquire(runtime.StatePath("sync-" + job.sync + ".lock"),
                                            runtime.options().command));
    lock.emplace(std::move(taken));
    // A run that was thought dead writes nothing after this.
    SLUICE_TRY(warehouse::TakeFence(connection, "sync:" + job.sync).status());
  }
  SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(connection));
  SLUICE_ASSIGN(std::string done, Do(runtime, connection, job));
  SLUICE_TRY(transaction->Commit());
  return done;
}

}  // namespace sluice::pipeline
