// The destination against the stand-in for Iterable: real HTTP, real answers, every fault that it
// can be asked for. Runs below test/servers/iterable/with_standin.py, which starts one for each
// kind of project. After each test the stand-in must have nothing to complain about.

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connectors/iterable/standin_for_tests.h"

namespace sluice::connectors::iterable {
namespace {

using connector::RowState;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::string_view NameOfState(RowState state) {
  switch (state) {
    case RowState::kAcknowledged:
      return "ack";
    case RowState::kRejected:
      return "rejected ";
    case RowState::kDeferred:
      return "deferred ";
    case RowState::kAbsent:
      return "absent ";
    case RowState::kUnknown:
      break;
  }
  return "unknown ";
}

std::vector<std::string> States(std::span<const connector::RowOutcome> outcomes) {
  std::vector<std::string> states;
  for (const auto& outcome : outcomes) {
    states.push_back(std::string(NameOfState(outcome.state)) + outcome.code);
    EXPECT_THAT(outcome.message, Not(HasSubstr("@")));
  }
  return states;
}

class IterableServerTest : public testing::TestWithParam<ProjectType> {
 protected:
  IterableServerTest() : standin_(GetParam()) {}
  void SetUp() override { standin_.Reset(); }
  void TearDown() override {
    EXPECT_EQ(standin_.Complaints(), "");
    EXPECT_EQ(standin_.Stat("faults_queued"), "0");
  }

  // The payload of person `n` with further members, in a shape that every kind of project takes.
  static std::string Person(int n, const std::string& more = "") {
    return fmt::format(R"({{"email":"P{}@Example.com",{}"userId":"id-{}"}})", n, more, n);
  }
  static void AddPeople(RowsForTests& rows, int count, const std::string& more = "") {
    for (int n = 0; n < count; ++n) rows.Add(Person(n, more));
  }
  bool is(ProjectType project) const { return GetParam() == project; }

