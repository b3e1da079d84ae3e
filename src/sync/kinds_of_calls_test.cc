// Of one person bulk or single calls within a window, never both.
#include <gtest/gtest.h>

#include "sync/people_in_memory_for_tests.h"
#include "sync/sync_fixture_for_tests.h"

namespace sluice::sync {
namespace {

using connector::CallKind;
using std::chrono::milliseconds;

constexpr milliseconds kMinute{60'000};

// Syncs of one connection: people in bulk calls, carts in single ones.
class KindsOfCallsTest : public testing::Test, public SyncWorld {
 protected:
  KindsOfCallsTest() {
    options_.capabilities.settles = kMinute;
    sync_.to = "crm";
    Be("people", CallKind::kBulk);
  }
  void Be(const std::string& name, CallKind calls, const std::string& mode = "upsert") {
    sync_.name = name;
    sync_.mode = mode;
    sync_.change_identifiers = false;
    options_.capabilities.calls = calls;
    calls_.bulk = {"people", "vips"};
    calls_.any_single = true;
    destination_ = std::make_unique<PeopleInMemory>(world_, options_);
  }
  // One round; true when rows of it wait.
  bool Round() {
    SyncJob job = Job();
    job.calls = calls_;
    job.others_first = others_first_;
    MustRun(job);
    return delivery_.counts.HeldUnsettled() > 0;
  }

  CallsOfConnection calls_;
  bool others_first_ = true;
};

TEST_F(KindsOfCallsTest, WhoWasInABulkCallWaitsAMinuteForASingleOne) {
  Put("1", "a@x", "Ulm", 1);
  Round();
  Put("2", "b@x", "Bonn", 2);
  Be("carts", CallKind::kSingle);
  Sent();
  EXPECT_TRUE(Round());
  EXPECT_EQ(Sent(), "2 {\"city\":\"Bonn\",\"email\":\"b@x\",\"visits\":2}\n")
      << "the other one goes";
  EXPECT_EQ(delivery_.settle, kMinute);
  clock_.Advance(kMinute - milliseconds(1));
  EXPECT_TRUE(Round());
  EXPECT_EQ(delivery_.settle, milliseconds(1));
  clock_.Advance(milliseconds(1));
  EXPECT_FALSE(Round());
  EXPECT_EQ(Sent(), "1 {\"city\":\"Ulm\",\"email\":\"a@x\",\"visits\":1}\n");
}

TEST_F(KindsOfCallsTest, WhoWasInASingleCallWaitsAMinuteForABulkOne) {
  Put("1", "a@x", "Ulm", 1);
  Be("carts", CallKind::kSingle);
  Round();
  Be("purchases", CallKind::kSingle);
  EXPECT_FALSE(Round()) << "two single calls are no mixture";
  Be("people", CallKind::kBulk);
  EXPECT_TRUE(Round());
  clock_.Advance(kMinute);
  EXPECT_FALSE(Round());
  EXPECT_EQ(world_.applied.size(), 3U);
}

TEST_F(KindsOfCallsTest, WhoWasTakenOffAListByABulkCallWaitsToo) {
  Put("1", "a@x", "Ulm", 1);
  Put("2", "b@x", "Ulm", 1);
  Be("vips", CallKind::kBulk, "mirror");
  Round();
  clock_.Advance(kMinute);
  Do("DELETE FROM people WHERE id = '1'");
  Round();
  Put("1", "a@x", "Ulm", 1);
  Be("carts", CallKind::kSingle);
  EXPECT_TRUE(Round());
  EXPECT_EQ(Findings(), "1 unsettled");
}

TEST_F(KindsOfCallsTest, AChangeOfAnIdentityIsASingleCall) {
  Put("1", "a@x", "Ulm", 1);
  Round();
  Put("1", "c@x", "Ulm", 1);
  sync_.change_identifiers = true;
  EXPECT_TRUE(Round());
  EXPECT_EQ(delivery_.settle, kMinute);
  clock_.Advance(kMinute);
  EXPECT_FALSE(Round());
  EXPECT_EQ(delivery_.counts.identities, 1U);
}

TEST_F(KindsOfCallsTest, WhatWasTakenAsKnownWasNoCall) {
  Put("1", "a@x", "Ulm", 1);
  sync_.first_run = config::FirstRun::kFromNowOn;
  Round();
  sync_.first_run.reset();
  Be("carts", CallKind::kSingle);
  EXPECT_FALSE(Round());
}

TEST_F(KindsOfCallsTest, WhileAnotherRunSendsInBulkNobodyKnowsAboutWhom) {
  Put("1", "a@x", "Ulm", 1);
  Be("carts", CallKind::kSingle);
  calls_.bulk_under_way = true;
  EXPECT_TRUE(Round());
  EXPECT_EQ(world_.applied.size(), 0U);
}

TEST_F(KindsOfCallsTest, AllRowsWaitWhereTheyAreMeantAtOnce) {
  Put("1", "a@x", "Ulm", 1);
  Put("2", "b@x", "Ulm", 1);
  Round();
  clock_.Advance(milliseconds(10'000));
  Be("erase", CallKind::kSingle);
  others_first_ = false;
  EXPECT_FALSE(Round());
  EXPECT_EQ(delivery_.settle, milliseconds(50'000)) << "before anything is sent";
}

}  // namespace
}  // namespace sluice::sync
