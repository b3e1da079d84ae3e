// Deletions, forgetting, and changes of e-mail addresses at the stand-in for Iterable.

#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connector/suppressing.h"
#include "connectors/iterable/email_change_destination.h"
#include "connectors/iterable/erasure_destination.h"
#include "connectors/iterable/standin_for_tests.h"

namespace sluice::connectors::iterable {
namespace {

using connector::Erasure;
using connector::RowState;
using testing::Each;

class PeopleWhoGoServerTest : public testing::TestWithParam<ProjectType> {
 protected:
  PeopleWhoGoServerTest() : standin_(GetParam()) { standin_.Reset(); }
  ~PeopleWhoGoServerTest() override { EXPECT_EQ(standin_.Complaints(), ""); }

  static std::string Person(int n) {
    return fmt::format(R"({{"email":"P{}@Example.com","userId":"id-{}"}})", n, n);
  }
  std::unique_ptr<connector::Destination> Connect(Erasure erasure, bool allow_shared = false) {
    return MakeErasureDestination(standin_.Settings(), {erasure, allow_shared},
                                  env::MakeCurlTransport(), env::SystemClock());
  }
  // By a bulk call; single calls before and behind it have settled.
  void BringPeople(int count) {
    LetSettle();
    RowsForTests rows(GetParam());
    for (int n = 0; n < count; ++n) rows.Add(Person(n));
    Deliver(*standin_.Connect(), rows);
    LetSettle();
  }
  void LetSettle() {
    offset_ += 61;
    standin_.Post("clock", fmt::format(R"({{"offset_seconds":{}}})", offset_));
  }
  // Those who are to be forgotten, as the kind of project names them.
  Delivered Erase(Erasure erasure, int first, int count) {
    RowsForTests rows(GetParam());
    for (int n = first; n < first + count; ++n) rows.Add(Person(n));
    return Deliver(*Connect(erasure), rows, 6);
  }
  bool is(ProjectType project) const { return GetParam() == project; }

  Standin standin_;
  int offset_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Projects, PeopleWhoGoServerTest, testing::ValuesIn(kProjectTypes),
                         NameOfProject);

TEST_P(PeopleWhoGoServerTest, WhoIsDeletedIsGoneAndMayComeBack) {
  BringPeople(3);
  EXPECT_THAT(StatesOf(Erase(Erasure::kDelete, 1, 2)), Each(RowState::kAcknowledged));
  EXPECT_EQ(standin_.Stat("users"), "1");
  EXPECT_THAT(StatesOf(Erase(Erasure::kDelete, 1, 2)), Each(RowState::kAcknowledged))
      << "whoever is gone is gone";
  BringPeople(3);
  EXPECT_EQ(standin_.Stat("users"), "3");
}

TEST_P(PeopleWhoGoServerTest, WhoIsForgottenIsKnownByAHashUntilUnforgotten) {
  BringPeople(2);
  EXPECT_THAT(StatesOf(Erase(Erasure::kForget, 0, 1)), Each(RowState::kAcknowledged));
  EXPECT_EQ(standin_.Stat("users"), "1");
  const auto users = standin_.Connect();
  connector::Suppressing& suppressing = *connector::SuppressingOf(*users);
  const auto is_forgotten = [&](int n) {
    const auto forgotten = suppressing.Forgotten(nullptr);
    EXPECT_TRUE(forgotten.ok()) << forgotten.status().ToString();
    for (const std::string& hash : suppressing.HashesOf(Person(n))) {
      if (forgotten->count(hash) > 0) return true;
    }
    return false;
  };
  EXPECT_TRUE(is_forgotten(0));
  EXPECT_FALSE(is_forgotten(1));
  EXPECT_THAT(StatesOf(Erase(Erasure::kUnforget, 0, 1)), Each(RowState::kAcknowledged));
  EXPECT_FALSE(is_forgotten(0));
  BringPeople(2);
  EXPECT_EQ(standin_.Stat("users"), "2");
}

TEST_P(PeopleWhoGoServerTest, ThroughFaultsEverybodyWhoIsToGoIsGone) {
  BringPeople(30);
  standin_.Post("random-faults", R"({"seed":3,"rate":0.4,"hang_ms":20,"endpoints":["*"]})");
  RowsForTests rows(GetParam());
  for (int n = 0; n < 20; ++n) rows.Add(Person(n));
  EXPECT_THAT(StatesOf(Deliver(*Connect(Erasure::kDelete), rows, 20)),
              Each(RowState::kAcknowledged));
  standin_.Post("random-faults", R"({"rate":0})");
  EXPECT_EQ(standin_.Stat("users"), "10");
}

TEST_P(PeopleWhoGoServerTest, AnAddressIsChangedOnceHoweverOftenItIsAsked) {
  BringPeople(2);
  EventRows rows;
  const std::string current =
      is(ProjectType::kUserId) ? R"("currentUserId":"id-0")" : R"("currentEmail":"p0@example.com")";
  rows.Add("1", "p0", "{" + current + R"(,"newEmail":"new@example.com"})");
  const auto changes =
      MakeEmailChangeDestination(standin_.Settings(), env::MakeCurlTransport(), env::SystemClock());
  standin_.Post("faults", R"({"kind":"error-after-commit"})");
  EXPECT_THAT(StatesOf(Deliver(*changes, rows.operations(), 3)), Each(RowState::kAcknowledged));
  EXPECT_THAT(StatesOf(Deliver(*changes, rows.operations())), Each(RowState::kAcknowledged));
  EXPECT_EQ(standin_.Stat("users"), "2");
  EXPECT_NE(standin_.People().find("\"new@example.com\""), std::string::npos);
  EXPECT_EQ(standin_.People().find("\"p0@example.com\""), std::string::npos);
}

TEST_P(PeopleWhoGoServerTest, AnAddressOfSomebodyElseIsRefused) {
  if (is(ProjectType::kUserId)) return;  // there an address is a field, which several may have
  BringPeople(2);
  EventRows rows;
  rows.Add("1", "p0", R"({"currentEmail":"p0@example.com","newEmail":"p1@example.com"})");
  const auto changes =
      MakeEmailChangeDestination(standin_.Settings(), env::MakeCurlTransport(), env::SystemClock());
  const Delivered delivered = Deliver(*changes, rows.operations());
  EXPECT_EQ(delivered.outcomes[0].state, RowState::kAbsent);
  EXPECT_EQ(delivered.outcomes[0].code, "EmailAlreadyExists");
}

}  // namespace
}  // namespace sluice::connectors::iterable
