// A run that was thought dead and comes back: a newer one has taken the fence, and it writes no more.
#include "warehouse/fence.h"

#include "ingest/ingest_fixture.h"

namespace sluice::ingest {
namespace {

// While a file is fetched, another run begins.
class OvertakingStore : public connector::Store {
 public:
  OvertakingStore(std::unique_ptr<connector::Store> inner, engine::Database& database)
      : inner_(std::move(inner)), database_(database) {}

  std::string Describe() const override { return inner_->Describe(); }
  Result<connector::Listing> List(std::string_view prefix, const env::Cancel* cancel) override {
    return inner_->List(prefix, cancel);
  }
  Result<connector::FetchedFile> Fetch(const connector::StoredFile& file,
                                       const std::string& spool_path,
                                       const std::function<void(uint64_t)>& progress,
                                       const env::Cancel* cancel) override {
    if (overtakes && !taken_.exchange(true)) {
      SLUICE_ASSIGN(const auto connection, database_.Connect());
      SLUICE_TRY(warehouse::TakeFence(*connection, "ingest:z").status());
    }
    return inner_->Fetch(file, spool_path, progress, cancel);
  }
  Result<std::string> ReadSmall(const connector::StoredFile& file, uint64_t limit,
                                const env::Cancel* cancel) override {
    return inner_->ReadSmall(file, limit, cancel);
  }
  Status Probe(const env::Cancel* cancel) override { return inner_->Probe(cancel); }

  std::atomic<bool> overtakes{false};

 private:
  const std::unique_ptr<connector::Store> inner_;
  engine::Database& database_;
  std::atomic<bool> taken_{false};
};

class FenceTest : public IngestTest {
 protected:
  void SetUp() override {
    IngestTest::SetUp();
    auto store = std::make_unique<OvertakingStore>(std::move(store_), session_->database());
    overtaking_ = store.get();
    store_ = std::move(store);
    AddTable("bi_dimuser", {"id"});
    Write("SchemaFull/bi_dimuser.txt", "create table bi_dimuser (id INT, name VARCHAR(10));");
    Write("POD1/1/bi_dimuser/1/a.csv", "1,Ann\n");
  }
  void ExpectStopped() {
    overtaking_->overtakes = true;
    const auto outcome = Run();
    std::string told = outcome.status().ToString();
    if (outcome.ok()) {
      for (const LoadOutcome& load : outcome->loads) told += load.message;
    }
    EXPECT_NE(told.find("taken over by a newer run"), std::string::npos) << told;
  }
  std::string State() {
    return Rows("FROM bi_dimuser ORDER BY ALL") +
           Rows("SELECT address, state FROM _sluice.files ORDER BY ALL") +
           Rows("SELECT group_id, rows FROM _sluice.cursors") +
           Rows("SELECT load_id FROM _sluice.loads ORDER BY ALL") +
           Rows("SELECT kind FROM _sluice.holds");
  }

  OvertakingStore* overtaking_ = nullptr;
};

TEST_F(FenceTest, AnOlderRunPublishesNothing) {
  MustRun();
  const std::string before = State();
  Write("POD1/2/bi_dimuser/2/a.csv", "1,Anna\n2,Ben\n");
  ExpectStopped();
  EXPECT_EQ(State(), before);
}

TEST_F(FenceTest, AnOlderRunMakesNoTableAgain) {
  Write("POD1/2/bi_dimuser/2/a.csv", "1,Anna\n2,Ben\n");
  MustRun();
  const std::string before = State();
  Write("POD1/1/bi_dimuser/1/late.csv", "1,Late\n");
  ExpectStopped();
  EXPECT_EQ(State(), before);
}

TEST_F(FenceTest, AnOlderRunHoldsNothing) {
  config::Check check;
  check.kind = config::Check::Kind::kNotNull;
  check.columns = {"name"};
  check.on_failure = config::OnFailure::kFail;
  ingest_.checks.push_back(check);
  MustRun();
  const std::string before = State();
  Write("POD1/2/bi_dimuser/2/a.csv", "2,\n");
  ExpectStopped();
  EXPECT_EQ(State(), before);
}

}  // namespace
}  // namespace sluice::ingest
