#include "connectors/iterable/request_body.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connectors/iterable/rows_for_tests.h"

namespace sluice::connectors::iterable {
namespace {

using testing::HasSubstr;

Result<Body> Build(const RowsForTests& rows, const UserOptions& options = {},
                   BodyLimit limit = {1000, 4'000'000}) {
  return BuildBody(rows.project(), options, rows.operations(), limit);
}

std::string Text(const RowsForTests& rows, const UserOptions& options = {}) {
  const auto body = Build(rows, options);
  return body.ok() ? body.value().text : "refused: " + body.status().message();
}

// What a payload becomes between "users":[ and ].
std::string User(ProjectType project, const std::string& payload, const UserOptions& options = {}) {
  const std::string text = Text(RowsForTests(project).Add(payload), options);
  const std::string before = "{\"createNewFields\":true,\"users\":[";
  EXPECT_EQ(text.substr(0, before.size()), before);
  return text.size() < before.size() + 2
             ? text
             : text.substr(before.size(), text.size() - before.size() - 2);
}

TEST(IterableRequestBody, EmailProjectsNameByEmail) {
  EXPECT_EQ(User(ProjectType::kEmail, R"({"age":3,"email":"Ann@x.org","firstName":"Ann"})"),
            R"({"email":"Ann@x.org","dataFields":{"age":3,"firstName":"Ann"}})");
  EXPECT_EQ(User(ProjectType::kEmail, R"({"email":"a@x.org"})"), R"({"email":"a@x.org"})");
  EXPECT_EQ(User(ProjectType::kEmail, R"({"email":"a@x.org","zip":"1"})"),
            R"({"email":"a@x.org","dataFields":{"zip":"1"}})");
  EXPECT_EQ(User(ProjectType::kEmail, R"({"age":3,"email":"a@x.org"})"),
            R"({"email":"a@x.org","dataFields":{"age":3}})");
}

TEST(IterableRequestBody, TheOtherIdentifierIsADataField) {
  EXPECT_EQ(User(ProjectType::kEmail, R"({"email":"a@x.org","userId":"7"})"),
            R"({"email":"a@x.org","dataFields":{"userId":"7"}})");
  EXPECT_EQ(User(ProjectType::kUserId, R"({"age":3,"email":"a@x.org","userId":"7","zip":null})"),
            R"({"userId":"7","dataFields":{"age":3,"email":"a@x.org","zip":null}})");
  EXPECT_EQ(User(ProjectType::kHybrid, R"({"email":"a@x.org","userId":"7"})"),
            R"({"userId":"7","dataFields":{"email":"a@x.org"}})");
  EXPECT_EQ(User(ProjectType::kHybrid, R"({"email":"a@x.org","zip":"1"})"),
            R"({"email":"a@x.org","dataFields":{"zip":"1"}})");
  // null takes a value away that was delivered before.
  EXPECT_EQ(User(ProjectType::kUserId, R"({"email":null,"userId":"7"})"),
            R"({"userId":"7","dataFields":{"email":null}})");
}

TEST(IterableRequestBody, NumbersThatIdentifyAreText) {
  EXPECT_EQ(User(ProjectType::kUserId, R"({"userId":42,"visits":3})"),
            R"({"userId":"42","dataFields":{"visits":3}})");
  EXPECT_EQ(User(ProjectType::kEmail, R"({"email":"a@x.org","userId":42,"visits":3})"),
            R"({"email":"a@x.org","dataFields":{"userId":"42","visits":3}})");
  EXPECT_EQ(User(ProjectType::kEmail, R"({"email":"a@x.org","userId":["7"]})"),
            R"({"email":"a@x.org","dataFields":{"userId":["7"]}})");
}

TEST(IterableRequestBody, PreferUserIdOnlyWhereItIsNeeded) {
  const std::string payload = R"({"email":null,"firstName":"Bo","userId":"7"})";
  EXPECT_EQ(User(ProjectType::kEmail, payload),
            R"({"userId":"7","dataFields":{"firstName":"Bo"},"preferUserId":true})");
  UserOptions options;
  options.prefer_user_id = false;
  EXPECT_EQ(User(ProjectType::kEmail, payload, options),
            R"({"userId":"7","dataFields":{"firstName":"Bo"}})");
  EXPECT_EQ(User(ProjectType::kUserId, R"({"userId":"7"})"), R"({"userId":"7"})");
}

TEST(IterableRequestBody, OptionsOfTheSync) {
  UserOptions options;
  options.create_new_fields = false;
  options.merge_nested_objects = true;
  EXPECT_EQ(
      Text(RowsForTests(ProjectType::kEmail)
               .Add(R"({"address":{"city":"Y"},"email":"a@x.org"})")
               .Add(R"({"email":"b@x.org"})"),
           options),
      R"({"createNewFields":false,"users":[)"
      R"({"email":"a@x.org","dataFields":{"address":{"city":"Y"}},"mergeNestedObjects":true},)"
      R"({"email":"b@x.org","mergeNestedObjects":true}]})");
}

TEST(IterableRequestBody, TextGoesAsItIs) {
  EXPECT_EQ(User(ProjectType::kEmail,
                 R"({"a":"\",\"email\":\"x\"","c":{"email":"no"},"email":"o'b@x.org","z":"\\"})"),
            R"({"email":"o'b@x.org","dataFields":{"a":"\",\"email\":\"x\"","c":{"email":"no"},)"
            R"("z":"\\"}})");
}

TEST(IterableRequestBody, BytesAreCountedExactly) {
  RowsForTests rows(ProjectType::kEmail);
  for (char c = 'a'; c < 'd'; ++c) {
    rows.Add(std::string("{\"email\":\"") + c + "@x.org\",\"n\":\"ü\"}");
  }
  const size_t all = Build(rows).value().text.size();
  EXPECT_EQ(Build(rows, {}, {1000, all}).value().users, 3U);
  EXPECT_EQ(Build(rows, {}, {1000, all}).value().text.size(), all);
  const Body two = Build(rows, {}, {1000, all - 1}).value();
  EXPECT_EQ(two.users, 2U);
  EXPECT_THAT(two.text, HasSubstr("\"b@x.org\",\"dataFields\":{\"n\":\"ü\"}}]}"));
  EXPECT_EQ(Build(rows, {}, {2, all}).value().text, two.text);
}

TEST(IterableRequestBody, OnePersonTooLargeIsRefusedWithoutShowingAnything) {
  RowsForTests rows(ProjectType::kEmail);
  rows.Add("{\"email\":\"secret@x.org\",\"n\":\"" + std::string(200, 'n') + "\"}");
  const auto body = Build(rows, {}, {1000, 100});
  ASSERT_FALSE(body.ok());
  EXPECT_EQ(body.status().code(), Code::kRejected);
  EXPECT_EQ(body.status().message(),
            "one person alone takes 281 bytes, and a request may have 100");
  EXPECT_TRUE(Build(rows, {}, {1000, 281}).ok());
}

TEST(IterableRequestBody, NobodyIsInItTwice) {
  RowsForTests rows(ProjectType::kEmail);
  rows.Add(R"({"email":"a@x.org","n":1})").Add(R"({"email":"b@x.org"})");
  rows.Add(R"({"email":"A@X.org","n":2})").Add(R"({"email":"c@x.org"})");
  EXPECT_EQ(Build(rows).value().users, 2U);
}

TEST(IterableRequestBody, ARowThatNamesNobodyIsRefusedWhenItsTurnComes) {
  RowsForTests rows(ProjectType::kUserId);
  rows.Add(R"({"userId":"7"})").Add(R"({"email":"a@x.org"})");
  EXPECT_EQ(Build(rows).value().users, 1U);
  RowsForTests nobody(ProjectType::kUserId);
  nobody.Add(R"({"email":"a@x.org"})");
  EXPECT_EQ(Build(nobody).status().code(), Code::kRejected);
}

}  // namespace
}  // namespace sluice::connectors::iterable
