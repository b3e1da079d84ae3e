#include "cli/file_groups.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::cli {
namespace {

using testing::ElementsAre;

// "table: pattern (files)", one for each group.
std::vector<std::string> Grouped(const std::vector<std::string>& paths,
                                 const std::vector<std::string>& columns = {}) {
  std::vector<std::string> all;
  for (const FileGroup& group : GroupFiles(paths)) {
    all.push_back(TableNameOf(group) + ": " + PatternOf(group, columns).text + " (" +
                  std::to_string(group.files.size()) + ")");
  }
  return all;
}

TEST(FileGroupsTest, NumbersAndDatesMakeNoTable) {
  EXPECT_THAT(Grouped({"orders_2024-01.csv", "orders_2024-02.csv", "customers.csv"}),
              ElementsAre("orders: orders_{month}.csv (2)", "customers: customers.csv (1)"));
  EXPECT_THAT(Grouped({"a-2024-01-31.csv", "a-2024-02-29.csv"}),
              ElementsAre("a: a-{date}.csv (2)"));
  EXPECT_THAT(Grouped({"a-2024-01-31.csv", "a-2024-02.csv", "a-7.csv"}),
              ElementsAre("a: a-*.csv (3)"));
  EXPECT_THAT(Grouped({"a_2024-13-01.csv", "a_20240131T120000Z.csv"}),
              ElementsAre("a: a_*.csv (1)", "a_z: a_*Z.csv (1)"));
}

TEST(FileGroupsTest, FoldersArePartOfIt) {
  EXPECT_THAT(Grouped({"in/2024-01-31/orders.csv", "in/2024-02-01/orders.csv"}),
              ElementsAre("orders: in/{date}/orders.csv (2)"));
  EXPECT_THAT(Grouped({"people/1.json", "people/2.json", "7/8.csv"}),
              ElementsAre("people: people/*.json (2)", "files: */*.csv (1)"));
  EXPECT_THAT(
      Grouped({"sales/year=2024/region=eu/part-00000-0b5f6b9e-1111-4222-8333-0123456789ab-"
               "c000.snappy.parquet",
               "sales/year=2025/region=us/part-00001-0b5f6b9e-1111-4222-8333-aaaaaaaaaaaa-"
               "c000.snappy.parquet"}),
      ElementsAre("sales: sales/year={year}/region={region}/part-*-*-c*.snappy.parquet (2)"));
}

TEST(FileGroupsTest, WhatTheFilesHaveThemselvesIsNoCapture) {
  EXPECT_THAT(Grouped({"region=eu/a_2024-01-31.csv"}, {"date", "region"}),
              ElementsAre("a: region=*/a_{file_date}.csv (1)"));
  const auto group = GroupFiles(std::vector<std::string>{"region=eu/a_2024-01-31.csv"}).front();
  const GroupPattern pattern = PatternOf(group, {});
  EXPECT_THAT(pattern.keyed, ElementsAre("region"));
  EXPECT_THAT(pattern.captures, ElementsAre("date"));
}

TEST(FileGroupsTest, CompressedOrNotIsTheSameTable) {
  EXPECT_THAT(Grouped({"a_1.csv", "a_2.csv.gz", "b_1.csv.gz", "c.txt", "c.pdf"}),
              ElementsAre("a: a_*.csv* (2)", "b: b_*.csv.gz (1)", "c: c.txt (1)"));
}

TEST(FileGroupsTest, PatternsMeanTheirNames) {
  EXPECT_THAT(Grouped({"{x}*?.csv"}), ElementsAre("x: {{x}}??.csv (1)"));
  const auto groups =
      GroupFiles(std::vector<std::string>{"o_2024-01.csv", "o_2024-02.csv", "o_1.CSV"});
  EXPECT_EQ(PatternOf(groups[0], {}, true).text, "o_???????.csv");
  EXPECT_EQ(PatternOf(groups[1], {}).text, "o_*.CSV");
}

TEST(FileGroupsTest, NumbersOfSiblingsAreToldFromOthers) {
  for (const char* path : {"in/orders_2.csv", "in/orders-12.csv", "in/orders (3).csv",
                           "in/orders(3).csv", "in/orders 4.csv", "in/orders5.csv"}) {
    EXPECT_EQ(WithoutNumber(path), "in/orders.csv") << path;
  }
  EXPECT_EQ(WithoutNumber("a_1.CSV.gz"), "a.CSV.gz");
  for (const char* path : {"orders.csv", "1.csv", "_1.csv", "in/2.csv", "orders_2024.csv",
                           "orders_2024-01.csv", "v1.2.csv", "orders 3).csv"}) {
    EXPECT_EQ(WithoutNumber(path), "") << path;
  }
}

TEST(FileGroupsTest, TablesOfFoldersCanBeToldApart) {
  const auto groups = GroupFiles(std::vector<std::string>{"eu/orders.csv", "us/orders.csv"});
  EXPECT_EQ(TableNameOf(groups[0], true), "eu_orders");
  EXPECT_EQ(TableNameOf(groups[1], true), "us_orders");
}

}  // namespace
}  // namespace sluice::cli
