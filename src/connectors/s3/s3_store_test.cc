// The S3 store over a scripted transport: what it sends, and what it makes of answers that a good
// server never gives. Everything else is tested against a real server (s3_server_test.cc).
#include "connectors/s3/s3_store.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <deque>

#include <fmt/format.h>

#include "base/hash.h"
#include "base/text.h"
#include "connectors/s3/checksum.h"
#include "connectors/s3/download.h"
#include "connectors/s3/signing_transport.h"
#include "env/file.h"

namespace sluice::connectors::s3 {
namespace {

using connector::Store;
using connector::StoredFile;
using env::HttpHeaders;
using env::HttpRequest;
using env::HttpResponse;

// Gives the answers in turn, as a transport would: the body of a 2xx to the sink.
struct Script {
  std::deque<HttpResponse> answers;
  std::vector<HttpRequest> requests;
};

class ScriptTransport : public env::HttpTransport {
 public:
  explicit ScriptTransport(Script& script) : script_(script) {}
  Result<HttpResponse> Send(const HttpRequest& request, env::HttpError*) override {
    script_.requests.push_back(request);
    if (script_.answers.empty()) return FailedError("the script is at its end");
    HttpResponse answer = std::move(script_.answers.front());
    script_.answers.pop_front();
    if (request.sink && answer.status / 100 == 2) {
      if (request.begin) SLUICE_TRY(request.begin(answer));
      for (size_t at = 0; at < answer.body.size(); at += 3) {
        SLUICE_TRY(request.sink(std::string_view(answer.body).substr(at, 3)));
      }
      answer.body.clear();
    }
    return answer;
  }

 private:
  Script& script_;
};

std::string Page(const std::vector<std::string>& keys, const std::string& next = "") {
  std::string xml = "<ListBucketResult>";
  for (const std::string& key : keys) {
    xml += "<Contents><Key>" + key +
           "</Key><LastModified>2026-11-21T14:03:07.250Z</LastModified><ETag>\"e\"</ETag>"
           "<Size>1</Size></Contents>";
  }
  xml += next.empty() ? "<IsTruncated>false</IsTruncated>"
                      : "<IsTruncated>true</IsTruncated><NextContinuationToken>" + next +
                            "</NextContinuationToken>";
  return xml + "</ListBucketResult>";
}

std::string HeaderOf(const HttpRequest& request, std::string_view name) {
  for (const auto& [key, value] : request.headers) {
    if (EqualsIgnoreCase(key, name)) return value;
  }
  return "(none)";
}

class S3StoreTest : public testing::Test {
 protected:
  S3StoreTest() {
    std::string pattern = testing::TempDir() + "sluice_s3_XXXXXX";
    EXPECT_NE(mkdtemp(pattern.data()), nullptr);
    dir_ = pattern;
    settings_.bucket = "drop";
    settings_.endpoint = "http://127.0.0.1:9";
    settings_.is_amazon = false;
    settings_.prefix = "p/";
    settings_.credentials = {"AKIDTEST", config::Secret("the-secret"), config::Secret("the-token")};
  }
  ~S3StoreTest() override { EXPECT_TRUE(env::RemoveTree(dir_).ok()); }

  std::unique_ptr<Store> Open() {
    return MakeS3StoreOver(settings_, std::make_unique<ScriptTransport>(script_), clock_);
  }
  void Answer(int status, std::string body, HttpHeaders headers = {}) {
    script_.answers.push_back({status, std::move(headers), std::move(body)});
  }
  // A file of five bytes whose MD5 is its ETag.
  static constexpr const char* kHelloMd5 = "5d41402abc4b2a76b9719d911017c592";
  StoredFile Hello() const { return {"hello", 5, 0, kHelloMd5}; }
  void AnswerHello(const std::string& body = "hello") {
    Answer(200, body,
           {{"ETag", fmt::format("\"{}\"", kHelloMd5)},
            {"Content-Length", std::to_string(body.size())}});
  }
  Result<connector::FetchedFile> Fetch(const StoredFile& file) {
    return Open()->Fetch(file, env::JoinPath(dir_, "copy"), nullptr, nullptr);
  }
  std::vector<std::string> Spooled() const {
    std::vector<std::string> names;
    const auto entries = env::ListDirectory(dir_);
    for (const auto& entry : entries.value()) names.push_back(entry.name);
    return names;
  }

