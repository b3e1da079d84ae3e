#include "ingest/checksum_text.h"

#include <gtest/gtest.h>

namespace sluice::ingest {
namespace {

constexpr const char* kMd5 = "0cc175b9c0f1b6a831c399e269772661";  // of "a"
constexpr const char* kSha256 = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb";

std::string Found(std::string_view text, DigestKind kind = DigestKind::kMd5) {
  const auto digest = ParseSidecar(text, kind, "x.csv");
  return digest.ok() ? digest->hex : digest.status().message();
}

TEST(Sidecar, HexAloneOrWithTheName) {
  const std::string hex = kMd5;
  EXPECT_EQ(Found(hex), hex);
  EXPECT_EQ(Found(hex + "\r\n"), hex);
  EXPECT_EQ(Found("\xEF\xBB\xBF" + hex + "\n"), hex);
  EXPECT_EQ(Found("0CC175B9C0F1B6A831C399E269772661"), hex) << "in capitals";
  EXPECT_EQ(Found(hex + "  x.csv\n"), hex);
  EXPECT_EQ(Found(hex + " *x.csv\n"), hex) << "binary mode";
  EXPECT_EQ(Found(hex + "  /home/etl/out/x.csv\n"), hex) << "wherever it was made";
  EXPECT_EQ(Found("MD5 (x.csv) = " + hex + "\n"), hex);
  EXPECT_EQ(Found(std::string("SHA256 (x.csv) = ") + kSha256, DigestKind::kSha256), kSha256);
}

TEST(Sidecar, TheLineOfTheFileAmongOthers) {
  const std::string other = "92eb5ffee6ae2fec3ad71c777531578f  y.csv\n";
  EXPECT_EQ(Found(other + kMd5 + "  x.csv\n"), kMd5);
  EXPECT_EQ(Found(other), "it says nothing of x.csv");
}

TEST(Sidecar, WhatIsNoChecksumIsSaid) {
  EXPECT_EQ(Found(""), "it is empty");
  EXPECT_NE(Found("hello").find("expected 32 hex digits"), std::string::npos) << Found("hello");
  EXPECT_NE(Found("0cc175b9c0f1b6a831c399e26977266"), kMd5) << "a digit is missing";
  EXPECT_EQ(Found(kSha256), "expected MD5 by its name, found SHA-256");
  EXPECT_NE(Found(std::string("SHA1 (x.csv) = ") + kMd5), kMd5) << "word and length differ";
}

TEST(Sidecar, EscapedNamesOfGnu) {
  const auto line = ParseChecksumLine(std::string("\\") + kMd5 + "  a\\\\b\\nc");
  ASSERT_TRUE(line);
  EXPECT_EQ(line->name, "a\\b\nc");
}

TEST(Sidecar, IsKnownByItsEnding) {
  EXPECT_EQ(SidecarKind("a/x.csv.gz.sha256"), DigestKind::kSha256);
  EXPECT_EQ(SidecarSubject("a/x.csv.gz.sha256"), "a/x.csv.gz");
  EXPECT_FALSE(SidecarKind("a/md5"));
  EXPECT_FALSE(SidecarKind(".md5"));
}

}  // namespace
}  // namespace sluice::ingest
