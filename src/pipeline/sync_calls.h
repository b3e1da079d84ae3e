// What the syncs of a connection have to know of each other. Which send in bulk calls, and which in single ones: where the
// destination carries them out apart from each other nobody may get both within a moment. And what is delivered no more
// when another one takes people away.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "config/project.h"
#include "engine/engine.h"
#include "pipeline/runtime.h"
#include "sync/difference.h"

namespace sluice::pipeline {

// Whether the run lives whose delivery of `sync` is open.
bool IsUnderWay(Runtime& runtime, engine::Connection& connection, const config::Sync& sync);

// Those of the connection of `sync`. One that cannot be made sends nothing.
Result<sync::CallsOfConnection> CallsOf(Runtime& runtime, engine::Connection& connection,
                                        const config::Sync& sync);

// Where `sync` takes people away: other syncs of the connection that deliver to them.
Result<std::vector<std::string>> TakenFrom(Runtime& runtime, const config::Sync& sync);

}  // namespace sluice::pipeline