  std::string dir_;
  S3Settings settings_;
  env::FakeClock clock_;
  Script script_;
};

TEST_F(S3StoreTest, AsksForOnePageAfterTheOtherAndSortsThem) {
  Answer(200, Page({"p/b", "p/c"}, "t/+= 1"));
  Answer(200, Page({"p/a", "p/"}));
  const auto listing = Open()->List("x y/", nullptr);
  ASSERT_TRUE(listing.ok()) << listing.status().ToString();
  ASSERT_EQ(listing->files.size(), 3U);
  EXPECT_EQ(listing->files[0].path, "a");
  EXPECT_EQ(listing->files[2].path, "c");
  EXPECT_EQ(script_.requests[0].url,
            "http://127.0.0.1:9/drop?encoding-type=url&list-type=2&prefix=p%2Fx%20y%2F");
  EXPECT_EQ(script_.requests[1].url,
            "http://127.0.0.1:9/drop?continuation-token=t%2F%2B%3D%201&encoding-type=url&"
            "list-type=2&prefix=p%2Fx%20y%2F");
  EXPECT_TRUE(script_.requests[0].repeatable);
}

TEST_F(S3StoreTest, TheBucketMayStandInTheHost) {
  settings_.url_style = UrlStyle::kVirtual;
  Answer(200, Page({}));
  EXPECT_TRUE(Open()->Probe(nullptr).ok());
  EXPECT_EQ(script_.requests[0].url,
            "http://drop.127.0.0.1:9/?encoding-type=url&list-type=2&max-keys=1&prefix=p%2F");
}

TEST_F(S3StoreTest, AListingIsWholeOrAnError) {
  Answer(200, Page({"p/a"}, "next"));
  Answer(403, "<Error><Code>AccessDenied</Code></Error>");
  EXPECT_EQ(Open()->List("", nullptr).status().code(), Code::kAuth);
  Answer(200, Page({"p/a"}, "same"));
  Answer(200, Page({"p/b"}, "same"));
  EXPECT_NE(Open()->List("", nullptr).status().message().find("does not go on"), std::string::npos);
  Answer(200, Page({"elsewhere/a"}));
  EXPECT_EQ(Open()->List("", nullptr).status().code(), Code::kFailed);
  Answer(200, "<html>a proxy says hello</html>");
  const Status status = Open()->List("", nullptr).status();
  EXPECT_EQ(status.code(), Code::kFailed);
  EXPECT_NE(status.ToString().find("`endpoint`"), std::string::npos);
  EXPECT_TRUE(script_.answers.empty());
}

TEST_F(S3StoreTest, AsksForTheListedVersionByItsEncodedKey) {
  AnswerHello();
  StoredFile file = Hello();
  file.path = "a b+c=d%/../\xc3\xa4?#'";
  ASSERT_TRUE(Fetch(file).ok());
  EXPECT_EQ(script_.requests[0].url,
            "http://127.0.0.1:9/drop/p/a%20b%2Bc%3Dd%25/../%C3%A4%3F%23%27");
  EXPECT_EQ(HeaderOf(script_.requests[0], "If-Match"), fmt::format("\"{}\"", kHelloMd5));
  EXPECT_EQ(HeaderOf(script_.requests[0], "X-Amz-Checksum-Mode"), "ENABLED");
}

TEST_F(S3StoreTest, AnotherVersionIsFoundOutEvenWhenTheServerIgnoresIfMatch) {
  Answer(200, "hello", {{"ETag", "\"another\""}});
  EXPECT_EQ(Fetch(Hello()).status().code(), Code::kRetry);
  Answer(200, "hello!", {{"Content-Length", "6"}});
  EXPECT_EQ(Fetch(Hello()).status().code(), Code::kRetry);
  Answer(200, "hello!");  // neither ETag nor length
  EXPECT_EQ(Fetch(Hello()).status().code(), Code::kRetry);
  EXPECT_EQ(script_.requests.size(), 3U);
  EXPECT_TRUE(Spooled().empty());
}

TEST_F(S3StoreTest, DamagedBytesAreFetchedAnewAndNeverKept) {
  AnswerHello("hallo");
  AnswerHello();
  const auto fetched = Fetch(Hello());
  ASSERT_TRUE(fetched.ok()) << fetched.status().ToString();
  EXPECT_EQ(fetched->content_hash, HashOf("hello").Hex());
  EXPECT_EQ(env::ReadFile(fetched->local_path).value(), "hello");
  ASSERT_TRUE(env::RemoveFile(fetched->local_path).ok());
  for (int i = 0; i < 4; ++i) AnswerHello("hallo");
  const Status status = Fetch(Hello()).status();
  EXPECT_EQ(status.code(), Code::kRetry);
  EXPECT_NE(status.message().find("s3://drop/p/hello came damaged: its MD5"), std::string::npos)
      << status.message();
  EXPECT_EQ(script_.answers.size(), 1U);
  EXPECT_TRUE(Spooled().empty());
}

TEST_F(S3StoreTest, AFileWithoutAnEtagIsKnownBySizeAndTime) {
  Answer(200,
         "<ListBucketResult><Contents><Key>p/x</Key><LastModified>2026-11-21T14:03:07.250Z"
         "</LastModified><ETag></ETag><Size>5</Size></Contents><IsTruncated>false</IsTruncated>"
         "</ListBucketResult>");
  const StoredFile file = Open()->List("", nullptr)->files.at(0);
  EXPECT_FALSE(HasEtag(file));
  Answer(200, "hello", {{"Last-Modified", "Sat, 21 Nov 2026 14:03:07 GMT"}});
  EXPECT_TRUE(Fetch(file).ok());
  EXPECT_EQ(HeaderOf(script_.requests[1], "If-Match"), "(none)");
  Answer(200, "hello", {{"Last-Modified", "Sat, 21 Nov 2026 14:03:08 GMT"}});
  EXPECT_EQ(Fetch(file).status().code(), Code::kRetry);
}

TEST_F(S3StoreTest, AMissingFolderOfTheSpoolIsNotAMissingObject) {
  AnswerHello();
  EXPECT_EQ(Open()
                ->Fetch(Hello(), env::JoinPath(dir_, "no/folder/copy"), nullptr, nullptr)
                .status()
                .code(),
            Code::kFailed);
}

TEST_F(S3StoreTest, EveryAttemptIsSignedAnewAndTheTokenIsSigned) {
  env::SeededRandom random(1);
  env::RetryPolicy policy;
  std::vector<std::string> reasons;
  auto transport = env::MakeRetryingTransport(
      MakeSigningTransport(std::make_unique<ScriptTransport>(script_), settings_.credentials,
                           {settings_.region, "s3"}, clock_),
      policy, clock_, random,
      [&](const env::RetryNotice& notice) { reasons.push_back(notice.reason); });
  auto store = MakeS3StoreOver(settings_, std::move(transport), clock_);
  Answer(503, "<Error><Code>SlowDown</Code></Error>", {{"Retry-After", "100"}});
  Answer(200, Page({}));
  ASSERT_TRUE(store->Probe(nullptr).ok());
  ASSERT_EQ(script_.requests.size(), 2U);
  const HttpRequest& first = script_.requests[0];
  EXPECT_EQ(HeaderOf(first, "Host"), "127.0.0.1:9");
  EXPECT_EQ(HeaderOf(first, "X-Amz-Date"), "20260101T000000Z");
  EXPECT_EQ(HeaderOf(first, "X-Amz-Security-Token"), "the-token");
  EXPECT_NE(HeaderOf(first, "Authorization").find("x-amz-security-token"), std::string::npos);
  const std::string second_date = HeaderOf(script_.requests[1], "X-Amz-Date");
  EXPECT_TRUE(StartsWith(second_date, "20260101T00014")) << second_date;
  EXPECT_NE(HeaderOf(first, "Authorization"), HeaderOf(script_.requests[1], "Authorization"));
  ASSERT_EQ(reasons.size(), 1U);
  for (const char* key : {"AKIDTEST", "the-secret", "the-token", "drop"}) {
    EXPECT_EQ(reasons[0].find(key), std::string::npos);
  }
}

}  // namespace
}  // namespace sluice::connectors::s3
