#include "connectors/iterable/user_lookup.h"

#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connectors/iterable/scripted_transport_for_tests.h"

namespace sluice::connectors::iterable {
namespace {

using connector::Lookup;
using testing::ElementsAre;

class UserLookupTest : public testing::Test {
 protected:
  Result<Lookup::Found> Look(ProjectType project, const std::string& payload, bool values = true) {
    Api api(SettingsForTests(project), std::make_unique<ScriptedTransport>(script_), clock_);
    const connector::Operation row{connector::OperationKind::kUpsert, "k", "i", payload};
    return LookForUser(api, row, values, nullptr);
  }
  Script script_;
  env::FakeClock clock_;
};

TEST_F(UserLookupTest, AsksByWhatIdentifiesInTheProject) {
  const char* const both = R"({"email":"A+b@x.de","userId":"u /1"})";
  for (const ProjectType project :
       {ProjectType::kEmail, ProjectType::kUserId, ProjectType::kHybrid}) {
    script_.Answer(200, "{}");
    EXPECT_FALSE(Look(project, both)->there);
  }
  script_.Answer(200, "{}");
  EXPECT_TRUE(Look(ProjectType::kHybrid, R"({"email":"a@x.de"})").ok());
  EXPECT_THAT(script_.asked, ElementsAre("GET /api/users/getByEmail?email=a%2Bb%40x.de",
                                         "GET /api/users/byUserId?userId=u%20%2F1",
                                         "GET /api/users/byUserId?userId=u%20%2F1",
                                         "GET /api/users/getByEmail?email=a%40x.de"));
  EXPECT_EQ(Look(ProjectType::kUserId, R"({"email":"a@x.de"})").status().code(), Code::kRejected);
}

TEST_F(UserLookupTest, NobodyIsAnEmptyAnswerOr404) {
  for (const int status : {200, 404}) {
    script_.Answer(status, "{}");
    const auto found = Look(ProjectType::kEmail, R"({"email":"a@x.de"})");
    ASSERT_TRUE(found.ok()) << found.status().ToString();
    EXPECT_FALSE(found->there);
  }
}

TEST_F(UserLookupTest, TellsWhichFieldsAreOtherOnesAndNoValue) {
  script_.Answer(200, R"({"user":{"email":"ann@x.de","userId":"8","dataFields":
      {"city":"Bonn","points":3.0,"gone":1,"email":"ann@x.de"}}})");
  const auto found =
      Look(ProjectType::kEmail, R"({"city":"Ulm","email":"Ann@X.de","missing":1,"nothing":null,)"
                                R"("points":3,"userId":8})");
  ASSERT_TRUE(found.ok()) << found.status().ToString();
  EXPECT_TRUE(found->there);
  EXPECT_THAT(found->differing, ElementsAre("city", "missing"));
}

TEST_F(UserLookupTest, AnotherUserIdIsADifferenceAndOneThatWasNotSentIsNone) {
  const char* const user = R"({"user":{"email":"ann@x.de","userId":"u8","dataFields":{}}})";
  script_.Answer(200, user);
  EXPECT_THAT(Look(ProjectType::kEmail, R"({"email":"ann@x.de","userId":"U8"})")->differing,
              ElementsAre("userId"));
  for (const char* payload : {R"({"email":"ann@x.de"})", R"({"email":"ann@x.de","userId":null})"}) {
    script_.Answer(200, user);
    EXPECT_THAT(Look(ProjectType::kEmail, payload)->differing, ElementsAre()) << payload;
  }
}

TEST_F(UserLookupTest, WithoutValuesOnlyWhoIsThereIsTold) {
  script_.Answer(200, R"({"user":{"email":"a@x.de","dataFields":{"city":"Bonn"}}})");
  const auto found = Look(ProjectType::kEmail, R"({"city":"Ulm","email":"a@x.de"})", false);
  EXPECT_TRUE(found->there);
  EXPECT_THAT(found->differing, ElementsAre());
}

TEST_F(UserLookupTest, WhatIsNoAnswerIsAnError) {
  script_.Answer(200, "<html>");
  EXPECT_EQ(Look(ProjectType::kEmail, R"({"email":"a@x.de"})").status().code(), Code::kRetry);
  script_.Answer(401, R"({"code":"BadApiKey","msg":"no","params":null})");
  EXPECT_EQ(Look(ProjectType::kEmail, R"({"email":"a@x.de"})").status().code(), Code::kAuth);
  script_.Answer(500, "");
  EXPECT_EQ(Look(ProjectType::kEmail, R"({"email":"a@x.de"})").status().code(), Code::kRetry);
}

}  // namespace
}  // namespace sluice::connectors::iterable
