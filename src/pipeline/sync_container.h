// What a sync's rows go into at the destination is found, or made, before they go.
#pragma once

#include <optional>
#include <string>

#include "base/status.h"
#include "config/project.h"
#include "env/clock.h"
#include "pipeline/runtime.h"
#include "report/report.h"

namespace sluice::pipeline {

struct ContainerNote {
  std::string text;  // "makes the list \"VIP guests\" at crm", or why that is not known; may be ""
  std::string
      target;  // for SyncJob::target, where it is missing: something was delivered to another
  bool nothing = false;  // nothing is done: what is to be taken out of it is not there
};

// For a plan, which makes nothing. kConfig when a run would be refused.
Result<ContainerNote> LookAtContainer(Runtime& runtime, const config::Sync& sync,
                                      const env::Cancel* cancel);

// Before a delivery, with the sync's lock and without the warehouse, which is opened only where something
// is missing. A sync of mode remove makes nothing: then the sentence that says that there is nothing to do.
Result<std::optional<std::string>> EnsureContainer(Runtime& runtime, const config::Sync& sync,
                                                   report::Reporter& reporter,
                                                   const env::Cancel* cancel);

// Where the sync delivers to, for SyncJob::target; "" when that is not known.
std::string TargetOf(Runtime& runtime, const config::Sync& sync,
                     connector::Destination& destination);

}  // namespace sluice::pipeline
