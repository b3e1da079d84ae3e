// What only a person can decide: to go on although it cannot be told what was sent. In the caller's
// transaction, with the sync's lock held; the reason is kept with the run.
#pragma once

#include <string>

#include "base/status.h"
#include "engine/engine.h"
#include "env/clock.h"
#include "sync/recover.h"

namespace sluice::sync {

// The open delivery, which cannot be folded (log or spool lost, or on a machine that is gone), is
// given up: what it sent is unknown and goes again where it differs from what was delivered before.
// kNotFound when none is open; kFailed when the next run can take it in. Gives a sentence.
Result<std::string> ForgetDelivery(engine::Connection& connection, const RecoverJob& job,
                                   const DeliveryFiles& files, const std::string& reason,
                                   env::Clock& clock);

// All that is known to be delivered is forgotten, and where to: the next run is a first run. The
// tries of rows and the records of runs stay. kNotFound when nothing is known. Gives a sentence.
Result<std::string> StartAnew(engine::Connection& connection, const std::string& sync,
                              const DeliveryFiles& files, const std::string& reason,
                              env::Clock& clock);

}  // namespace sluice::sync
