#include "connectors/iterable/event_destination.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connector/ordered.h"
#include "connectors/iterable/scripted_transport_for_tests.h"
#include "connectors/iterable/sync_destination.h"

namespace sluice::connectors::iterable {
namespace {

using connector::Operation;
using connector::OperationKind;
using connector::RowState;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class EventDestinationTest : public testing::Test {
 protected:
  void Make(const std::string& object, ProjectType project = ProjectType::kUserId,
            bool create_users = true) {
    IterableSettings settings = SettingsForTests(project);
    settings.create_users = create_users;
    config::Sync sync;
    sync.name = "visits";
    sync.to = "crm";
    sync.object = object;
    auto made =
        MakeSyncDestination(settings, sync, std::make_unique<ScriptedTransport>(script_), clock_);
    status_ = made.status();
    if (made.ok()) destination_ = std::move(made).value();
  }
  Operation Row(const std::string& key, const std::string& payload,
                OperationKind kind = OperationKind::kUpsert) {
    const auto identity = destination_->IdentityOf(key, payload);
    EXPECT_TRUE(identity.ok()) << identity.status().ToString();
    texts_.push_back(std::make_unique<std::vector<std::string>>(
        std::vector<std::string>{key, identity.ok() ? *identity : "", payload}));
    const auto& texts = *texts_.back();
    return {kind, texts[0], texts[1], texts[2]};
  }
  std::string Why(const std::string& payload) {
    const auto identity = destination_->IdentityOf("k", payload);
    return identity.ok() ? "fine" : identity.status().message();
  }
  std::string CheckFields(const std::vector<std::string>& fields) {
    return destination_->CheckFields(fields).ToString();
  }

  Script script_;
  env::FakeClock clock_;
  Status status_;
  std::unique_ptr<connector::Destination> destination_;
  std::vector<std::unique_ptr<std::vector<std::string>>> texts_;
};

TEST_F(EventDestinationTest, EventsOfDifferentPeopleGoTogether) {
  Make("events");
  ASSERT_TRUE(status_.ok()) << status_.ToString();
  const std::vector<Operation> rows = {
      Row("1", R"({"center":"Ulm","createdAt":"2026-11-21 14:03:07 +00:00","email":"a@x.org",)"
               R"("eventName":"visit","gone":null,"id":"v-1","templateId":9,"userId":7})"),
      Row("2", R"({"eventName":"visit","id":2,"userId":"8"})"),
      Row("3", R"({"eventName":"visit","id":"v-3","userId":"7"})")};
  const auto request = destination_->Prepare(rows, {}).value();
  EXPECT_EQ(request.rows, 2U) << "the third is of somebody who is in it already";
  EXPECT_EQ(request.target, "/api/events/trackBulk");
  EXPECT_EQ(request.body,
            R"({"events":[{"userId":"7","eventName":"visit","id":"v-1","createdAt":1795269787,)"
            R"("templateId":9,"dataFields":{"center":"Ulm"}},)"
            R"({"userId":"8","eventName":"visit","id":"2"}]})");
  EXPECT_EQ(connector::OrderedOf(*destination_)->order_field(), "createdAt");
}

TEST_F(EventDestinationTest, AnIdIsMadeFromTheRowAlone) {
  Make("events");
  const std::string payload = R"({"eventName":"visit","n":1,"userId":"7"})";
  const std::string id = destination_->IdentityOf("4711", payload).value();
  EXPECT_THAT(id, StartsWith("sluice-"));
  EXPECT_EQ(id.size(), 39U);
  EXPECT_EQ(destination_->IdentityOf("4711", R"({"eventName":"x","userId":"8"})").value(), id);
  EXPECT_NE(destination_->IdentityOf("4712", payload).value(), id);
  Make("events");
  EXPECT_EQ(destination_->IdentityOf("4711", payload).value(), id) << "another process";
}

TEST_F(EventDestinationTest, WhatCannotBeSentIsLeftOut) {
  Make("events");
  EXPECT_EQ(Why(R"({"eventName":"visit","userId":"7"})"), "fine");
  EXPECT_EQ(Why(R"({"createdAt":1795269787,"eventName":"visit","userId":"7"})"), "fine");
  EXPECT_THAT(Why(R"({"eventName":"visit","userId":null})"), HasSubstr("no userId"));
  EXPECT_THAT(Why(R"({"eventName":"","userId":"7"})"), HasSubstr("eventName"));
  EXPECT_THAT(Why(R"({"createdAt":"soon","eventName":"v","userId":"7"})"), HasSubstr("createdAt"));
  EXPECT_THAT(Why(R"({"createdAt":1.5,"eventName":"v","userId":"7"})"), HasSubstr("createdAt"));
  EXPECT_THAT(
      Why("{\"eventName\":\"v\",\"id\":\"" + std::string(513, 'x') + "\",\"userId\":\"7\"}"),
      HasSubstr("512"));
  EXPECT_THAT(CheckFields({"userId", "eventname"}), HasSubstr("did you mean"));
  EXPECT_THAT(CheckFields({"eventName"}), HasSubstr("\"userId\""));
}

TEST_F(EventDestinationTest, Seconds) {
  EXPECT_EQ(UnixSeconds("\"1970-01-01 00:00:00 +00:00\""), 0);
  EXPECT_EQ(UnixSeconds("\"2000-02-29 12:00:01 +00:00\""), 951'825'601);
  EXPECT_EQ(UnixSeconds("\"1969-12-31 23:59:59 +00:00\""), -1);
  EXPECT_EQ(UnixSeconds("1795269787"), 1'795'269'787);
  EXPECT_EQ(UnixSeconds("\"2026-11-21\""), std::nullopt);
  EXPECT_EQ(UnixSeconds("true"), std::nullopt);
}

TEST_F(EventDestinationTest, FailuresOfSingleEventsAreRead) {
  Make("events");
  const std::vector<Operation> rows = {Row("1", R"({"eventName":"visit","userId":"1"})"),
                                       Row("2", R"({"eventName":"visit","userId":"2"})"),
                                       Row("3", R"({"eventName":"secret","userId":"3"})"),
                                       Row("4", R"({"eventName":"visit","userId":"4"})")};
  const auto request = destination_->Prepare(rows, {}).value();
  const auto states = [&](const std::string& answer) {
    script_.Answer(200, answer);
    std::vector<std::string> out;
    for (const auto& outcome : destination_->Send(request, rows, nullptr).outcomes) {
      out.push_back(outcome.state == RowState::kAcknowledged ? "ack"
                    : outcome.state == RowState::kRejected   ? "rejected " + outcome.code
                    : outcome.state == RowState::kAbsent     ? "absent " + outcome.code
                                                             : "unknown " + outcome.code);
    }
    return out;
  };
  const std::string failed =
      R"("disallowedEventNames":["secret"],"failedUpdates":{"forgottenUserIds":["1"],)"
      R"("notFoundUserIds":["2"]}})";
  const auto expected = ElementsAre("rejected ForgottenUserError", "absent UnknownUserIdError",
                                    "rejected DisallowedEventName", "ack");
  EXPECT_THAT(states(R"({"successCount":1,"failCount":3,)" + failed), expected);
  EXPECT_THAT(states(R"({"successCount":2,"failCount":2,)" + failed), expected)
      << "whether or not what is not tracked counts as failed";
}

TEST_F(EventDestinationTest, APurchaseIsARequestOfItsOwn) {
  Make("purchases", ProjectType::kEmail);
  const std::vector<Operation> rows = {
      Row("1", R"({"createdAt":"2026-11-21 14:03:07 +00:00","email":"a@x.org","id":"p1",)"
               R"("items":[{"id":"7","name":"Massage","price":80.5,"quantity":1}],)"
               R"("store":"Ulm","total":80.50,"userId":"7"})"),
      Row("2", R"({"email":null,"id":"p2","items":[],"total":0,"userId":"8"})")};
  const auto request = destination_->Prepare(rows, {}).value();
  EXPECT_EQ(request.rows, 1U);
  EXPECT_EQ(request.target, "/api/commerce/trackPurchase");
  EXPECT_EQ(request.body,
            R"({"user":{"email":"a@x.org"},"items":[{"id":"7","name":"Massage","price":80.5,)"
            R"("quantity":1}],"total":80.50,"id":"p1","createdAt":1795269787,)"
            R"("dataFields":{"store":"Ulm"}})");
  EXPECT_THAT(destination_->Prepare(std::span(rows).subspan(1), {}).value().body,
              HasSubstr(R"({"user":{"userId":"8","preferUserId":true},"items":[],"total":0)"));

  const auto send = [&](int status, const std::string& body) {
    script_.Answer(status, body);
    return destination_->Send(request, rows, nullptr).outcomes.at(0);
  };
  EXPECT_EQ(send(200, R"({"code":"Success","msg":"","params":null})").state,
            RowState::kAcknowledged);
  EXPECT_EQ(send(200, "<html>").state, RowState::kUnknown);
  const auto forgotten = send(409, R"({"code":"ForgottenUserError","msg":"a@x.org is forgotten"})");
  EXPECT_EQ(forgotten.state, RowState::kRejected);
  EXPECT_EQ(forgotten.code, "ForgottenUserError");
  EXPECT_THAT(forgotten.message, Not(HasSubstr("a@x.org")));
  EXPECT_EQ(send(500, "").state, RowState::kUnknown);

  EXPECT_THAT(Why(R"({"email":"a@x.org","items":"no","total":1})"), HasSubstr("items"));
  EXPECT_THAT(Why(R"({"email":"a@x.org","items":[],"total":"1"})"), HasSubstr("total"));
  EXPECT_THAT(CheckFields({"email", "items"}), HasSubstr("\"total\""));
}

TEST_F(EventDestinationTest, ACartIsItsPersonAndIsEmptied) {
  Make("carts", ProjectType::kUserId);
  const std::vector<Operation> rows = {
      Row("1", R"({"items":[{"id":"7","name":"Oil","price":9,"quantity":2}],"userId":"7"})"),
      Row("2", R"({"userId":"8"})", OperationKind::kRemove),
      Row("3", R"({"items":null,"userId":"9"})")};
  EXPECT_EQ(rows[0].identity, "7");
  EXPECT_TRUE(destination_->capabilities().removes);
  EXPECT_EQ(destination_->Prepare(rows, {}).value().body,
            R"({"user":{"userId":"7"},"items":[{"id":"7","name":"Oil","price":9,"quantity":2}]})");
  const std::span<const Operation> all(rows);
  EXPECT_EQ(destination_->Prepare(all.subspan(1), {}).value().body,
            R"({"user":{"userId":"8"},"items":[]})");
  EXPECT_EQ(destination_->Prepare(all.subspan(2), {}).value().body,
            R"({"user":{"userId":"9"},"items":[]})");
  EXPECT_THAT(CheckFields({"userId", "items", "city"}), HasSubstr("a cart has no field \"city\""));
}

TEST_F(EventDestinationTest, WhoMakesPeopleHasToBeAllowedTo) {
  Make("events", ProjectType::kEmail, false);
  EXPECT_TRUE(status_.ok()) << "events make nobody";
  for (const char* object : {"purchases", "carts"}) {
    Make(object, ProjectType::kUserId, false);
    EXPECT_EQ(status_.code(), Code::kConfig);
    EXPECT_THAT(status_.ToString(), HasSubstr("create_users: true at the connection crm"));
  }
}

}  // namespace
}  // namespace sluice::connectors::iterable
