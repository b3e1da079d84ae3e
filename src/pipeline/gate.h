// `sluice gate accept|reject|skip`: settling what is held.
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

// "sluice load /drop/a.csv --into orders", where the hold is of a file that was loaded by hand; else "".
std::string CommandOfHandLoad(const config::Project& project, const quality::HoldRecord& hold);

// What can be done about a hold, and what it means for this one.
struct GateVerb {
  std::string verb;     // accept, reject, skip
  std::string meaning;  // "publish it as it is"
};
// `connection`: to see whether a model has an earlier state that it could stay at.
Result<std::vector<GateVerb>> VerbsFor(engine::Connection& connection,
                                       const quality::HoldRecord& hold);

// Queries that show which values the checks of an open hold have found, for `sluice query`: messages and
// records have only counts. Of a view they ask its SQL. None of a file.
Result<std::vector<std::string>> QueriesFor(const config::Project& project,
                                            engine::Connection& connection,
                                            const quality::HoldRecord& hold);

struct Decided {
  std::string text;  // one sentence: the hold, what is held and why, and what comes of the decision
  std::string next;  // the command to type
};

// `id`: an id, a unique prefix, or "latest" while only one hold is open. kConfig for what VerbsFor does
// not offer. Accept publishes a held stage as it is (waiting columns are
// added, keys are checked against today's table), or lets a file with too many bad rows through.
Result<Decided> GateAccept(Runtime& runtime, warehouse::Session& session, const std::string& id,
                           const std::string& reason);
// Drops the stage; the group is read again next time.
Result<Decided> GateReject(Runtime& runtime, warehouse::Session& session, const std::string& id,
                           const std::string& reason);
// Passes what is held for good: it is never loaded.
Result<Decided> GateSkip(Runtime& runtime, warehouse::Session& session, const std::string& id,
                         const std::string& reason);

}  // namespace sluice::pipeline
