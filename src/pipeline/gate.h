// `sluice gate accept|reject|skip`: settling what is held. Each gives one sentence of what was done.
#pragma once

#include <string>

#include "base/status.h"
#include "pipeline/runtime.h"
#include "warehouse/warehouse.h"

namespace sluice::pipeline {

// `id`: an id, a unique prefix, or "latest". Accept publishes a held stage as it is (waiting columns are
// added, keys are checked against today's table), or lets a file with too many bad rows through.
Result<std::string> GateAccept(Runtime& runtime, warehouse::Session& session, const std::string& id,
                               const std::string& reason);
// Drops the stage; the group is read again next time.
Result<std::string> GateReject(Runtime& runtime, warehouse::Session& session, const std::string& id,
                               const std::string& reason);
// Passes what is held for good: it is never loaded.
Result<std::string> GateSkip(Runtime& runtime, warehouse::Session& session, const std::string& id,
                             const std::string& reason);

}  // namespace sluice::pipeline
