#include "config/yaml_tree.h"

#include <gmock/gmock.h>

#include "base/text.h"

namespace sluice::config {
namespace {

using ::testing::HasSubstr;

NodePtr Parse(const std::string& text) {
  Diagnostics diagnostics;
  NodePtr root = ParseYaml(text, "x.yml", &diagnostics);
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.ToStatus().ToString();
  return root;
}

std::string ErrorOf(const std::string& text, const YamlLimits& limits = {}) {
  Diagnostics diagnostics;
  EXPECT_EQ(ParseYaml(text, "x.yml", &diagnostics, limits), nullptr);
  return diagnostics.ToStatus().message();
}

const Node& At(const NodePtr& node, const std::string& key) {
  return *node->Find(key)->value;
}

TEST(YamlTree, KnowsWhereEverythingStands) {
  const NodePtr root = Parse("a: 1\nlist:\n  - x\n  - { k: v }\n");
  EXPECT_EQ(root->Find("list")->key_where.ToString(), "x.yml:2:1");
  EXPECT_EQ(At(root, "list").items[1]->Find("k")->value->where.ToString(), "x.yml:4:10");
}

TEST(YamlTree, CountsCharactersNotBytes) {
  const NodePtr root = Parse("{ ä: ü, näme: x }\n");
  EXPECT_EQ(At(root, "näme").where.ToString(), "x.yml:1:15");
}

TEST(YamlTree, SkipsAByteOrderMarkAndTakesWindowsLineEnds) {
  const NodePtr root = Parse(
      "\xEF\xBB\xBF"
      "a: 1\r\nb: |\r\n  x\r\n  y\r\n");
  EXPECT_EQ(root->Find("a")->key_where.ToString(), "x.yml:1:1");
  EXPECT_EQ(At(root, "b").text, "x\ny\n");
}

TEST(YamlTree, KnowsWhereTheTextOfABlockBegins) {
  const NodePtr root = Parse("m:\n  sql: |\n     SELECT 1\n       FROM x\n  q: 'it'\n  p: it\n");
  EXPECT_EQ(At(root, "m").Find("sql")->value->text_where.ToString(), "x.yml:3:6");
  EXPECT_EQ(At(root, "m").Find("q")->value->text_where.ToString(), "x.yml:5:7");
  EXPECT_EQ(At(root, "m").Find("p")->value->text_where.ToString(), "x.yml:6:6");
}

TEST(YamlTree, CountsEmptyLinesAtTheTopOfABlock) {
  const NodePtr root = Parse("sql: |\n\n    SELECT 1\n");
  EXPECT_EQ(At(root, "sql").text, "\nSELECT 1\n");
  EXPECT_EQ(At(root, "sql").text_where.ToString(), "x.yml:2:5");
  EXPECT_EQ(At(root, "sql").text_where.Inside(2, 8).ToString(), "x.yml:3:12");
}

TEST(YamlTree, TakesVariablesWithoutQuotesInFlowMaps) {
  const NodePtr root = Parse("c: { a: ${A}, b: ${B:-x, [y]: #z}, c: $${C}, d: 1 }\n");
  const Node& c = At(root, "c");
  EXPECT_EQ(c.Find("a")->value->text, "${A}");
  EXPECT_EQ(c.Find("b")->value->text, "${B:-x, [y]: #z}");
  EXPECT_EQ(c.Find("c")->value->text, "$${C}");
  EXPECT_EQ(c.Find("d")->value->where.ToString(), "x.yml:1:49");
}

TEST(YamlTree, TellsNullFromTheAbsenceOfAValue) {
  const NodePtr root = Parse("a:\nnullable: NULL\nb: ~\nc: 'null'\n");
  EXPECT_EQ(At(root, "a").kind, Node::Kind::kNull);
  EXPECT_EQ(At(root, "a").text, "");
  EXPECT_EQ(At(root, "a").where.ToString(), "x.yml:1:1");
  EXPECT_EQ(At(root, "nullable").text, "NULL");
  EXPECT_EQ(At(root, "b").text, "~");
  EXPECT_EQ(At(root, "c").kind, Node::Kind::kScalar);
}

TEST(YamlTree, ResolvesAnchorsAndMergeKeys) {
  const NodePtr root = Parse("base: &b { x: 1, y: 2 }\nuse:\n  <<: *b\n  y: 3\nalso: *b\n");
  EXPECT_EQ(At(root, "use").Find("x")->value->text, "1");
  EXPECT_EQ(At(root, "use").Find("y")->value->text, "3");
  EXPECT_EQ(At(root, "use").entries.size(), 2u);
  EXPECT_EQ(At(root, "also").Find("y")->value->text, "2");
}

TEST(YamlTree, OfAnEmptyFileIsNull) {
  EXPECT_EQ(Parse("# nothing\n")->kind, Node::Kind::kNull);
  EXPECT_EQ(Parse("")->kind, Node::Kind::kNull);
}

TEST(YamlTree, RefusesRepeatedKeys) {
  EXPECT_EQ(ErrorOf("a: 1\nb: { c: 1, c: 2 }\n"), "x.yml:2:12: c: given twice; first at x.yml:2:6");
}

TEST(YamlTree, RefusesASecondDocument) {
  EXPECT_EQ(ErrorOf("a: 1\n---\nb: 2\n"),
            "x.yml:2:1: a second YAML document starts here; one is expected");
}

TEST(YamlTree, RefusesKeysThatAreNoText) {
  EXPECT_EQ(ErrorOf("? [a]\n: b\n"), "x.yml:1:3: a key must be text, found a list");
  EXPECT_EQ(ErrorOf("~: b\n"), "x.yml:1:1: a key must be text, found nothing");
}

TEST(YamlTree, RefusesToMergeWhatIsNoMap) {
  EXPECT_EQ(ErrorOf("a:\n  <<: 5\n"),
            "x.yml:2:3: `<<` merges a map or a list of maps, found \"5\"");
}

TEST(YamlTree, SaysWhereTheSyntaxIsBroken) {
  EXPECT_EQ(ErrorOf("a: [1\nb: 2\n"), "x.yml:2:2: not valid YAML: end of sequence flow not found");
  EXPECT_EQ(ErrorOf("a: *nope\n"),
            "x.yml:1:4: not valid YAML: the referenced anchor is not defined");
}

TEST(YamlTree, SaysThatItTakesNoTabs) {
  const std::string tab = ": a tab in the indentation: YAML takes no tabs there, write spaces";
  EXPECT_EQ(ErrorOf("a:\n\tb: 1\n"), "x.yml:2:1" + tab);
  EXPECT_EQ(ErrorOf("a:\n  b: 1\n\tc: 2\n"), "x.yml:3:1" + tab);
  EXPECT_EQ(ErrorOf("a:\n  b: 1\n  \tc: 2\n"), "x.yml:3:3" + tab);
  EXPECT_EQ(ErrorOf("a:\n  - b\n\t- c: 1\n"), "x.yml:3:1" + tab);
  EXPECT_EQ(ErrorOf("a: |\n\tb\nc: 1\n"), "x.yml:2:1" + tab);
  EXPECT_EQ(ErrorOf("a:\n\tb:\n\t\tc: 1\n"), "x.yml:2:1" + tab);
  EXPECT_EQ(At(Parse("a: |\n  b\n  \tc\n"), "a").text, "b\n\tc\n");
  EXPECT_EQ(At(Parse("a: { b: 1,\n\tc: 2 }\n"), "a").kind, Node::Kind::kMap);
}

TEST(YamlTree, SaysWhatIsWrongWithIndentation) {
  EXPECT_EQ(ErrorOf("a: 1\n  b: 2\n"),
            "x.yml:2:3: wrong indentation: the line has 2 spaces, and line 1 above it, with 0, has "
            "a value already: keys of one map begin in the same column");
  EXPECT_EQ(ErrorOf("m:\n  a: 1\n\n  # no\n   b: 2\n"),
            "x.yml:5:4: wrong indentation: the line has 3 spaces, and line 2 above it, with 2, has "
            "a value already: keys of one map begin in the same column");
  EXPECT_EQ(ErrorOf("m:\n    a: 1\n  b: 2\n"),
            "x.yml:3:3: wrong indentation: the line has 2 spaces, and the lines above to which it "
            "could belong have 4 or 0");
  EXPECT_EQ(ErrorOf("m:\n  a: 1\n  - b\n"),
            "x.yml:3:3: a list item (\"- \") stands among the keys of a map");
  EXPECT_EQ(ErrorOf("m:\n  - a\n  b: 1\n"),
            "x.yml:3:3: a key stands among the items of a list (\"- \")");
  EXPECT_EQ(
      ErrorOf("a: - b\n"),
      "x.yml:1:4: a list begins on a line of its own: write the \"- \" below its key, or [ … ]");
  EXPECT_EQ(ErrorOf("a: b: c\n"),
            "x.yml:1:5: a second \": \" in one line: put the value in quotes where it is text");
}

TEST(YamlTree, RefusesAnAliasInsideOfItself) {
  EXPECT_THAT(ErrorOf("a: &x [ *x ]\n"), HasSubstr("x.yml:1:9: "));
}

TEST(YamlTree, IsBoundedAgainstAliasesThatUnfold) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int k = 0; k < 10; ++k)
      text += std::string(k > 0 ? ", " : "") + "*a" + std::to_string(i - 1);
    text += "]\n";
  }
  EXPECT_EQ(ErrorOf(text), "x.yml:5:5: more than 100,000 values, with aliases unfolded");
}

