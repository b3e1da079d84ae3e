#include "pipeline/sync_state.h"

#include <functional>

#include <fmt/format.h>

#include "base/text.h"
#include "env/lock.h"
#include "pipeline/sync_step.h"
#include "sync/forget.h"
#include "warehouse/fence.h"

namespace sluice::pipeline {
namespace {

using Work = std::function<Result<std::string>(engine::Connection&, const sync::DeliveryFiles&)>;

// With the sync's lock and a new fence: a run that was thought dead writes nothing after this.
Result<std::string> Decide(Runtime& runtime, warehouse::Session& session, const std::string& sync,
                           const Work& work) {
  SLUICE_TRY(CheckSyncName(runtime.project(), sync));
  SLUICE_TRY(runtime.MakeStateFolder());
  const auto lock = env::FileLock::TryAcquire(runtime.StatePath("sync-" + sync + ".lock"),
                                              runtime.options().command);
  if (!lock.ok()) return lock.status();
  engine::Connection& connection = session.connection();
  SLUICE_TRY(warehouse::TakeFence(connection, "sync:" + sync).status());
  SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(connection));
  SLUICE_ASSIGN(std::string done,
                work(connection, sync::DeliveryFiles(runtime.project().StateFolder(), sync)));
  SLUICE_TRY(transaction->Commit());
  return done;
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

Result<std::string> ForgetSyncDelivery(Runtime& runtime, warehouse::Session& session,
                                       const std::string& sync, const std::string& reason) {
  return Decide(runtime, session, sync, [&](auto& connection, const auto& files) {
    return sync::ForgetDelivery(connection, {sync, HostName(), std::nullopt}, files, reason,
                                runtime.clock());
  });
}

Result<std::string> StartSyncAnew(Runtime& runtime, warehouse::Session& session,
                                  const std::string& sync, const std::string& reason) {
  return Decide(runtime, session, sync, [&](auto& connection, const auto& files) {
    return sync::StartAnew(connection, sync, files, reason, runtime.clock());
  });
}

}  // namespace sluice::pipeline
