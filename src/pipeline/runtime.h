// A project brought to life: the warehouse, the stores and the destinations that its connections name.
// Made by main.cc, used by every command.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/status.h"
#include "config/project.h"
#include "connector/destination.h"
#include "connector/lookup.h"
#include "connector/store.h"
#include "env/clock.h"
#include "env/lock.h"
#include "ingest/stage_functions.h"
#include "sync/daily_budget.h"
#include "sync/rate_limiter.h"
#include "sync/sync_engine.h"
#include "warehouse/warehouse.h"

namespace sluice::pipeline {

// How long the steps of a run wait for the warehouse: another run's step may take a while; who holds it for
// longer is named.
inline constexpr std::chrono::seconds kRunWaitsForWarehouse{60};

// What main.cc puts in: how connections of each type are made. Registration is this list, nothing else.
struct Factories {
  std::function<Result<std::unique_ptr<connector::Store>>(const config::Connection&,
                                                          const config::Project&)>
      make_store;
  std::function<Result<std::unique_ptr<connector::Destination>>(
      const config::Connection&, const config::Sync&, const config::Project&)>
      make_destination;
};

struct RuntimeOptions {
  std::string command;  // "sluice run zenoti": what holders of locks are called
  std::string version;  // of this program
  // Where locks, spools and all else lies that this process makes; "": in the project's state folder.
  // Of a rehearsal, which only reads there.
  std::string scratch = {};
};

class Runtime {
 public:
  Runtime(config::Project project, Factories factories, env::Clock& clock, RuntimeOptions options);

  const config::Project& project() const { return project_; }
  env::Clock& clock() { return clock_; }
  warehouse::Warehouse& warehouse() { return *warehouse_; }
  ingest::StageFunctions& stage_functions() { return *stage_functions_; }
  sync::SyncEngine& sync_engine() { return *sync_engine_; }
  const RuntimeOptions& options() const { return options_; }

  // The same project with the warehouse file at `warehouse`, all that it writes in `folder`, and stores
  // that nobody can change. Destinations are the real ones.
  std::unique_ptr<Runtime> InScratch(const std::string& folder, const std::string& warehouse);

  // FOLDER/.sluice/ENV and what is below it; made 0700 on first use.
  Status MakeStateFolder();
  std::string StatePath(const std::string& name) const;  // ".../.sluice/dev/NAME"

  // The lock of one ingest, sync or model (`kind`) for the length of a step. kBusy names who has it.
  Result<env::FileLock> Lock(const std::string& kind, const std::string& name,
                             std::chrono::milliseconds wait, const env::Cancel* cancel);

  // Made once and kept. Thread-safe: while a run works, others' reads are answered beside it.
  Result<connector::Store*> StoreOf(const std::string& connection);
  Result<connector::Destination*> DestinationOf(const config::Sync& sync);
  // One for each connection, whichever syncs go there, shared with other processes; another one where the
  // destination counts these requests apart.
  sync::RateLimiter& LimiterOf(const std::string& connection, double requests_per_second);
  sync::RateLimiter& LimiterOf(const std::string& connection, const connector::Capabilities& can) {
    return LimiterOf(BudgetOf(connection, can), can.requests_per_second);
  }
  // Of questions about what is there, which are counted apart from what is sent; null where they are not limited.
  sync::RateLimiter* LookupLimiterOf(const std::string& connection,
                                     const connector::Lookup& lookup);
  // Likewise by the day; null where requests are not counted so.
  sync::DailyBudget* DailyBudgetOf(const std::string& connection,
                                   const connector::Capabilities& can);

 private:
  // A connection has no dot in its name.
  static std::string BudgetOf(const std::string& connection, const connector::Capabilities& can) {
    return connection + (can.budget.empty() ? "" : "." + can.budget);
  }

  config::Project project_;
  Factories factories_;
  env::Clock& clock_;
  RuntimeOptions options_;
  const env::Micros started_;
  std::shared_ptr<ingest::StageFunctions> stage_functions_;
  std::shared_ptr<sync::SyncEngine> sync_engine_;
  std::unique_ptr<warehouse::Warehouse> warehouse_;
  std::mutex mutex_;  // of the maps
  std::map<std::string, std::unique_ptr<connector::Store>> stores_;
  std::map<std::string, std::unique_ptr<connector::Destination>> destinations_;
  std::map<std::string, std::unique_ptr<sync::RateLimiter>> limiters_;
  std::map<std::string, std::unique_ptr<sync::DailyBudget>> daily_;
};

}  // namespace sluice::pipeline
