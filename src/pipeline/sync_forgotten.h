// Whom a sync may send nothing about: people whom its destination has forgotten, by its own list, those whom a sync
// of the project told it to forget, and those whom the project itself has forgotten (`sluice forget`).
#pragma once

#include <memory>
#include <string>

#include "base/status.h"
#include "config/project.h"
#include "connector/suppressing.h"
#include "engine/engine.h"
#include "env/clock.h"
#include "pipeline/runtime.h"

namespace sluice::pipeline {

struct ForgottenPeople {
  connector::ForgottenHashes hashes;
  std::string problem;  // why the destination could not be asked; "" it was, or has nothing to tell
};

// Asks the destination. One that cannot be asked is no error: it refuses such people itself.
Result<ForgottenPeople> AskWhoIsForgotten(Runtime& runtime, const config::Sync& sync,
                                          const env::Cancel* cancel);

// With those of the project's own syncs to the same connection; null when there is nobody.
Result<std::shared_ptr<const connector::ForgottenHashes>> WithOwnForgotten(
    Runtime& runtime, engine::Connection& connection, const config::Sync& sync,
    connector::ForgottenHashes hashes);

// Takes whoever the project has forgotten out of the rows of `job`, wherever the model has them from.
Status LeaveOutForgotten(Runtime& runtime, engine::Connection& connection, sync::SyncJob& job);

}  // namespace sluice::pipeline
