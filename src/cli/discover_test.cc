#include "cli/discover.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::string TypeOf(const std::vector<std::string_view>& values) {
  TypeTrial trial;
  for (const std::string_view value : values) trial.Value({value, false, value.empty()});
  return trial.SqlType();
}

TEST(TypeTrialTest, TheNarrowestTypeThatFitsAll) {
  EXPECT_EQ(TypeOf({"1", "-20", ""}), "BIGINT");
  EXPECT_EQ(TypeOf({"1", "2.50", "-0.5"}), "DECIMAL(18,2)");
  EXPECT_EQ(TypeOf({"12345678901234567890"}), "DECIMAL(38,0)");
  EXPECT_EQ(TypeOf({"1.5", "1e3"}), "DOUBLE");
  EXPECT_EQ(TypeOf({"true", "False"}), "BOOLEAN");
  EXPECT_EQ(TypeOf({"2026-11-21", "2026-02-28"}), "DATE");
  EXPECT_EQ(TypeOf({"2026-11-21", "2026-02-28 10:00:00"}), "TIMESTAMP");
  EXPECT_EQ(TypeOf({"2026-11-21T10:00:00Z"}), "TIMESTAMPTZ");
  EXPECT_EQ(TypeOf({"a", "1"}), "VARCHAR");
  EXPECT_EQ(TypeOf({"2026-02-30"}), "VARCHAR");
}

TEST(TypeTrialTest, NumbersThatADoubleWouldChangeAreText) {
  EXPECT_EQ(TypeOf({"1234567890123456789012345678901234567890"}), "VARCHAR");
  EXPECT_EQ(TypeOf({"12345678901234567890", "1e3"}), "VARCHAR");
  EXPECT_EQ(TypeOf({"12345678901234.123456", "1e3"}), "VARCHAR");
  EXPECT_EQ(TypeOf({"9007199254740993", "1E3"}), "VARCHAR");
  EXPECT_EQ(TypeOf({"0.1", "-12.70", "1e-7", "6.02214076e23", "0"}), "DOUBLE");
  EXPECT_EQ(TypeOf({"1000000000000000000000000000000000000000000", "0.5"}), "DOUBLE");
}

TEST(TypeTrialTest, WhatOnlyLooksLikeANumberIsText) {
  EXPECT_EQ(TypeOf({"01099", "80331"}), "VARCHAR");
  EXPECT_EQ(TypeOf({"+4930123456"}), "VARCHAR");
  EXPECT_EQ(TypeOf({"0", "0.5"}), "DECIMAL(18,1)");
}

TEST(TypeTrialTest, DecimalsHaveRoomForMoreDigitsThanOneFileShows) {
  const auto type = [](const std::vector<std::string_view>& values) {
    TypeTrial trial;
    for (const std::string_view value : values) trial.Value({value, false, value.empty()});
    return trial.SqlType(kSafeScale);
  };
  EXPECT_EQ(type({"1", "2.50"}), "DECIMAL(18,4)");
  EXPECT_EQ(type({"2.123456"}), "DECIMAL(18,6)");
  EXPECT_EQ(type({"123456789012345.5"}), "DECIMAL(38,4)");
  EXPECT_EQ(type({"123456789012345678901234567890123456.5"}), "DECIMAL(38,2)");
  EXPECT_EQ(type({"1", "2"}), "BIGINT");
  EXPECT_EQ(type({"12345678901234567890"}), "DECIMAL(38,0)");
}

TEST(TypeTrialTest, AFewValuesThatKeepAColumnFromItsTypeAreTold) {
  const auto nearly = [](std::vector<std::string_view> values, std::string_view most) {
    values.resize(40, most);
    TypeTrial trial;
    for (const std::string_view value : values) trial.Value({value, false, value.empty()});
    return trial.Nearly(kSafeScale);
  };
  EXPECT_EQ(nearly({"n/a"}, "2026-11-21 10:00:00"), "39 of 40 values are TIMESTAMP");
  EXPECT_EQ(nearly({"n/a", "twelve", "-"}, "12.50"), "");  // one in twenty, at most
  EXPECT_EQ(nearly({"1", "twelve"}, "12.50"), "39 of 40 values are DECIMAL(18,4)");
  EXPECT_EQ(nearly({"A7", "B8"}, "12"), "38 of 40 values are BIGINT");
  EXPECT_EQ(nearly({"02134"}, "80331"), "");  // no number, whatever most of them look like
  EXPECT_EQ(nearly({}, "12"), "");
  EXPECT_EQ(nearly({}, "text"), "");
}

TEST(TypeTrialTest, NothingKnownIsText) {
  EXPECT_EQ(TypeOf({"", ""}), "VARCHAR");
}

std::vector<format::CsvCell> Cells(const std::vector<std::string_view>& values) {
  std::vector<format::CsvCell> cells;
  for (const std::string_view value : values) cells.push_back({value, false, value == "NULL"});
  return cells;
}

