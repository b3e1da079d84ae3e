#include "pipeline/runtime.h"

#include <fmt/format.h>

#include "connector/read_only_store.h"
#include "env/file.h"
#include "env/random.h"

namespace sluice::pipeline {
Runtime::Runtime(config::Project project, Factories factories, env::Clock& clock,
                 RuntimeOptions options)
    : project_(std::move(project)),
      factories_(std::move(factories)),
      clock_(clock),
      options_(std::move(options)),
      started_(clock.Now()),
      stage_functions_(std::make_shared<ingest::StageFunctions>(project_.persons)),
      sync_engine_(std::make_shared<sync::SyncEngine>(clock, env::SystemRandom())) {
  warehouse::WarehouseOptions warehouse;
  warehouse.path = project_.warehouse.path;
  warehouse.memory_limit = project_.warehouse.memory_limit;
  warehouse.threads = project_.warehouse.threads;
  warehouse.holder = options_.command;
  warehouse.on_open = [this](engine::Connection& connection) -> Status {
    SLUICE_TRY(ingest::StageFunctions::Register(connection, stage_functions_));
    return sync_engine_->Register(connection);
  };
  warehouse_ = std::make_unique<warehouse::Warehouse>(std::move(warehouse), clock_);
}

std::unique_ptr<Runtime> Runtime::InScratch(const std::string& folder,
                                            const std::string& warehouse) {
  config::Project project = project_;
  project.warehouse.path = warehouse;
  Factories factories = factories_;
  factories.make_store =
      [make = factories_.make_store](
          const config::Connection& connection,
          const config::Project& of) -> Result<std::unique_ptr<connector::Store>> {
    SLUICE_ASSIGN(auto store, make(connection, of));
    return std::unique_ptr<connector::Store>(
        std::make_unique<connector::ReadOnlyStore>(std::move(store)));
  };
  RuntimeOptions options = options_;
  options.scratch = folder;
  auto runtime = std::make_unique<Runtime>(std::move(project), std::move(factories), clock_,
                                           std::move(options));
  runtime->stage_functions_ = stage_functions_;  // who draws progress looks at them
  return runtime;
}

Status Runtime::MakeStateFolder() {
  SLUICE_TRY(env::CreateDirectories(env::JoinPath(project_.folder, ".sluice"), 0700));
  return env::CreateDirectories(project_.StateFolder(), 0700);
}

std::string Runtime::StatePath(const std::string& name) const {
  return env::JoinPath(options_.scratch.empty() ? project_.StateFolder() : options_.scratch, name);
}

Result<env::FileLock> Runtime::Lock(const std::string& kind, const std::string& name,
                                    std::chrono::milliseconds wait, const env::Cancel* cancel) {
  const std::string path = StatePath(fmt::format("{}-{}.lock", kind, name));
  const std::string holder =
      fmt::format("{}, started {} UTC", options_.command, env::FormatUtc(started_));
  auto lock = env::FileLock::Acquire(path, holder, wait, clock_, cancel);
  if (lock.status().code() != Code::kBusy) return lock;
  return BusyError(
      fmt::format("another run ({}) holds {} {}", env::FileLock::HolderOf(path), kind, name),
      "sluice run --wait 10m");
}

Result<connector::Store*> Runtime::StoreOf(const std::string& connection) {
  const std::lock_guard lock(mutex_);
  const auto known = stores_.find(connection);
  if (known != stores_.end()) return known->second.get();
  const config::Connection* found = project_.FindConnection(connection);
  if (found == nullptr) return ConfigError("there is no connection " + connection);
  SLUICE_ASSIGN(auto store, factories_.make_store(*found, project_));
  return (stores_[connection] = std::move(store)).get();
}

Result<connector::Destination*> Runtime::DestinationOf(const config::Sync& sync) {
  const std::lock_guard lock(mutex_);
  const auto known = destinations_.find(sync.name);
  if (known != destinations_.end()) return known->second.get();
  const config::Connection* found = project_.FindConnection(sync.to);
  if (found == nullptr) return ConfigError("there is no connection " + sync.to);
  SLUICE_ASSIGN(auto destination, factories_.make_destination(*found, sync, project_));
  return (destinations_[sync.name] = std::move(destination)).get();
}

sync::RateLimiter& Runtime::LimiterOf(const std::string& connection, double requests_per_second) {
  const std::lock_guard lock(mutex_);
  auto& limiter = limiters_[connection];
  if (limiter == nullptr) {
    limiter = std::make_unique<sync::RateLimiter>(clock_, requests_per_second,
                                                  StatePath("budget-" + connection));
  }
  return *limiter;
}

sync::RateLimiter* Runtime::LookupLimiterOf(const std::string& connection,
                                            const connector::Lookup& lookup) {
  const double rate = lookup.lookup_terms().per_second;
  return rate > 0 ? &LimiterOf(connection + ".lookups", rate) : nullptr;
}

sync::DailyBudget* Runtime::DailyBudgetOf(const std::string& connection,
                                          const connector::Capabilities& can) {
  if (can.requests_per_day == 0) return nullptr;
  const std::string file = "budget-" + BudgetOf(connection, can) + ".day";
  const std::lock_guard lock(mutex_);
  auto& budget = daily_[file];
  if (budget == nullptr) {
    // Not a rehearsal's own: it tells what is left of the real one.
    budget = std::make_unique<sync::DailyBudget>(
        clock_, can.requests_per_day, env::JoinPath(project_.StateFolder(), file), env::BootId());
  }
  return budget.get();
}

}  // namespace sluice::pipeline