  Standin standin_;
};

INSTANTIATE_TEST_SUITE_P(Projects, IterableServerTest, testing::ValuesIn(kProjectTypes),
                         NameOfProject);

TEST_P(IterableServerTest, PeopleArriveAsTheyAre) {
  RowsForTests rows(GetParam());
  rows.Add(
      R"({"address":{"city":"Zürich","zip":"8001"},"big":9007199254740993,"email":"A@Example.com",)"
      R"("lastVisit":"2026-11-21 14:03:07 +00:00","name":"O'Brien \"Bo\"","tags":["x","y"],)"
      R"("userId":"id-1","visits":3,"vip":true,"worth":12.5})");
  const auto destination = standin_.Connect();
  EXPECT_THAT(States(Deliver(*destination, rows).outcomes), Each("ack"));
  const std::string arrived =
      R"({"dataFields":{"address":{"city":"Zürich","zip":"8001"},"big":9007199254740993,)"
      R"("lastVisit":"2026-11-21 14:03:07 +00:00","name":"O'Brien \"Bo\"","tags":["x","y"],)"
      R"("vip":true,"visits":3,"worth":12.5},"email":"a@example.com","userId":"id-1"})";
  EXPECT_EQ(standin_.Get("users"), "[" + arrived + "]");
  EXPECT_THAT(standin_.Get("fields"), HasSubstr("\"lastVisit\":\"date\""));
}

TEST_P(IterableServerTest, NullsClearAndWhatIsNotSentStays) {
  const auto destination = standin_.Connect();
  RowsForTests first(GetParam());
  first.Add(Person(1, R"("name":"Ann","other":{"a":1,"b":2},"stays":7,)"));
  Deliver(*destination, first);
  RowsForTests second(GetParam());
  second.Add(Person(1, R"("name":null,"other":{"a":3},)"));
  EXPECT_THAT(States(Deliver(*destination, second).outcomes), Each("ack"));
  EXPECT_THAT(standin_.People(), HasSubstr(R"({"dataFields":{"other":{"a":3},"stays":7},)"));

  UserOptions merge;
  merge.merge_nested_objects = true;
  RowsForTests third(GetParam());
  third.Add(Person(1, R"("other":{"a":null,"c":4},)"));
  EXPECT_THAT(States(Deliver(*standin_.Connect(merge), third).outcomes), Each("ack"));
  EXPECT_THAT(standin_.People(), HasSubstr(R"({"dataFields":{"other":{"c":4},"stays":7},)"));
}

TEST_P(IterableServerTest, ManyPeopleWithinTheLimits) {
  RowsForTests rows(GetParam());
  AddPeople(rows, 2500);
  const auto destination = standin_.Connect();
  const Delivered by_count = Deliver(*destination, rows);
  EXPECT_THAT(States(by_count.outcomes), Each("ack"));
  EXPECT_EQ(by_count.requests, 3);
  EXPECT_EQ(standin_.Stat("users"), "2500");

  RowsForTests large(GetParam());
  AddPeople(large, 300, fmt::format("\"story\":\"{}\",", std::string(30'000, 'z')));
  const Delivered by_bytes = Deliver(*destination, large);
  EXPECT_THAT(States(by_bytes.outcomes), Each("ack"));
  EXPECT_EQ(by_bytes.requests, 3);
}

TEST_P(IterableServerTest, WhatTheProjectRefusesIsNamed) {
  standin_.Post("forgotten", R"({"emails":["p1@example.com"],"userIds":["id-1"]})");
  RowsForTests rows(GetParam());
  AddPeople(rows, 2);
  rows.Add(Person(2, fmt::format("\"story\":\"{}\",", std::string(40'000, 'z'))));
  rows.Add(R"({"email":"no-top-level@localhost","userId":"id-3"})");
  rows.Add(Person(4));
  const auto destination = standin_.Connect();
  const Delivered delivered = Deliver(*destination, rows);
  EXPECT_THAT(States(delivered.outcomes),
              ElementsAre("ack", "rejected ForgottenUserError", "rejected InvalidData",
                          "rejected InvalidEmailAddressError", "ack"));
  EXPECT_EQ(delivered.requests, 1);
  EXPECT_EQ(standin_.Stat("users"), "2");
}

TEST_P(IterableServerTest, TheOtherIdentifierCanChange) {
  if (is(ProjectType::kEmail)) {
    RowsForTests rows(GetParam());
    rows.Add(R"({"email":"a@example.com","userId":"old"})");
    rows.Add(R"({"email":"A@example.com","userId":"new"})");
    EXPECT_THAT(States(Deliver(*standin_.Connect(), rows).outcomes), Each("ack"));
    EXPECT_EQ(standin_.Get("users"),
              R"([{"dataFields":{},"email":"a@example.com","userId":"new"}])");
    return;
  }
  RowsForTests rows(GetParam());
  rows.Add(R"({"email":"old@example.com","userId":"7"})");
  rows.Add(R"({"email":"New@example.com","userId":"7"})");
  const auto destination = standin_.Connect();
  EXPECT_THAT(States(Deliver(*destination, rows).outcomes), Each("ack"));
  EXPECT_EQ(standin_.Get("users"), R"([{"dataFields":{},"email":"new@example.com","userId":"7"}])");
  RowsForTests gone(GetParam());
  gone.Add(R"({"email":null,"userId":"7"})");
  EXPECT_THAT(States(Deliver(*destination, gone).outcomes), Each("ack"));
  EXPECT_EQ(standin_.Get("users"), R"([{"dataFields":{},"userId":"7"}])");
}

TEST_P(IterableServerTest, APersonWithoutTheUsualIdentifier) {
  RowsForTests rows(GetParam());
  if (is(ProjectType::kEmail)) {
    rows.Add(R"({"name":"Bo","userId":7})");
    UserOptions known_only;
    known_only.prefer_user_id = false;
    EXPECT_THAT(States(Deliver(*standin_.Connect(known_only), rows).outcomes),
                ElementsAre("rejected InvalidUserIdError"));
    EXPECT_THAT(States(Deliver(*standin_.Connect(), rows).outcomes), Each("ack"));
    EXPECT_THAT(standin_.People(), HasSubstr("@placeholder.email\",\"userId\":\"7\"}"));
    EXPECT_THAT(States(Deliver(*standin_.Connect(known_only), rows).outcomes), Each("ack"));
  } else if (is(ProjectType::kHybrid)) {
    rows.Add(R"({"email":"bo@example.com","name":"Bo"})");
    EXPECT_THAT(States(Deliver(*standin_.Connect(), rows).outcomes), Each("ack"));
    EXPECT_EQ(standin_.Get("users"), R"([{"dataFields":{"name":"Bo"},"email":"bo@example.com"}])");
  } else {
    rows.Add(R"({"email":"bo@example.com","name":"Bo"})").Add(Person(1));
    EXPECT_THAT(States(Deliver(*standin_.Connect(), rows).outcomes),
                ElementsAre("rejected cannot_be_sent", "ack"));
  }
}

TEST_P(IterableServerTest, AnAddressOfSomebodyElse) {
  if (!is(ProjectType::kHybrid)) return;  // the other kinds do not compare second identifiers
  const auto destination = standin_.Connect();
  RowsForTests first(GetParam());
  first.Add(R"({"email":"a@example.com"})");
  Deliver(*destination, first);
  RowsForTests rows(GetParam());
  rows.Add(R"({"email":"a@example.com","name":"Ann"})");
  rows.Add(R"({"email":"A@example.com","userId":"7"})");
  const Delivered delivered = Deliver(*destination, rows);
  EXPECT_THAT(States(delivered.outcomes), ElementsAre("ack", "absent EmailAlreadyExists"));
  EXPECT_EQ(delivered.requests, 1);
}

TEST_P(IterableServerTest, FieldsThatAreDroppedOrNewAreReported) {
  RowsForTests rows(GetParam());
  rows.Add(Person(1, R"("address":{"city":"Y"},"name":"Ann",)"));
  UserOptions known_fields;
  known_fields.create_new_fields = false;
  standin_.Post("fields", R"({"name":"string"})");
  const Delivered dropped = Deliver(*standin_.Connect(known_fields), rows);
  EXPECT_THAT(States(dropped.outcomes), Each("ackfields_dropped"));
  EXPECT_THAT(dropped.warnings, ElementsAre(HasSubstr("dropped the field \"address\"")));
  EXPECT_THAT(standin_.People(), HasSubstr(R"("dataFields":{"name":"Ann"})"));
  const Delivered made = Deliver(*standin_.Connect(), rows);
  EXPECT_THAT(made.warnings, ElementsAre("Iterable made a new field \"address\"",
                                         "Iterable made a new field \"address.city\""));
}

TEST_P(IterableServerTest, WrongTypesCostOneMoreRequest) {
  standin_.Post("fields", R"({"lastVisit":"date","address":"object","address.zip":"string"})");
  RowsForTests rows(GetParam());
  for (int n = 0; n < 50; ++n) {
    const bool word = n % 10 == 3;
    const bool naive = n % 10 == 7;
    rows.Add(Person(n, fmt::format(R"("lastVisit":"{}",)",
                                   word    ? "soon"
                                   : naive ? fmt::format("2026-01-{:02} 10:00:00", n % 28 + 1)
                                           : "2026-01-02 03:04:05 +00:00")));
  }
  const auto destination = standin_.Connect();
  const Delivered delivered = Deliver(*destination, rows);
  for (size_t n = 0; n < 50; ++n) {
    const bool bad = n % 10 == 3 || n % 10 == 7;
    EXPECT_EQ(States(delivered.outcomes)[n], bad ? "rejected RequestFieldsTypesMismatched" : "ack");
  }
  EXPECT_THAT(delivered.outcomes[3].message, HasSubstr("\"lastVisit\" has the type date"));
  EXPECT_THAT(delivered.outcomes[3].message, Not(HasSubstr("soon")));
  EXPECT_EQ(delivered.requests, 3);  // one for the words, one for the naive ones
  EXPECT_EQ(standin_.Stat("users"), "40");

  RowsForTests nested(GetParam());
  nested.Add(Person(1, R"("address":{"zip":"8001"},)"))
      .Add(Person(2, R"("address":{"zip":8001},)"));
  EXPECT_THAT(States(Deliver(*destination, nested).outcomes),
              ElementsAre("ack", "rejected RequestFieldsTypesMismatched"));
}

TEST_P(IterableServerTest, TooManyFieldsStop) {
  standin_.Post("settings", R"({"max_fields":1})");
  RowsForTests rows(GetParam());
  rows.Add(Person(1, R"("a":1,"b":2,)"));
  const Delivered delivered = Deliver(*standin_.Connect(), rows);
  EXPECT_EQ(delivered.stop.code(), Code::kConfig);
  EXPECT_THAT(States(delivered.outcomes), Each("deferred UniqueFieldsLimitExceeded"));
}

TEST_P(IterableServerTest, AProjectThatTakesLessThanItSays) {
  standin_.Post("settings", R"({"max_users":100})");
  RowsForTests rows(GetParam());
  AddPeople(rows, 300);
  EXPECT_THAT(States(Deliver(*standin_.Connect(), rows).outcomes), Each("ack"));
  EXPECT_EQ(standin_.Stat("users"), "300");
}

TEST_P(IterableServerTest, TheKeyIsProbed) {
  EXPECT_TRUE(standin_.Connect()->Probe(nullptr).ok());
  IterableSettings wrong = standin_.Settings();
  wrong.api_key = config::Secret("another");
  const auto destination = standin_.Connect({}, wrong);
  EXPECT_EQ(destination->Probe(nullptr).code(), Code::kAuth);
  RowsForTests rows(GetParam());
  AddPeople(rows, 3);
  const Delivered delivered = Deliver(*destination, rows);
  EXPECT_EQ(delivered.stop.code(), Code::kAuth);
  EXPECT_THAT(States(delivered.outcomes), Each("deferred http_401"));
  EXPECT_EQ(delivered.requests, 1);
}

TEST_P(IterableServerTest, RateLimits) {
  standin_.Post("settings", R"({"rate":"users/bulkUpdate=1/min"})");
  RowsForTests rows(GetParam());
  AddPeople(rows, 1);
  const auto destination = standin_.Connect();
  const auto request = destination->Prepare(rows.operations(), {}).value();
  EXPECT_THAT(States(destination->Send(request, rows.operations(), nullptr).outcomes), Each("ack"));
  const auto refused = destination->Send(request, rows.operations(), nullptr);
  EXPECT_THAT(States(refused.outcomes), Each("deferred http_429"));
  ASSERT_TRUE(refused.retry_after);
  EXPECT_GE(*refused.retry_after, std::chrono::seconds(30));
  standin_.Post("settings", R"({"retry_after":false})");
  EXPECT_FALSE(destination->Send(request, rows.operations(), nullptr).retry_after);
}

TEST_P(IterableServerTest, StoppingDuringARequestLeavesItsRowsUnknown) {
  standin_.Post("faults", R"({"kind":"hang-after-commit"})");
  RowsForTests rows(GetParam());
  AddPeople(rows, 2);
  const auto destination = standin_.Connect();
  env::Cancel cancel;
  std::thread stopper([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    cancel.Set();
  });
  const auto request = destination->Prepare(rows.operations(), {}).value();
  const auto result = destination->Send(request, rows.operations(), &cancel);
  stopper.join();
  EXPECT_THAT(States(result.outcomes), Each("unknown cancelled"));
}

// One fault: what the first request says, and that sending again brings everybody there.
struct FaultCase {
  std::string fault;
  std::string first;  // state of every row after it
};

class IterableFaultTest : public IterableServerTest {};

INSTANTIATE_TEST_SUITE_P(Projects, IterableFaultTest,
                         testing::Values(ProjectType::kEmail, ProjectType::kUserId,
                                         ProjectType::kHybrid));

TEST_P(IterableFaultTest, AfterAFaultThatPassesEverybodyArrives) {
  const std::vector<FaultCase> cases = {
      {R"({"kind":"rate-limit"})", "deferred http_429"},
      {R"({"kind":"rate-limit","retry_after":null})", "deferred http_429"},
      {R"({"kind":"error-before-commit"})", "unknown http_500"},
      {R"({"kind":"error-before-commit","status":503})", "unknown http_503"},
      {R"({"kind":"error-after-commit"})", "unknown http_500"},
      {R"({"kind":"error-after-commit","status":504})", "unknown http_504"},
      {R"({"kind":"hang-before-commit"})", "unknown no_answer"},
      {R"({"kind":"hang-after-commit"})", "unknown no_answer"},
      {R"({"kind":"reset-before-commit"})", "unknown no_answer"},
      {R"({"kind":"reset-after-commit"})", "unknown no_answer"},
      {R"({"kind":"truncated-answer"})", "unknown no_answer"},
      {R"({"kind":"invalid-json-answer"})", "unknown unreadable_answer"},
      {R"({"kind":"accepted-and-lost"})", "unknown unreadable_answer"},
      {R"({"kind":"slow","delay_ms":50})", "ack"},
      {R"({"kind":"count-failures","count":2})", "unknown CountsDisagree"},
      {R"({"kind":"batch-too-large"})", "deferred BatchTooLarge"},
      {R"({"kind":"payload-too-large"})", "deferred BatchTooLarge"},
      {R"({"kind":"conflict"})", "deferred EmailAlreadyExists"},
      {R"({"kind":"answer","status":400,"body":{"code":"GenericError"}})", "deferred GenericError"},
  };
  RowsForTests rows(GetParam());
  AddPeople(rows, 5, R"("name":"Ann",)");
  Deliver(*standin_.Connect(), rows);
  const std::string undisturbed = standin_.People();
  for (const FaultCase& c : cases) {
    SCOPED_TRACE(c.fault);
    IterableSettings settings = standin_.Settings();
    // Only where nothing else ends the request: a busy machine is slow without any fault.
    if (c.fault.find("hang") != std::string::npos) {
      settings.timeout = std::chrono::milliseconds(500);
    }
    standin_.Post("reset", "{}");
    standin_.Post("faults", c.fault);
    const auto destination = standin_.Connect({}, settings);
    const auto request = destination->Prepare(rows.operations(), {}).value();
    const auto first = destination->Send(request, rows.operations(), nullptr);
    EXPECT_THAT(States(first.outcomes), Each(c.first));
    EXPECT_TRUE(first.stop.ok());

    standin_.Post("reset", R"({"what":["users"]})");
    standin_.Post("faults", c.fault);
    const Delivered all = Deliver(*destination, rows, 3);
    EXPECT_THAT(States(all.outcomes), Each("ack"));
    EXPECT_EQ(standin_.People(), undisturbed);
    EXPECT_LE(all.requests, 3);
  }
}

TEST_P(IterableFaultTest, RowsThatAreNamedAreRejectedAndNoOthers) {
  struct Named {
    std::string fault;
    std::string outcome;
    int requests;
  };
  const bool email = is(ProjectType::kEmail);
  const std::vector<Named> cases = {
      {R"({"kind":"fail-users","indexes":[1],"reason":"invalid"})",
       email ? "rejected InvalidEmailAddressError" : "rejected InvalidUserIdError", 1},
      {R"({"kind":"fail-users","indexes":[1],"reason":"invalidData"})", "rejected InvalidData", 1},
      {R"({"kind":"fail-users","indexes":[1],"reason":"forgotten"})", "rejected ForgottenUserError",
       1},
      {R"({"kind":"fail-users","indexes":[1],"reason":"conflict"})",
       email ? "absent EmailAlreadyExists" : "absent UserIdAlreadyExists", 1},
      {R"({"kind":"fail-users","indexes":[1],"reason":"notFound"})",
       email ? "rejected UnknownEmailError" : "rejected UnknownUserIdError", 1},
      {R"({"kind":"bad-json-index","index":1,"field":"dataFields"})", "rejected BadJsonBody", 2},
      {R"({"kind":"type-mismatch","index":1,"field":"name"})",
       "rejected RequestFieldsTypesMismatched", 2},
  };
  RowsForTests rows(GetParam());
  rows.Add(Person(0, R"("name":"2020 Ann",)")).Add(Person(1, R"("name":"2021 Bo",)"));
  rows.Add(Person(2, R"("name":"2022 Cy",)"));
  for (const Named& c : cases) {
    SCOPED_TRACE(c.fault);
    standin_.Post("reset", "{}");
    standin_.Post("faults", c.fault);
    const Delivered all = Deliver(*standin_.Connect(), rows);
    EXPECT_THAT(States(all.outcomes), ElementsAre("ack", c.outcome, "ack"));
    EXPECT_EQ(all.requests, c.requests);
    EXPECT_EQ(standin_.Stat("users"), "2");
  }
}

TEST_P(IterableFaultTest, TheOneToBlameIsFoundInHalves) {
  standin_.Post("faults", fmt::format(R"({{"kind":"conflict","identifier":"{}","times":5}})",
                                      is(ProjectType::kEmail) ? "P5@Example.com" : "id-5"));
  RowsForTests rows(GetParam());
  AddPeople(rows, 16);
  const Delivered all = Deliver(*standin_.Connect(), rows);
  const auto states = States(all.outcomes);
  for (size_t n = 0; n < 16; ++n) {
    EXPECT_EQ(states[n], n == 5 ? "absent EmailAlreadyExists" : "ack") << n;
  }
  EXPECT_EQ(all.requests, 9);  // 16, 8, 8, 4, 4, 2, 2, 1, 1
}

TEST_P(IterableFaultTest, DroppedFieldsAreNeverSilent) {
  standin_.Post("faults", R"({"kind":"drop-fields","fields":["name"]})");
  RowsForTests rows(GetParam());
  AddPeople(rows, 2, R"("name":"Ann",)");
  const Delivered all = Deliver(*standin_.Connect(), rows);
  EXPECT_THAT(States(all.outcomes), Each("ack"));
  EXPECT_THAT(all.warnings, ElementsAre(HasSubstr("dropped the field \"name\"")));
}

TEST_P(IterableFaultTest, ThroughRandomFaultsEverybodyArrivesAsIfThereWereNone) {
  RowsForTests rows(GetParam());
  for (int n = 0; n < 400; ++n) rows.Add(Person(n, fmt::format("\"n\":{},", n)));
  Deliver(*standin_.Connect(), rows);
  const std::string undisturbed = standin_.People();
  for (int seed = 1; seed <= 3; ++seed) {
    SCOPED_TRACE(seed);
    standin_.Post("reset", "{}");
    standin_.Post("random-faults", fmt::format(R"({{"seed":{},"rate":0.4,"hang_ms":20}})", seed));
    connector::RequestLimit small;
    small.rows = 10;
    const Delivered all = Deliver(*standin_.Connect(), rows, 20, small);
    EXPECT_THAT(States(all.outcomes), Each("ack"));
    EXPECT_EQ(standin_.People(), undisturbed);
    EXPECT_GT(all.requests, 45);
    standin_.Post("random-faults", R"({"rate":0})");
  }
}

}  // namespace
}  // namespace sluice::connectors::iterable
