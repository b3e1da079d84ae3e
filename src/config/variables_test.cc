#include "config/variables.h"

#include <gmock/gmock.h>

namespace sluice::config {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

std::map<std::string, std::string> Dotenv(const std::string& text) {
  Diagnostics diagnostics;
  auto values = ParseDotenv(text, ".env", &diagnostics);
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.ToStatus().ToString();
  return values;
}

TEST(Dotenv, ReadsNamesValuesCommentsAndExport) {
  EXPECT_THAT(
      Dotenv("# keys\nA=1\nexport B = two words  # not part of it\n\nC=\n  D=x#y\nexport=5"),
      UnorderedElementsAre(Pair("A", "1"), Pair("B", "two words"), Pair("C", ""), Pair("D", "x#y"),
                           Pair("export", "5")));
}

TEST(Dotenv, TakesQuotesOfBothKinds) {
  EXPECT_THAT(
      Dotenv("A='a\\n$B \"x\"'\nB=\"a\\n\\t\\\"\\\\ \\$x \\q\" # end\nC=\"line 1\nline 2\"\nD=4"),
      UnorderedElementsAre(Pair("A", "a\\n$B \"x\""), Pair("B", "a\n\t\"\\ $x \\q"),
                           Pair("C", "line 1\nline 2"), Pair("D", "4")));
}

TEST(Dotenv, OfWindowsIsTheSame) {
  EXPECT_THAT(Dotenv("\xEF\xBB\xBF"
                     "A=1\r\nB=\"2\"\r\n"),
              UnorderedElementsAre(Pair("A", "1"), Pair("B", "2")));
}

TEST(Dotenv, TheLastOfTwoLinesCounts) {
  EXPECT_THAT(Dotenv("A=1\nA=2\n"), ElementsAre(Pair("A", "2")));
}

TEST(Dotenv, ReportsLinesItCannotReadWithoutTheirContent) {
  Diagnostics diagnostics;
  const auto values =
      ParseDotenv("hunter2\nA=1\nB=\"open\nC=3\nD='x' y\nE=5\n", ".env", &diagnostics);
  EXPECT_EQ(diagnostics.ToStatus().message(),
            "the project has 3 errors:\n"
            "  .env:1:1: expected NAME=value\n"
            "  .env:3:1: this quote is not closed\n"
            "  .env:5:1: text behind the closing quote");
  EXPECT_THAT(values, UnorderedElementsAre(Pair("A", "1"), Pair("C", "3"), Pair("E", "5")));
}

TEST(Variables, TheEnvironmentGoesBeforeDotenv) {
  const Variables variables({{"A", "environment"}}, {{"A", "file"}, {"B", "file"}});
  EXPECT_EQ(variables.Find("A"), "environment");
  EXPECT_EQ(variables.Find("B"), "file");
  EXPECT_EQ(variables.Find("C"), std::nullopt);
  EXPECT_THAT(variables.Names(), ElementsAre("A", "B"));
}

TEST(Expand, ReplacesVariablesAndDefaults) {
  const Variables variables({{"A", "1"}, {"EMPTY", ""}}, {});
  EXPECT_EQ(Expand("x${A}y${A}", variables).text, "x1y1");
  EXPECT_EQ(Expand("${NONE:-fall back}", variables).text, "fall back");
  EXPECT_EQ(Expand("${EMPTY:-instead}", variables).text, "instead");
  EXPECT_EQ(Expand("[${EMPTY}]", variables).text, "[]");
  EXPECT_TRUE(Expand("${NONE:-x}", variables).has_variables);
}

TEST(Expand, DoesNotExpandWhatItPutIn) {
  const Variables variables({{"A", "${B}"}, {"B", "no"}}, {});
  EXPECT_EQ(Expand("${A}", variables).text, "${B}");
}

TEST(Expand, LeavesEscapedOnesAndLoneDollars) {
  const Variables variables({{"A", "1"}}, {});
  const Expansion expansion = Expand("$${A} costs $5 {x} $A $", variables);
  EXPECT_EQ(expansion.text, "${A} costs $5 {x} $A $");
  EXPECT_FALSE(expansion.has_variables);
}

TEST(Expand, NamesWhatIsMissingAndWhere) {
  const Expansion expansion = Expand("a${X}b${Y}", Variables());
  EXPECT_THAT(expansion.missing, ElementsAre("X", "Y"));
  EXPECT_THAT(expansion.missing_at, ElementsAre(1u, 6u));
}

TEST(Expand, FindsWhatIsNoVariable) {
  EXPECT_EQ(Expand("a${1X}", Variables()).malformed_at, 1u);
  EXPECT_EQ(Expand("${}", Variables()).malformed_at, 0u);
  EXPECT_EQ(Expand("${OPEN", Variables()).malformed_at, 0u);
  EXPECT_EQ(Expand("${A-B}", Variables()).malformed_at, 0u);
}

}  // namespace
}  // namespace sluice::config
