#include "base/json_text.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

std::string Canonical(std::string_view text) {
  const auto result = CanonicalJson(text);
  return result.ok() ? result.value() : "refused: " + result.status().message();
}

TEST(JsonText, EqualValuesHaveEqualBytes) {
  EXPECT_EQ(Canonical(" { \"b\" : [ 1 , 2 ] ,\n\"a\":{\"y\":null,\"x\":true} } "),
            R"({"a":{"x":true,"y":null},"b":[1,2]})");
  EXPECT_EQ(Canonical(R"(["\u00e9\/\u000A\u001F", "😀"])"), "[\"é/\\n\\u001f\",\"😀\"]");
  EXPECT_EQ(Canonical(R"("\ud83d\ude00")"), "\"😀\"");
  EXPECT_EQ(Canonical("{}"), "{}");
  EXPECT_EQ(Canonical("[]"), "[]");
  EXPECT_EQ(Canonical(R"({"a":1,"b":2,"a":3})"), R"({"a":3,"b":2})");
  EXPECT_EQ(Canonical(R"({"a b":1,"a":2})"), R"({"a":2,"a b":1})");
}

TEST(JsonText, NumbersKeepEveryDigit) {
  EXPECT_EQ(Canonical("12345678901234567890.123456789000"), "12345678901234567890.123456789");
  EXPECT_EQ(Canonical("-0.0"), "0");
  EXPECT_EQ(Canonical("-0.50"), "-0.5");
  EXPECT_EQ(Canonical("100"), "100");
  EXPECT_EQ(Canonical("1.50E+20"), "1.5e20");
  EXPECT_EQ(Canonical("1e-7"), "1e-7");
}

TEST(JsonText, WhatIsNoJsonIsRefusedWithoutShowingIt) {
  for (const char* text :
       {"", "{", "[1,]", "{\"a\"}", "nul", "01", "+1", "1.", "\"\n\"", "NaN", "[1] 2", "\"\\x\"",
        "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\\udc00\"", "'a'"}) {
    EXPECT_EQ(Canonical(text).substr(0, 8), "refused:") << text;
  }
  EXPECT_EQ(Canonical("{\"secret\": secret}").find("secret"), std::string::npos);
  EXPECT_EQ(Canonical(std::string(100, '[') + std::string(100, ']')).substr(0, 8), "refused:");
}

TEST(JsonText, MembersOfAnObject) {
  const auto members = JsonMembers(R"({"a":{"b":"},\""},"c\"d":[1,{"e":2}],"f":null})");
  ASSERT_EQ(members.size(), 3U);
  EXPECT_EQ(members[0].name, "a");
  EXPECT_EQ(members[0].value, R"({"b":"},\""})");
  EXPECT_EQ(members[1].name, "c\\\"d");
  EXPECT_EQ(members[1].value, R"([1,{"e":2}])");
  EXPECT_EQ(members[2].value, "null");
  EXPECT_TRUE(JsonMembers("{}").empty());
  EXPECT_EQ(JsonMemberValue(R"({"a":1,"b":"x"})", "b"), "\"x\"");
  EXPECT_EQ(JsonMemberValue(R"({"a":1})", "b"), "");
}

TEST(JsonText, MembersOneAfterTheOther) {
  const std::string object = R"({"a":"\\","b":"\\\"}","c":{"d":["]"]}})";
  JsonMemberScan scan(object);
  JsonMember member;
  ASSERT_TRUE(scan.Next(member));
  EXPECT_EQ(member.value, R"("\\")");
  ASSERT_TRUE(scan.Next(member));
  EXPECT_EQ(member.value, R"("\\\"}")");
  ASSERT_TRUE(scan.Next(member));
  EXPECT_EQ(member.name, "c");
  EXPECT_EQ(member.value, R"({"d":["]"]})");
  EXPECT_FALSE(scan.Next(member));
}

TEST(JsonText, ItemsOfAnArray) {
  EXPECT_TRUE(JsonItems("[]").empty());
  const auto items = JsonItems(R"([1,"a,]\"",[2,3],{"b":[4]},null])");
  ASSERT_EQ(items.size(), 5U);
  EXPECT_EQ(items[0], "1");
  EXPECT_EQ(items[1], R"("a,]\"")");
  EXPECT_EQ(items[2], "[2,3]");
  EXPECT_EQ(items[3], R"({"b":[4]})");
  EXPECT_EQ(items[4], "null");
}

TEST(JsonText, TextsComeBackAsTheyWere) {
  std::string every;
  for (int c = 0; c < 128; ++c) every += static_cast<char>(c);
  every += "é😀";
  std::string quoted;
  AppendJsonString(quoted, every);
  EXPECT_EQ(JsonText(quoted), every);
  EXPECT_EQ(Canonical(quoted), quoted);
  EXPECT_EQ(JsonText("12.5"), "12.5");
}

}  // namespace
}  // namespace sluice
