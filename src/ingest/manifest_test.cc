#include "ingest/manifest.h"

#include <gtest/gtest.h>

namespace sluice::ingest {
namespace {

// "name size digest" of each entry, or the error.
std::string Read(std::string_view text) {
  const auto entries = ParseManifest(text);
  if (!entries.ok()) return entries.status().message();
  std::string out;
  for (const ManifestEntry& entry : *entries) {
    out += entry.name;
    if (entry.size) out += " " + std::to_string(*entry.size);
    if (entry.digest) out += " " + std::string(DigestName(entry.digest->kind));
    out += "\n";
  }
  return out;
}

TEST(Manifest, AsUnloadOfRedshiftWritesIt) {
  EXPECT_EQ(Read(R"({"entries":[
      {"url":"s3://b/unload/0000_part_00","meta":{"content_length":5956875}},
      {"url":"s3://b/unload/0001_part_00","mandatory":true,"meta":{"content_length":0}}]})"),
            "s3://b/unload/0000_part_00 5956875\ns3://b/unload/0001_part_00 0\n");
}

TEST(Manifest, OtherWordsForTheSame) {
  EXPECT_EQ(Read(R"(["a.csv", "b.csv"])"), "a.csv\nb.csv\n");
  EXPECT_EQ(
      Read(R"({"files":[{"key":"a","size":"12","MD5checksum":"0CC175B9C0F1B6A831C399E269772661"},
                              {"Path":"b","bytes":3}]})"),
      "a 12 MD5\nb 3\n");
  EXPECT_EQ(Read("[]"), "");
}

TEST(Manifest, LinesOfText) {
  EXPECT_EQ(Read("# made by etl\na.csv\r\n\n./dir/b.csv\t17\n"
                 "0cc175b9c0f1b6a831c399e269772661  c.csv\n"
                 "MD5 (d e.csv) = 0cc175b9c0f1b6a831c399e269772661\n"),
            "a.csv\n./dir/b.csv 17\nc.csv MD5\nd e.csv MD5\n");
}

TEST(Manifest, WhatCannotBeReadIsNamed) {
  EXPECT_EQ(Read("{\"entries\": ["), "it is no JSON, though it begins like it");
  EXPECT_EQ(Read("{\"rows\": 3}"),
            "expected a list of files, or an object with \"entries\" or \"files\"");
  EXPECT_NE(Read(R"(["a", 7])").find("entry 2: it names no file"), std::string::npos);
  EXPECT_EQ(Read(R"([{"url":"a","size":-1}])"), "entry 1: its size is no whole number");
  EXPECT_EQ(Read(R"([{"url":"a","md5":"xyz"}])"), "entry 1: its checksum is not in hex digits");
  EXPECT_EQ(Read("a.csv\tmany\n"), "line 1: expected a path, or a path, a tab and its size");
  EXPECT_EQ(Read("0cc175b9c0f1b6a831c399e269772661\n"), "line 1: a checksum without a file");
}

TEST(Manifest, NamesBecomePathsOfTheStore) {
  const auto path = [](const char* name) {
    const auto found = EntryPath(name, "s3://b/in/", "orders/1/");
    return found.ok() ? *found : "! " + found.status().message();
  };
  EXPECT_EQ(path("s3://b/in/orders/1/a.csv"), "orders/1/a.csv");
  EXPECT_EQ(path("s3a://b/in/x"), "x");
  EXPECT_EQ(path("a.csv"), "orders/1/a.csv") << "beside the manifest";
  EXPECT_EQ(path("./sub/a.csv"), "orders/1/sub/a.csv");
  EXPECT_EQ(path("/a.csv"), "a.csv") << "from the root";
  EXPECT_EQ(path("s3://other/in/a"), "! s3://other/in/a is not in s3://b/in/");
  EXPECT_EQ(path("../a"), "! ../a is no path of a file in the store");
  EXPECT_EQ(EntryPath("/data/drop/x/a.csv", "/data/drop", "").value(), "x/a.csv");
  EXPECT_EQ(EntryPath("file:///data/drop/a.csv", "/data/drop", "").value(), "a.csv");
}

}  // namespace
}  // namespace sluice::ingest