TEST(KeyTrialTest, UniqueAndHardlyEverNull) {
  KeyTrial trial({{0}, {1}, {0, 1}, {2}});
  trial.Row(Cells({"1", "a", "x"}));
  trial.Row(Cells({"1", "b", "NULL"}));
  trial.Row(Cells({"2", "b", "y"}));
  EXPECT_EQ(trial.rows(), 3U);
  EXPECT_FALSE(trial.IsUnique(0));
  EXPECT_FALSE(trial.IsUnique(1));
  EXPECT_TRUE(trial.IsUnique(2));
  EXPECT_TRUE(trial.MayBeKey(2));
  EXPECT_TRUE(trial.IsUnique(3));
  EXPECT_EQ(trial.Nulls(3), 1U);
  EXPECT_FALSE(trial.MayBeKey(3));  // one row in three
  EXPECT_TRUE(trial.AnyMayBeKey());
}

TEST(KeyTrialTest, AFewRowsWithoutAKeyMayBeBadOnes) {
  KeyTrial trial(std::vector<std::vector<size_t>>{{0}});
  for (int i = 0; i < 198; ++i) trial.Row(Cells({std::to_string(i)}));
  trial.Row(Cells({"NULL"}));
  EXPECT_TRUE(trial.MayBeKey(0));
  trial.Row(Cells({"NULL"}));
  EXPECT_TRUE(trial.MayBeKey(0));
  trial.Row(Cells({"NULL"}));
  EXPECT_FALSE(trial.MayBeKey(0));
}

TEST(KeyTrialTest, ColumnsAreKeptApart) {
  KeyTrial trial({{0, 1}});
  trial.Row(Cells({"ab", "c"}));
  trial.Row(Cells({"a", "bc"}));
  EXPECT_TRUE(trial.IsUnique(0));
}

std::vector<std::string> Ranked(const std::string& table, const std::vector<std::string>& columns,
                                const std::vector<std::string>& dist = {},
                                const std::vector<std::string>& sort = {}) {
  std::vector<std::string> names;
  for (const KeyCandidate& candidate : RankColumns(table, columns, dist, sort)) {
    names.push_back(candidate.column);
  }
  return names;
}

TEST(RankTest, NamedAfterTheTableComesFirst) {
  EXPECT_THAT(Ranked("bi_dimuser", {"centerid", "userid", "firstname"}),
              ElementsAre("userid", "centerid"));
  EXPECT_THAT(Ranked("bi_factforms", {"organizationid", "void", "userid", "formid", "formfactid"}),
              ElementsAre("formid", "formfactid", "userid"));
  EXPECT_THAT(Ranked("bi_dimcategories", {"name", "categoryid"}),
              ElementsAre("categoryid", "name"));
}

TEST(RankTest, SchemaFilesAreEvidence) {
  EXPECT_THAT(Ranked("bi_factx", {"a", "b", "c", "d"}, {"c"}, {"b", "d"}),
              ElementsAre("c", "b", "a", "d"));
}

Proposals Sample(const std::string& layout) {
  Proposals proposals;
  proposals.ingest = "zenoti";
  proposals.layout = layout;
  return proposals;
}

TEST(YamlTest, KeysStandWithTheirEvidence) {
  Proposals proposals = Sample("zenoti");
  proposals.tables.push_back({"bi_dimuser", {"userid"}, {"userid: the distkey"}, "", {}, 3, ""});
  proposals.tables.push_back({"bi_factx", {}, {"nothing is unique"}, "", {}, 1, ""});
  proposals.tables.push_back({"bi_facty", {}, {}, "", {}, 1, "no schema file speaks of it"});
  EXPECT_THAT(ProposalsAsYaml(proposals),
              HasSubstr("ingests:\n"
                        "  zenoti:\n"
                        "    tables:\n"
                        "      # userid: the distkey\n"
                        "      bi_dimuser: { key: [userid] }\n"
                        "      # nothing is unique\n"
                        "      # bi_factx: { key: [?] }\n"
                        "      # bi_facty: no schema file speaks of it\n"));
}

TEST(YamlTest, OddNamesAreQuoted) {
  Proposals proposals = Sample("files");
  proposals.tables.push_back({"orders",
                              {"id"},
                              {},
                              "in: \"x\"/orders_*.csv",
                              {{"id", "BIGINT"}, {"on", "VARCHAR"}, {"größe: cm", "DECIMAL(18,2)"}},
                              2,
                              ""});
  const std::string yaml = ProposalsAsYaml(proposals);
  EXPECT_THAT(yaml, HasSubstr("        pattern: \"in: \\\"x\\\"/orders_*.csv\"\n"));
  EXPECT_THAT(yaml, HasSubstr("          id: BIGINT\n          \"on\": VARCHAR\n"
                              "          \"größe: cm\": DECIMAL(18,2)\n"));
}

TEST(YamlTest, AFileWithoutAnythingIsStillAFile) {
  Proposals proposals = Sample("zenoti");
  proposals.tables.push_back({"bi_facty", {}, {}, "", {}, 1, "broken\nschema"});
  EXPECT_THAT(ProposalsAsYaml(proposals), HasSubstr("    tables: {}\n"));
  EXPECT_THAT(ProposalsAsYaml(proposals), Not(HasSubstr("broken\nschema")));
}

}  // namespace
}  // namespace sluice::cli
