// How long identities that were changed through a connection need until they have settled: for a while after a
// change a destination may mix up what else is sent about the same ones (Capabilities::settles). Who they are lies
// in the warehouse, since a run that was killed may have changed some a moment ago.
#pragma once

#include <chrono>
#include <string>

#include "base/status.h"
#include "engine/engine.h"
#include "env/clock.h"

namespace sluice::sync {

// Until nobody is unsettled who is so now: at most `settles`, 0 when nobody is. A clock that was set back makes it
// wait no longer.
Result<std::chrono::milliseconds> LeftToSettle(engine::Connection& connection,
                                               const std::string& to,
                                               std::chrono::milliseconds settles, env::Micros now);

}  // namespace sluice::sync
