#include "ingest/monthly_snapshot.h"

#include <gtest/gtest.h>

namespace sluice::ingest {
namespace {

connector::Listing Listed(const std::vector<std::string>& paths) {
  connector::Listing listing;
  for (const std::string& path : paths) listing.files.push_back({path, 1, 0, "tag"});
  return listing;
}

TEST(MonthTest, IsReadAsYearAndMonth) {
  const auto month = Month::Parse("2026-12");
  ASSERT_TRUE(month.has_value());
  EXPECT_EQ(month->Text(), "2026-12");
  EXPECT_EQ(month->FirstDay(), "2026-12-01");
  EXPECT_EQ(month->Next().FirstDay(), "2027-01-01");
  EXPECT_EQ(env::FormatUtc(month->Next().Begins()), "2027-01-01 00:00:00");
  for (const char* wrong : {"", "2026", "2026-13", "2026-00", "2026-9", "26-09", "2026/09",
                            "09-2026", "2026-09-01", "1999-12"}) {
    EXPECT_FALSE(Month::Parse(wrong).has_value()) << wrong;
  }
}

TEST(SnapshotsTest, AnyArchiveBelowTheTableCounts) {
  const Snapshots found =
      ReadSnapshots(Listed({"x/POD1/1/Bi_FactSale/1/a.csv",
                            "x/MonthlySnapshot/2026-10-01/POD1/1000/Bi_FactSale/7.7.zip",
                            "x/monthlysnapshot/20261001/POD2/1000/bi_factsale_s3/deeper/8/8.8.ZIP",
                            "x/MonthlySnapshot/2026-11-01/POD1/1001/Bi_FactSale/9.9.zip"}),
                    "x/");
  ASSERT_EQ(found.files.size(), 3U);
  EXPECT_TRUE(found.odd.empty());
  const auto september = Month::Parse("2026-09");
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(found.files[i].table, "bi_factsale");
    EXPECT_EQ(found.files[i].IsOf(*september), i < 2) << found.files[i].file.path;
  }
  EXPECT_EQ(found.files[1].pod, "POD2");
  EXPECT_EQ(found.files[1].group, 1000);
}

TEST(SnapshotsTest, WhatFitsNoRuleIsNamed) {
  const std::vector<std::string> odd = {
      "MonthlySnapshot/01-10-2026/POD1/1000/bi_factsale/1.1.zip",   // which is the month?
      "MonthlySnapshot/2026-13-01/POD1/1000/bi_factsale/1.1.zip",   // no date
      "MonthlySnapshot/2026-10-01/POD1/first/bi_factsale/1.1.zip",  // no group
      "MonthlySnapshot/2026-10-01/POD1/1000/1.1.zip",               // no table
      "MonthlySnapshot/2026-10-01/POD1/1000/bi_factsale/1.csv",     // no archive
  };
  const Snapshots found = ReadSnapshots(Listed(odd), "");
  EXPECT_TRUE(found.files.empty());
  EXPECT_EQ(found.odd, odd);
}

TEST(SnapshotsTest, TheVendorLeavesEightTablesOut) {
  EXPECT_TRUE(IsLeftOutOfSnapshots("bi_factitemcommissiondeductions"));
  EXPECT_TRUE(IsLeftOutOfSnapshots("bi_dimutctocentertime"));
  EXPECT_FALSE(IsLeftOutOfSnapshots("bi_factsale"));
}

}  // namespace
}  // namespace sluice::ingest
