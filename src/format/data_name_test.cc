#include "format/data_name.h"

#include <gtest/gtest.h>

namespace sluice::format {
namespace {

TEST(DataNameTest, PartsOfAName) {
  const DataName name = SplitDataName("Orders.CSV.GZ");
  EXPECT_EQ(name.stem, "Orders");
  EXPECT_EQ(name.ending, ".csv");
  EXPECT_EQ(name.written, ".CSV");
  EXPECT_EQ(name.packed, ".GZ");
  EXPECT_EQ(SplitDataName("orders.pdf").ending, "");
  EXPECT_EQ(SplitDataName("orders.pdf").stem, "orders.pdf");
}

TEST(DataNameTest, WhatLiesBesideDataIsNone) {
  EXPECT_TRUE(LooksLikeData("a/b/orders.jsonl.zst"));
  EXPECT_FALSE(LooksLikeData("orders.xlsx"));
  for (const char* path :
       {"_SUCCESS", "a/_temporary/0/part.csv", ".orders.csv", "a/.hidden/b.csv", "orders.csv.md5",
        "orders.csv.SHA256", "orders.csv.part", "orders.csv.tmp", "orders.csv~", "", "folder/"}) {
    EXPECT_TRUE(IsBesideData(path)) << path;
  }
  for (const char* path : {"orders.csv", "a/b/c_d.csv", "a.b/parts.csv"}) {
    EXPECT_FALSE(IsBesideData(path)) << path;
  }
}

}  // namespace
}  // namespace sluice::format
