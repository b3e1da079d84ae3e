// Modes append, add and remove: rows are sent once.
#include <gtest/gtest.h>

#include "base/json_text.h"
#include "connector/ordered.h"
#include "connector/suppressing.h"
#include "sync/sync_fixture_for_tests.h"

namespace sluice::sync {
namespace {

using connector::RowState;

class OnceTest : public testing::Test, public SyncWorld {
 protected:
  void PutTwo() {
    Put("1", "a@x", "Ulm", 1);
    Put("2", "b@x", "Ulm", 2);
  }
};

TEST_F(OnceTest, NewRowsAreSentAndNothingElse) {
  sync_.mode = "append";
  PutTwo();
  MustRun();
  Sent();
  Put("1", "a@x", "Bonn", 9);
  Do("DELETE FROM people WHERE id = '2'");
  Put("3", "c@x", "Ulm", 3);
  EXPECT_EQ(Plan().Describe(),
            "sends 1 user (1 added), 1 request; 1 unchanged; 1 of 2 delivered rows left the model");
  MustRun();
  EXPECT_EQ(Sent(), "3 {\"city\":\"Ulm\",\"email\":\"c@x\",\"visits\":3}\n");
  EXPECT_EQ(States(), "1 delivered | 2 left | 3 delivered");
  // Back, and another one than before: it was sent once.
  Put("2", "b@x", "Bonn", 7);
  EXPECT_EQ(MustRun().delivery_id, 0);
  EXPECT_EQ(States(), "1 delivered | 2 delivered | 3 delivered");
}

TEST_F(OnceTest, WhatDidNotArriveIsSentAgain) {
  sync_.mode = "append";
  PutTwo();
  Answer("1", RowState::kRejected);
  Answer("2", RowState::kDeferred);
  deliver_options_.passes = 0;
  MustRun();
  EXPECT_EQ(States(), "1 rejected | 2 deferred");
  Behave();
  MustRun();
  EXPECT_EQ(Sent(), "2 {\"city\":\"Ulm\",\"email\":\"b@x\",\"visits\":2}\n");
  Put("1", "a@x", "Bonn", 1);  // another payload, another try
  MustRun();
  EXPECT_EQ(Sent(), "1 {\"city\":\"Bonn\",\"email\":\"a@x\",\"visits\":1}\n");
}

TEST_F(OnceTest, UpsertAfterwardsSendsWhatChangedMeanwhile) {
  sync_.mode = "append";
  PutTwo();
  MustRun();
  Put("1", "a@x", "Bonn", 1);
  MustRun();
  Sent();
  sync_.mode = "upsert";
  MustRun();
  EXPECT_EQ(Sent(), "1 {\"city\":\"Bonn\",\"email\":\"a@x\"}\n");
}

// A destination that wants rows by their visits.
class OrderedMemory : public connector::MemoryDestination, public connector::Ordered {
 public:
  using MemoryDestination::MemoryDestination;
  std::string order_field() const override { return "visits"; }
};

TEST_F(OnceTest, RowsGoInTheOrderThatTheDestinationWants) {
  sync_.mode = "append";
  destination_ = std::make_unique<OrderedMemory>(world_, options_);
  for (int n = 1; n <= 12; ++n) {
    Put(std::to_string(n), std::to_string(n) + "@x", "Ulm", (n * 5) % 13);
  }
  Do("UPDATE people SET visits = NULL WHERE id = '7'");
  limit_ = 5;
  MustRun();
  limit_ = 0;
  MustRun();
  std::string keys;
  for (const auto& applied : world_.applied) keys += applied.key + " ";
  EXPECT_EQ(keys, "7 8 3 11 6 1 9 4 12 2 10 5 ");
}

// Events as it were: rows about somebody, here those of a city, each with an identity of its own.
class OrderedPeople : public OrderedMemory, public connector::Suppressing {
 public:
  using OrderedMemory::OrderedMemory;
  Result<connector::ForgottenHashes> Forgotten(const env::Cancel*) override {
    return connector::ForgottenHashes();
  }
  std::vector<std::string> HashesOf(std::string_view payload) const override {
    return {JsonText(JsonMemberValue(payload, "city"))};
  }
};

TEST_F(OnceTest, WhatWaitsForSomebodyGoesBeforeNewsOfThatOne) {
  sync_.mode = "append";
  destination_ = std::make_unique<OrderedPeople>(world_, options_);
  Put("1", "a@x", "Ulm", 1);
  Put("2", "b@x", "Bonn", 2);
  for (const char* id : {"1", "2"}) Answer(id, connector::RowState::kAbsent);
  MustRun();
  EXPECT_EQ(MustRun().deferred, 2U);
  Behave();
  Sent();
  EXPECT_EQ(MustRun().delivery_id, 0) << "after an hour";
  Put("3", "c@x", "Ulm", 3);
  EXPECT_EQ(MustRun().acknowledged, 2U);
  EXPECT_EQ(Sent(),
            "1 {\"city\":\"Ulm\",\"email\":\"a@x\",\"visits\":1}\n3 "
            "{\"city\":\"Ulm\",\"email\":\"c@x\",\"visits\":3}\n");
  EXPECT_EQ(Plan().counts.absent, 1U);
}

TEST_F(OnceTest, AnIdentityThatChangesIsNoNewsOfWhatWasSent) {
  sync_.mode = "append";
  PutTwo();
  MustRun();
  Sent();
  Put("1", "other@x", "Ulm", 1);
  EXPECT_EQ(MustRun().delivery_id, 0);
  EXPECT_EQ(Findings(), "");
}

}  // namespace
}  // namespace sluice::sync
