#include "pipeline/project_locks.h"

#include <string>

namespace sluice::pipeline {

Result<std::vector<env::FileLock>> LockProject(Runtime& runtime) {
  SLUICE_TRY(runtime.MakeStateFolder());
  std::vector<env::FileLock> locks;
  const auto take = [&](const std::string& kind, const std::string& name) -> Status {
    auto lock = runtime.Lock(kind, name, std::chrono::milliseconds(0), nullptr);
    if (!lock.ok()) return lock.status().WithNext("Try again when it has ended");
    locks.push_back(std::move(lock).value());
    return Status::Ok();
  };
  for (const config::Ingest& ingest : runtime.project().ingests) {
    SLUICE_TRY(take("ingest", ingest.name));
  }
  for (const config::Sync& sync : runtime.project().syncs) SLUICE_TRY(take("sync", sync.name));
  for (const config::Model& model : runtime.project().models) {
    SLUICE_TRY(take("model", model.name));
  }
  return locks;
}

}  // namespace sluice::pipeline
