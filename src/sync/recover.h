// What an earlier run left behind: an open delivery, files that nobody needs, or a contradiction
// that only a person can settle.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/status.h"
#include "connector/destination.h"
#include "engine/engine.h"
#include "env/clock.h"
#include "sync/delivery_files.h"
#include "sync/fold.h"

namespace sluice::sync {

// `host` and `state` of an open delivery that stands for all that was sent after a backup was made: the
// warehouse was restored from it, and no log tells what that was. `log` is the time of the backup.
inline constexpr const char* kRestoredHost = "(restored)";

// `code` of a row in the state "unknown" that somebody wants to go again, whatever the destination.
inline constexpr const char* kRetryCode = "retry_asked_for";

// `code` of a row that a first run has taken as delivered without sending it.
inline constexpr const char* kTakenCode = "taken_as_known";

struct RecoverJob {
  std::string sync;
  std::string host;
  std::optional<warehouse::Fence> fence;
  config::Attempts::Payload payload =
      config::Attempts::Payload::kFull;      // what is kept of what was sent
  std::vector<std::string> taken_from = {};  // SyncJob::taken_from
};

// Folds an open delivery (nothing when there is none), asking a destination that can tell what
// became of requests in flight. kFailed with what to do when log or spool are lost, when the
// delivery is open on another host, or when logs show that the warehouse was restored to an older
// state.
Result<std::optional<SyncSummary>> RecoverDelivery(engine::Connection& connection,
                                                   const RecoverJob& job,
                                                   const DeliveryFiles& files,
                                                   connector::Destination& destination,
                                                   env::Clock& clock);

// What RecoverDelivery would do, in the caller's transaction, which is then rolled back: no file is
// touched, and no destination asked (what only it can tell stays unknown). The same errors. A
// delivery that another process is making is read as far as it has come.
Result<std::optional<SyncSummary>> RecoverWithin(engine::Connection& connection,
                                                 const RecoverJob& job, const DeliveryFiles& files,
                                                 env::Clock& clock);

// Whether RecoverDelivery can fold the open delivery, by what is there; the error says why not.
Status CanBeTakenIn(engine::Connection& connection, const RecoverJob& job,
                    const DeliveryFiles& files);

// Whether a delivery of the sync is open.
Result<bool> IsAnyOpen(engine::Connection& connection, const std::string& sync);

// The id that the next delivery of the sync gets.
Result<int64_t> NextDelivery(engine::Connection& connection, const std::string& sync);

}  // namespace sluice::sync
