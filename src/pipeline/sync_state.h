// What a person decides about the state of a sync: to forget an open delivery, or all that was
// delivered.
#pragma once

#include <string>

#include "base/status.h"
#include "pipeline/runtime.h"

namespace sluice::pipeline {

// kConfig, with the nearest name, when the project has no such sync.
Status CheckSyncName(const config::Project& project, const std::string& name);

// Each gives a sentence; kBusy while a run has the sync. `session` is open for writing.
Result<std::string> ForgetSyncDelivery(Runtime& runtime, warehouse::Session& session,
                                       const std::string& sync, const std::string& reason);
Result<std::string> StartSyncAnew(Runtime& runtime, warehouse::Session& session,
                                  const std::string& sync, const std::string& reason);

}  // namespace sluice::pipeline
