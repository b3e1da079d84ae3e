#include "connectors/iterable/list_destination.h"

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connector/container.h"
#include "connector/lookup.h"
#include "connectors/iterable/lists.h"
#include "connectors/iterable/rows_for_tests.h"
#include "connectors/iterable/scripted_transport_for_tests.h"
#include "connectors/iterable/sync_destination.h"

namespace sluice::connectors::iterable {
namespace {

using connector::OperationKind;
using connector::RowState;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::string Lists(const std::string& items) {
  return "{\"lists\":[" + items + "]}";
}
std::string List(int id, const std::string& name, const std::string& type = "Standard") {
  return "{\"id\":" + std::to_string(id) + ",\"name\":\"" + name + "\",\"listType\":\"" + type +
         "\",\"createdAt\":1}";
}

class ListDestinationTest : public testing::Test {
 protected:
  void Make(ProjectType project, const config::Sync& sync, bool create_users = false) {
    IterableSettings settings = SettingsForTests(project);
    settings.create_users = create_users;
    auto made =
        MakeSyncDestination(settings, sync, std::make_unique<ScriptedTransport>(script_), clock_);
    status_ = made.status();
    if (made.ok()) destination_ = std::move(made).value();
  }
  config::Sync Sync(const std::string& object, const std::string& mode) {
    config::Sync sync;
    sync.name = "vips";
    sync.to = "crm";
    sync.object = object;
    sync.mode = mode;
    return sync;
  }
  // With a list 17 that was found.
  void MakeFound(ProjectType project, const std::string& mode, bool create_users = false) {
    Make(project, Sync("list:VIP", mode), create_users);
    ASSERT_TRUE(status_.ok()) << status_.ToString();
    script_.Answer(200, Lists(List(3, "Other") + "," + List(17, "VIP")));
    const auto there = container().Find(nullptr);
    ASSERT_TRUE(there.ok()) << there.status().ToString();
    EXPECT_TRUE(there.value());
    script_.asked.clear();
  }
  connector::Container& container() { return *connector::ContainerOf(*destination_); }

