// Modes that ask what is there: update changes only what is, insert makes only what is not.
#include <gtest/gtest.h>

#include "sync/sync_fixture_for_tests.h"

namespace sluice::sync {
namespace {

constexpr env::Micros kHour = 3'600'000'000;

class PresenceTest : public testing::Test, public SyncWorld {
 protected:
  void Mode(const std::string& mode) { sync_.mode = mode; }
  // Somebody else has put it there.
  void There(const std::string& email, const std::string& city) {
    world_.people[email] = {{"email", "\"" + email + "\""}, {"city", "\"" + city + "\""}};
  }
};

class UpdateTest : public PresenceTest {
 protected:
  void SetUp() override { Mode("update"); }
};

TEST_F(UpdateTest, ChangesWhatIsThereAndMakesNobody) {
  There("a@x", "Bonn");
  Put("1", "a@x", "Ulm", 1);
  Put("2", "b@x", "Ulm", 2);
  const SyncPlan plan = Plan();
  EXPECT_EQ(plan.totals.looked_for, 2U);
  const SyncSummary summary = MustRun();
  EXPECT_EQ(summary.acknowledged, 1U);
  EXPECT_EQ(summary.deferred, 1U);
  EXPECT_EQ(summary.outcome, "done");
  EXPECT_EQ(Sent(), "1 {\"city\":\"Ulm\",\"email\":\"a@x\",\"visits\":1}\n");
  EXPECT_EQ(world_.people.count("b@x"), 0U);
  EXPECT_EQ(States(), "1 delivered | 2 deferred");
  EXPECT_EQ(Ask("SELECT state, sent IS NULL, code FROM _sluice.sync_attempts WHERE key = '2'"),
            "deferred,true,not_there");
}

TEST_F(UpdateTest, WhomItDeliveredIsNotLookedForAgain) {
  There("a@x", "Bonn");
  Put("1", "a@x", "Ulm", 1);
  MustRun();
  Put("1", "a@x", "Berlin", 1);
  EXPECT_EQ(Plan().totals.looked_for, 0U);
  MustRun();
  EXPECT_EQ(world_.questions, 1U);
}

TEST_F(UpdateTest, WhomAnotherSyncDeliveredIsNotLookedFor) {
  Mode("upsert");
  sync_.name = "everybody";
  Put("1", "a@x", "Ulm", 1);
  MustRun();
  sync_.name = "people_to_memory";
  Mode("update");
  Put("2", "b@x", "Ulm", 2);
  siblings_ = {"everybody"};
  EXPECT_EQ(Plan().totals.looked_for, 1U);
  EXPECT_EQ(MustRun().acknowledged, 1U);
}

TEST_F(UpdateTest, WhoIsNotThereIsLookedForLessAndLessOftenAndThenGivenUp) {
  Put("1", "a@x", "Ulm", 1);
  MustRun();
  EXPECT_EQ(MustRun().deferred, 1U) << "once more with the next run";
  EXPECT_EQ(Plan().counts.ToSend(), 0U);
  EXPECT_EQ(Plan().counts.absent, 1U);
  clock_.Advance(std::chrono::microseconds(kHour + 1));
  EXPECT_EQ(MustRun().deferred, 1U);
  clock_.Advance(std::chrono::microseconds(kHour + 1));
  EXPECT_EQ(Plan().counts.ToSend(), 0U) << "two hours by now";
  for (int i = 0; i < 60 && States() == "1 deferred"; ++i) {
    clock_.Advance(std::chrono::microseconds(24 * kHour));
    MustRun();
  }
  EXPECT_EQ(States(), "1 rejected");
  EXPECT_EQ(world_.questions, 12U);
  There("a@x", "Bonn");
  EXPECT_EQ(Plan().counts.ToSend(), 0U);
  Put("1", "a@x", "Ulm", 2);
  EXPECT_EQ(MustRun().acknowledged, 1U);
}

TEST_F(UpdateTest, WhoIsPutOffIsTriedAgainAlsoWhenNothingElseIsNew) {
  inputs_ = "people:1";
  Put("1", "a@x", "Ulm", 1);
  for (int run = 0; run < 3; ++run) MustRun();
  EXPECT_TRUE(Plan().up_to_date);
  There("a@x", "Bonn");
  clock_.Advance(std::chrono::microseconds(kHour + 1));
  EXPECT_FALSE(Plan().up_to_date);
  EXPECT_EQ(MustRun().acknowledged, 1U);
  EXPECT_TRUE(Plan().up_to_date);
}

TEST_F(UpdateTest, WhoComesLaterIsFound) {
  Put("1", "a@x", "Ulm", 1);
  MustRun();
  There("a@x", "Bonn");
  EXPECT_EQ(MustRun().acknowledged, 1U);
  EXPECT_EQ(world_.Person("a@x"), "{\"city\":\"Ulm\",\"email\":\"a@x\",\"visits\":1}");
}

TEST_F(UpdateTest, AnotherPersonIsLookedForAtOnce) {
  Put("1", "a@x", "Ulm", 1);
  MustRun();
  MustRun();
  There("b@x", "Bonn");
  Put("1", "b@x", "Ulm", 1);
  EXPECT_EQ(MustRun().acknowledged, 1U);
}

TEST_F(UpdateTest, LookupsThatFailEndTheDelivery) {
  Put("1", "a@x", "Ulm", 1);
  destination_->options().lookup_fault = [] { return true; };
  const SyncSummary summary = MustRun();
  EXPECT_EQ(summary.outcome, "stopped");
  EXPECT_EQ(summary.waiting, 1U);
  EXPECT_EQ(world_.questions, 6U);
  destination_->options().lookup_fault = nullptr;
  There("a@x", "Bonn");
  EXPECT_EQ(MustRun().acknowledged, 1U);
}

TEST_F(PresenceTest, WhoWaitsForWhatSomebodyElseHasGoesAtOnceWhenThatChanges) {
  Mode("upsert");
  Put("1", "a@x", "Ulm", 1);
  Answer("1", connector::RowState::kAbsent);
  for (int run = 0; run < 2; ++run) EXPECT_EQ(MustRun().deferred, 1U);
  EXPECT_EQ(Plan().counts.ToSend(), 0U) << "after an hour";
  Put("1", "a@x", "Bonn", 1);
  Behave();
  EXPECT_EQ(MustRun().acknowledged, 1U);
}

TEST_F(PresenceTest, AnotherChangeOfTheSamePersonGoesAtOnce) {
  Mode("add");
  destination_->options().capabilities.is_all_identities = true;
  destination_->options().capabilities.changes_identities = false;
  Put("1", "a@x", "taken", 1);
  Answer("1", connector::RowState::kAbsent);
  for (int run = 0; run < 2; ++run) EXPECT_EQ(MustRun().deferred, 1U);
  EXPECT_EQ(Plan().counts.ToSend(), 0U) << "after an hour";
  Put("1", "a@x", "free", 1);
  Behave();
  EXPECT_EQ(MustRun().acknowledged, 1U);
}

class InsertTest : public PresenceTest {
 protected:
  void SetUp() override { Mode("insert"); }
};

TEST_F(InsertTest, MakesWhoIsNotThereAndChangesNobody) {
  There("a@x", "Bonn");
  Put("1", "a@x", "Ulm", 1);
  Put("2", "b@x", "Ulm", 2);
  const SyncSummary summary = MustRun();
  EXPECT_EQ(summary.acknowledged, 2U);
  EXPECT_EQ(report_.already_there, 1U);
  EXPECT_EQ(Sent(), "2 {\"city\":\"Ulm\",\"email\":\"b@x\",\"visits\":2}\n");
  EXPECT_EQ(Ask("SELECT key, state, payload, code FROM _sluice.sync_delivered ORDER BY key"),
            "1,delivered,{},already_there | "
            "2,delivered,{\"city\":\"Ulm\",\"email\":\"b@x\",\"visits\":2},NULL");
  Put("1", "a@x", "Berlin", 1);
  Put("2", "b@x", "Berlin", 1);
  EXPECT_EQ(Plan().counts.ToSend(), 0U);
}

TEST_F(InsertTest, OnceItIsAnUpsertWhatWasThereIsChanged) {
  There("a@x", "Bonn");
  Put("1", "a@x", "Ulm", 1);
  MustRun();
  Mode("upsert");
  MustRun();
  EXPECT_EQ(Sent(), "1 {\"city\":\"Ulm\",\"email\":\"a@x\",\"visits\":1}\n");
}

TEST_F(InsertTest, ALostAnswerMakesNobodyTwice) {
  Put("1", "a@x", "Ulm", 1);
  Fail(connector::MemoryFault::kLostAnswer);
  deliver_options_.max_attempts = 1;
  EXPECT_EQ(MustRun().unknown, 1U);
  Behave();
  EXPECT_EQ(MustRun().acknowledged, 1U);
  EXPECT_EQ(report_.already_there, 1U);
  EXPECT_EQ(world_.applied.size(), 1U);
}

TEST_F(PresenceTest, ADestinationThatCannotBeAskedIsAConfigError) {
  class Mute : public connector::Destination {
   public:
    explicit Mute(connector::Destination& inner) : inner_(inner) {}
    std::string Describe() const override { return "a mute one"; }
    const connector::Capabilities& capabilities() const override { return inner_.capabilities(); }
    Status CheckFields(std::span<const std::string> f) const override {
      return inner_.CheckFields(f);
    }
    Result<std::string> IdentityOf(std::string_view k, std::string_view p) const override {
      return inner_.IdentityOf(k, p);
    }
    std::span<const std::string> identifiers() const override { return inner_.identifiers(); }
    Result<connector::PreparedRequest> Prepare(std::span<const connector::Operation> o,
                                               const connector::RequestLimit& l) const override {
      return inner_.Prepare(o, l);
    }
    connector::SendResult Send(const connector::PreparedRequest& r,
                               std::span<const connector::Operation> o,
                               const env::Cancel* c) override {
      return inner_.Send(r, o, c);
    }
    Status Probe(const env::Cancel* c) override { return inner_.Probe(c); }

   private:
    connector::Destination& inner_;
  };
  Mode("update");
  Put("1", "a@x", "Ulm", 1);
  Mute mute(*destination_);
  const SyncJob job{.sync = sync_,
                    .destination = mute,
                    .relation = "\"main\".\"people\"",
                    .inputs = "",
                    .state_folder = folder_,
                    .warehouse_path = "",
                    .host = "here",
                    .run_id = "r",
                    .fence = {}};
  const auto plan = engine_->Plan(*connection_, job);
  EXPECT_EQ(plan.status().code(), Code::kConfig);
  EXPECT_NE(plan.status().message().find("a mute one cannot be asked what is there"),
            std::string::npos)
      << plan.status().ToString();
}

class FirstRunTest : public testing::Test, public SyncWorld {
 protected:
  void SetUp() override {
    sync_.mode = "append";
    sync_.first_run = config::FirstRun::kFromNowOn;
    Put("1", "a@x", "Ulm", 1);
    Put("2", "b@x", "Ulm", 2);
  }
};

TEST_F(FirstRunTest, FromNowOnSendsOnlyWhatComesLater) {
  const SyncPlan plan = Plan();
  EXPECT_EQ(plan.counts.taken, 2U);
  EXPECT_EQ(plan.Describe(),
            "FIRST RUN: takes all 2 users as delivered and sends nothing (first_run: from_now_on); "
            "later ones are sent");
  MustRun();
  EXPECT_EQ(world_.requests, 0U);
  Put("3", "c@x", "Ulm", 3);
  MustRun();
  EXPECT_EQ(Sent(), "3 {\"city\":\"Ulm\",\"email\":\"c@x\",\"visits\":3}\n");
}

TEST_F(FirstRunTest, AResyncSendsAgainWhatWasSentAndNothingOfThePast) {
  MustRun();
  Put("3", "c@x", "Ulm", 3);
  MustRun();
  Sent();
  const auto resync = [&](const std::optional<std::string>& key) {
    return Resync(*connection_, sync_.name, key, "", clock_).value();
  };
  EXPECT_NE(resync(std::nullopt).find("; 2 rows that the first run has taken as delivered"),
            std::string::npos);
  MustRun();
  EXPECT_EQ(Sent(), "3 {\"city\":\"Ulm\",\"email\":\"c@x\",\"visits\":3}\n");
  resync("1");
  MustRun();
  EXPECT_EQ(Sent(), "1 {\"city\":\"Ulm\",\"email\":\"a@x\",\"visits\":1}\n")
      << "who names a row means it";
}

TEST_F(FirstRunTest, AnEmptyModelIsAFirstRunToo) {
  Do("DELETE FROM people");
  MustRun();
  Put("3", "c@x", "Ulm", 3);
  EXPECT_EQ(MustRun().acknowledged, 1U);
}

TEST_F(FirstRunTest, AfterAResetItBeginsAnew) {
  MustRun();
  const DeliveryFiles files(env::JoinPath(folder_, ".sluice"), sync_.name);
  ASSERT_TRUE(Reset(*connection_, sync_.name, files, "", clock_).ok());
  EXPECT_EQ(Plan().counts.taken, 2U);
}

TEST_F(FirstRunTest, ARowThatIsTriedIsNotTheFirstRun) {
  SyncJob job = Job();
  job.only_key = "1";
  delivery_ = engine_->Prepare(*connection_, job).value();
  ASSERT_TRUE(engine_->Deliver(delivery_, job, limiter_, deliver_options_).ok());
  ASSERT_TRUE(engine_->Fold(*connection_, job, delivery_).ok());
  EXPECT_EQ(world_.applied.size(), 1U);
  EXPECT_EQ(Plan().counts.taken, 1U);
  MustRun();
  EXPECT_EQ(world_.applied.size(), 1U);
}

TEST_F(FirstRunTest, InModeUpsertWhatChangesLaterIsSent) {
  sync_.mode = "upsert";
  MustRun();
  Put("1", "a@x", "Berlin", 1);
  MustRun();
  EXPECT_EQ(Sent(), "1 {\"city\":\"Berlin\",\"email\":\"a@x\"}\n");
}

TEST_F(FirstRunTest, WithoutTheWordItSaysWhatThatIs) {
  sync_.first_run.reset();
  EXPECT_EQ(
      Plan().Describe(),
      "FIRST RUN: sends all 2 users, 1 request; with first_run: from_now_on it would send none "
      "of them, and all later ones");
  sync_.first_run = config::FirstRun::kBackfill;
  EXPECT_EQ(Plan().Describe(), "FIRST RUN: sends all 2 users, 1 request");
}

}  // namespace
}  // namespace sluice::sync
