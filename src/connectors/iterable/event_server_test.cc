// Events, purchases and carts at the stand-in for Iterable.

#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json_text.h"
#include "connectors/iterable/event_destination.h"
#include "connectors/iterable/standin_for_tests.h"

namespace sluice::connectors::iterable {
namespace {

using connector::RowState;
using testing::Each;
using testing::HasSubstr;
using testing::Not;

class IterableEventTest : public testing::TestWithParam<ProjectType> {
 protected:
  IterableEventTest() : standin_(GetParam()) {
    standin_.Reset();
    standin_.Post("settings", R"({"disallowed_events":""})");
    RowsForTests people(GetParam());
    for (int n = 0; n < 30; ++n) people.Add(Person(n, ""));
    Deliver(*standin_.Connect(), people);
  }
  ~IterableEventTest() override { EXPECT_EQ(standin_.Complaints(), ""); }

  static std::string Person(int n, const std::string& more) {
    return fmt::format(R"({{"email":"P{}@Example.com",{}"userId":"id-{}"}})", n, more, n);
  }
  static std::string Event(int person, int at) {
    return fmt::format(
        R"({{"createdAt":{},"email":"P{}@Example.com","eventName":"visit","n":{},"userId":"id-{}"}})",
        1'700'000'000 + at, person, at, person);
  }
  std::unique_ptr<connector::Destination> Connect(ActivityKind kind) const {
    return MakeEventDestination(kind, standin_.Settings(), {}, "visits", env::MakeCurlTransport(),
                                env::SystemClock());
  }
  // Rows whose identities are those of `destination`.
  static void Add(connector::Destination& destination, EventRows& rows,
                  const std::string& payload) {
    const std::string key = std::to_string(rows.size());
    const auto identity = destination.IdentityOf(key, payload);
    ASSERT_TRUE(identity.ok()) << identity.status().ToString();
    rows.Add(key, *identity, payload);
  }

  Standin standin_;
};

INSTANTIATE_TEST_SUITE_P(Projects, IterableEventTest, testing::ValuesIn(kProjectTypes),
                         NameOfProject);

TEST_P(IterableEventTest, SentTwiceTheyAreThereOnceAndInOrder) {
  const auto destination = Connect(ActivityKind::kEvent);
  EventRows rows;
  for (int n = 0; n < 90; ++n) Add(*destination, rows, Event(n % 30, n));
  for (int time = 0; time < 2; ++time) {
    const Delivered delivered = Deliver(*destination, rows.operations());
    EXPECT_THAT(StatesOf(delivered), Each(RowState::kAcknowledged));
    EXPECT_EQ(delivered.requests, 3) << "of one person one in a request";
  }
  const std::string events = standin_.Get("events");
  const auto items = JsonItems(events);
  ASSERT_EQ(items.size(), 90U);
  for (size_t n = 0; n < items.size(); ++n) {
    EXPECT_EQ(JsonMemberValue(items[n], "createdAt"), std::to_string(1'700'000'000 + n));
  }
}

TEST_P(IterableEventTest, ThroughRandomFaultsEachIsThereOnce) {
  standin_.Post("random-faults",
                R"({"seed":3,"rate":0.4,"hang_ms":20,"endpoints":["events/trackBulk"]})");
  const auto destination = Connect(ActivityKind::kEvent);
  EventRows rows;
  for (int n = 0; n < 200; ++n) Add(*destination, rows, Event(n % 30, n));
  connector::RequestLimit small;
  small.rows = 10;
  const Delivered delivered = Deliver(*destination, rows.operations(), 20, small);
  EXPECT_THAT(StatesOf(delivered), Each(RowState::kAcknowledged));
  standin_.Post("random-faults", R"({"rate":0})");
  EXPECT_EQ(standin_.Stat("events"), "200");
}

TEST_P(IterableEventTest, WhatIsRefusedIsNamed) {
  standin_.Post("settings", R"({"disallowed_events":"visit"})");
  const auto destination = Connect(ActivityKind::kEvent);
  EventRows rows;
  Add(*destination, rows, Event(1, 1));
  Add(*destination, rows, R"({"email":"no@example.com","eventName":"other","userId":"nobody"})");
  Add(*destination, rows, R"({"email":"P2@Example.com","eventName":"other","userId":"id-2"})");
  const Delivered delivered = Deliver(*destination, rows.operations());
  EXPECT_EQ(delivered.outcomes[0].code, "DisallowedEventName");
  EXPECT_EQ(delivered.outcomes[1].state, RowState::kAbsent);
  EXPECT_EQ(delivered.outcomes[2].state, RowState::kAcknowledged);
  EXPECT_EQ(standin_.Stat("users"), "30");
}

TEST_P(IterableEventTest, PurchasesAndCarts) {
  const std::string items = R"("items":[{"id":"7","name":"Oil","price":9.5,"quantity":2}],)";
  standin_.Post("clock", R"({"offset_seconds":61})");  // the bulk call that brought people is over
  const auto carts = Connect(ActivityKind::kCart);
  EventRows cart;
  Add(*carts, cart, Person(1, items));
  Add(*carts, cart, Person(40, items));
  EXPECT_THAT(StatesOf(Deliver(*carts, cart.operations())), Each(RowState::kAcknowledged));
  EXPECT_THAT(standin_.People(), HasSubstr("shoppingCartItems"));
  EXPECT_EQ(standin_.Stat("users"), "31") << "one was made";

  const auto purchases = Connect(ActivityKind::kPurchase);
  EventRows bought;
  for (const int n : {1, 40}) {
    Add(*purchases, bought,
        fmt::format(R"({{"createdAt":1700000000,"email":"P{}@Example.com",{}"store":"Ulm",)"
                    R"("total":19.0,"userId":"id-{}"}})",
                    n, items, n));
  }
  for (int time = 0; time < 2; ++time) {
    EXPECT_THAT(StatesOf(Deliver(*purchases, bought.operations())), Each(RowState::kAcknowledged));
  }
  EXPECT_EQ(standin_.Stat("events"), "2");
  EXPECT_THAT(standin_.People(), Not(HasSubstr("shoppingCartItems"))) << "a purchase clears it";
  EXPECT_THAT(standin_.Get("events"), HasSubstr(R"("dataFields":{"store":"Ulm"})"));
}

}  // namespace
}  // namespace sluice::connectors::iterable
