#include "sync/audit.h"

#include <gtest/gtest.h>

#include <set>

#include "base/text.h"
#include "sync/sync_fixture_for_tests.h"

namespace sluice::sync {
namespace {

class AuditTest : public testing::Test, public SyncWorld {
 protected:
  AuditTest() {
    for (int i = 1; i <= 5; ++i) {
      Put(std::to_string(i), std::to_string(i) + "@x", "Ulm", i);
    }
    MustRun();
    Sent();
  }
  std::vector<DeliveredRow> Sample(uint64_t most, uint64_t seed = 1) {
    return SampleDelivered(*connection_, sync_.name, most, seed).value();
  }
  std::string Keys(const std::vector<DeliveredRow>& rows) {
    std::string keys;
    for (const DeliveredRow& row : rows) keys += row.key;
    return keys;
  }
  // "2 city,visits | 3 missing".
  std::string Audit(uint64_t most = 100) {
    uint64_t questions = 0;
    findings_ = CompareDelivered(*destination_, Sample(most), clock_, {}, questions).value();
    std::string out;
    for (const AuditFinding& finding : findings_) {
      out += (out.empty() ? "" : " | ") + finding.key + " " +
             (finding.missing ? "missing" : Join(finding.differing, ","));
    }
    return out;
  }
  std::string Repair() {
    const auto transaction = engine::Transaction::Begin(*connection_).value();
    const auto text =
        MarkForRepair(*connection_, sync_.name, findings_, "somebody edited them", clock_);
    if (!text.ok()) return text.status().message();
    EXPECT_TRUE(transaction->Commit().ok());
    return text.value();
  }
  std::vector<AuditFinding> findings_;
};

TEST_F(AuditTest, ASampleIsChosenByItsSeed) {
  EXPECT_EQ(Keys(Sample(100)), "12345");
  EXPECT_EQ(Sample(2).size(), 2U);
  EXPECT_EQ(Keys(Sample(2, 7)), Keys(Sample(2, 7)));
  std::set<std::string> samples;
  for (uint64_t seed = 0; seed < 50; ++seed) samples.insert(Keys(Sample(2, seed)));
  EXPECT_GT(samples.size(), 5U) << "others with another seed";
  EXPECT_EQ(CountDeliveredRows(*connection_, sync_.name).value(), 5U);
}

TEST_F(AuditTest, OnlyWhatCountsAsDeliveredIsLookedFor) {
  Do("DELETE FROM people WHERE id = '1'");
  Answer("2", connector::RowState::kRejected);
  Put("2", "2@x", "Bonn", 2);
  MustRun();
  EXPECT_EQ(Keys(Sample(100)), "345");
  EXPECT_EQ(CountDeliveredRows(*connection_, sync_.name).value(), 3U);
}

TEST_F(AuditTest, WhatIsNotAsItWasDeliveredGoesAgainAndNothingElse) {
  EXPECT_EQ(Audit(), "");
  world_.people["2@x"]["city"] = "\"Wien\"";
  world_.people.erase("3@x");
  EXPECT_EQ(Audit(), "2 city | 3 missing");
  EXPECT_EQ(Plan().counts.ToSend(), 0U) << "it is only looked at";
  EXPECT_EQ(Repair(),
            "2 rows of people_to_memory go with the next run, if the model has them; 1 not there "
            "any more");
  MustRun();
  EXPECT_EQ(Sent(),
            "2 {\"city\":\"Ulm\",\"email\":\"2@x\",\"visits\":2}\n"
            "3 {\"city\":\"Ulm\",\"email\":\"3@x\",\"visits\":3}\n");
  EXPECT_EQ(Audit(), "");
  EXPECT_EQ(Ask("SELECT outcome, message FROM _sluice.sync_runs WHERE outcome = 'repair'"),
            "repair,somebody edited them");
}

TEST_F(AuditTest, WhatIsMissingGoesAgainAlsoWhenNothingElseIsNew) {
  inputs_ = "people:1";
  MustRun();
  EXPECT_TRUE(Plan().up_to_date);
  world_.people.erase("3@x");
  EXPECT_EQ(Audit(), "3 missing");
  Repair();
  MustRun();
  EXPECT_EQ(Sent(), "3 {\"city\":\"Ulm\",\"email\":\"3@x\",\"visits\":3}\n");
}

TEST_F(AuditTest, WhatSomebodyElseMadeIsNotLookedFor) {
  Do("UPDATE _sluice.sync_delivered SET payload = '{}', code = 'already_there' WHERE key = '2'");
  EXPECT_EQ(Keys(Sample(100)), "1345");
  EXPECT_EQ(CountDeliveredRows(*connection_, sync_.name).value(), 4U);
}

TEST_F(AuditTest, NothingIsMarkedWhileADeliveryIsOpen) {
  world_.people.erase("3@x");
  EXPECT_EQ(Audit(), "3 missing");
  Put("1", "1@x", "Bonn", 1);
  ASSERT_TRUE(engine_->Prepare(*connection_, Job()).ok());
  EXPECT_EQ(Repair(), "a delivery of people_to_memory is open: what it did is not known yet");
}

}  // namespace
}  // namespace sluice::sync
