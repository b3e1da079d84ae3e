#include "connectors/s3/checksum.h"

#include <gtest/gtest.h>

namespace sluice::connectors::s3 {
namespace {

std::string DigestOf(ChecksumKind kind, std::string_view bytes) {
  auto checksum = MakeChecksum(kind);
  checksum->Update(bytes);
  return checksum->Digest();
}

env::HttpResponse Answer(env::HttpHeaders headers) {
  return {200, std::move(headers), ""};
}

// The check values of the catalogue of CRC algorithms (reveng.sourceforge.io) and of the digests'
// standards, in base64.
TEST(Checksum, OfTheNineDigits) {
  constexpr std::string_view kDigits = "123456789";
  EXPECT_EQ(DigestOf(ChecksumKind::kCrc32, kDigits), "y/Q5Jg==");          // cbf43926
  EXPECT_EQ(DigestOf(ChecksumKind::kCrc32c, kDigits), "4waSgw==");         // e3069283
  EXPECT_EQ(DigestOf(ChecksumKind::kCrc64Nvme, kDigits), "rosUhgp5mIg=");  // ae8b14860a799888
  EXPECT_EQ(DigestOf(ChecksumKind::kSha1, kDigits), "98O8HYCOBHMq32eZZczDTKeuNEE=");
  EXPECT_EQ(DigestOf(ChecksumKind::kSha256, kDigits),
            "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=");
  EXPECT_EQ(DigestOf(ChecksumKind::kMd5, kDigits), "25f9e794323b453885f5181f1b624d0b");
}

TEST(Checksum, OfNothing) {
  EXPECT_EQ(DigestOf(ChecksumKind::kCrc32, ""), "AAAAAA==");
  EXPECT_EQ(DigestOf(ChecksumKind::kCrc64Nvme, ""), "AAAAAAAAAAA=");
  EXPECT_EQ(DigestOf(ChecksumKind::kMd5, ""), "d41d8cd98f00b204e9800998ecf8427e");
}

TEST(Checksum, DoesNotDependOnThePiecesOrTheirPlaceInMemory) {
  std::string bytes;
  for (int i = 0; i < 1000; ++i) bytes += static_cast<char>(i * 7 + i / 31);
  for (const ChecksumKind kind : {ChecksumKind::kCrc32, ChecksumKind::kCrc32c,
                                  ChecksumKind::kCrc64Nvme, ChecksumKind::kSha256}) {
    const std::string whole = DigestOf(kind, bytes);
    for (size_t step : {1U, 3U, 7U, 8U, 9U, 64U, 501U}) {
      auto checksum = MakeChecksum(kind);
      for (size_t at = 0; at < bytes.size(); at += step) {
        checksum->Update(std::string_view(bytes).substr(at, step));
        checksum->Digest();  // looking changes nothing
      }
      EXPECT_EQ(checksum->Digest(), whole) << step;
    }
    bytes[500] ^= 1;
    EXPECT_NE(DigestOf(kind, bytes), whole);
    bytes[500] ^= 1;
  }
}

TEST(ExpectedChecksum, IsThatOfTheWholeObject) {
  const auto expected = ExpectedFrom(Answer({{"ETag", "\"5d41402abc4b2a76b9719d911017c592\""},
                                             {"x-amz-checksum-crc32c", "4waSgw=="},
                                             {"x-amz-checksum-type", "FULL_OBJECT"}}));
  ASSERT_TRUE(expected);
  EXPECT_EQ(expected->kind, ChecksumKind::kCrc32c);
  EXPECT_EQ(expected->name, "CRC32C");
  EXPECT_EQ(expected->value, "4waSgw==");
}

TEST(ExpectedChecksum, ChecksumsOfPartsSayNothingOfTheBytes) {
  EXPECT_FALSE(ExpectedFrom(Answer({{"ETag", "\"5d41402abc4b2a76b9719d911017c592-3\""},
                                    {"x-amz-checksum-sha256", "abc="},
                                    {"x-amz-checksum-type", "COMPOSITE"}})));
  EXPECT_FALSE(ExpectedFrom(Answer(
      {{"ETag", "\"5d41402abc4b2a76b9719d911017c592-3\""}, {"x-amz-checksum-sha256", "abc=-3"}})));
}

TEST(ExpectedChecksum, AnEtagIsAnMd5OnlyWhenNothingSpeaksAgainstIt) {
  const std::string etag = "\"5D41402ABC4B2A76B9719D911017C592\"";
  const auto expected =
      ExpectedFrom(Answer({{"ETag", etag}, {"x-amz-server-side-encryption", "AES256"}}));
  ASSERT_TRUE(expected);
  EXPECT_EQ(expected->kind, ChecksumKind::kMd5);
  EXPECT_EQ(expected->value, "5d41402abc4b2a76b9719d911017c592");
  for (const char* kms : {"aws:kms", "aws:kms:dsse"}) {
    EXPECT_FALSE(ExpectedFrom(Answer({{"ETag", etag}, {"x-amz-server-side-encryption", kms}})));
  }
  EXPECT_FALSE(ExpectedFrom(
      Answer({{"ETag", etag}, {"x-amz-server-side-encryption-customer-algorithm", "AES256"}})));
  EXPECT_FALSE(ExpectedFrom(Answer({{"ETag", "\"5d41402abc4b2a76b9719d911017c59\""}})));
  EXPECT_FALSE(ExpectedFrom(Answer({{"ETag", "\"zd41402abc4b2a76b9719d911017c592\""}})));
  EXPECT_FALSE(ExpectedFrom(Answer({})));
}

TEST(PlainEtag, HasNoQuotes) {
  EXPECT_EQ(PlainEtag("\"abc\""), "abc");
  EXPECT_EQ(PlainEtag("W/\"abc\""), "abc");
  EXPECT_EQ(PlainEtag("abc"), "abc");
  EXPECT_EQ(PlainEtag("\""), "\"");
  EXPECT_EQ(PlainEtag(""), "");
}

TEST(Composite, IsTheChecksumOfTheParts) {
  // md5(md5("aaaa") md5("bb")) as md5sum and xxd -r -p give it.
  const auto composite = MakeCompositeChecksum(ChecksumKind::kMd5, 4);
  for (const char* piece : {"a", "aaab", "b"}) composite->Update(piece);
  auto parts = MakeChecksum(ChecksumKind::kMd5);
  for (const char* part : {"aaaa", "bb"}) {
    auto one = MakeChecksum(ChecksumKind::kMd5);
    one->Update(part);
    parts->Update(one->Raw());
  }
  EXPECT_EQ(composite->Digest(), parts->Digest() + "-2");
  const auto uneven = MakeCompositeChecksum(ChecksumKind::kCrc32c, 1, {2, 4});
  uneven->Update("aaaabb");
  EXPECT_EQ(uneven->Digest().substr(uneven->Digest().size() - 2), "-2");
}

TEST(Composite, IsReadFromHeadersOrTheEtag) {
  env::HttpResponse response{200, {{"ETag", "\"0CC175B9C0F1B6A831C399E269772661-7\""}}, ""};
  auto expected = CompositeFrom(response);
  ASSERT_TRUE(expected);
  EXPECT_EQ(expected->checksum.value, "0cc175b9c0f1b6a831c399e269772661-7");
  EXPECT_EQ(expected->parts, 7U);
  response.headers.emplace_back("x-amz-checksum-crc32", "AAAAAA==-7");
  EXPECT_EQ(CompositeFrom(response)->checksum.kind, ChecksumKind::kCrc32);
  for (const char* etag : {"\"0cc175b9c0f1b6a831c399e269772661\"", "\"abc-1\"", "\"\""}) {
    EXPECT_FALSE(CompositeFrom({200, {{"ETag", etag}}, ""})) << etag;
  }
  EXPECT_FALSE(CompositeFrom({200,
                              {{"ETag", "\"0cc175b9c0f1b6a831c399e269772661-7\""},
                               {"x-amz-server-side-encryption", "aws:kms"}},
                              ""}));
}

}  // namespace
}  // namespace sluice::connectors::s3
