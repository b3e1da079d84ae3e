#include "connectors/s3/s3_errors.h"

#include <gtest/gtest.h>

namespace sluice::connectors::s3 {
namespace {

constexpr env::Micros kNow = 1'795'269'787'000'000;  // 2026-11-21T14:03:07Z

Status Refused(int status, const std::string& code, const std::string& more = "",
               env::HttpHeaders headers = {}) {
  S3Settings settings;
  settings.bucket = "drop";
  settings.region = "us-east-1";
  const std::string body = "<?xml version=\"1.0\"?><Error><Code>" + code + "</Code>" + more +
                           "<RequestId>1</RequestId></Error>";
  return StatusOf({status, std::move(headers), code.empty() ? "" : body}, settings,
                  "s3://drop/a/b.csv", "s3:GetObject on its objects", kNow);
}

TEST(S3Errors, SayWhatTheUserMustDo) {
  struct Case {
    int status;
    const char* code;
    Code expected;
    const char* next;
  };
  const std::vector<Case> cases = {
      {403, "SignatureDoesNotMatch", Code::kAuth, "secret_access_key"},
      {403, "InvalidAccessKeyId", Code::kAuth, "access_key_id"},
      {400, "ExpiredToken", Code::kAuth, "Get new ones"},
      {400, "InvalidToken", Code::kAuth, "session_token"},
      {403, "InvalidTokenId", Code::kAuth, "session_token"},
      {403, "AccessDenied", Code::kAuth, "s3:GetObject on its objects"},
      {403, "SomethingNew", Code::kAuth, "Check the keys"},
      {403, "InvalidObjectState", Code::kRejected, ""},
      {403, "RequestTimeTooSkewed", Code::kFailed, "Set the clock"},
      {404, "NoSuchBucket", Code::kNotFound, "`bucket`"},
      {404, "NoSuchKey", Code::kNotFound, ""},
      {404, "", Code::kNotFound, "`endpoint`"},
      {400, "InvalidBucketName", Code::kConfig, "`bucket`"},
      {301, "PermanentRedirect", Code::kConfig, "`region`"},
      {307, "TemporaryRedirect", Code::kConfig, "`region`"},
      {301, "", Code::kConfig, "`region`"},
      {412, "PreconditionFailed", Code::kRetry, "once the file is complete"},
      {503, "SlowDown", Code::kRetry, "run again later"},
      {429, "TooManyRequests", Code::kRetry, "run again later"},
      {500, "InternalError", Code::kRetry, "run again later"},
      {400, "RequestTimeout", Code::kRetry, "run again later"},
      {400, "InvalidArgument", Code::kFailed, ""},
      {405, "", Code::kFailed, "`endpoint`"},
  };
  for (const Case& c : cases) {
    const Status status = Refused(c.status, c.code);
    EXPECT_EQ(status.code(), c.expected) << c.status << " " << c.code;
    EXPECT_NE(status.next().find(c.next), std::string::npos) << status.ToString();
    EXPECT_NE(status.message().find("s3://drop/a/b.csv"), std::string::npos);
  }
}

TEST(S3Errors, TheRightRegionIsNamedWhereTheAnswerTellsIt) {
  const Status by_header =
      Refused(301, "PermanentRedirect", "", {{"x-amz-bucket-region", "eu-central-1"}});
  EXPECT_EQ(by_header.next(), "Write `region: eu-central-1`");
  const Status by_body =
      Refused(400, "AuthorizationHeaderMalformed", "<Region>ap-south-1</Region>");
  EXPECT_EQ(by_body.next(), "Write `region: ap-south-1`");
  EXPECT_EQ(by_body.message(),
            "s3://drop/a/b.csv: the bucket lies in region ap-south-1, not in us-east-1");
  // The region that is written already would be no help.
  const Status same = Refused(400, "AuthorizationHeaderMalformed",
                              "<Message>the date is wrong.</Message><Region>us-east-1</Region>");
  EXPECT_EQ(same.message(),
            "s3://drop/a/b.csv: the server sends the request elsewhere (the date is wrong)");
}

TEST(S3Errors, TheClocksDifferenceIsTold) {
  const auto at = [](const char* date) {
    return Refused(403, "RequestTimeTooSkewed", "", {{"Date", date}}).message();
  };
  EXPECT_EQ(at("Sat, 21 Nov 2026 14:23:07 GMT"),
            "s3://drop/a/b.csv: this machine's clock is 20 min 0 s behind the server's");
  EXPECT_EQ(at("Sat, 21 Nov 2026 13:43:07 GMT"),
            "s3://drop/a/b.csv: this machine's clock is 20 min 0 s ahead of the server's");
  EXPECT_EQ(at("?"), "s3://drop/a/b.csv: this machine's clock and the server's differ too much");
}

TEST(S3Errors, TheServersWordsAreShortenedAndOnlyItsOwn) {
  const std::string long_message(1000, 'x');
  const Status status = Refused(400, "Odd",
                                "<Message>" + long_message +
                                    "</Message><AWSAccessKeyId>AKID1"
                                    "</AWSAccessKeyId><StringToSign>secret</StringToSign>");
  EXPECT_LT(status.message().size(), 300U);
  EXPECT_EQ(status.ToString().find("AKID1"), std::string::npos);
  EXPECT_EQ(Refused(400, "Odd", "<Message>One &amp; two.\nThree</Message>").message(),
            "s3://drop/a/b.csv: answer 400 Odd: One & two");
}

TEST(S3Errors, ABodyThatIsNoErrorIsNone) {
  EXPECT_EQ(ParseS3Error("<html><body>no</body></html>").code, "");
  EXPECT_EQ(ParseS3Error("<Error><Code>Cut").code, "");
  EXPECT_EQ(ParseS3Error("").code, "");
}

}  // namespace
}  // namespace sluice::connectors::s3
