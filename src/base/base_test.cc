#include <gtest/gtest.h>

#include "base/hash.h"
#include "base/status.h"
#include "base/text.h"

namespace sluice {
namespace {

Result<int> Half(int n) {
  if (n % 2 != 0) return RejectedError("odd", "give an even number");
  return n / 2;
}

Result<int> Quarter(int n) {
  SLUICE_ASSIGN(const int half, Half(n));
  return Half(half);
}

TEST(Status, IsPassedUpWithItsCodeAndContext) {
  EXPECT_EQ(Quarter(8).value(), 2);
  const Status status = Quarter(6).status().WithContext("ingest zenoti");
  EXPECT_EQ(status.code(), Code::kRejected);
  EXPECT_EQ(status.ToString(), "ingest zenoti: odd. give an even number");
}

TEST(Text, SplitsAndJoins) {
  EXPECT_EQ(Split("a,b,,c", ','), (std::vector<std::string>{"a", "b", "", "c"}));
  EXPECT_EQ(Split("", ','), (std::vector<std::string>{""}));
  EXPECT_EQ(ReplaceAll("aXbX", "X", "--"), "a--b--");
}

TEST(Text, NearestNameIsASlipNotAGuess) {
  const std::vector<std::string> names = {"bucket", "region", "endpoint"};
  EXPECT_EQ(Nearest("buket", names), "bucket");
  EXPECT_EQ(Nearest("Regoin", names), "region");
  EXPECT_EQ(Nearest("drpo", std::vector<std::string>{"drop"}), "drop");
  EXPECT_EQ(Nearest("dxpo", std::vector<std::string>{"drop"}), std::nullopt);
  EXPECT_EQ(Nearest("colour", names), std::nullopt);
}

TEST(Text, NumbersReadWell) {
  EXPECT_EQ(Thousands(0), "0");
  EXPECT_EQ(Thousands(999), "999");
  EXPECT_EQ(Thousands(48210), "48,210");
  EXPECT_EQ(Thousands(1234567), "1,234,567");
  EXPECT_EQ(HumanBytes(999), "999 B");
  EXPECT_EQ(HumanBytes(1536), "1.5 kB");
  EXPECT_EQ(HumanBytes(865000000), "865 MB");
  EXPECT_EQ(HumanSeconds(0.42), "0.4 s");
  EXPECT_EQ(HumanSeconds(75.2), "1 min 15 s");
  EXPECT_EQ(Counted(1, "row"), "1 row");
  EXPECT_EQ(Counted(1200, "query"), "1,200 queries");
}

TEST(Text, NaturalOrderKnowsNumbers) {
  EXPECT_LT(NaturalCompare("R9", "R10"), 0);
  EXPECT_GT(NaturalCompare("R10", "R9"), 0);
  EXPECT_LT(NaturalCompare("2024.9.1", "2024.10"), 0);
  EXPECT_EQ(NaturalCompare("a", "a"), 0);
  EXPECT_NE(NaturalCompare("a01", "a1"), 0);
  EXPECT_LT(NaturalCompare("a", "ab"), 0);
}

TEST(Text, ParsesOnlyWholeUnsignedNumbers) {
  EXPECT_EQ(ParseUnsigned("18446744073709551615"), 18446744073709551615ULL);
  EXPECT_EQ(ParseUnsigned("18446744073709551616"), std::nullopt);
  EXPECT_EQ(ParseUnsigned("12a"), std::nullopt);
  EXPECT_EQ(ParseUnsigned(""), std::nullopt);
}

TEST(Text, FindsBrokenUtf8) {
  EXPECT_TRUE(IsValidUtf8("José Łukasz 😀"));
  EXPECT_FALSE(IsValidUtf8("Jos\xE9"));
  EXPECT_FALSE(IsValidUtf8("\xC0\x80"));
  EXPECT_FALSE(IsValidUtf8("\xED\xA0\x80"));
  EXPECT_FALSE(IsValidUtf8("ab\xE2\x82"));
  EXPECT_EQ(ShownBytes(std::string_view("Jos\xE9\0~", 6)), "Jos\\xe9\\x00~");
}

TEST(Hash, IsTheFrozenXxh3) {
  // Known answer of XXH3-128 for the empty input, from the xxHash specification.
  EXPECT_EQ(HashOf("").Hex(), "99aa06d3014798d86001c324468d497f");
  Hasher128 hasher;
  hasher.Update("ab");
  hasher.Update("c");
  EXPECT_EQ(hasher.Digest(), HashOf("abc"));
}

TEST(Hash, IdsAreFramed) {
  EXPECT_NE(StableId({"ab", "c"}), StableId({"a", "bc"}));
  EXPECT_EQ(StableId({"a", "b"}), StableId({"a", "b"}));
  EXPECT_GT(StableId({"a"}), 0);
}

}  // namespace
}  // namespace sluice