  Script script_;
  env::FakeClock clock_;
  Status status_;
  std::unique_ptr<connector::Destination> destination_;
};

TEST_F(ListDestinationTest, WhoIsPutOnAListAndWhoIsTakenOff) {
  MakeFound(ProjectType::kUserId, "mirror");
  EXPECT_EQ(container().Id(), "list 17");
  RowsForTests rows(ProjectType::kUserId);
  rows.Add(R"({"email":"a@x.org","userId":7})").Add(R"({"city":"Ulm","userId":"8"})");
  const auto subscribe = destination_->Prepare(rows.operations(), {}).value();
  EXPECT_EQ(subscribe.target, "/api/lists/subscribe");
  EXPECT_EQ(subscribe.body, R"({"listId":17,"updateExistingUsersOnly":true,"subscribers":[)"
                            R"({"userId":"7","dataFields":{"email":"a@x.org"}},)"
                            R"({"userId":"8","dataFields":{"city":"Ulm"}}]})");

  std::vector<connector::Operation> mixed(rows.operations().begin(), rows.operations().end());
  mixed[0].kind = mixed[1].kind = OperationKind::kRemove;
  mixed.push_back(mixed[0]);
  mixed[2].kind = OperationKind::kUpsert;
  mixed[2].identity = "9";
  const auto unsubscribe = destination_->Prepare(mixed, {}).value();
  EXPECT_EQ(unsubscribe.rows, 2U) << "one kind in one request";
  EXPECT_EQ(unsubscribe.target, "/api/lists/unsubscribe");
  EXPECT_EQ(unsubscribe.body, R"({"listId":17,"subscribers":[{"userId":"7"},{"userId":"8"}]})");
  EXPECT_THAT(unsubscribe.body, Not(HasSubstr("channelUnsubscribe")));
  script_.Answer(200,
                 R"({"successCount":1,"failCount":1,"failedUpdates":{"notFoundUserIds":["8"]}})");
  const auto result = destination_->Send(unsubscribe, mixed, nullptr);
  ASSERT_EQ(result.outcomes.size(), 2U);
  EXPECT_EQ(result.outcomes[1].state, RowState::kAcknowledged) << "there is nothing to take off";
}

TEST_F(ListDestinationTest, WhoMayBeMade) {
  MakeFound(ProjectType::kHybrid, "add", true);
  RowsForTests rows(ProjectType::kHybrid);
  rows.Add(R"({"userId":"8"})");
  EXPECT_EQ(destination_->Prepare(rows.operations(), {}).value().body,
            R"({"listId":17,"subscribers":[{"userId":"8"}]})");

  Make(ProjectType::kEmail, Sync("list:VIP", "mirror"));
  EXPECT_EQ(status_.code(), Code::kConfig);
  EXPECT_THAT(status_.ToString(), HasSubstr("write create_users: true at the connection crm"));
  Make(ProjectType::kEmail, Sync("list:VIP", "remove"));
  EXPECT_TRUE(status_.ok()) << "nobody is made by taking people off a list";

  MakeFound(ProjectType::kEmail, "add", true);
  RowsForTests by_email(ProjectType::kEmail);
  by_email.Add(R"({"email":"a@x.org"})").Add(R"({"email":null,"userId":"8"})");
  EXPECT_EQ(destination_->Prepare(by_email.operations(), {}).value().body,
            R"({"listId":17,"subscribers":[{"email":"a@x.org"},)"
            R"({"userId":"8","preferUserId":true}]})");
}

TEST_F(ListDestinationTest, InModeRemoveTheRowsThemselvesAreTakenOff) {
  MakeFound(ProjectType::kEmail, "remove");
  RowsForTests rows(ProjectType::kEmail);
  rows.Add(R"({"email":"A@x.org","userId":"1"})");
  const auto request = destination_->Prepare(rows.operations(), {}).value();
  EXPECT_EQ(request.target, "/api/lists/unsubscribe");
  EXPECT_EQ(request.body, R"({"listId":17,"subscribers":[{"email":"A@x.org"}]})");
}

TEST_F(ListDestinationTest, FieldsBelongToMirrorsOnly) {
  const std::vector<std::string> fields = {"userId", "city"};
  MakeFound(ProjectType::kUserId, "mirror");
  EXPECT_TRUE(destination_->CheckFields(fields).ok());
  for (const char* mode : {"add", "remove"}) {
    MakeFound(ProjectType::kUserId, mode);
    EXPECT_THAT(destination_->CheckFields(fields).message(), HasSubstr("\"city\""));
    EXPECT_TRUE(destination_->CheckFields(std::vector<std::string>{"userId"}).ok());
  }
}

TEST_F(ListDestinationTest, AListIsMadeWhenItIsMissing) {
  Make(ProjectType::kUserId, Sync("list: VIP \"gold\" ", "add"));
  EXPECT_EQ(container().Name(), "the list \"VIP \"gold\"\"");
  script_.Answer(200, Lists(List(3, "VIP")));
  EXPECT_EQ(container().Find(nullptr).value(), false);
  EXPECT_EQ(container().Id(), "");
  script_.Answer(200, R"({"listId":18})");
  script_.Answer(200, Lists(List(3, "VIP") + "," + List(18, "VIP \\\"gold\\\"")));
  const Status made = container().Make(nullptr);
  EXPECT_TRUE(made.ok()) << made.ToString();
  EXPECT_EQ(container().Id(), "list 18");
  EXPECT_THAT(script_.asked,
              ElementsAre("GET /api/lists", R"(POST /api/lists {"name":"VIP \"gold\""})",
                          "GET /api/lists"));
}

TEST_F(ListDestinationTest, AnotherOneThatWasMadeAtTheSameTimeIsNoticed) {
  Make(ProjectType::kUserId, Sync("list:VIP", "add"));
  script_.Answer(200, R"({"listId":18})");
  script_.Answer(200, Lists(List(18, "VIP") + "," + List(19, "VIP")));
  const Status made = container().Make(nullptr);
  EXPECT_EQ(made.code(), Code::kConfig);
  EXPECT_THAT(made.ToString(), HasSubstr("2 lists are called \"VIP\": 18, 19"));
}

TEST_F(ListDestinationTest, ListsThatCannotBeMeant) {
  const auto by_name = [&](const std::string& items) {
    const auto found = FindListByName(ReadLists(Lists(items)).value(), "VIP");
    return found.ok() ? "found" : found.status().ToString();
  };
  EXPECT_THAT(by_name(List(1, "VIP") + "," + List(2, "VIP")), HasSubstr("Write list_id: 1"));
  EXPECT_THAT(by_name(List(1, "VIP", "Dynamic")), HasSubstr("list 1 is a Dynamic list"));
  EXPECT_EQ(by_name(List(1, "VIP")), "found");

  Make(ProjectType::kUserId, Sync("list_id:17", "add"));
  script_.Answer(200, Lists(List(16, "VIP")));
  EXPECT_THAT(container().Find(nullptr).status().ToString(), HasSubstr("there is no list 17"));
  for (const char* object : {"list_id:x", "list_id:0", "list: ", "lists"}) {
    Make(ProjectType::kUserId, Sync(object, "add"));
    EXPECT_EQ(status_.code(), Code::kConfig) << object;
    EXPECT_THAT(status_.ToString(), HasSubstr("syncs.vips.object")) << object;
  }
}

