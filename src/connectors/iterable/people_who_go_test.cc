// Deletions, forgetting, and changes of e-mail addresses: requests and what answers mean.
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connector/erasing.h"
#include "connector/identity_change.h"
#include "connector/suppressing.h"
#include "connectors/iterable/email_change.h"
#include "connectors/iterable/rows_for_tests.h"
#include "connectors/iterable/scripted_transport_for_tests.h"
#include "connectors/iterable/sync_destination.h"

namespace sluice::connectors::iterable {
namespace {

using connector::Operation;
using connector::OperationKind;
using connector::RowState;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kSuccess = R"({"code":"Success","msg":"","params":null})";
constexpr const char* kNobody =
    R"({"code":"BadParams","msg":"User does not exist. Email: a@x.org UserId: None"})";
constexpr const char* kUser = R"({"user":{"email":"b@x.org","dataFields":{}}})";

class PeopleWhoGoTest : public testing::Test {
 protected:
  void Make(ProjectType project, const std::string& object, bool allow_shared = false) {
    config::Sync sync;
    sync.name = "go";
    sync.to = "crm";
    sync.object = object;
    sync.mode = object == "users" ? "upsert" : "add";
    sync.allow_shared = allow_shared;
    auto made = MakeSyncDestination(SettingsForTests(project), sync,
                                    std::make_unique<ScriptedTransport>(script_), clock_);
    ASSERT_TRUE(made.ok()) << made.status().ToString();
    destination_ = std::move(made).value();
  }
  // The outcome of the first request for a row with this payload, as "state code".
  std::string Outcome(const std::string& payload, const std::string& former = "") {
    Operation operation;
    operation.kind = former.empty() ? OperationKind::kUpsert : OperationKind::kChangeIdentity;
    operation.payload = payload;
    operation.former = former;
    const auto request = destination_->Prepare({&operation, 1}, {});
    if (!request.ok()) return "refused " + request.status().message();
    script_.asked.clear();
    last_ = destination_->Send(*request, {&operation, 1}, nullptr);
    const connector::RowOutcome& outcome = last_.outcomes.front();
    std::string state = outcome.state == RowState::kAcknowledged ? "acknowledged"
                        : outcome.state == RowState::kRejected   ? "rejected"
                        : outcome.state == RowState::kDeferred   ? "deferred"
                        : outcome.state == RowState::kAbsent     ? "absent"
                                                                 : "unknown";
    return outcome.code.empty() ? state : state + " " + outcome.code;
  }

