// Folding: what the log of a delivery says becomes what the warehouse knows, in one transaction.
// Done twice it does nothing the second time: the note of the open delivery goes with it.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "config/project.h"
#include "engine/engine.h"
#include "env/clock.h"
#include "sync/delivery_log.h"
#include "warehouse/fence.h"

namespace sluice::sync {

// What was answered to rows that were not acknowledged, by how many.
struct AnswerCount {
  std::string state;  // rejected, deferred, unknown
  std::string code;
  std::string message;
  uint64_t rows = 0;
};

// planned = acknowledged + rejected + deferred + waiting + unknown, always.
struct SyncSummary {
  int64_t delivery_id = 0;  // 0: nothing was to be sent
  std::string outcome;      // done, stopped, cancelled, interrupted
  std::string message;
  uint64_t planned = 0;
  uint64_t acknowledged = 0;
  uint64_t rejected = 0;
  uint64_t deferred = 0;
  uint64_t waiting = 0;
  uint64_t unknown = 0;
  uint64_t identities = 0;  // of the rows that were tried: changes of identity
  uint64_t taken_from = 0;  // rows of other syncs that do not count as delivered any more
  uint64_t moved = 0;       // of them, those that were acknowledged
  uint64_t requests = 0;
  uint64_t bytes = 0;
  std::vector<std::pair<std::string, uint64_t>> warnings;  // what, in how many requests
  std::vector<AnswerCount> refusals;                       // the most frequent ones, most first

  bool Clean() const { return deferred + unknown == 0; }
};

struct FoldJob {
  std::string sync;
  std::string run_id;
  int64_t delivery_id = 0;
  std::string log_path;
  std::string spool_path;
  std::string mapping_digest;  // written together with `inputs`
  // Versions of the inputs that the delivery was made from; written when nothing is left to do.
  // "": nobody knows them. Nothing: it is not known any more what the delivery was made from.
  std::optional<std::string> inputs;
  // What is kept of what was sent.
  config::Attempts::Payload payload = config::Attempts::Payload::kFull;
  std::vector<std::string> taken_from = {};  // SyncJob::taken_from
  // Attempts without an outcome of which it was found out that nothing arrived (Settling).
  std::set<uint64_t> undone;
  // Likewise: that they arrived.
  std::set<uint64_t> arrived;
  std::optional<warehouse::Fence> fence;
};

// kFailed when the rows do not add up, when log and spool do not belong together, or when the fence
// was taken by a newer run; nothing is changed then. kNotFound when no such delivery is open.
Result<SyncSummary> FoldDelivery(engine::Connection& connection, const FoldJob& job,
                                 env::Clock& clock);

// The same inside the caller's transaction, without fence: also for who rolls it back and only wants to
// see `_sluice` as it will be.
Result<SyncSummary> FoldWithin(engine::Connection& connection, const FoldJob& job,
                               env::Clock& clock);

}  // namespace sluice::sync
