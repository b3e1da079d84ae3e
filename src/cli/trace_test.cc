#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/trace_data.h"

namespace sluice::cli {
namespace {

TracedAttempt Attempt(std::string sent, std::string state) {
  TracedAttempt attempt;
  attempt.sent = std::move(sent);
  attempt.state = std::move(state);
  return attempt;
}

std::vector<std::string> Whys(std::vector<TracedAttempt> attempts) {
  ExplainAttempts(attempts);
  std::vector<std::string> whys;
  for (const TracedAttempt& attempt : attempts) whys.push_back(attempt.why);
  return whys;
}

TEST(ExplainTest, WhatChangedIsWhatWasNotThere) {
  EXPECT_THAT(
      Whys({Attempt(R"({"city":"Berlin","email":"a@b"})", "acknowledged"),
            Attempt(R"({"city":"Bremen","email":"a@b"})", "acknowledged"),
            Attempt(R"({"city":null,"email":"a@b","visits":3})", "acknowledged"),
            Attempt(R"({"city":null,"email":"a@b","visits":3})", "acknowledged")}),
      testing::ElementsAre("first sent", "changed: city", "changed: city, visits", "sent again"));
}

TEST(ExplainTest, OnlyAcknowledgedFieldsAreThere) {
  EXPECT_THAT(Whys({Attempt(R"({"a":1})", "deferred"), Attempt(R"({"a":1})", "acknowledged"),
                    Attempt(R"({"a":2})", "rejected"), Attempt(R"({"a":3})", "unknown"),
                    Attempt(R"({"a":3})", "acknowledged"), Attempt(R"({"a":4})", "acknowledged")}),
              testing::ElementsAre("first sent", "tried again", "changed: a",
                                   "changed after it was refused", "tried again", "changed: a"));
  EXPECT_THAT(Whys({Attempt(R"({"a":1,"b":1})", "acknowledged"), Attempt(R"({"b":2})", "rejected"),
                    Attempt(R"({"a":3})", "acknowledged"), Attempt(R"({"b":2})", "acknowledged")}),
              testing::ElementsAre("first sent", "changed: b", "changed after it was refused",
                                   "changed: b"));
}

TEST(MatchTest, EveryPartMustFitItsColumnExactly) {
  const ColumnMatch both =
      MatchColumns({{"form\"id", "BIGINT"}, {"org", "VARCHAR"}}, {"4711", "x"});
  EXPECT_TRUE(both.possible);
  EXPECT_EQ(both.condition,
            "t.\"form\"\"id\" = CAST($1 AS BIGINT) AND t.\"org\" = CAST($2 AS VARCHAR)");
  // The engine would round 12.7 to 13 and find another row.
  EXPECT_FALSE(MatchColumns({{"id", "BIGINT"}}, {"12.7"}).possible);
  EXPECT_FALSE(MatchColumns({{"id", "BIGINT"}}, {"ann@example.com"}).possible);
  EXPECT_FALSE(MatchColumns({{"id", "BIGINT"}}, {"1", "2"}).possible);
  EXPECT_TRUE(MatchColumns({{"id", "DECIMAL(19,0)"}}, {"18446744073709551617"}).possible == false);
  EXPECT_TRUE(MatchColumns({{"id", "DECIMAL(19,0)"}}, {"9223372036854775808"}).possible);
}

TEST(MatchTest, TypesWithoutAStrictCastCompareAsText) {
  EXPECT_EQ(MatchColumns({{"id", "UUID"}}, {"x"}).condition, "CAST(t.\"id\" AS VARCHAR) = $1");
}

}  // namespace
}  // namespace sluice::cli
