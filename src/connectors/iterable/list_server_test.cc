// Static lists at the stand-in for Iterable: what iterable_server_test.cc is for people.

#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connector/container.h"
#include "connectors/iterable/standin_for_tests.h"

namespace sluice::connectors::iterable {
namespace {

using connector::RowState;
using testing::Each;
using testing::HasSubstr;

class IterableListTest : public testing::TestWithParam<ProjectType> {
 protected:
  IterableListTest() : standin_(GetParam()) { standin_.Reset(); }
  ~IterableListTest() override { EXPECT_EQ(standin_.Complaints(), ""); }

  static ListOptions Vip() {
    ListOptions options;
    options.name = "VIP";
    options.create_users = true;
    return options;
  }
  static std::string Person(int n) {
    return fmt::format(R"({{"email":"P{}@Example.com","userId":"id-{}"}})", n, n);
  }
  bool is(ProjectType project) const { return GetParam() == project; }

  Standin standin_;
};

INSTANTIATE_TEST_SUITE_P(Projects, IterableListTest, testing::ValuesIn(kProjectTypes),
                         NameOfProject);

TEST_P(IterableListTest, TheListIsMadeOnceAndCounted) {
  auto destination = standin_.ConnectList(Vip());
  RowsForTests rows(GetParam());
  for (int n = 0; n < 2500; ++n) rows.Add(Person(n));
  const Delivered delivered = Deliver(*destination, rows);
  EXPECT_THAT(StatesOf(delivered), Each(RowState::kAcknowledged));
  EXPECT_EQ(delivered.requests, 3);
  destination = standin_.ConnectList(Vip());  // another process
  EXPECT_EQ(connector::ContainerOf(*destination)->Id(), "list 1");
  EXPECT_EQ(connector::ContainerOf(*destination)->Size(nullptr).value(), 2500U);
  EXPECT_EQ(standin_.Stat("lists"), "1");

  ListOptions off = Vip();
  off.takes_off = true;
  EXPECT_THAT(StatesOf(Deliver(*standin_.ConnectList(off), rows)), Each(RowState::kAcknowledged));
  EXPECT_EQ(connector::ContainerOf(*destination)->Size(nullptr).value(), 0U);
  EXPECT_EQ(standin_.Stat("users"), "2500") << "they stay in the project";
}

TEST_P(IterableListTest, NobodyIsMadeUnlessItIsAllowed) {
  RowsForTests known(GetParam());
  known.Add(Person(1));
  Deliver(*standin_.Connect(), known);
  ListOptions options = Vip();
  options.create_users = false;
  options.user.prefer_user_id = false;
  RowsForTests rows(GetParam());
  rows.Add(Person(1)).Add(Person(2));
  const Delivered delivered = Deliver(*standin_.ConnectList(options), rows);
  if (is(ProjectType::kEmail)) {  // it is not asked
    EXPECT_THAT(StatesOf(delivered), Each(RowState::kAcknowledged));
    EXPECT_EQ(standin_.Stat("users"), "2");
    return;
  }
  EXPECT_EQ(delivered.outcomes[0].state, RowState::kAcknowledged);
  EXPECT_EQ(delivered.outcomes[1].state, RowState::kAbsent) << "a sync of users may bring him";
  EXPECT_EQ(delivered.outcomes[1].code, "UnknownUserIdError");
  EXPECT_EQ(standin_.Stat("users"), "1");
}

TEST_P(IterableListTest, WhoIsUnknownOrForgottenIsOffTheList) {
  standin_.Post("forgotten", R"({"emails":["p1@example.com"],"userIds":["id-1"]})");
  ListOptions off = Vip();
  off.takes_off = true;
  RowsForTests rows(GetParam());
  rows.Add(Person(1)).Add(Person(2));
  EXPECT_THAT(StatesOf(Deliver(*standin_.ConnectList(off), rows)), Each(RowState::kAcknowledged));
  const Delivered on = Deliver(*standin_.ConnectList(Vip()), rows);
  EXPECT_EQ(on.outcomes[0].code, "ForgottenUserError");
  EXPECT_EQ(on.outcomes[0].state, RowState::kRejected);
  EXPECT_EQ(on.outcomes[1].state, RowState::kAcknowledged);
}

TEST_P(IterableListTest, AListThatIsDeletedMeanwhileStops) {
  const auto destination = standin_.ConnectList(Vip());
  standin_.Post("reset", R"({"what":["users"]})");
  RowsForTests rows(GetParam());
  rows.Add(Person(1)).Add(Person(2));
  const Delivered delivered = Deliver(*destination, rows);
  EXPECT_EQ(delivered.stop.code(), Code::kConfig);
  EXPECT_THAT(delivered.stop.message(), HasSubstr("the list is not there any more"));
  EXPECT_EQ(delivered.requests, 1);
}

TEST_P(IterableListTest, ThroughRandomFaultsEverybodyIsOnTheListAsIfThereWereNone) {
  RowsForTests rows(GetParam());
  for (int n = 0; n < 200; ++n) rows.Add(Person(n));
  Deliver(*standin_.ConnectList(Vip()), rows);
  const std::string undisturbed = standin_.People();
  for (int seed = 1; seed <= 2; ++seed) {
    SCOPED_TRACE(seed);
    standin_.Post("reset", "{}");
    const auto destination = standin_.ConnectList(Vip());
    standin_.Post("random-faults",
                  fmt::format(R"({{"seed":{},"rate":0.4,"hang_ms":20,"endpoints":["*"]}})", seed));
    connector::RequestLimit small;
    small.rows = 10;
    const Delivered all = Deliver(*destination, rows, 20, small);
    EXPECT_THAT(StatesOf(all), Each(RowState::kAcknowledged));
    EXPECT_EQ(standin_.People(), undisturbed);
    EXPECT_GT(all.requests, 22);
    standin_.Post("random-faults", R"({"rate":0})");
  }
}

}  // namespace
}  // namespace sluice::connectors::iterable
