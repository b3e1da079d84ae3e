// A folder as a drop, a warehouse beside it, and an ingest over both, for tests of this folder.
#pragma once

#include <gtest/gtest.h>
#include <utime.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "connectors/file/file_store.h"
#include "env/clock.h"
#include "env/file.h"
#include "ingest/held_load.h"
#include "ingest/ingest_runner.h"
#include "quality/holds.h"
#include "warehouse/warehouse.h"

namespace sluice::ingest {

class IngestTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "sluice_ingest_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    dir_ = pattern;
    drop_ = env::JoinPath(dir_, "drop");
    ASSERT_TRUE(env::CreateDirectories(drop_).ok());
    store_ = connectors::file::MakeFileStore(drop_);
    functions_ = std::make_shared<StageFunctions>();
    OpenWarehouse();
    ingest_.name = "z";
    ingest_.from = {"drop"};
    ingest_.layout = "zenoti";
    ingest_.settle = std::chrono::milliseconds(0);
    ingest_.csv.empty_quoted_is_null = true;
  }
  void TearDown() override {
    session_.reset();
    EXPECT_TRUE(env::RemoveTree(dir_).ok());
  }

  void OpenWarehouse() {
    warehouse::WarehouseOptions options;
    options.path = env::JoinPath(dir_, "w.duckdb");
    options.holder = "test";
    options.on_open = [functions = functions_](engine::Connection& connection) {
      return StageFunctions::Register(connection, functions);
    };
    warehouse_ = std::make_unique<warehouse::Warehouse>(options, env::SystemClock());
    session_ = std::move(warehouse_->Open(true, std::chrono::seconds(1), nullptr)).value();
  }
  // An empty warehouse for the same drop.
  void StartAnew() {
    session_.reset();
    warehouse_.reset();
    for (const char* end : {"", ".wal", ".lock", ".guard"}) {
      (void)env::RemoveFile(env::JoinPath(dir_, "w.duckdb") + end);
    }
    OpenWarehouse();
  }
  void Write(const std::string& path, const std::string& content) {
    const std::string full = env::JoinPath(drop_, path);
    ASSERT_TRUE(env::CreateDirectories(env::Dirname(full)).ok());
    ASSERT_TRUE(env::WriteFileAtomically(full, content).ok());
  }
  void AddTable(const std::string& name, std::vector<std::string> key) {
    config::Table table;
    table.name = name;
    table.key = std::move(key);
    ingest_.tables.push_back(std::move(table));
  }
  // A second connection of the ingest, over `folder` beside the drop.
  void AddStore(const std::string& connection, const std::string& folder) {
    ingest_.from.push_back(connection);
    more_stores_.emplace_back(connection,
                              connectors::file::MakeFileStore(env::JoinPath(dir_, folder)));
  }
  // The file becomes another one for who only looks at its time.
  void Touch(const std::string& path) {
    const utimbuf times{1'000'000 + ++touched_, 1'000'000 + touched_};
    ASSERT_EQ(utime(env::JoinPath(drop_, path).c_str(), &times), 0);
  }
  void Execute(const std::string& sql) {
    const auto status = session_->connection().Execute(sql).status();
    ASSERT_TRUE(status.ok()) << status.ToString();
  }
  // As `sluice gate accept` does for the newest hold.
  void AcceptHold() {
    const auto hold = quality::FindHold(session_->connection(), "latest");
    ASSERT_TRUE(hold.ok()) << hold.status().ToString();
    auto transaction = engine::Transaction::Begin(session_->connection());
    if (hold->kind == "gate") {
      const auto published =
          PublishHeld(session_->connection(), ingest_, hold.value(), {"gate", clock_.Now()});
      ASSERT_TRUE(published.ok()) << published.status().ToString();
    }
    if (hold->kind == "file") {
      ASSERT_TRUE(ForgetHeld(session_->connection(), hold.value()).ok());
    }
    ASSERT_TRUE(
        quality::SettleHold(session_->connection(), hold.value(), "accepted", "fine", 0).ok());
    ASSERT_TRUE(transaction.value()->Commit().ok());
  }
  // Whatever waits; or only this month of one table.
  Result<IngestOutcome> Run(const RestoreRequest* restore = nullptr) {
    SLUICE_ASSIGN(auto listing, store_->List("", nullptr));
    std::vector<Source> sources = {{"drop", store_.get(), std::move(listing)}};
    for (const auto& [connection, store] : more_stores_) {
      SLUICE_ASSIGN(auto more, store->List("", nullptr));
      sources.push_back({connection, store.get(), std::move(more)});
    }
    const IngestContext context{
        ingest_, *session_, *functions_, reporter_, clock_, nullptr, env::JoinPath(dir_, "spool"),
        "run"};
    SLUICE_ASSIGN(IngestPlan plan, PlanIngest(context, sources, true, restore));
    IngestOutcome outcome;
    SLUICE_TRY(RunIngest(context, std::move(plan), outcome));
    return outcome;
  }
  // Runs, and expects that every load was published.
  IngestOutcome MustRun() {
    auto outcome = Run();
    EXPECT_TRUE(outcome.ok()) << outcome.status().ToString();
    if (!outcome.ok()) return {};
    for (const LoadOutcome& load : outcome->loads) {
      EXPECT_EQ(load.outcome, "done") << load.label << ": " << load.message;
    }
    return std::move(outcome).value();
  }
  std::string Rows(const std::string& sql) {
    const auto rows = session_->connection().Rows(sql);
    if (!rows.ok()) return rows.status().ToString();
    std::string text;
    for (const auto& row : rows.value()) {
      for (size_t i = 0; i < row.size(); ++i) {
        text += (i == 0 ? "" : "|") + (engine::IsNull(row[i]) ? "NULL" : engine::ToText(row[i]));
      }
      text += "\n";
    }
    return text;
  }

  std::string dir_;
  std::string drop_;
  std::unique_ptr<connector::Store> store_;
  std::vector<std::pair<std::string, std::unique_ptr<connector::Store>>> more_stores_;
  int64_t touched_ = 0;
  std::shared_ptr<StageFunctions> functions_;
  std::unique_ptr<warehouse::Warehouse> warehouse_;
  std::unique_ptr<warehouse::Session> session_;
  config::Ingest ingest_;
  // Remembers what it was told while rows were still to be read.
  struct Listener : report::SilentReporter {
    void StepAdvanced(std::string_view, const report::Progress& progress) override {
      if (progress.rows == 0 && progress.total_rows > 0) announced.push_back(progress.total_rows);
    }
    std::vector<uint64_t> announced;
  };
  Listener reporter_;
  env::FakeClock clock_{4'102'444'800'000'000};  // far behind every file's time
};

}  // namespace sluice::ingest
