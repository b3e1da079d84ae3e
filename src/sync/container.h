// What a sync's rows go into at the destination (connector/container.h) is made once, also where a process
// is killed while it makes it: that it is about to be made is durable before the request leaves, and a run
// that finds such a note, but not the thing, waits for as long as the request may still take effect.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/status.h"
#include "connector/container.h"
#include "engine/engine.h"
#include "env/clock.h"

namespace sluice::sync {

// For so long after its note a request may take effect of which nobody knows.
inline constexpr std::chrono::seconds kMayStillCome{60};

// Notes that `sync` is about to make what it delivers into. When an earlier run noted that less than
// kMayStillCome ago, nothing is changed and the time until which to wait is given instead. kConfig, with
// the ways out, when the sync has delivered into one that is not there any more: a new one holds nothing
// of it. `target` says where the sync would deliver to, for that message.
Result<std::optional<env::Micros>> NoteMaking(engine::Connection& connection,
                                              const std::string& sync, const std::string& target,
                                              env::Micros now);

// It is certain that nothing was made.
Status ForgetMaking(engine::Connection& connection, const std::string& sync);

// Looks for it once a second until `until`. Whether it appeared.
Result<bool> AwaitContainer(connector::Container& container, env::Micros until, env::Clock& clock,
                            const env::Cancel* cancel);

}  // namespace sluice::sync