TEST(YamlTree, IsBoundedAgainstMergesThatMultiply) {
  std::string text = "base: &b {";
  for (int i = 0; i < 1000; ++i) text += "k" + std::to_string(i) + ": 1, ";
  text += "}\n";
  for (int i = 0; i < 200; ++i) text += "m" + std::to_string(i) + ": { <<: *b }\n";
  EXPECT_THAT(ErrorOf(text), HasSubstr("more than 100,000 values, with aliases unfolded"));
}

TEST(YamlTree, IsBoundedInSizeDepthAndKeys) {
  EXPECT_EQ(ErrorOf(std::string(1 << 20, ' ') + "a: 1"),
            "x.yml: larger than the 1.0 MB allowed for a project file");
  EXPECT_EQ(ErrorOf(std::string(50, '[') + std::string(50, ']')),
            "x.yml:1:41: nested deeper than 40 levels");
  EXPECT_EQ(ErrorOf("a: 1\nb: 2\nc: 3\n", {.keys = 2}), "x.yml:3:1: more than 2 keys in one map");
  EXPECT_EQ(ErrorOf(ReplaceAll(std::string(50'000, 'x'), "x", "- ") + "1"),
            "x.yml:1:81: nested deeper than 40 levels");
}

TEST(YamlTree, RefusesWhatIsNotUtf8) {
  EXPECT_EQ(ErrorOf("a: Jos\xE9\n"), "x.yml: is not UTF-8 text");
}

}  // namespace
}  // namespace sluice::config
