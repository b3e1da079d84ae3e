// When identities were last changed through a connection: for a while after that a destination may mix up
// what else is sent about the same ones (Capabilities::settles). Kept in the warehouse, since a run that
// was killed may have changed some a moment ago. In the caller's transaction, or without one.
#pragma once

#include <chrono>
#include <string>

#include "base/status.h"
#include "engine/engine.h"
#include "env/clock.h"

namespace sluice::sync {

Status NoteIdentityChange(engine::Connection& connection, const std::string& to, env::Micros now);

// How long to wait until `settles` have passed since; 0 when they have. A clock that jumped makes it
// wait no longer than `settles`.
Result<std::chrono::milliseconds> LeftToSettle(engine::Connection& connection,
                                               const std::string& to,
                                               std::chrono::milliseconds settles, env::Micros now);

}  // namespace sluice::sync
