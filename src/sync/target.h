// Where a sync delivers to. What was delivered is known by the sync's name; a sync that names another
// destination, object or key must not take for delivered what only the old one has.
#pragma once

#include <string>

#include "base/status.h"
#include "engine/engine.h"

namespace sluice::sync {

// kConfig, with the ways out, when something was delivered to another target, or is about to have
// been (an open delivery). A sync of which nothing is recorded may go anywhere.
Status CheckTarget(engine::Connection& connection, const std::string& sync,
                   const std::string& target);

// From now on `target` is where the sync delivers to. In the caller's transaction.
Status PutTarget(engine::Connection& connection, const std::string& sync,
                 const std::string& target);

// In the caller's transaction.
Status ForgetTarget(engine::Connection& connection, const std::string& sync);

}  // namespace sluice::sync
