// Whom a sync may send nothing about: people whom its destination has forgotten, by its own list, those whom a sync
// of the project told it to forget, and those whom the project itself has forgotten (`sluice forget`).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "base/status.h"
#include "config/project.h"
#include "connector/suppressing.h"
#include "engine/engine.h"
#include "env/clock.h"
#include "pipeline/runtime.h"
#include "sync/difference.h"

namespace sluice::pipeline {

// Whom a destination has forgotten, and whom the project's own syncs to the same connection told it to. It is
// asked once, when a difference has rows that would be sent, while the warehouse is open: that is one request,
// and making the difference twice instead would cost every run more.
class ForgottenPeople {
 public:
  // All outlive it. `problem` is told why the destination could not be asked, which is no error: it refuses
  // such people itself.
  ForgottenPeople(Runtime& runtime, const config::Sync& sync, const env::Cancel* cancel,
                  std::function<void(const std::string& text)> problem)
      : runtime_(runtime), sync_(sync), cancel_(cancel), problem_(std::move(problem)) {}

  // For a job that `connection` is used for; empty where nobody is to be passed over. Outlived by this.
  Result<sync::WhoIsForgotten> Over(engine::Connection& connection);

 private:
  const connector::ForgottenHashes& Ask(connector::Suppressing& suppressing);

  Runtime& runtime_;
  const config::Sync& sync_;
  const env::Cancel* cancel_;
  const std::function<void(const std::string& text)> problem_;
  std::optional<connector::ForgottenHashes> asked_;
};

// Takes whoever the project has forgotten out of the rows of `job`, wherever the model has them from.
Status LeaveOutForgotten(Runtime& runtime, engine::Connection& connection, sync::SyncJob& job);

}  // namespace sluice::pipeline
