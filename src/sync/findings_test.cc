// Who is left out or held before anything is sent, and why.
#include <gtest/gtest.h>

#include "sync/sync_fixture_for_tests.h"

namespace sluice::sync {
namespace {

using connector::MemoryFault;
using connector::RowState;

class FindingsTest : public testing::Test, public SyncWorld {};

TEST_F(FindingsTest, DuplicateKeysAreLeftOutUnlessTheySayTheSame) {
  Put("1", "a@x", "Ulm", 1);
  Do("INSERT INTO people VALUES ('2', 'b@x', 'Ulm', 1), ('2', 'b@x', 'Bonn', 1), "
     "('3', 'c@x', 'Ulm', 1), ('3', 'c@x', 'Ulm', 1), ('3', 'c@x', 'Ulm', 1)");
  const SyncSummary summary = MustRun();
  EXPECT_EQ(summary.planned, 2U);
  EXPECT_EQ(delivery_.counts.collapsed, 2U);
  EXPECT_EQ(Findings(), "2 duplicate_key | 2 duplicate_key");
  EXPECT_EQ(Ask("SELECT DISTINCT message FROM _sluice.sync_findings"),
            "2 rows have this key and differ");
  EXPECT_EQ(world_.people.count("b@x"), 0U);
  EXPECT_EQ(world_.applied.size(), 2U);
  // Put right, it goes, and the finding with it.
  Put("2", "b@x", "Bonn", 1);
  MustRun();
  EXPECT_EQ(Findings(), "");
  EXPECT_EQ(world_.people.count("b@x"), 1U);
}

TEST_F(FindingsTest, RejectedDuplicatesAreLeftOutAlsoWhenTheySayTheSame) {
  sync_.duplicates.policy = config::Duplicates::Policy::kReject;
  Do("INSERT INTO people VALUES ('1', 'a@x', 'Ulm', 1), ('2', 'b@x', 'Ulm', 1), "
     "('2', 'b@x', 'Ulm', 1)");
  EXPECT_EQ(MustRun().planned, 1U);
  EXPECT_EQ(Findings(), "2 duplicate_key | 2 duplicate_key");
  EXPECT_EQ(Ask("SELECT DISTINCT message FROM _sluice.sync_findings"), "2 rows have this key");
}

TEST_F(FindingsTest, TheNewestOfTheRowsOfAKeyIsSentAndTheOthersAreListed) {
  sync_.duplicates = {config::Duplicates::Policy::kNewest, "visits", {}};
  sync_.fields.pop_back();  // visits is only looked at
  Do("INSERT INTO people VALUES ('1', 'old@x', 'Ulm', 1), ('1', 'new@x', 'Bonn', 3), "
     "('1', 'mid@x', 'Ulm', 2), ('1', 'none@x', 'Ulm', NULL), "
     "('2', 'old@x', 'Wien', 1), ('3', 'c@x', 'Graz', 1), ('3', 'c@x', 'Graz', 0)");
  MustRun();
  // The older row of key 1 makes no conflict with key 2, who is that person now.
  EXPECT_EQ(Sent(),
            "1 {\"city\":\"Bonn\",\"email\":\"new@x\"}\n"
            "2 {\"city\":\"Wien\",\"email\":\"old@x\"}\n"
            "3 {\"city\":\"Graz\",\"email\":\"c@x\"}\n");
  EXPECT_EQ(Findings(), "1 superseded | 1 superseded | 1 superseded");
  EXPECT_EQ(delivery_.counts.superseded, 3U);
  EXPECT_EQ(delivery_.counts.collapsed, 1U);
  EXPECT_EQ(delivery_.counts.model, 7U);
  EXPECT_EQ(MustRun().delivery_id, 0);
}

TEST_F(FindingsTest, EquallyNewRowsAreChosenByContentWhateverTheirOrder) {
  sync_.duplicates = {config::Duplicates::Policy::kNewest, "visits", {}};
  const std::string one = "('1', 'a@x', 'Ulm', 1)";
  const std::string other = "('1', 'a@x', 'Bonn', 1)";
  Do("INSERT INTO people VALUES " + one + ", " + other);
  MustRun();
  EXPECT_EQ(Ask("SELECT message FROM _sluice.sync_findings"),
            "another row of this key is as new, and was taken by its content");
  Do("DELETE FROM people");
  Do("INSERT INTO people VALUES " + other + ", " + one);
  EXPECT_EQ(MustRun().delivery_id, 0);
}

TEST_F(FindingsTest, ANewestRowThatCannotBeSentIsNotReplacedByAnOlderOne) {
  sync_.duplicates = {config::Duplicates::Policy::kNewest, "visits", {}};
  Do("INSERT INTO people VALUES ('1', 'a@x', 'Ulm', 1), ('1', 'nonsense', 'Ulm', 2)");
  EXPECT_EQ(MustRun().planned, 0U);
  EXPECT_EQ(Findings(), "1 no_identity | 1 superseded");
}

TEST_F(FindingsTest, AColumnOfDuplicatesThatTheModelLacksIsNamed) {
  sync_.duplicates = {config::Duplicates::Policy::kNewest, "visit", {"sluice.yml", 7, 5}};
  EXPECT_EQ(RunSync().status().message(),
            "sluice.yml:7:5: syncs.people_to_memory.duplicates: the model people has no column "
            "\"visit\" (did you mean \"visits\"?)");
}

TEST_F(FindingsTest, RowsThatCannotBeSentAreListedWithTheReason) {
  Do("DROP TABLE people");
  Do("CREATE TABLE people (id VARCHAR, email VARCHAR, city VARCHAR, visits DOUBLE)");
  Do("INSERT INTO people VALUES (NULL, 'n@x', 'Ulm', 1), ('2', NULL, 'Ulm', 1), "
     "('3', 'nonsense', 'Ulm', 1), ('4', 'd@x', 'Ulm', 'nan'), ('5', 'e@x', 'Ulm', 1)");
  EXPECT_EQ(
      Plan().Describe(),
      "FIRST RUN: sends all 1 user, 1 request; left out: 1 with a value that cannot be sent, 2 "
      "without a usable identifier, 1 without a key");
  EXPECT_EQ(MustRun().planned, 1U);
  EXPECT_EQ(Findings(), "(none) null_key | 2 no_identity | 3 no_identity | 4 bad_value");
  EXPECT_EQ(Ask("SELECT message FROM _sluice.sync_findings ORDER BY key NULLS FIRST"),
            "the key is NULL | there is no usable e-mail | there is no usable e-mail | "
            "the field \"visits\" is not a finite number");
}

TEST_F(FindingsTest, TwoKeysForOnePersonAreBothLeftOut) {
  Put("1", "a@x", "Ulm", 1);
  MustRun();
  Sent();
  Put("1", "a@x", "Bonn", 1);
  Put("2", " A@X ", "Ulm", 2);
  Put("3", "c@x", "Ulm", 3);
  MustRun();
  EXPECT_EQ(Findings(), "1 same_identity | 2 same_identity");
  EXPECT_EQ(Ask("SELECT message FROM _sluice.sync_findings ORDER BY key"),
            "the same one at the destination as key 2 | the same one at the destination as key 1");
  EXPECT_EQ(Sent(), "3 {\"city\":\"Ulm\",\"email\":\"c@x\",\"visits\":3}\n");
  // The row of key 1 is in the model: it has not left.
  EXPECT_EQ(States(), "1 delivered | 3 delivered");
}

TEST_F(FindingsTest, AChangedIdentifierIsHeldAndCountedAsWaiting) {
  Put("1", "old@x", "Ulm", 1);
  Put("2", "b@x", "Ulm", 2);
  MustRun();
  Sent();
  Put("1", "new@x", "Ulm", 1);
  Put("2", "b@x", "Ulm", 3);
  const SyncSummary summary = MustRun();
  EXPECT_EQ(summary.planned, 2U);
  EXPECT_EQ(summary.acknowledged, 1U);
  EXPECT_EQ(summary.waiting, 1U);
  EXPECT_EQ(Findings(), "1 identifier_changed");
  EXPECT_EQ(Ask("SELECT message FROM _sluice.sync_findings"),
            "was delivered as old@x, is new@x now: held; identifier_changes: change of the sync "
            "lets it be changed");
  EXPECT_EQ(Sent(), "2 {\"email\":\"b@x\",\"visits\":3}\n");
  // Nothing else to send: the held row is in the run's record all the same.
  EXPECT_EQ(MustRun().delivery_id, 0);
  EXPECT_EQ(
      Ask("SELECT planned, waiting, outcome FROM _sluice.sync_runs ORDER BY started_at, run_id "
          "DESC LIMIT 1"),
      "1,1,done");
}

TEST_F(FindingsTest, AnIdentifierThatAnotherKeyStillHasAtTheDestinationIsNotTaken) {
  Put("1", "a@x", "Ulm", 1);
  MustRun();
  Sent();
  Put("1", "b@x", "Ulm", 1);
  Put("2", "a@x", "NULL", 2);  // would be written over the person that key 1 is
  MustRun();
  EXPECT_EQ(Findings(), "1 identifier_changed | 2 same_identity");
  EXPECT_EQ(Ask("SELECT message FROM _sluice.sync_findings WHERE key = '2'"),
            "still the one at the destination that key 1 was delivered as");
  EXPECT_EQ(Sent(), "");
  // When the other key is gone, its person is taken over and nothing of the other is left there.
  Do("DELETE FROM people WHERE id = '1'");
  MustRun();
  EXPECT_EQ(Findings(), "");
  EXPECT_EQ(Sent(), "2 {\"city\":null,\"email\":\"a@x\",\"visits\":2}\n");
}

TEST_F(FindingsTest, ARowWhoseIdentifierWasRefusedMayComeWithAnother) {
  Put("1", "wrong@x", "Ulm", 1);
  Answer("1", RowState::kRejected);
  MustRun();
  Behave();
  Put("1", "right@x", "Ulm", 1);
  MustRun();
  EXPECT_EQ(Findings(), "");
  EXPECT_EQ(world_.people.count("right@x"), 1U);
}

TEST_F(FindingsTest, WhereTwiceIsHarmAnUnknownRowIsHeldAndShown) {
  options_.capabilities.repeatable = false;
  Restart();
  Put("1", "a@x", "Ulm", 1);
  Fail(MemoryFault::kLostAnswer);
  MustRun();
  Behave();
  Put("2", "b@x", "Ulm", 1);
  const SyncSummary summary = MustRun();
  EXPECT_EQ(summary.planned, 2U);
  EXPECT_EQ(summary.unknown, 1U);
  EXPECT_EQ(Findings(), "1 unknown_outcome");
  EXPECT_EQ(world_.applied.size(), 2U);
  EXPECT_NE(Plan().Describe().find("1 that may have arrived and must not go twice"),
            std::string::npos);
}

TEST_F(FindingsTest, AKeyThatIsRenamedReplacesWhatTheOldOneLeft) {
  Put("old", "a@x", "Ulm", 1);
  MustRun();
  Sent();
  Do("DELETE FROM people");
  Put("new", "a@x", "NULL", 2);
  MustRun();
  EXPECT_EQ(Sent(), "new {\"city\":null,\"email\":\"a@x\",\"visits\":2}\n");
  EXPECT_EQ(States(), "new delivered");
  // The old key comes back, as it was delivered once: the destination holds something else.
  Do("DELETE FROM people");
  MustRun();
  Put("old", "a@x", "Ulm", 1);
  MustRun();
  EXPECT_EQ(Sent(), "old {\"city\":\"Ulm\",\"email\":\"a@x\",\"visits\":1}\n");
}

TEST_F(FindingsTest, AKeyRenamedInAnUnknownRequestIsNotForgotten) {
  Put("old", "a@x", "Ulm", 1);
  MustRun();
  Do("DELETE FROM people");
  Put("new", "a@x", "NULL", 2);
  Fail(MemoryFault::kLostRequest);
  MustRun();
  EXPECT_EQ(States(), "new unknown");
  Behave();
  MustRun();
  EXPECT_EQ(world_.Person("a@x"), R"({"email":"a@x","visits":2})");
}

TEST_F(FindingsTest, ARowThatIsTooLargeIsRejectedWithoutHavingBeenSent) {
  sync_.batch.bytes = 100;
  Put("1", "a@x", std::string(200, 'x'), 1);
  Put("2", "b@x", "Ulm", 1);
  EXPECT_NE(Plan().Describe().find("1 row cannot be sent: too large"), std::string::npos);
  MustRun();
  EXPECT_EQ(States(), "1 rejected | 2 delivered");
  EXPECT_EQ(Ask("SELECT sent, code FROM _sluice.sync_attempts WHERE key = '1'"),
            "NULL,cannot_be_sent");
}

TEST_F(FindingsTest, AMappingThatDoesNotFitIsAConfigError) {
  sync_.key = "idd";
  sync_.where = {"sluice.yml", 9, 3};
  sync_.key_where = {"sluice.yml", 11, 5};
  EXPECT_EQ(RunSync().status().message(),
            "sluice.yml:11:5: syncs.people_to_memory.key: the model people has no column "
            "\"idd\" (did you mean \"id\"?)");
  sync_.key = "ID";  // names of columns have no case
  Put("1", "a@x", "Ulm", 1);
  EXPECT_TRUE(RunSync().ok());
  sync_.fields.erase(sync_.fields.begin());
  EXPECT_EQ(RunSync().status().message(), "sluice.yml:9:3: a person needs the field \"email\"");
  EXPECT_EQ(RunSync().status().code(), Code::kConfig);
}

}  // namespace
}  // namespace sluice::sync
