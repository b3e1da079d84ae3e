#include "config/file_pattern.h"

#include <gtest/gtest.h>

namespace sluice::config {
namespace {

bool Fits(const char* pattern, const char* path) {
  return FilePattern::Parse(pattern)->Fits(path);
}

// "name=value name=value", or "no".
std::string Taken(const char* pattern, const char* path) {
  const auto captures = FilePattern::Parse(pattern)->Match(path);
  if (!captures) return "no";
  std::string text;
  for (const auto& [name, value] : *captures) {
    text += (text.empty() ? "" : " ") + name + "=" + value;
  }
  return text;
}

TEST(FilePattern, StarsStayInTheirFolderAndTwoDoNot) {
  EXPECT_TRUE(Fits("orders/*.csv", "orders/a.csv"));
  EXPECT_FALSE(Fits("orders/*.csv", "orders/x/a.csv"));
  EXPECT_TRUE(Fits("orders/**/*.csv", "orders/x/y/a.csv"));
  EXPECT_TRUE(Fits("orders/**/*.csv", "orders/a.csv"));
  EXPECT_FALSE(Fits("orders/**/a.csv", "orders/xa.csv"));
  EXPECT_TRUE(Fits("orders/**.csv", "orders/x/a.csv"));
  EXPECT_TRUE(Fits("a?.csv", "ab.csv"));
  EXPECT_FALSE(Fits("a?.csv", "a/.csv"));
  EXPECT_FALSE(Fits("a.csv", "a.csv.gz"));
  EXPECT_TRUE(Fits("*", ""));
  EXPECT_FALSE(Fits("", "a"));
}

TEST(FilePattern, CapturesTakeAPartOfOneFolderOrName) {
  EXPECT_EQ(Taken("orders/{date}/{part}.csv.gz", "orders/2026-11-21/7.csv.gz"),
            "date=2026-11-21 part=7");
  EXPECT_EQ(Taken("orders/{date}/*.csv", "orders/2026/11/a.csv"), "no") << "never a slash";
  EXPECT_EQ(Taken("orders/{date}/*.csv", "orders//a.csv"), "no") << "never nothing";
  EXPECT_EQ(Taken("day={Day}/x", "day=5/x"), "day=5") << "names are lower-cased";
  EXPECT_EQ(Taken("**/{shop}_*.csv", "a/b/north_1_2.csv"), "shop=north");
}

TEST(FilePattern, EarlierPartsTakeAsLittleAsTheyCan) {
  EXPECT_EQ(Taken("{a}_{b}.csv", "x_y_z.csv"), "a=x b=y_z");
  EXPECT_EQ(Taken("{a}{b}", "xyz"), "a=x b=yz");
  EXPECT_EQ(Taken("*{a}", "xyz"), "a=xyz");
}

TEST(FilePattern, DoubledBracesAreBraces) {
  EXPECT_TRUE(Fits("{{x}}.csv", "{x}.csv"));
  EXPECT_EQ(Taken("{{{x}}}", "{7}"), "x=7");
}

TEST(FilePattern, WhatCannotBeReadIsSaid) {
  for (const char* pattern : {"a/{date", "a}b", "{}", "{a b}", "{a}/{a}", "{a{b}}"}) {
    EXPECT_EQ(FilePattern::Parse(pattern).status().code(), Code::kConfig) << pattern;
  }
}

TEST(FilePattern, ManyStarsTakeNoLongerThanTheirProduct) {
  const std::string path(3000, 'a');
  EXPECT_FALSE(FilePattern::Parse("*a*a*a*a*a*a*a*a*a*a*b")->Fits(path));
}

TEST(PathTemplate, FillsInWhatIsKnown) {
  const auto path = PathTemplate::Parse("orders/{date}/{{x}}_{File}.done");
  EXPECT_EQ(path->Fill({{"date", "d"}, {"file", "f.csv"}}), "orders/d/{x}_f.csv.done");
  EXPECT_EQ(path->Names(), (std::vector<std::string>{"date", "file"}));
  EXPECT_EQ(path->AsPattern(), "orders/*/{{x}}_*.done");
  EXPECT_EQ(PathTemplate::Parse("{date").status().code(), Code::kConfig);
}

}  // namespace
}  // namespace sluice::config