TEST_F(ListDestinationTest, AnswersThatSayNothing) {
  for (const char* body : {"<html>", "{}", "[]", R"({"lists":[1]})", R"({"lists":[{"id":"x"}]})"}) {
    EXPECT_EQ(ReadLists(body).status().code(), Code::kConfig) << body;
  }
  Make(ProjectType::kUserId, Sync("list:VIP", "add"));
  script_.Answer(200, "<html>");
  EXPECT_EQ(container().Make(nullptr).code(), Code::kRetry) << "it may have been made";
  script_.Answer(401, R"({"code":"BadApiKey","msg":"Invalid API key"})");
  EXPECT_EQ(container().Find(nullptr).status().code(), Code::kAuth);
}

TEST_F(ListDestinationTest, HowManyAreOnIt) {
  MakeFound(ProjectType::kUserId, "add");
  script_.Answer(200, "1204");
  EXPECT_EQ(container().Size(nullptr).value(), 1204U);
  script_.Answer(200, "\"12\"\n");
  EXPECT_EQ(container().Size(nullptr).value(), 12U);
  script_.Answer(200, "many");
  EXPECT_EQ(container().Size(nullptr).status().code(), Code::kRetry);
  EXPECT_EQ(script_.asked[0], "GET /api/lists/17/size");
}

class ListLookupTest : public ListDestinationTest {
 protected:
  // Which of the people are as they were delivered; "" an error.
  std::string Look(const std::vector<std::string>& payloads) {
    std::vector<connector::Operation> rows;
    for (const std::string& payload : payloads) {
      rows.push_back({OperationKind::kUpsert, "k", "i", payload});
    }
    connector::Lookup& lookup = *connector::LookupOf(*destination_);
    const auto found = lookup.LookFor(rows, true, nullptr);
    error_ = found.status();
    std::string out;
    if (!found.ok()) return out;
    for (const auto& one : found.value()) {
      out += !one.there ? '-' : one.differing.empty() ? '+' : '!';
    }
    return out;
  }
  Status error_;
};

TEST_F(ListLookupTest, OneQuestionTellsWhoIsOnTheList) {
  MakeFound(ProjectType::kEmail, "mirror", true);
  script_.Answer(200, "ann@x.de\nb@x.de\r\nlast@x.de");
  EXPECT_EQ(Look({R"({"email":"Ann@x.de"})", R"({"email":"c@x.de"})", R"({"email":"b@x.de"})",
                  R"({"email":"last@x.de","userId":"7"})", R"({"userId":"7"})"}),
            "+-++-");
  EXPECT_THAT(script_.asked, ElementsAre("GET /api/lists/getUsers?listId=17"));
}

TEST_F(ListLookupTest, OfAHybridProjectEitherIdentifierIsGiven) {
  MakeFound(ProjectType::kHybrid, "mirror");
  script_.Answer(200, "7\nann@x.de\n");
  EXPECT_EQ(Look({R"({"email":"z@x.de","userId":7})", R"({"email":"ann@x.de"})",
                  R"({"email":"n@x.de","userId":"8"})"}),
            "++-");
  EXPECT_THAT(script_.asked, ElementsAre("GET /api/lists/getUsers?listId=17&preferUserId=true"));
}

TEST_F(ListLookupTest, WhatModeRemoveHasDeliveredIsNotOnTheList) {
  MakeFound(ProjectType::kUserId, "remove");
  script_.Answer(200, "a\nB\n");
  EXPECT_EQ(Look({R"({"userId":"a"})", R"({"userId":"b"})", R"({"userId":"B"})"}), "!+!");
}

TEST_F(ListLookupTest, AnAnswerThatIsNoListOfPeopleIsNone) {
  MakeFound(ProjectType::kUserId, "mirror");
  script_.Answer(503, "");
  EXPECT_EQ(Look({R"({"userId":"a"})"}), "");
  EXPECT_EQ(error_.code(), Code::kRetry);
  script_.Answer(200, std::string(2'000, 'x'));
  EXPECT_EQ(Look({R"({"userId":"a"})"}), "");
  EXPECT_EQ(error_.code(), Code::kRetry);
}

}  // namespace
}  // namespace sluice::connectors::iterable