  Script script_;
  env::FakeClock clock_;
  std::unique_ptr<connector::Destination> destination_;
  connector::SendResult last_;
};

TEST_F(PeopleWhoGoTest, RequestsNameThePersonAsTheProjectWants) {
  script_.answers.clear();
  Make(ProjectType::kEmail, "delete");
  script_.Answer(200, kSuccess);
  EXPECT_EQ(Outcome(R"({"email":"A+b/c@x.org","userId":"7"})"), "acknowledged");
  EXPECT_THAT(script_.asked, ElementsAre("DELETE /api/users/A%2Bb%2Fc%40x.org"));
  Make(ProjectType::kHybrid, "delete");
  script_.Answer(200, kSuccess);
  EXPECT_EQ(Outcome(R"({"email":"a@x.org","userId":7})"), "acknowledged");
  EXPECT_THAT(script_.asked, ElementsAre("DELETE /api/users/byUserId/7"));
  Make(ProjectType::kUserId, "forget");
  script_.Answer(200, kSuccess);
  EXPECT_EQ(Outcome(R"({"userId":"a \"b"})"), "acknowledged");
  EXPECT_THAT(script_.asked, ElementsAre(R"(POST /api/users/forget {"userId":"a \"b"})"));
  Make(ProjectType::kHybrid, "unforget");
  script_.Answer(200, kSuccess);
  EXPECT_EQ(Outcome(R"({"email":"a@x.org","userId":null})"), "acknowledged");
  EXPECT_THAT(script_.asked, ElementsAre(R"(POST /api/users/unforget {"email":"a@x.org"})"));
}

TEST_F(PeopleWhoGoTest, AUserIdThatSeveralMayHaveNeedsAWord) {
  const std::string nameless = R"({"email":null,"userId":"7"})";
  Make(ProjectType::kEmail, "delete");
  EXPECT_THAT(destination_->IdentityOf("1", nameless).status().message(),
              HasSubstr("several people of an e-mail project may have one userId"));
  Make(ProjectType::kEmail, "delete", true);
  EXPECT_EQ(destination_->IdentityOf("1", nameless).value(), "7");
  Make(ProjectType::kEmail, "forget", true);
  EXPECT_THAT(destination_->IdentityOf("1", nameless).status().message(),
              HasSubstr("forget people by nothing else"));
}

TEST_F(PeopleWhoGoTest, OnlyIdentifiersAreMapped) {
  const auto check = [&](std::vector<std::string> fields) {
    return destination_->CheckFields(fields);
  };
  Make(ProjectType::kUserId, "forget");
  EXPECT_TRUE(check({"userId"}).ok());
  EXPECT_THAT(check({"email"}).message(), HasSubstr("\"email\" is none that identifies"));
  EXPECT_THAT(check({"userId", "city"}).message(), HasSubstr("\"city\""));
  EXPECT_EQ(check({}).code(), Code::kConfig);
  Make(ProjectType::kEmail, "email_changes");
  EXPECT_TRUE(check({"currentEmail", "newEmail"}).ok());
  EXPECT_EQ(check({"newEmail"}).code(), Code::kConfig);
  EXPECT_EQ(check({"currentEmail", "newEmail", "city"}).code(), Code::kConfig);
}

TEST_F(PeopleWhoGoTest, WhoIsNotThereIsGone) {
  Make(ProjectType::kEmail, "delete");
  script_.Answer(400, kNobody);
  EXPECT_EQ(Outcome(R"({"email":"a@x.org"})"), "acknowledged");
  EXPECT_TRUE(last_.warnings.empty());
  Make(ProjectType::kEmail, "forget");
  script_.Answer(400, kNobody);
  EXPECT_EQ(Outcome(R"({"email":"a@x.org"})"), "acknowledged");
  EXPECT_THAT(last_.warnings, ElementsAre(HasSubstr("are not known to Iterable")));
  script_.Answer(409, R"({"code":"ForgottenUserError","msg":"User is forgotten: a@x.org"})");
  EXPECT_EQ(Outcome(R"({"email":"a@x.org"})"), "acknowledged");
}

TEST_F(PeopleWhoGoTest, OtherAnswersMeanWhatTheyAlwaysDo) {
  Make(ProjectType::kEmail, "forget");
  const std::string person = R"({"email":"a@x.org"})";
  script_.Answer(429, R"({"code":"RateLimitExceeded","msg":""})");
  EXPECT_EQ(Outcome(person), "deferred http_429");
  script_.Answer(500, "");
  EXPECT_EQ(Outcome(person), "unknown http_500");
  script_.Answer(200, "<html>");
  EXPECT_EQ(Outcome(person), "unknown unreadable_answer");
  script_.Answer(400, R"({"code":"InvalidEmailAddressError","msg":"Invalid email: a@x.org"})");
  EXPECT_EQ(Outcome(person), "rejected InvalidEmailAddressError");
  EXPECT_EQ(last_.outcomes[0].message.find("a@x.org"), std::string::npos);
  script_.Answer(401, R"({"code":"BadApiKey","msg":""})");
  EXPECT_EQ(Outcome(person), "deferred http_401");
  EXPECT_EQ(last_.stop.code(), Code::kAuth);
}

TEST_F(PeopleWhoGoTest, TheirLimitsAreThoseOfTheVendor) {
  Make(ProjectType::kEmail, "forget");
  EXPECT_EQ(destination_->capabilities().requests_per_day, 1000);
  EXPECT_EQ(destination_->capabilities().requests_per_second, 3);
  EXPECT_EQ(destination_->capabilities().budget, "forget");
  EXPECT_TRUE(destination_->capabilities().irreversible);
  Make(ProjectType::kEmail, "unforget");
  EXPECT_FALSE(destination_->capabilities().irreversible);
  EXPECT_EQ(destination_->capabilities().budget, "unforget");
  Make(ProjectType::kEmail, "delete");
  EXPECT_EQ(destination_->capabilities().requests_per_day, 0);
}

TEST_F(PeopleWhoGoTest, OnePersonIsForgottenOutsideOfADelivery) {
  Make(ProjectType::kEmail, "users");
  connector::Erasing* erasing = connector::ErasingOf(*destination_);
  ASSERT_NE(erasing, nullptr);
  EXPECT_EQ(erasing->ErasureLimits(connector::Erasure::kForget).requests_per_day, 1000);
  script_.Answer(200, kSuccess);
  const auto outcome =
      erasing->Erase(connector::Erasure::kForget, R"({"city":"Ulm","email":"a@x.org"})", nullptr);
  EXPECT_EQ(outcome.state, RowState::kAcknowledged);
  EXPECT_THAT(script_.asked, ElementsAre(R"(POST /api/users/forget {"email":"a@x.org"})"));
  EXPECT_EQ(erasing->Erase(connector::Erasure::kForget, R"({"userId":"7"})", nullptr).state,
            RowState::kRejected);
  EXPECT_EQ(
      erasing->WhomToErase(connector::Erasure::kForget, R"({"email":"A@x.org"})").value(),
      erasing->WhomToErase(connector::Erasure::kForget, R"({"email":"a@x.org","n":1})").value());
  EXPECT_EQ(erasing->WhomToErase(connector::Erasure::kForget, R"({"userId":"7"})").status().code(),
            Code::kRejected);
}

TEST_F(PeopleWhoGoTest, WhoIsForgottenIsKnownByHashes) {
  Make(ProjectType::kHybrid, "users");
  connector::Suppressing* suppressing = connector::SuppressingOf(*destination_);
  ASSERT_NE(suppressing, nullptr);
  script_.Answer(200, R"({"hashedEmails":["ABC"]})");
  script_.Answer(200, R"({"hashedUserIds":["def"]})");
  EXPECT_EQ(suppressing->Forgotten(nullptr).value(), (connector::ForgottenHashes{"abc", "def"}));
  EXPECT_THAT(script_.asked,
              ElementsAre("GET /api/users/forgotten", "GET /api/users/forgottenUserIds"));
  const auto hashes = suppressing->HashesOf(R"({"email":" Ann@X.org ","userId":"7"})");
  ASSERT_EQ(hashes.size(), 2U);
  EXPECT_EQ(hashes[0], suppressing->HashesOf(R"({"email":"ann@x.org"})")[0]);
  // echo -n 7 | sha256sum
  EXPECT_EQ(hashes[1], "7902699be42c8a8e46fbbb4501726517e86b22c56a189f7625a6da49081b2451");
  script_.Answer(200, "{}");
  EXPECT_EQ(suppressing->Forgotten(nullptr).status().code(), Code::kConfig);
}

TEST_F(PeopleWhoGoTest, AChangeOfAnAddressGoesAlone) {
  Make(ProjectType::kEmail, "users");
  RowsForTests rows(ProjectType::kEmail);
  rows.Add(R"({"email":"b@x.org"})").Add(R"({"city":"Ulm","email":"c@x.org"})");
  std::vector<Operation> operations(rows.operations().begin(), rows.operations().end());
  operations[0].kind = OperationKind::kChangeIdentity;
  operations[0].former = R"({"email":"A@x.org"})";
  const auto change = destination_->Prepare(operations, {}).value();
  EXPECT_EQ(change.rows, 1U);
  EXPECT_EQ(change.target, "/api/users/updateEmail");
  EXPECT_EQ(change.body, R"({"currentEmail":"A@x.org","newEmail":"b@x.org"})");
  std::swap(operations[0], operations[1]);
  EXPECT_EQ(destination_->Prepare(operations, {})->rows, 1U) << "the change is not in a bulk call";
}

TEST_F(PeopleWhoGoTest, WhatIterableCannotChangeIsRefused) {
  const auto change = [](ProjectType project, const char* from, const char* to) {
    return EmailChangeOf(project, from, to).status().message();
  };
  const char* email = R"({"email":"a@x.org"})";
  const char* id = R"({"userId":"7"})";
  EXPECT_EQ(change(ProjectType::kEmail, id, email), "");
  EXPECT_EQ(change(ProjectType::kHybrid, email, id), "");
  EXPECT_THAT(change(ProjectType::kEmail, email, id), HasSubstr("takes it from nobody"));
  EXPECT_THAT(change(ProjectType::kHybrid, id, email), HasSubstr("takes it from nobody"));
  EXPECT_THAT(change(ProjectType::kHybrid, id, R"({"userId":"8"})"),
              HasSubstr("cannot be changed"));
}

TEST_F(PeopleWhoGoTest, ARefusalIsExplainedByWhoIsThere) {
  Make(ProjectType::kEmail, "users");
  const std::string to = R"({"email":"b@x.org"})";
  const std::string from = R"({"email":"a@x.org"})";
  const char* gone = R"({"code":"BadParams","msg":"Cannot change. User does not exist"})";
  const char* taken = R"({"code":"EmailAlreadyExists","msg":"Exists: b@x.org"})";
  script_.Answer(200, kSuccess);
  EXPECT_EQ(Outcome(to, from), "acknowledged");

  script_.Answer(400, gone);
  script_.Answer(200, "{}");
  script_.Answer(200, kUser);
  EXPECT_EQ(Outcome(to, from), "acknowledged") << "an earlier request did it";
  EXPECT_THAT(script_.asked[2], HasSubstr("GET /api/users/getByEmail?email=b%40x.org"));

  script_.Answer(400, gone);
  script_.Answer(200, "{}");
  script_.Answer(400, "{}");
  EXPECT_EQ(Outcome(to, from), std::string("acknowledged ") + connector::kNobodyThere);

  script_.Answer(409, taken);
  script_.Answer(200, kUser);
  script_.Answer(200, kUser);
  EXPECT_EQ(Outcome(to, from), "rejected EmailAlreadyExists");
  EXPECT_THAT(last_.outcomes[0].message, HasSubstr("merge the two there"));
  EXPECT_EQ(last_.outcomes[0].message.find("x.org"), std::string::npos);

  script_.Answer(409, taken);
  script_.Answer(200, kUser);
  script_.Answer(200, "{}");
  EXPECT_EQ(Outcome(to, from), "deferred change_refused");

  script_.Answer(409, R"({"code":"ForgottenUserError","msg":"User is forgotten: b@x.org"})");
  EXPECT_EQ(Outcome(to, from), "rejected ForgottenUserError");
}

TEST_F(PeopleWhoGoTest, WhatMakesPeopleIsNotSentForNobody) {
  Make(ProjectType::kHybrid, "users");
  script_.Answer(200, "{}");  // nobody has the old one
  script_.Answer(200, "{}");
  script_.Answer(200, kUser);
  EXPECT_EQ(Outcome(R"({"email":"b@x.org"})", R"({"email":"a@x.org"})"), "acknowledged");
  EXPECT_EQ(script_.asked.size(), 3U) << "only looked up";
  script_.Answer(200, kUser);
  script_.Answer(200, kSuccess);
  EXPECT_EQ(Outcome(R"({"userId":"7"})", R"({"email":"a@x.org"})"), "acknowledged");
  EXPECT_EQ(script_.asked[1],
            R"(POST /api/users/update {"email":"a@x.org","dataFields":{"userId":"7"}})");
}

TEST_F(PeopleWhoGoTest, ChangesFromTwoColumns) {
  Make(ProjectType::kEmail, "email_changes");
  const std::string row = R"({"currentEmail":"A@x.org","newEmail":"b@x.org"})";
  EXPECT_EQ(destination_->IdentityOf("1", row).value(), "a@x.org");
  EXPECT_TRUE(destination_->capabilities().hands_over);
  script_.Answer(200, kSuccess);
  EXPECT_EQ(Outcome(row), "acknowledged");
  EXPECT_THAT(script_.asked, ElementsAre(R"(POST /api/users/updateEmail )"
                                         R"({"currentEmail":"A@x.org","newEmail":"b@x.org"})"));
  script_.Answer(409, R"({"code":"EmailAlreadyExists","msg":"Exists: b@x.org"})");
  script_.Answer(200, kUser);
  script_.Answer(200, kUser);
  EXPECT_EQ(Outcome(row), "absent EmailAlreadyExists") << "who has it may get another one";
  EXPECT_THAT(last_.outcomes[0].message, HasSubstr("unless that one gets another"));
  script_.Answer(400, R"({"code":"BadParams","msg":"Cannot change. User does not exist"})");
  script_.Answer(200, "{}");
  script_.Answer(400, "{}");
  EXPECT_EQ(Outcome(row), std::string("acknowledged ") + connector::kNobodyThere);
  EXPECT_THAT(last_.warnings,
              ElementsAre("people whose e-mail address was to be changed are not in Iterable"));
  EXPECT_THAT(destination_->IdentityOf("1", R"({"currentEmail":"a@x.org"})").status().message(),
              HasSubstr("there is no newEmail"));
  EXPECT_THAT(destination_->IdentityOf("1", R"({"currentEmail":"a@x.org","newEmail":"b"})")
                  .status()
                  .message(),
              HasSubstr("newEmail: email has not exactly one"));
}

}  // namespace
}  // namespace sluice::connectors::iterable
