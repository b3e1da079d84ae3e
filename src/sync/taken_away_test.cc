// What one sync takes away others have delivered no more, and what was taken without some of its fields is delivered
// without them.
#include <gtest/gtest.h>

#include "sync/sync_fixture_for_tests.h"

namespace sluice::sync {
namespace {

using connector::RowState;

class TakenAwayTest : public testing::Test, public SyncWorld {
 protected:
  void Be(const std::string& name, const std::string& mode, bool takes_away) {
    sync_.name = name;
    sync_.mode = mode;
    takes_away_ = takes_away;
    options_.capabilities.tells_again = takes_away;
    options_.capabilities.irreversible = takes_away;
    sync_.guards.added = config::Amount{10, {}};
    destination_ = std::make_unique<connector::MemoryDestination>(world_, options_);
  }
  SyncJob JobOf() {
    SyncJob job = Job();
    if (takes_away_) job.taken_from = {"users"};
    return job;
  }
  SyncSummary Run() { return MustRun(JobOf()); }
  std::string Users() {
    return Ask("SELECT key FROM _sluice.sync_delivered WHERE sync = 'users' ORDER BY 1");
  }

  bool takes_away_ = false;
};

TEST_F(TakenAwayTest, OthersHaveDeliveredItNoMore) {
  Put("1", "a@x", "Ulm", 1);
  Put("2", "b@x", "Ulm", 2);
  inputs_ = "v1";
  Be("users", "upsert", false);
  Run();
  EXPECT_EQ(Ask("SELECT inputs FROM _sluice.syncs WHERE sync = 'users'"), "v1");
  clock_.Advance(std::chrono::milliseconds(1000));
  Do("DELETE FROM people WHERE id = '2'");
  Be("erase", "add", true);
  EXPECT_EQ(engine_->Plan(*connection_, JobOf())->counts.taken_from, 1U);
  EXPECT_EQ(Run().taken_from, 1U);
  EXPECT_EQ(Users(), "2");
  // It looks also without news, and sends the whole row.
  Be("users", "upsert", false);
  Sent();
  Run();
  EXPECT_EQ(Sent(), "1 {\"city\":\"Ulm\",\"email\":\"a@x\",\"visits\":1}\n");
}

TEST_F(TakenAwayTest, WhatWasNotTakenAwayStays) {
  Put("1", "a@x", "Ulm", 1);
  Be("users", "upsert", false);
  Run();
  Be("erase", "add", true);
  Answer("1", RowState::kRejected);
  Run();
  EXPECT_EQ(Users(), "1");
}

TEST_F(TakenAwayTest, WhatWasSentSinceStays) {
  Put("1", "a@x", "Ulm", 1);
  Be("erase", "add", true);
  const Delivery erased = engine_->Prepare(*connection_, JobOf()).value();
  ASSERT_TRUE(engine_->Deliver(erased, JobOf(), limiter_, deliver_options_).ok());
  clock_.Advance(std::chrono::milliseconds(1000));
  Be("users", "upsert", false);
  Run();
  Be("erase", "add", true);
  EXPECT_EQ(engine_->Fold(*connection_, JobOf(), erased)->taken_from, 0U);
  EXPECT_EQ(Users(), "1");
}

// Takes rows without their city.
class WithoutCity : public connector::MemoryDestination {
 public:
  using MemoryDestination::MemoryDestination;
  connector::SendResult Send(const connector::PreparedRequest& request,
                             std::span<const connector::Operation> operations,
                             const env::Cancel* cancel) override {
    connector::SendResult result = MemoryDestination::Send(request, operations, cancel);
    for (size_t i = 0; i < result.outcomes.size(); ++i) {
      if (operations[i].payload.find("\"city\"") == std::string_view::npos ||
          result.outcomes[i].state != RowState::kAcknowledged) {
        continue;
      }
      result.outcomes[i].code = connector::kFieldsDropped;
      result.outcomes[i].message = R"(["city"])";
    }
    return result;
  }
};

class DroppedFieldsTest : public testing::Test, public SyncWorld {
 protected:
  DroppedFieldsTest() {
    sync_.create_new_fields = false;
    destination_ = std::make_unique<WithoutCity>(world_, options_);
    Put("1", "a@x", "Ulm", 1);
    MustRun();
    Sent();
  }
};

TEST_F(DroppedFieldsTest, GoOnceTheyMayBeMade) {
  EXPECT_EQ(Ask("SELECT payload, state, code FROM _sluice.sync_delivered"),
            "{\"email\":\"a@x\",\"visits\":1},delivered,fields_dropped");
  EXPECT_EQ(Plan().counts.ToSend(), 0U);
  sync_.create_new_fields = true;
  destination_ = std::make_unique<connector::MemoryDestination>(world_, options_);
  MustRun();
  EXPECT_EQ(Sent(), "1 {\"city\":\"Ulm\",\"email\":\"a@x\"}\n");
  EXPECT_EQ(Ask("SELECT payload, code FROM _sluice.sync_delivered"),
            "{\"city\":\"Ulm\",\"email\":\"a@x\",\"visits\":1},NULL");
  EXPECT_EQ(Plan().counts.ToSend(), 0U);
}

TEST_F(DroppedFieldsTest, AreNotSentAgainWhileTheyMayNot) {
  // A row that waits keeps all rows under a closer look.
  Put("2", "b@x", "Ulm", 2);
  Answer("2", RowState::kAbsent);
  for (int run = 0; run < 3; ++run) MustRun();
  EXPECT_EQ(Sent(), "");
  Put("1", "a@x", "Ulm", 7);
  MustRun();
  EXPECT_EQ(Sent(), "1 {\"city\":\"Ulm\",\"email\":\"a@x\",\"visits\":7}\n");
  EXPECT_EQ(Ask("SELECT code FROM _sluice.sync_delivered WHERE key = '1'"), "fields_dropped");
}

TEST_F(DroppedFieldsTest, WhatIsMappedNoMoreIsNotMissed) {
  sync_.fields = {Column("email", "email"), Column("visits", "visits")};
  sync_.create_new_fields = true;
  MustRun();
  EXPECT_EQ(Sent(), "");
  EXPECT_EQ(Ask("SELECT code FROM _sluice.sync_delivered"), "NULL");
}

}  // namespace
}  // namespace sluice::sync
