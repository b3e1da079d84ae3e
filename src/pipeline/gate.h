// `sluice gate accept|reject|skip`: settling what is held. Each gives one sentence that names the hold,
// what is held and why, and what comes of the decision.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "config/project.h"
#include "engine/engine.h"
#include "pipeline/runtime.h"
#include "quality/holds.h"
#include "warehouse/warehouse.h"

namespace sluice::pipeline {

// What can be done about a hold, and what it means for this one.
struct GateVerb {
  std::string verb;     // accept, reject, skip
  std::string meaning;  // "publish it as it is"
};
std::vector<GateVerb> VerbsFor(const quality::HoldRecord& hold);

// Queries that show which values the checks of an open hold have found, for `sluice query`: messages and
// records have only counts. None where nothing is staged, as of a view or of a file.
Result<std::vector<std::string>> QueriesFor(const config::Project& project,
                                            engine::Connection& connection,
                                            const quality::HoldRecord& hold);

// `id`: an id, a unique prefix, or "latest" while only one hold is open. kConfig for what VerbsFor does
// not offer. Accept publishes a held stage as it is (waiting columns are
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
