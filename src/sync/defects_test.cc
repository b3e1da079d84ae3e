// Ten defects that were found in open engines of this kind, each as what a user would notice.
#include <gtest/gtest.h>

#include "sync/sync_fixture_for_tests.h"

namespace sluice::sync {
namespace {

using connector::MemoryFault;
using connector::RowState;

class DefectsTest : public testing::Test, public SyncWorld {};

// The fingerprint was committed before sending: what failed and did not change never went again.
TEST_F(DefectsTest, D01_WhatFailedGoesAgainAlthoughItDidNotChange) {
  Put("1", "a@x", "Ulm", 1);
  Fail(MemoryFault::kUnavailable);
  EXPECT_EQ(MustRun().deferred, 1U);
  Behave();
  EXPECT_EQ(MustRun().acknowledged, 1U);
  EXPECT_EQ(world_.people.count("a@x"), 1U);
}

// One success marked the whole batch a success.
TEST_F(DefectsTest, D02_OneSuccessDoesNotSpeakForItsBatch) {
  for (int i = 0; i < 5; ++i) Put(std::to_string(i), std::to_string(i) + "@x", "Ulm", i);
  for (const char* key : {"1", "2", "3"}) Answer(key, RowState::kRejected);
  const SyncSummary summary = MustRun();
  EXPECT_EQ(summary.requests, 1U);
  EXPECT_EQ(summary.acknowledged, 2U);
  EXPECT_EQ(summary.rejected, 3U);
  EXPECT_EQ(States(), "0 delivered | 1 rejected | 2 rejected | 3 rejected | 4 delivered");
}

// Apostrophes came out doubled.
TEST_F(DefectsTest, D03_ApostrophesAreAsTheyWere) {
  Put("O'Key", "o'brien@x", "Xi'an \"'\" \\ ''", 1);
  MustRun();
  EXPECT_EQ(Sent(),
            "O'Key {\"city\":\"Xi'an \\\"'\\\" \\\\ ''\",\"email\":\"o'brien@x\",\"visits\":1}\n");
  EXPECT_EQ(Ask("SELECT key FROM _sluice.sync_delivered"), "O'Key");
  EXPECT_EQ(MustRun().delivery_id, 0);
}

// Pages by LIMIT and OFFSET without an order: rows were skipped or came twice.
TEST_F(DefectsTest, D04_NoRowIsSkippedAndNoneComesTwice) {
  options_.capabilities.max_rows_per_request = 100;
  Restart();
  Do("INSERT INTO people SELECT range, range || '@x', 'Ulm', 1 FROM range(20000) ORDER BY "
     "hash(range)");
  MustRun();
  EXPECT_EQ(world_.applied.size(), 20000U);
  EXPECT_EQ(world_.people.size(), 20000U);
}

// A second full refresh inserted nothing.
TEST_F(DefectsTest, D05_AfterForgettingWhatWasDeliveredEverythingGoesAgain) {
  for (int i = 0; i < 15; ++i) Put(std::to_string(i), std::to_string(i) + "@x", "Ulm", i);
  inputs_ = "people:1";
  MustRun();
  for (int round = 0; round < 2; ++round) {
    Do("DELETE FROM _sluice.sync_delivered");
    Do("UPDATE _sluice.syncs SET inputs = NULL");
    world_.people.clear();
    EXPECT_EQ(MustRun().acknowledged, 15U);
    EXPECT_EQ(world_.people.size(), 15U);
  }
}

// A failed row with NULL in its key looked delivered, because `=` is not true for NULL.
TEST_F(DefectsTest, D06_ARowWithoutAKeyNeverLooksDelivered) {
  Do("INSERT INTO people VALUES (NULL, 'n@x', 'Ulm', 1), (NULL, 'm@x', 'Ulm', 1)");
  Put("1", "a@x", "Ulm", 1);
  for (int run = 0; run < 2; ++run) {
    MustRun();
    EXPECT_EQ(Findings(), "(none) null_key | (none) null_key");
    EXPECT_EQ(States(), "1 delivered");
  }
  EXPECT_EQ(world_.people.size(), 1U);
}

// A failed payload was replayed later, over a newer value that had been delivered meanwhile.
TEST_F(DefectsTest, D07_AStalePayloadIsNeverReplayed) {
  Put("1", "a@x", "Ulm", 1);
  Fail(MemoryFault::kLostRequest);
  EXPECT_EQ(MustRun().unknown, 1U);
  Behave();
  Put("1", "a@x", "Ulm", 2);
  MustRun();
  for (int run = 0; run < 3; ++run) MustRun();
  EXPECT_EQ(world_.Person("a@x"), R"({"city":"Ulm","email":"a@x","visits":2})");
  EXPECT_EQ(world_.applied.size(), 1U);
  // The same with the process killed between the failure and the next run.
  Put("1", "a@x", "Ulm", 3);
  destination_->options().fault = []() -> MemoryFault { throw std::runtime_error("killed"); };
  EXPECT_THROW((void)RunSync(), std::runtime_error);
  Restart();
  Put("1", "a@x", "Ulm", 4);
  for (int run = 0; run < 3; ++run) MustRun();
  EXPECT_EQ(world_.applied.size(), 2U);
  EXPECT_EQ(world_.Person("a@x"), R"({"city":"Ulm","email":"a@x","visits":4})");
}

// A destination that answered "no failures" and had dropped a field was not listened to.
TEST_F(DefectsTest, D08_WhatADestinationDropsIsReportedAlthoughNothingFailed) {
  class Dropping : public connector::MemoryDestination {
   public:
    using MemoryDestination::MemoryDestination;
    connector::SendResult Send(const connector::PreparedRequest& request,
                               std::span<const connector::Operation> operations,
                               const env::Cancel* cancel) override {
      auto result = MemoryDestination::Send(request, operations, cancel);
      result.warnings.push_back("the field \"visits\" was dropped");
      return result;
    }
  };
  destination_ = std::make_unique<Dropping>(world_, options_);
  for (int i = 0; i < 25; ++i) Put(std::to_string(i), std::to_string(i) + "@x", "Ulm", i);
  const SyncSummary summary = MustRun();
  EXPECT_EQ(summary.acknowledged, 25U);
  ASSERT_EQ(summary.warnings.size(), 1U);
  EXPECT_EQ(summary.warnings[0].first, "the field \"visits\" was dropped");
  EXPECT_EQ(summary.warnings[0].second, 3U);
}

// E-mails were compared with case, although the destination lower-cases them.
TEST_F(DefectsTest, D09_ThePersonIsTheSameHoweverTheEmailIsWritten) {
  Put("1", "Ann@X", "Ulm", 1);
  MustRun();
  EXPECT_EQ(Ask("SELECT identity FROM _sluice.sync_delivered"), "ann@x");
  Put("1", "ann@x", "Ulm", 1);
  Put("2", " ANN@x ", "Ulm", 1);
  MustRun();
  EXPECT_EQ(Findings(), "1 same_identity | 2 same_identity");
  Do("DELETE FROM people WHERE id = '2'");
  MustRun();
  EXPECT_EQ(Findings(), "") << "another way of writing it is no change of the identifier";
  EXPECT_EQ(world_.people.size(), 1U);
}

// The fingerprint was that of the source row: a changed mapping sent nothing, a column in another
// place everything.
TEST_F(DefectsTest, D10_ThePayloadDecidesNotTheRowOfTheSource) {
  Put("1", "a@x", "Ulm", 1);
  MustRun();
  Sent();
  sync_.fields.push_back(Column("town", "city"));
  MustRun();
  EXPECT_EQ(Sent(), "1 {\"email\":\"a@x\",\"town\":\"Ulm\"}\n");
  Do("CREATE TABLE moved AS SELECT visits, 'x' AS not_mapped, city, email, id FROM people");
  Do("DROP TABLE people");
  Do("ALTER TABLE moved RENAME TO people");
  EXPECT_EQ(MustRun().delivery_id, 0);
  EXPECT_EQ(Sent(), "");
}

}  // namespace
}  // namespace sluice::sync
