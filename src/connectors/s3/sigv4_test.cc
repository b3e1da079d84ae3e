#include "connectors/s3/sigv4.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace sluice::connectors::s3 {
namespace {

// The keys, dates and signatures of the examples in the Amazon S3 API Reference, "Signature
// Calculations for the Authorization Header".
class SigV4Examples : public testing::Test {
 protected:
  static constexpr const char* kDate = "20130524T000000Z";
  static constexpr const char* kOrigin = "https://examplebucket.s3.amazonaws.com";

  std::string Sign(const std::string& method, const std::string& target, env::HttpHeaders headers,
                   const std::string& body = "") const {
    headers.emplace_back("Host", "examplebucket.s3.amazonaws.com");
    headers.emplace_back("x-amz-date", kDate);
    headers.emplace_back("x-amz-content-sha256", Sha256Hex(body));
    return AuthorizationV4(method, kOrigin + target, headers, Sha256Hex(body), keys_,
                           {"us-east-1", "s3"}, kDate);
  }
  const Credentials keys_{"AKIAIOSFODNN7EXAMPLE",
                          config::Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
                          config::Secret()};
};

TEST_F(SigV4Examples, GetObject) {
  EXPECT_EQ(Sign("GET", "/test.txt", {{"Range", "bytes=0-9"}}),
            "AWS4-HMAC-SHA256 "
            "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
            "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
            "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST_F(SigV4Examples, PutObject) {
  EXPECT_TRUE(
      EndsWith(Sign("PUT", "/test%24file.text",
                    {{"Date", "Fri, 24 May 2013 00:00:00 GMT"},
                     {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
                    "Welcome to Amazon S3."),
               "Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"));
}

TEST_F(SigV4Examples, AParameterWithoutAValue) {
  EXPECT_TRUE(
      EndsWith(Sign("GET", "/?lifecycle", {}),
               "Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"));
}

TEST_F(SigV4Examples, ListObjectsWhateverTheOrderOfTheParameters) {
  for (const char* target : {"/?max-keys=2&prefix=J", "/?prefix=J&max-keys=2"}) {
    EXPECT_TRUE(
        EndsWith(Sign("GET", target, {}),
                 "Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"));
  }
}

// From the test suite that AWS publishes for Signature Version 4 (post-sts-header-before): a
// session token is one more signed header.
TEST(SigV4, SignsWithASessionToken) {
  const Credentials keys{"AKIDEXAMPLE", config::Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
                         config::Secret()};
  const std::string token =
      "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSP"
      "fIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT"
      "7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlz"
      "m8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==";
  EXPECT_TRUE(
      EndsWith(AuthorizationV4("POST", "https://example.amazonaws.com/",
                               {{"Host", "example.amazonaws.com"},
                                {"X-Amz-Date", "20150830T123600Z"},
                                {"X-Amz-Security-Token", token}},
                               Sha256Hex(""), keys, {"us-east-1", "service"}, "20150830T123600Z"),
               "SignedHeaders=host;x-amz-date;x-amz-security-token,"
               "Signature=85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"));
}

TEST(SigV4, TheHostHasNoPortOfItsOwnScheme) {
  EXPECT_EQ(HostOf("https://h.example:443/a?b"), "h.example");
  EXPECT_EQ(HostOf("http://h.example:80"), "h.example");
  EXPECT_EQ(HostOf("http://h.example:443/"), "h.example:443");
  EXPECT_EQ(HostOf("https://h.example:8443?x"), "h.example:8443");
}

TEST(SigV4, DatesAreBasicIso) {
  EXPECT_EQ(AmzDate(1'369'353'600'000'000), "20130524T000000Z");
}

}  // namespace
}  // namespace sluice::connectors::s3
