// What only a person can decide about what is known to be delivered. All of it in the caller's
// transaction, with the sync's lock held where it says so; each decision is kept as a run of the
// sync, with its reason, and gives a sentence.
#pragma once

#include <optional>
#include <string>

#include "base/status.h"
#include "engine/engine.h"
#include "env/clock.h"
#include "sync/recover.h"

namespace sluice::sync {

// To go on although it cannot be told what was sent. An open delivery that cannot be folded (log or
// spool lost, or on a machine that is gone): its rows go again where they differ from what was
// delivered before it. A warehouse that is older than what was sent: what it knows counts. kNotFound
// when neither is so; kFailed when the next run can take the open delivery in. Needs the lock.
Result<std::string> Adopt(engine::Connection& connection, const RecoverJob& job,
                          const DeliveryFiles& files, const std::string& reason, env::Clock& clock);

// All that is known to be delivered is forgotten, and where to: the next run is a first run. The
// tries of rows and the records of runs stay. kNotFound when nothing is known. Needs the lock.
Result<std::string> Reset(engine::Connection& connection, const std::string& sync,
                          const DeliveryFiles& files, const std::string& reason, env::Clock& clock);

// Rows that were refused for good ("rejected"), may have arrived at a destination where twice is harm
// ("unknown"), or are not there and not tried yet again ("deferred"), go with the next run although they
// did not change. kNotFound when there are none; kFailed while a delivery is open. Needs the lock.
Result<std::string> Retry(engine::Connection& connection, const std::string& sync,
                          const std::string& state, const std::string& reason, env::Clock& clock);

// Every row that is in the model goes again, whole; what is known to be delivered stays known, so
// that removals go on. `key`: only that row. Otherwise as Retry.
Result<std::string> Resync(engine::Connection& connection, const std::string& sync,
                           const std::optional<std::string>& key, const std::string& reason,
                           env::Clock& clock);

// That no delivery is open; kFailed with what to do.
Status NoneOpen(engine::Connection& connection, const std::string& sync);
// The next run makes the difference anew, also without news.
Status LookAgain(engine::Connection& connection, const std::string& sync);
// The row `key`, or all rows without one, go again, whole, with the next run that has them in its model.
Status MarkToGoAgain(engine::Connection& connection, const std::string& sync,
                     const std::optional<std::string>& key);
// Keeps a decision as a run of the sync that sent nothing, with `outcome` as its name.
Status RecordDecision(engine::Connection& connection, const std::string& sync,
                      const std::string& outcome, const std::string& reason, env::Clock& clock);

// Runs pass the sync over until it is resumed; a delivery that is under way ends as it would. Neither
// needs the lock. kNotFound when that is so already.
Result<std::string> Pause(engine::Connection& connection, const std::string& sync,
                          const std::string& reason, env::Clock& clock);
Result<std::string> Resume(engine::Connection& connection, const std::string& sync,
                           const std::string& reason, env::Clock& clock);

// "paused since 2026-11-21 14:03: too many complaints"; nothing when it is not paused.
Result<std::optional<std::string>> PausedSince(engine::Connection& connection,
                                               const std::string& sync);

}  // namespace sluice::sync
