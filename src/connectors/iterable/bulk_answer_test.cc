#include "connectors/iterable/bulk_answer.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connectors/iterable/rows_for_tests.h"

namespace sluice::connectors::iterable {
namespace {

using connector::RowState;
using connector::SendResult;
using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr env::Micros kNow = 1'767'225'600'000'000;  // 2026-01-01 00:00:00

// Three people of an e-mail project; the second has a capital letter, the third a userId.
RowsForTests& Three() {
  static RowsForTests rows(ProjectType::kEmail);
  if (rows.size() == 0) {
    rows.Add(R"({"email":"a@x.org","age":1})");
    rows.Add(R"({"email":"Bo@X.org","age":2})");
    rows.Add(R"({"email":"c@x.org","userId":"7"})");
  }
  return rows;
}

SendResult Answer(const RowsForTests& rows, int status, const std::string& body,
                  env::HttpHeaders headers = {}, BulkCall call = BulkCall::kUpdate) {
  env::HttpResponse response;
  response.status = status;
  response.body = body;
  response.headers = std::move(headers);
  SendResult result = ReadBulkAnswer(rows.project(), call, response, rows.operations(), kNow);
  EXPECT_EQ(result.status, status);
  EXPECT_EQ(result.outcomes.size(), rows.size());
  for (const auto& outcome : result.outcomes) {
    // No message holds anything that only a row knows.
    EXPECT_THAT(outcome.message, Not(HasSubstr("@")));
    EXPECT_THAT(outcome.message, Not(HasSubstr("x.org")));
  }
  return result;
}

// "ack", "rejected InvalidData", "deferred http_429", "unknown http_500"; " +" where rows go again.
std::vector<std::string> States(const SendResult& result) {
  std::vector<std::string> states;
  for (const auto& outcome : result.outcomes) {
    switch (outcome.state) {
      case RowState::kAcknowledged:
        states.push_back("ack" + outcome.code);
        break;
      case RowState::kRejected:
        states.push_back("rejected " + outcome.code);
        break;
      case RowState::kDeferred:
        states.push_back("deferred " + outcome.code);
        break;
      case RowState::kUnknown:
        states.push_back("unknown " + outcome.code);
        break;
      case RowState::kAbsent:
        states.push_back("absent " + outcome.code);
        break;
    }
  }
  return states;
}

std::string Counts(int succeeded, int failed, const std::string& more = "") {
  return "{\"successCount\":" + std::to_string(succeeded) +
         ",\"failCount\":" + std::to_string(failed) + more + "}";
}

std::string Failed(int succeeded, int failed, const std::string& lists) {
  return Counts(succeeded, failed, ",\"failedUpdates\":{" + lists + "}");
}

std::string Refused(const std::string& code, const std::string& params = "null") {
  return "{\"code\":\"" + code + "\",\"msg\":\"a@x.org is wrong\",\"params\":" + params + "}";
}

TEST(IterableBulkAnswer, OfSubscriptionsInternalFaultsGoAgain) {
  const std::string body = Counts(1, 2,
                                  R"(,"invalidEmails":["a@x.org"],"invalidUserIds":[],)"
                                  R"("validEmailFailures":["bo@x.org"],"validUserIdFailures":[])");
  EXPECT_THAT(States(Answer(Three(), 200, body, {}, BulkCall::kSubscriptions)),
              ElementsAre("rejected InvalidEmailAddressError", "deferred InternalError", "ack"));
}

TEST(IterableBulkAnswer, WhoIsNotFoundIsOffAListAlreadyOrMayStillCome) {
  const std::string body =
      Failed(1, 2, R"("forgottenEmails":["a@x.org"],"notFoundEmails":["bo@x.org"])");
  EXPECT_THAT(States(Answer(Three(), 200, body, {}, BulkCall::kUnsubscribe)), Each("ack"));
  EXPECT_THAT(States(Answer(Three(), 200, body, {}, BulkCall::kSubscribe)),
              ElementsAre("rejected ForgottenUserError", "absent UnknownEmailError", "ack"));
  // Who is named is off the list, whatever the counts; of the others nobody knows.
  const std::string uncounted = Failed(3, 0, R"("notFoundEmails":["bo@x.org"])");
  EXPECT_THAT(States(Answer(Three(), 200, uncounted, {}, BulkCall::kUnsubscribe)),
              ElementsAre("unknown CountsDisagree", "ack", "unknown CountsDisagree"));
}

TEST(IterableBulkAnswer, AListThatIsGoneStopsAndIsNobodysFault) {
  const std::string body =
      R"json({"code":"Success","msg":"error.lists.invalidListId(17)","params":{"listId":17}})json";
  const SendResult gone = Answer(Three(), 400, body, {}, BulkCall::kSubscribe);
  EXPECT_EQ(gone.stop.code(), Code::kConfig);
  EXPECT_FALSE(gone.split);
  EXPECT_THAT(States(gone), Each("deferred InvalidListId"));
  EXPECT_TRUE(Answer(Three(), 400, body).stop.ok()) << "an update of users has no list";
}

TEST(IterableBulkAnswer, RowsOfAListAreNamedByTheirPlaceToo) {
  const SendResult result =
      Answer(Three(), 400,
             Refused("BadJsonBody", R"({"obj.subscribers[1].email":"String value expected"})"), {},
             BulkCall::kSubscribe);
  EXPECT_THAT(States(result),
              ElementsAre("deferred BadJsonBody", "rejected BadJsonBody", "deferred BadJsonBody"));
}

TEST(IterableBulkAnswer, EverybodyIsAcknowledged) {
  const SendResult result = Answer(Three(), 200, Counts(3, 0));
  EXPECT_THAT(States(result), Each("ack"));
  EXPECT_FALSE(result.split);
  EXPECT_THAT(result.warnings, IsEmpty());
  EXPECT_TRUE(result.stop.ok());
}

TEST(IterableBulkAnswer, EveryListOfFailuresIsRead) {
  const std::vector<std::pair<std::string, std::string>> lists = {
      {R"("invalidEmails":["bo@x.org"])", "rejected InvalidEmailAddressError"},
      {R"("invalidDataEmails":["bo@x.org"])", "rejected InvalidData"},
      {R"("forgottenEmails":["bo@x.org"])", "rejected ForgottenUserError"},
      {R"("conflictEmails":["bo@x.org"])", "absent EmailAlreadyExists"},
      {R"("notFoundEmails":["bo@x.org"])", "rejected UnknownEmailError"},
  };
  for (const auto& [list, state] : lists) {
    const SendResult result = Answer(Three(), 200, Failed(2, 1, list));
    EXPECT_THAT(States(result), ElementsAre("ack", state, "ack")) << list;
    EXPECT_FALSE(result.split);
  }
  const std::vector<std::pair<std::string, std::string>> by_user_id = {
      {R"("invalidUserIds":["7"])", "rejected InvalidUserIdError"},
      {R"("invalidDataUserIds":["7"])", "rejected InvalidData"},
      {R"("forgottenUserIds":["7"])", "rejected ForgottenUserError"},
      {R"("conflictUserIds":["7"])", "absent UserIdAlreadyExists"},
      {R"("notFoundUserIds":["7"])", "rejected UnknownUserIdError"},
  };
  for (const auto& [list, state] : by_user_id) {
    EXPECT_THAT(States(Answer(Three(), 200, Failed(2, 1, list))), ElementsAre("ack", "ack", state))
        << list;
  }
}

TEST(IterableBulkAnswer, NamesAreFoundWhateverTheirCaseAndBlanks) {
  EXPECT_THAT(States(Answer(Three(), 200, Failed(2, 1, R"("invalidEmails":[" BO@x.org "])"))),
              ElementsAre("ack", "rejected InvalidEmailAddressError", "ack"));
}

TEST(IterableBulkAnswer, TheDeprecatedListsAloneAreEnough) {
  EXPECT_THAT(States(Answer(Three(), 200, Counts(2, 1, R"(,"invalidEmails":["bo@x.org"])"))),
              ElementsAre("ack", "rejected NotUpdated", "ack"));
  // Beside the lists that give a reason they add nothing.
  EXPECT_THAT(States(Answer(Three(), 200,
                            Counts(2, 1,
                                   R"(,"invalidEmails":["bo@x.org"],)"
                                   R"("failedUpdates":{"forgottenEmails":["bo@x.org"]})"))),
              ElementsAre("ack", "rejected ForgottenUserError", "ack"));
}

TEST(IterableBulkAnswer, TheGravestReasonCounts) {
  EXPECT_THAT(States(Answer(Three(), 200,
                            Failed(2, 1,
                                   R"("invalidDataEmails":["c@x.org"],"conflictUserIds":["7"],)"
                                   R"("forgottenEmails":["c@x.org"])"))),
              ElementsAre("ack", "ack", "rejected ForgottenUserError"));
}

TEST(IterableBulkAnswer, FailuresThatNobodyIsNamedForGoAgain) {
  const SendResult result = Answer(Three(), 200, Counts(1, 2));
  EXPECT_THAT(States(result), Each("unknown CountsDisagree"));
  EXPECT_TRUE(result.split);

  const SendResult named = Answer(Three(), 200, Failed(1, 2, R"("invalidEmails":["a@x.org"])"));
  EXPECT_THAT(States(named), ElementsAre("rejected InvalidEmailAddressError",
                                         "unknown CountsDisagree", "unknown CountsDisagree"));
  EXPECT_TRUE(named.split);
}

TEST(IterableBulkAnswer, CountsThatDoNotAddUpAreNotBelieved) {
  for (const auto& body : {Counts(2, 0), Counts(4, 0), Counts(0, 0), Counts(3, 1),
                           std::string(R"({"successCount":18446744073709551615,"failCount":4})"),
                           Failed(3, 0, R"("invalidEmails":["a@x.org"])")}) {
    const SendResult result = Answer(Three(), 200, body);
    EXPECT_THAT(States(result), Not(testing::Contains("ack"))) << body;
    EXPECT_TRUE(result.split) << body;
  }
  // A name that no row has.
  EXPECT_THAT(States(Answer(Three(), 200, Failed(2, 1, R"("invalidEmails":["d@x.org"])"))),
              Each("unknown CountsDisagree"));
}

TEST(IterableBulkAnswer, APersonAloneNeedsNoName) {
  RowsForTests one(ProjectType::kEmail);
  one.Add(R"({"email":"a@x.org"})");
  const SendResult failed = Answer(one, 200, Counts(0, 1));
  EXPECT_THAT(States(failed), ElementsAre("rejected NotUpdated"));
  EXPECT_FALSE(failed.split);
  const SendResult neither = Answer(one, 200, Counts(0, 0));
  EXPECT_THAT(States(neither), ElementsAre("unknown CountsDisagree"));
  EXPECT_FALSE(neither.split);
}

TEST(IterableBulkAnswer, AConflictIsAboutWhoWantsTheName) {
  RowsForTests rows(ProjectType::kHybrid);
  rows.Add(R"({"email":"a@x.org"})").Add(R"({"email":"A@x.org","userId":"7"})");
  EXPECT_THAT(States(Answer(rows, 200, Failed(1, 1, R"("conflictEmails":["a@x.org"])"))),
              ElementsAre("ack", "absent EmailAlreadyExists"));
}

TEST(IterableBulkAnswer, ANameThatTwoRowsHaveIsSettledByTheUserObject) {
  RowsForTests rows(ProjectType::kUserId);
  rows.Add(R"({"email":"a@x.org","userId":"1"})").Add(R"({"email":"a@x.org","userId":"2"})");
  rows.Add(R"({"email":"b@x.org","userId":"3"})");
  const std::string forgotten = R"("failedUpdates":{"forgottenEmails":["a@x.org"]})";
  EXPECT_THAT(States(Answer(rows, 200, Counts(2, 1, R"(,"invalidUserIds":["2"],)" + forgotten))),
              ElementsAre("ack", "rejected ForgottenUserError", "ack"));
  const SendResult open = Answer(rows, 200, Counts(2, 1, "," + forgotten));
  EXPECT_THAT(States(open), Each("unknown CountsDisagree"));
  EXPECT_TRUE(open.split);
  // Both failed: both are named.
  EXPECT_THAT(States(Answer(rows, 200, Failed(1, 2, R"("forgottenEmails":["a@x.org","a@x.org"])"))),
              ElementsAre("rejected ForgottenUserError", "rejected ForgottenUserError", "ack"));
}

TEST(IterableBulkAnswer, DroppedAndNewFieldsAreReported) {
  const SendResult result = Answer(
      Three(), 200,
      Counts(3, 0, R"(,"filteredOutFields":["age","address.\"zip\""],"createdFields":["n\nm"])"));
  EXPECT_THAT(States(result), Each("ack"));
  EXPECT_THAT(result.warnings,
              ElementsAre(AllOf(HasSubstr("dropped the field \"age\""), HasSubstr("without it")),
                          HasSubstr("dropped the field \"address.\"zip\"\""),
                          "Iterable made a new field \"n m\""));
  std::string many;
  for (int i = 0; i < 300; ++i) many += (i > 0 ? ",\"f" : "\"f") + std::to_string(i) + "\"";
  EXPECT_EQ(Answer(Three(), 200, Counts(3, 0, ",\"createdFields\":[" + many + "]")).warnings.size(),
            100U);
}

TEST(IterableBulkAnswer, ARowSaysWhichOfItsFieldsWereDroppedWhereNoneAreMade) {
  env::HttpResponse response;
  response.status = 200;
  response.body = Counts(3, 0, R"(,"filteredOutFields":["age","address.zip"])");
  const auto answer = [&](bool makes_fields) {
    return ReadBulkAnswer(Three().project(), BulkCall::kUpdate, response, Three().operations(),
                          kNow, makes_fields);
  };
  EXPECT_THAT(States(answer(true)), Each("ack"));
  const SendResult result = answer(false);
  EXPECT_THAT(States(result), ElementsAre("ackfields_dropped", "ackfields_dropped", "ack"));
  EXPECT_EQ(result.outcomes[0].message, R"(["age"])");
}

TEST(IterableBulkAnswer, AnAnswerThatSaysNothingOfTheRowsLeavesThemUnknown) {
  for (const auto& [status, body] :
       std::vector<std::pair<int, std::string>>{{202, Refused("Success")},
                                                {200, "<html></html>"},
                                                {200, ""},
                                                {204, ""},
                                                {200, R"({"successCount":3)"},
                                                {200, R"({"successCount":3})"},
                                                {200, "[]"},
                                                {200, R"({"successCount":"3","failCount":-1})"}}) {
    const SendResult result = Answer(Three(), status, body);
    EXPECT_THAT(States(result), Each("unknown unreadable_answer")) << body;
    EXPECT_FALSE(result.split);
  }
}

TEST(IterableBulkAnswer, AnAnswerThatIsCutAnywhereLeavesThemUnknown) {
  const std::string whole = Failed(
      2, 1, R"("invalidEmails":["\"\\\u00e9bo@x.org"]},"createdFields":["a"],"x":{"y":[1.5e3])");
  EXPECT_THAT(States(Answer(Three(), 200, whole)), Each("unknown CountsDisagree"));
  for (size_t length = 0; length < whole.size(); ++length) {
    EXPECT_THAT(States(Answer(Three(), 200, whole.substr(0, length))),
                Each("unknown unreadable_answer"));
    // A refusal is one by its status, whatever is left of its text.
    EXPECT_THAT(States(Answer(Three(), 400, whole.substr(0, length))), Each("deferred http_400"));
  }
}

TEST(IterableBulkAnswer, ABadShapeNamesTheRow) {
  const SendResult result = Answer(
      Three(), 400,
      Refused("BadJsonBody", R"({"obj.users[1].dataFields.age":"Number value expected",)"
                             R"("obj.users[2]":"a@x.org is odd","obj.users[9].email":"?"})"));
  EXPECT_THAT(States(result),
              ElementsAre("deferred BadJsonBody", "rejected BadJsonBody", "rejected BadJsonBody"));
  EXPECT_TRUE(result.split);
  EXPECT_EQ(result.outcomes[1].message,
            "Iterable does not accept the field \"dataFields.age\": it expects a number");
  EXPECT_EQ(result.outcomes[2].message, "Iterable does not accept this row: ... is odd");
}

TEST(IterableBulkAnswer, ARefusalWithoutNamesGoesInHalves) {
  for (const auto& [status, code] :
       std::vector<std::pair<int, std::string>>{{400, "BadParams"},
                                                {409, "EmailAlreadyExists"},
                                                {400, "GenericError"},
                                                {422, "ForgottenUserError"},
                                                {400, "BadJsonBody"}}) {
    const SendResult result = Answer(Three(), status, Refused(code));
    EXPECT_THAT(States(result), Each("deferred " + code));
    EXPECT_TRUE(result.split) << code;
  }
  RowsForTests one(ProjectType::kEmail);
  one.Add(R"({"email":"a@x.org"})");
  const SendResult alone = Answer(one, 409, Refused("EmailAlreadyExists"));
  EXPECT_THAT(States(alone), ElementsAre("absent EmailAlreadyExists"));
  EXPECT_FALSE(alone.split);
}

TEST(IterableBulkAnswer, TooLargeGoesInHalves) {
  for (const auto& result : {Answer(Three(), 413, "<html>too large</html>"),
                             Answer(Three(), 400, Refused("BatchTooLarge"))}) {
    EXPECT_THAT(States(result), Each("deferred BatchTooLarge"));
    EXPECT_TRUE(result.split);
  }
}

TEST(IterableBulkAnswer, AWrongTypeIsFoundByItsValue) {
  const std::string params =
      R"({"validationErrors":{"spa:::age":{"incomingTypes":["long","double"],)"
      R"("expectedType":"string","category":"user","offendingValue":2,"_type":"UnexpectedType"}}})";
  RowsForTests rows(ProjectType::kEmail);
  rows.Add(R"({"age":"young","email":"a@x.org"})").Add(R"({"age":2,"email":"b@x.org"})");
  rows.Add(R"({"age":77,"email":"c@x.org"})");
  for (const int status : {400, 500}) {
    const SendResult result = Answer(rows, status, Refused("RequestFieldsTypesMismatched", params));
    EXPECT_THAT(States(result), ElementsAre("deferred RequestFieldsTypesMismatched",
                                            "rejected RequestFieldsTypesMismatched",
                                            "rejected RequestFieldsTypesMismatched"));
    EXPECT_TRUE(result.split);
    EXPECT_EQ(result.outcomes[2].message,
              "the field \"age\" has the type string in Iterable and would get long/double; the "
              "type of a field cannot be changed");
  }
}

TEST(IterableBulkAnswer, AWrongTypeThatIsNotFoundGoesInHalves) {
  const std::string params =
      R"({"validationErrors":{"age":{"incomingTypes":["a@x.org"],"expectedType":"x y",)"
      R"("offendingValue":"secret"}}})";
  const SendResult result = Answer(Three(), 400, Refused("RequestFieldsTypesMismatched", params));
  EXPECT_THAT(States(result), Each("deferred RequestFieldsTypesMismatched"));
  EXPECT_TRUE(result.split);
  EXPECT_EQ(result.outcomes[0].message,
            "the field \"age\" has the type of its first value in Iterable and would get another "
            "one; the type of a field cannot be changed");
  EXPECT_TRUE(Answer(Three(), 400, Refused("RequestFieldsTypesMismatched")).split);
}

TEST(IterableBulkAnswer, ABadKeyStops) {
  for (const auto& [status, code] :
       std::vector<std::pair<int, std::string>>{{401, "BadApiKey"},
                                                {403, "Forbidden"},
                                                {400, "BadApiKey"},
                                                {403, ""},
                                                {401, "JwtUserIdentifiersMismatched"}}) {
    const SendResult result = Answer(Three(), status, Refused(code));
    EXPECT_EQ(result.stop.code(), Code::kAuth) << code;
    EXPECT_THAT(result.stop.next(), HasSubstr("api_key"));
    EXPECT_THAT(States(result), Each("deferred http_" + std::to_string(status)));
    EXPECT_FALSE(result.split);
  }
}

TEST(IterableBulkAnswer, AFullProjectStops) {
  const SendResult result = Answer(Three(), 400, Refused("UniqueFieldsLimitExceeded"));
  EXPECT_EQ(result.stop.code(), Code::kConfig);
  EXPECT_THAT(result.stop.next(), HasSubstr("create_new_fields"));
  EXPECT_THAT(States(result), Each("deferred UniqueFieldsLimitExceeded"));
}

TEST(IterableBulkAnswer, AnotherAddressStops) {
  for (const int status : {301, 404, 405, 415}) {
    const SendResult result = Answer(Three(), status, "<html></html>");
    EXPECT_EQ(result.stop.code(), Code::kConfig) << status;
    EXPECT_THAT(States(result), Each("deferred http_" + std::to_string(status)));
  }
}

TEST(IterableBulkAnswer, TooManyRequestsWaitAsLongAsAsked) {
  const auto wait = [](env::HttpHeaders headers) {
    const SendResult result =
        Answer(Three(), 429, Refused("RateLimitExceeded"), std::move(headers));
    EXPECT_THAT(States(result), Each("deferred http_429"));
    EXPECT_FALSE(result.split);
    EXPECT_TRUE(result.stop.ok());
    return result.retry_after ? result.retry_after->count() : -1;
  };
  EXPECT_EQ(wait({}), -1);
  EXPECT_EQ(wait({{"retry-after", "7"}}), 7000);
  EXPECT_EQ(wait({{"Retry-After", "Thu, 01 Jan 2026 00:01:30 GMT"}}), 90'000);
  EXPECT_EQ(wait({{"Retry-After", "Wed, 31 Dec 2025 00:00:00 GMT"}}), 0);
  EXPECT_EQ(wait({{"Retry-After", "99999999999999999"}}), 24 * 3600 * 1000);
  EXPECT_EQ(wait({{"Retry-After", "soon"}}), -1);
}

TEST(IterableBulkAnswer, WhatTheServerBrokeIsUnknown) {
  for (const int status : {408, 500, 502, 503, 504}) {
    const SendResult result = Answer(Three(), status, "<html></html>", {{"Retry-After", "3"}});
    EXPECT_THAT(States(result), Each("unknown http_" + std::to_string(status)));
    EXPECT_FALSE(result.split);
    EXPECT_TRUE(result.stop.ok());
    EXPECT_EQ(result.retry_after, std::chrono::seconds(3));
  }
  EXPECT_THAT(States(Answer(Three(), 400, Refused("DatabaseError"))), Each("unknown http_400"));
}

TEST(IterableBulkAnswer, NamesInMessagesAreShort) {
  const SendResult result =
      Answer(Three(), 400,
             Refused("BadJsonBody", "{\"obj.users[0]." + std::string(99, 'f') + "ü" +
                                        std::string(500, 'g') + "\":\"?\"}"));
  EXPECT_EQ(result.outcomes[0].message,
            "Iterable does not accept the field \"" + std::string(99, 'f') + "...\"");
}

TEST(IterableBulkAnswer, RefusalsWithoutRows) {
  const auto code = [](int status, const std::string& body) {
    env::HttpResponse response;
    response.status = status;
    response.body = body;
    return StatusOfRefusal(response).code();
  };
  EXPECT_EQ(code(200, "{}"), Code::kOk);
  EXPECT_EQ(code(401, Refused("BadApiKey")), Code::kAuth);
  EXPECT_EQ(code(429, ""), Code::kRetry);
  EXPECT_EQ(code(503, ""), Code::kRetry);
  EXPECT_EQ(code(404, ""), Code::kConfig);
}

}  // namespace
}  // namespace sluice::connectors::iterable
