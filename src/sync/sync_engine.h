// A sync from a model in the warehouse to what the destination is known to hold, for whoever runs
// syncs. The order of a run, with the sync's lock held for the whole of it:
//
//   engine.Recover(connection, job)     what an earlier run left open is folded; stops where it is
//   engine.Prepare(connection, job)     the difference; the spool, the log and the note of the open
//                                       delivery are durable
//   ... the warehouse may be closed ...
//   engine.Deliver(delivery, ...)       hours, maybe; needs no connection
//   ... and opened again ...
//   engine.Fold(connection, job, delivery)
//
// Killed anywhere, the next run does the same again: Recover folds what the log holds, the unsent
// rest of the spool is dropped, and Prepare makes the difference anew, so nothing stale is ever
// sent. Plan and DryRun change nothing.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "config/project.h"
#include "connector/destination.h"
#include "engine/engine.h"
#include "env/clock.h"
#include "env/random.h"
#include "sync/daily_budget.h"
#include "sync/deliver.h"
#include "sync/fold.h"
#include "sync/functions.h"
#include "sync/plan.h"
#include "sync/rate_limiter.h"
#include "warehouse/fence.h"

namespace sluice::sync {

// One sync in one run. What it refers to outlives it.
struct SyncJob {
  const config::Sync sync;              // with the fields that it sends (WithAutoFields)
  connector::Destination& destination;  // made for this sync
  std::string relation;                 // the model, as SQL that can stand after FROM
  // Versions of what the model is made from, as text, read *before* Plan or Prepare; equal text
  // means equal rows. Empty: not known, the difference is always made.
  std::string inputs;
  std::string state_folder;    // config::Project::StateFolder()
  std::string warehouse_path;  // for people who look at a log
  // Which machine's files `state_folder` is about: an open delivery of another one is not touched.
  std::string host;
  std::string run_id;
  // What rows are delivered to and how they are told apart, for people and without secrets: "crm:
  // iterable (us, e-mail project), users, key id". Kept with what was delivered. Empty: not checked.
  std::string target = {};
  std::optional<warehouse::Fence> fence;  // "sync:NAME", taken by this run
  uint64_t limit = 0;                     // send at most so many rows; 0: all
  // Prepare, Plan and DryRun ask it when there are rows to write, with the connection of theirs, which it may use.
  WhoIsForgotten who_is_forgotten = {};
  DailyBudget* daily = nullptr;  // where the destination counts requests by the day
  std::string only_key = {};     // send this row only; "": all
  // Other syncs to the same object of the same connection: whom they delivered is there.
  std::vector<std::string> siblings = {};
  // Syncs to the same connection that can change identities.
  std::vector<std::string> movers = {};
  CallsOfConnection calls = {};
  // Of a destination that takes people away: other syncs of the connection that deliver to them, and have delivered
  // nothing any more to those who are gone.
  std::vector<std::string> taken_from = {};
  // Prepare leaves out rows about people about whom something was sent a moment ago that has to settle: the caller goes
  // on with them when it has (Delivery::settle).
  bool others_first = false;
  // Plan shows it every row that would be sent.
  std::function<Status(const SpoolRow&)> on_planned = {};
  // What was planned: with any other rows, or another mapping, nothing is sent.
  struct Expected {
    std::string mapping;
    uint64_t rows = 0;
    std::string digest;  // of the spool, in hexadecimal
    bool deep = false;   // planned of what waited, which has to be loaded and built first
  };
  std::optional<Expected> expected = {};
  std::optional<uint64_t> confirmed = {};  // so many rows may be sent, whatever the guards say
  std::string command = {};  // what is typed with `--confirm N` behind it; "": sluice run NAME
  // So many rows of the model are about people who were forgotten: `relation` does not have them.
  uint64_t forgotten = 0;
};

// A delivery that was prepared.
struct Delivery {
  int64_t id = 0;  // 0: there is nothing to send, and the run is recorded already
  SyncCounts counts;
  SpoolInfo spool;
  RequestTotals totals;     // of what is sent when nothing goes wrong
  bool up_to_date = false;  // neither mapping nor inputs changed since nothing was left to do
  bool first_run = false;   // nothing was ever delivered by this sync
  // How long to wait before anything is sent, or, with SyncJob::others_first, before what was left out can go.
  std::chrono::milliseconds settle{0};
  // kHeld: why some rows wait for somebody who confirms them while the others go.
  Status held;
};

// One for a process. Thread-safe where the connections and jobs are different ones.
class SyncEngine {
 public:
  SyncEngine(env::Clock& clock, env::Random& random) : clock_(clock), random_(random) {}

  // The functions that statements need; once for every opening of the warehouse
  // (WarehouseOptions::on_open).
  Status Register(engine::Connection& connection) const { return functions_.Register(connection); }

  // Folds the delivery that an earlier run left open, if there is one, and gives what became of it.
  // kFailed, with what to do, when that cannot be known: the log is lost or lies on another
  // machine, or the warehouse is older than what was sent.
  Result<std::optional<SyncSummary>> Recover(engine::Connection& connection, const SyncJob& job);

  Result<SyncPlan> Plan(engine::Connection& connection, const SyncJob& job);

  // Writes every request that a run would send into `folder`; sends and changes nothing.
  Result<SyncPlan> DryRun(engine::Connection& connection, const SyncJob& job,
                          const std::string& folder);

  // Makes the temporary table `table` of (key, identity, payload): the rows that a run would send now
  // and that none has tried. Sees `_sluice` as it is: inside ReadAsFolded, with the open delivery.
  Status ListUntried(engine::Connection& connection, const SyncJob& job, const std::string& table);

  // kHeld when more would change than the sync's guards allow: nothing has happened then.
  Result<Delivery> Prepare(engine::Connection& connection, const SyncJob& job);

  // What Deliver will do, as Plan would have said it before.
  static SyncPlan PlanOf(const Delivery& delivery, const SyncJob& job);

  // Sends what was prepared. An error is one of the log or the spool: Recover then.
  Result<DeliverReport> Deliver(const Delivery& delivery, const SyncJob& job, RateLimiter& limiter,
                                DeliverOptions options);

  Result<SyncSummary> Fold(engine::Connection& connection, const SyncJob& job,
                           const Delivery& delivery);

  // Told of each step that became durable ("spool", "log", "opened", "delivered", "folded",
  // "removed"): for tests that stop there.
  std::function<void(std::string_view step)> on_step;

 private:
  Result<std::unique_ptr<Difference>> MakeDifference(engine::Connection& connection,
                                                     const SyncJob& job);
  // A plan with all but what `fill` finds out, which sees `_sluice` with the open delivery folded.
  Result<SyncPlan> WithOpenDelivery(engine::Connection& connection, const SyncJob& job,
                                    const std::function<Status(SyncPlan&)>& fill);
  Status WriteFiles(const SyncJob& job, Difference& difference, Delivery& delivery);
  Status Open(engine::Connection& connection, const SyncJob& job, Difference& difference,
              Delivery& delivery);
  void Step(std::string_view step) const {
    if (on_step) on_step(step);
  }

  env::Clock& clock_;
  env::Random& random_;
  SyncFunctions functions_;
};

// What decides, besides the rows, which payloads come out: a digest of the mapping.
std::string MappingDigest(const config::Sync& sync, const connector::Destination& destination);

}  // namespace sluice::sync
