// A warehouse in a file, a sync of its table `people`, and a destination in memory: what the tests
// of this folder do things to. "Killing" the process drops everything but files and the world
// outside.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connector/memory_destination.h"
#include "engine/engine.h"
#include "env/file.h"
#include "sync/decisions.h"
#include "sync/sync_engine.h"
#include "warehouse/schema.h"

namespace sluice::sync {

inline config::Field Column(const std::string& to, const std::string& column) {
  config::Field field;
  field.to = to;
  field.column = column;
  return field;
}

class SyncWorld {
 public:
  SyncWorld() : random_(7), limiter_(clock_, 0) {
    std::string pattern = testing::TempDir() + "sluice_sync_XXXXXX";
    folder_ = mkdtemp(pattern.data());
    sync_.name = "people_to_memory";
    sync_.model = "people";
    sync_.key = "id";
    sync_.fields = {Column("email", "email"), Column("city", "city"), Column("visits", "visits")};
    Open();
    Do("CREATE TABLE people (id VARCHAR, email VARCHAR, city VARCHAR, visits BIGINT)");
  }
  ~SyncWorld() {
    Close();
    (void)env::RemoveTree(folder_);
  }
  SyncWorld(const SyncWorld&) = delete;
  SyncWorld& operator=(const SyncWorld&) = delete;

  void Open() {
    engine::OpenOptions options;
    options.threads = 1;  // for few rows several cost more than they do
    auto database = engine::Database::Open(env::JoinPath(folder_, "w.duckdb"), options);
    SLUICE_CHECK(database.ok(), database.status().ToString());
    database_ = std::move(database).value();
    connection_ = std::move(database_->Connect()).value();
    SLUICE_CHECK(warehouse::EnsureSchema(*connection_).ok(), "no schema");
    engine_ = std::make_unique<SyncEngine>(clock_, random_);
    const Status registered = engine_->Register(*connection_);
    SLUICE_CHECK(registered.ok(), registered.ToString());
    destination_ = std::make_unique<connector::MemoryDestination>(world_, options_);
  }
  void Close() {
    connection_.reset();
    database_.reset();
    engine_.reset();
    destination_.reset();
  }
  // The process ends and another one begins.
  void Restart() {
    Close();
    Open();
  }

  void Do(const std::string& sql) {
    const auto done = connection_->Execute(sql);
    SLUICE_CHECK(done.ok(), done.status().ToString() + " in " + sql);
  }
  // Rows joined by " | ", columns by ",": small results.
  std::string Ask(const std::string& sql) {
    const auto rows = connection_->Rows(sql);
    if (!rows.ok()) return rows.status().ToString();
    std::string out;
    for (const auto& row : rows.value()) {
      if (!out.empty()) out += " | ";
      for (size_t i = 0; i < row.size(); ++i) {
        out += (i == 0 ? "" : ",") +
               (engine::IsNull(row[i]) ? std::string("NULL") : engine::ToText(row[i]));
      }
    }
    return out;
  }
  void Put(const std::string& id, const std::string& email, const std::string& city, int visits) {
    Do("DELETE FROM people WHERE id = " + engine::QuoteText(id));
    Do("INSERT INTO people VALUES (" + engine::QuoteText(id) + ", " + engine::QuoteText(email) +
       ", " + (city == "NULL" ? city : engine::QuoteText(city)) + ", " + std::to_string(visits) +
       ")");
  }

  SyncJob Job() {
    SyncJob job{.sync = sync_,
                .destination = *destination_,
                .relation = "\"main\".\"people\"",
                .inputs = inputs_,
                .state_folder = env::JoinPath(folder_, ".sluice"),
                .warehouse_path = env::JoinPath(folder_, "w.duckdb"),
                .host = "here",
                .run_id = "run" + std::to_string(++runs_),
                .fence = {},
                .limit = limit_,
                .siblings = siblings_,
                .confirmed = confirmed_};
    return job;
  }
  std::string StateFile(const std::string& name) const {
    return env::JoinPath(folder_, ".sluice/syncs/people_to_memory/" + name);
  }

  // A whole run. Its delivery's summary; a Status from wherever it stopped.
  Result<SyncSummary> RunSync() { return RunSync(Job()); }
  Result<SyncSummary> RunSync(const SyncJob& job) {
    SLUICE_ASSIGN(recovered_, engine_->Recover(*connection_, job));
    SLUICE_ASSIGN(delivery_, engine_->Prepare(*connection_, job));
    if (delivery_.id == 0) return SyncSummary();
    SLUICE_ASSIGN(report_, engine_->Deliver(delivery_, job, limiter_, deliver_options_));
    return engine_->Fold(*connection_, job, delivery_);
  }
  SyncSummary MustRun() { return MustRun(Job()); }
  SyncSummary MustRun(const SyncJob& job) {
    auto summary = RunSync(job);
    EXPECT_TRUE(summary.ok()) << summary.status().ToString();
    return summary.ok() ? summary.value() : SyncSummary();
  }
  // Findings of the last run as "key kind | ...".
  std::string Findings() {
    return Ask(
        "SELECT coalesce(key, '(none)') || ' ' || kind FROM _sluice.sync_findings ORDER BY 1");
  }
  std::string States() {
    return Ask("SELECT key || ' ' || state FROM _sluice.sync_delivered ORDER BY 1");
  }
  // Makes the row with this key be answered so, until Behave.
  void Answer(const std::string& key, connector::RowState state) {
    answers_[key] = state;
    destination_->options().refuse =
        [this](const connector::Operation& operation) -> std::optional<connector::RowOutcome> {
      const auto at = answers_.find(std::string(operation.key));
      if (at == answers_.end()) return {};
      return connector::RowOutcome{at->second, "asked_for", "the test asked for it"};
    };
  }
  void Behave() {
    answers_.clear();
    destination_->options().fault = nullptr;
  }
  void Fail(connector::MemoryFault fault) {
    destination_->options().fault = [fault] { return fault; };
  }
  SyncPlan Plan() {
    auto plan = engine_->Plan(*connection_, Job());
    SLUICE_CHECK(plan.ok(), plan.status().ToString());
    return std::move(plan).value();
  }
  // What was applied since the last call, as "key payload" lines.
  std::string Sent() {
    std::string out;
    for (; seen_ < world_.applied.size(); ++seen_) {
      const auto& applied = world_.applied[seen_];
      const bool gone = applied.kind == connector::OperationKind::kRemove;
      out += (gone ? "remove " : "") + applied.key + " " + applied.payload + "\n";
    }
    return out;
  }

  std::string folder_;
  env::FakeClock clock_;
  env::SeededRandom random_;
  RateLimiter limiter_;
  connector::MemoryWorld world_;
  connector::MemoryOptions options_;
  config::Sync sync_;
  DeliverOptions deliver_options_;
  std::string inputs_;
  uint64_t limit_ = 0;
  std::optional<uint64_t> confirmed_;
  std::vector<std::string> siblings_;
  int runs_ = 0;
  size_t seen_ = 0;
  std::map<std::string, connector::RowState> answers_;

  std::unique_ptr<engine::Database> database_;
  std::unique_ptr<engine::Connection> connection_;
  std::unique_ptr<SyncEngine> engine_;
  std::unique_ptr<connector::MemoryDestination> destination_;
  std::optional<SyncSummary> recovered_;
  Delivery delivery_;
  DeliverReport report_;
};

}  // namespace sluice::sync
