#include "sync/unfolded.h"

#include <gtest/gtest.h>

#include "sync/sync_fixture_for_tests.h"

namespace sluice::sync {
namespace {

using connector::RowState;

class UnfoldedTest : public testing::Test, public SyncWorld {
 protected:
  void SetUp() override {
    for (int i = 0; i < 25; ++i) Put(std::to_string(10 + i), std::to_string(i) + "@x", "Ulm", i);
  }
  std::string State() const { return env::JoinPath(folder_, ".sluice"); }
  std::string Tries(const std::string& key) {
    const auto rows = UnfoldedRowsOf(
        *connection_, State(), sync_.name, [&](const SpoolRow& row) { return row.key == key; }, 9);
    if (!rows.ok()) return rows.status().ToString();
    std::string out;
    for (const UnfoldedRow& row : rows.value()) {
      for (const UnfoldedTry& one : row.tries) {
        out += std::to_string(one.attempt) + " " + one.state + " " + one.code + "; ";
      }
    }
    return out;
  }
};

TEST_F(UnfoldedTest, WhatIsGoingOnIsSeenWhileItDoes) {
  EXPECT_FALSE(ReadUnfolded(*connection_, State(), sync_.name).value().has_value());
  EXPECT_EQ(Tries("10"), "");
  Answer("12", RowState::kRejected);
  int requests = 0;
  destination_->options().before_answer = [&] {
    if (++requests != 2) return;
    const auto delivery = ReadUnfolded(*connection_, State(), sync_.name);
    ASSERT_TRUE(delivery.ok() && delivery.value()) << delivery.status().ToString();
    EXPECT_EQ((*delivery)->rows, 25U);
    EXPECT_EQ((*delivery)->acknowledged, 9U);
    EXPECT_EQ((*delivery)->rejected, 1U);
    EXPECT_EQ((*delivery)->in_flight, 10U);
    EXPECT_EQ((*delivery)->requests, 2U);
    EXPECT_EQ((*delivery)->outcome, "");
    EXPECT_EQ(Tries("10"), "1 acknowledged ; ");
    EXPECT_EQ(Tries("12"), "1 rejected asked_for; ");
    EXPECT_EQ(Tries("25"), "2 in_flight ; ");
    EXPECT_EQ(Tries("34"), "0 waiting ; ");
    EXPECT_EQ(Tries("nobody"), "");
  };
  MustRun();
  EXPECT_EQ(requests, 3);
  EXPECT_FALSE(ReadUnfolded(*connection_, State(), sync_.name).value().has_value());
}

TEST_F(UnfoldedTest, ReadersSeeTheDeliveryAsFoldedAndNothingIsChanged) {
  Answer("12", RowState::kRejected);
  int requests = 0;
  destination_->options().before_answer = [&] {
    if (++requests != 2) return;
    const std::string count =
        "SELECT state, count(*) FROM _sluice.sync_delivered GROUP BY 1 ORDER "
        "BY 1";
    std::string seen;
    const Status status = ReadAsFolded(*connection_, State(), sync_.name, "here", clock_, [&] {
      seen = Ask(count);
      return Status::Ok();
    });
    EXPECT_TRUE(status.ok()) << status.ToString();
    EXPECT_EQ(seen, "delivered,9 | rejected,1 | unknown,10");
    EXPECT_EQ(Ask(count), "");
    const SyncPlan plan = Plan();
    ASSERT_TRUE(plan.open.has_value());
    EXPECT_EQ(plan.open->acknowledged, 9U);
    EXPECT_EQ(plan.counts.retried, 10U);
    EXPECT_EQ(plan.counts.added, 5U);
    EXPECT_EQ(Ask("SELECT count(*) FROM _sluice.deliveries"), "1");
  };
  MustRun();
  EXPECT_EQ(requests, 3);
}

TEST_F(UnfoldedTest, ALogThatIsElsewhereIsSaidToBe) {
  Do("INSERT INTO _sluice.deliveries VALUES ('people_to_memory', 3, 'there', '/l', 0, 'open', "
     "NULL)");
  const Status status = ReadUnfolded(*connection_, State(), sync_.name).status();
  EXPECT_EQ(status.code(), Code::kNotFound);
  EXPECT_NE(status.message().find("it was made on there"), std::string::npos) << status.message();
}

TEST_F(UnfoldedTest, TheLogCanBeRead) {
  Do("DELETE FROM people WHERE id > '11'");
  MustRun();
  const auto dump = DumpLog(StateFile("000000000001.log"));
  ASSERT_TRUE(dump.ok()) << dump.status().ToString();
  EXPECT_EQ(dump.value().substr(0, dump.value().find('\n')),
            "         0  header   delivery 1 of people_to_memory, run run1, 2 rows");
  EXPECT_NE(dump.value().find("intent   attempt 1, rows 0-1"), std::string::npos) << dump.value();
  EXPECT_EQ(dump.value().find("@x"), std::string::npos) << "personal data in the log";
}

}  // namespace
}  // namespace sluice::sync
