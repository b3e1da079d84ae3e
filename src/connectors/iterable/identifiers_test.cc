#include "connectors/iterable/identifiers.h"

#include <gtest/gtest.h>

namespace sluice::connectors::iterable {
namespace {

// The identity, or "refused: why".
std::string Identity(ProjectType project, std::string_view payload) {
  const auto identity = IdentityOfUser(project, payload);
  if (identity.ok()) return identity.value();
  EXPECT_EQ(identity.status().code(), Code::kRejected);
  return "refused: " + identity.status().message();
}

std::string Email(const std::string& text) {
  return Identity(ProjectType::kEmail, "{\"email\":\"" + text + "\"}");
}
std::string UserId(const std::string& text) {
  return Identity(ProjectType::kUserId, "{\"userId\":\"" + text + "\"}");
}

TEST(IterableIdentifiers, EmailsAreComparedWithoutCase) {
  EXPECT_EQ(Email("Ann.Lee+News@Example.COM"), "ann.lee+news@example.com");
  EXPECT_EQ(Email("o'brien@localhost"), "o'brien@localhost");
  EXPECT_EQ(Email("zo\u00eb@example.com"), "zo\u00eb@example.com");
}

TEST(IterableIdentifiers, UserIdsAreComparedExactly) {
  EXPECT_EQ(UserId("Guest 7"), "Guest 7");
  EXPECT_EQ(UserId("a\\\"b"), "a\"b");
  EXPECT_EQ(UserId(std::string(52, 'x')), std::string(52, 'x'));
}

TEST(IterableIdentifiers, AWholeNumberIsAUserId) {
  EXPECT_EQ(Identity(ProjectType::kUserId, R"({"userId":42})"), "42");
  EXPECT_EQ(Identity(ProjectType::kUserId, R"({"userId":-7})"), "-7");
  for (const char* value : {"4.5", "1e22", "true", "[1]", "{\"a\":1}"}) {
    EXPECT_EQ(Identity(ProjectType::kUserId, "{\"userId\":" + std::string(value) + "}"),
              "refused: userId is neither text nor a whole number")
        << value;
  }
}

TEST(IterableIdentifiers, WhatNoMailAddressCanHaveIsRefusedWithoutShowingIt) {
  EXPECT_EQ(Email(""), "refused: email is empty; NULL says that there is none");
  EXPECT_EQ(Email(" ann@x.org"), "refused: email has blanks at its ends; trim it in the model");
  EXPECT_EQ(Email("ann@x.org\\n"), "refused: email has blanks at its ends; trim it in the model");
  EXPECT_EQ(Email("ann lee@x.org"), "refused: email has a blank inside");
  EXPECT_EQ(Email("ann.x.org"), "refused: email has not exactly one \"@\"");
  EXPECT_EQ(Email("ann@lee@x.org"), "refused: email has not exactly one \"@\"");
  EXPECT_EQ(Email("@x.org"), "refused: email has nothing before the \"@\"");
  EXPECT_EQ(Email("ann@"), "refused: email has nothing behind the \"@\"");
  for (const char* domain : {".org", "x.", "x..org"}) {
    EXPECT_EQ(Email("ann@" + std::string(domain)),
              "refused: email has a domain with an empty part");
  }
  EXPECT_EQ(Email(std::string(250, 'a') + "@x.org"), "refused: email is longer than 255 bytes");
}

TEST(IterableIdentifiers, WhatIterableTakesForNoUserIdIsRefused) {
  EXPECT_EQ(UserId(""), "refused: userId is empty; NULL says that there is none");
  EXPECT_EQ(UserId("7 "), "refused: userId has blanks at its ends; trim it in the model");
  EXPECT_EQ(UserId("\\t7"), "refused: userId has blanks at its ends; trim it in the model");
  EXPECT_EQ(UserId(std::string(53, 'x')), "refused: userId is longer than 52 characters");
  const std::string odd =
      "refused: userId has characters other than printable ASCII, which Iterable refuses";
  EXPECT_EQ(UserId("zo\u00eb"), odd);
  EXPECT_EQ(UserId("a\\tb"), odd);
}

TEST(IterableIdentifiers, EachKindOfProjectHasItsOwnOrder) {
  const std::string both = R"({"age":3,"email":"A@x.org","userId":"7","zip":"1"})";
  EXPECT_EQ(Identity(ProjectType::kEmail, both), "a@x.org");
  EXPECT_EQ(Identity(ProjectType::kUserId, both), "7");
  EXPECT_EQ(Identity(ProjectType::kHybrid, both), "7");

  const std::string no_email = R"({"email":null,"userId":"7"})";
  EXPECT_EQ(Identity(ProjectType::kEmail, no_email), "7");
  EXPECT_EQ(Identity(ProjectType::kHybrid, no_email), "7");

  const std::string no_id = R"({"email":"A@x.org"})";
  EXPECT_EQ(Identity(ProjectType::kHybrid, no_id), "a@x.org");
  EXPECT_EQ(Identity(ProjectType::kUserId, no_id),
            "refused: there is no userId that says who this is");

  EXPECT_EQ(Identity(ProjectType::kEmail, "{}"),
            "refused: there is neither an email nor a userId that says who this is");
  EXPECT_EQ(Identity(ProjectType::kHybrid, R"({"userId":null})"),
            "refused: there is neither a userId nor an email that says who this is");
  // A broken one is not passed over: that would make somebody else of the row.
  EXPECT_EQ(Identity(ProjectType::kEmail, R"({"email":"","userId":"7"})"),
            "refused: email is empty; NULL says that there is none");
}

TEST(IterableIdentifiers, NestedFieldsOfTheSameNameDoNotIdentify) {
  EXPECT_EQ(Identity(ProjectType::kEmail, R"({"contact":{"email":"a@x.org"}})"),
            "refused: there is neither an email nor a userId that says who this is");
}

}  // namespace
}  // namespace sluice::connectors::iterable
