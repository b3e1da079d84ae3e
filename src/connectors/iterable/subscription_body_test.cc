#include "connectors/iterable/subscription_body.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::connectors::iterable {
namespace {

using connector::Operation;
using connector::OperationKind;
using testing::HasSubstr;

Operation Row(std::string_view identity, std::string_view payload) {
  return {OperationKind::kUpsert, identity, identity, payload};
}

TEST(SubscriptionBody, NamesAPersonOnceAndLeavesNullOut) {
  const Operation rows[] = {
      Row("7", R"({"email":"a@x","emailListIds":[3,7],"unsubscribedChannelIds":null,"userId":7})"),
      Row("b@x", R"({"email":"b@x","unsubscribedChannelIds":[],"userId":null})")};
  const auto body = BuildSubscriptionsBody(ProjectType::kHybrid, rows, {10, 1000});
  ASSERT_TRUE(body.ok()) << body.status().ToString();
  EXPECT_EQ(body->users, 2U);
  EXPECT_EQ(body->text, R"({"updateSubscriptionsRequests":[{"userId":"7","emailListIds":[3,7]},)"
                        R"({"email":"b@x","unsubscribedChannelIds":[]}]})");
}

TEST(SubscriptionBody, ARowThatDoesNotFitStandsAlone) {
  const Operation rows[] = {Row("a@x", R"({"email":"a@x","emailListIds":[1]})"),
                            Row("b@x", R"({"email":"b@x","emailListIds":["1"]})"),
                            Row("c@x", R"({"email":"c@x","emailListIds":[1.5]})"),
                            Row("d@x", R"({"campaignId":-1,"email":"d@x"})")};
  EXPECT_EQ(BuildSubscriptionsBody(ProjectType::kEmail, rows, {10, 1000})->users, 1U);
  for (size_t i = 1; i < 4; ++i) {
    const auto body =
        BuildSubscriptionsBody(ProjectType::kEmail, std::span(rows).subspan(i), {10, 1000});
    EXPECT_EQ(body.status().code(), Code::kRejected) << i;
    EXPECT_THAT(body.status().message(), HasSubstr(i == 3 ? "campaignId is no whole number"
                                                          : "is no list of whole numbers"));
  }
}

TEST(SubscriptionFields, AreThoseOfIterableAlone) {
  const auto check = [](std::vector<std::string> fields) {
    return CheckSubscriptionFields(ProjectType::kEmail, fields).ToString();
  };
  EXPECT_TRUE(CheckSubscriptionFields(ProjectType::kEmail,
                                      std::vector<std::string>{"email", "emailListIds"})
                  .ok());
  EXPECT_THAT(check({"email"}), HasSubstr("no list of subscriptions is mapped"));
  EXPECT_THAT(check({"emailListIds"}), HasSubstr("\"email\", which identifies people"));
  EXPECT_THAT(check({"email", "emailListId"}), HasSubstr("did you mean \"emailListIds\"?"));
}

}  // namespace
}  // namespace sluice::connectors::iterable
