#include "env/http_retry.h"

#include <gtest/gtest.h>

#include <deque>

namespace sluice::env {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Plays the steps that a test wrote down; running out of them is a failure of the test.
class Script : public HttpTransport {
 public:
  using Step = std::function<Result<HttpResponse>(const HttpRequest&, HttpError*)>;
  Result<HttpResponse> Send(const HttpRequest& request, HttpError* error) override {
    ++sent;
    if (steps.empty()) return FailedError("the script is at its end");
    const Step step = std::move(steps.front());
    steps.pop_front();
    return step(request, error);
  }
  Script& Answer(int status, HttpHeaders headers = {}, std::string body = "") {
    steps.push_back([=](const HttpRequest&, HttpError*) {
      return HttpResponse{status, headers, body};
    });
    return *this;
  }
  Script& Fail(Status status, Sent how = Sent::kMaybe, std::string received = "") {
    steps.push_back([=](const HttpRequest& request, HttpError* error) -> Result<HttpResponse> {
      if (!received.empty()) SLUICE_TRY(Receive(request, received));
      if (error != nullptr) *error = {status, how};
      return status;
    });
    return *this;
  }
  Script& Stream(std::string body) {
    steps.push_back([=](const HttpRequest& request, HttpError*) -> Result<HttpResponse> {
      SLUICE_TRY(Receive(request, body));
      return HttpResponse{200, {}, ""};
    });
    return *this;
  }
  std::deque<Step> steps;
  int sent = 0;

 private:
  static Status Receive(const HttpRequest& request, const std::string& body) {
    if (request.begin) SLUICE_TRY(request.begin(HttpResponse{200, {}, ""}));
    return request.sink(body);
  }
};

// Always the largest jitter.
class Largest : public Random {
 public:
  uint64_t Next() override { return ~0ULL; }
};

class HttpRetryTest : public testing::Test {
 protected:
  HttpRetryTest() {
    request_.url = "https://api.example.test/path/of/a/person?key=secret";
    request_.repeatable = true;
    policy_.max_attempts = 4;
    policy_.first_wait = milliseconds(100);
    policy_.max_wait = milliseconds(250);
  }
  Result<HttpResponse> Send() {
    auto script = std::make_unique<Script>();
    script->steps = script_.steps;
    Script* raw = script.get();
    auto http = MakeRetryingTransport(std::move(script), policy_, clock_, random_,
                                      [this](const RetryNotice& n) { notices_.push_back(n); });
    auto result = http->Send(request_, &error_);
    sent_ = raw->sent;
    return result;
  }
  std::vector<int64_t> Waits() const {
    std::vector<int64_t> waits;
    for (const RetryNotice& notice : notices_) waits.push_back(notice.wait.count());
    return waits;
  }
  Script script_;
  RetryPolicy policy_;
  FakeClock clock_;
  Largest random_;
  HttpRequest request_;
  HttpError error_;
  std::vector<RetryNotice> notices_;
  int sent_ = 0;
};

TEST_F(HttpRetryTest, TriesAgainAfterPassingAnswersWithGrowingWaits) {
  script_.Answer(503).Answer(429).Answer(500).Answer(200, {}, "fine");
  const auto response = Send();
  EXPECT_EQ(response->body, "fine");
  EXPECT_EQ(Waits(), (std::vector<int64_t>{100, 200, 250}));
  EXPECT_EQ(clock_.Monotonic(), milliseconds(550));
  EXPECT_EQ(notices_[0].reason, "GET https://api.example.test: answer 503");
  EXPECT_EQ(notices_[1].attempt, 2);
  EXPECT_EQ(notices_[1].max_attempts, 4);
}

TEST_F(HttpRetryTest, TheLastAnswerIsTheResultWhenTheAttemptsAreUsedUp) {
  script_.Answer(503).Answer(503).Answer(503).Answer(502).Answer(200);
  EXPECT_EQ(Send()->status, 502);
  EXPECT_EQ(sent_, 4);
}

TEST_F(HttpRetryTest, ErrorsThatMayPassAreTriedAgainAndTheLastOneSaysHowOften) {
  for (int i = 0; i < 4; ++i) script_.Fail(RetryError("reset", "Look at the network"), Sent::kNo);
  const auto response = Send();
  EXPECT_EQ(response.status().message(), "reset (tried 4 times)");
  EXPECT_EQ(response.status().next(), "Look at the network");
  EXPECT_EQ(response.status().code(), Code::kRetry);
  EXPECT_EQ(error_.sent, Sent::kNo);
}

TEST_F(HttpRetryTest, OneAttemptThatMayHaveArrivedMakesTheWholeDoSo) {
  script_.Fail(RetryError("reset"), Sent::kMaybe);
  for (int i = 0; i < 3; ++i) script_.Fail(RetryError("refused"), Sent::kNo);
  EXPECT_FALSE(Send().ok());
  EXPECT_EQ(error_.sent, Sent::kMaybe);
}

TEST_F(HttpRetryTest, WhatWillNotPassIsNotTriedAgain) {
  for (const int status : {200, 204, 301, 400, 401, 403, 404, 409, 412, 501, 505, 511}) {
    script_.steps.clear();
    script_.Answer(status);
    EXPECT_EQ(Send()->status, status);
    EXPECT_EQ(sent_, 1) << status;
  }
  for (const Code code : {Code::kConfig, Code::kFailed, Code::kCancelled}) {
    script_.steps.clear();
    script_.Fail(Status(code, "no"));
    EXPECT_EQ(Send().status().code(), code);
    EXPECT_EQ(sent_, 1);
  }
}

TEST_F(HttpRetryTest, ARequestThatIsNotRepeatableIsSentOnce) {
  request_.repeatable = false;
  script_.Answer(503).Answer(200);
  EXPECT_EQ(Send()->status, 503);
  script_.steps.clear();
  script_.Fail(RetryError("reset"), Sent::kMaybe);
  EXPECT_FALSE(Send().ok());
  EXPECT_EQ(sent_, 1);
  EXPECT_EQ(error_.sent, Sent::kMaybe);
}

TEST_F(HttpRetryTest, WaitsAsLongAsTheServerAsksInSecondsOrUntilADate) {
  clock_.Set(*ParseHttpDate("Sun, 22 Nov 2026 10:00:00 GMT"));
  script_.Answer(429, {{"retry-after", "7"}})
      .Answer(503, {{"Retry-After", "Sun, 22 Nov 2026 10:00:20 GMT"}})
      .Answer(503, {{"Retry-After", "soon"}})
      .Answer(200);
  EXPECT_EQ(Send()->status, 200);
  // The first wait has moved the clock to 10:00:07.1.
  EXPECT_EQ(Waits(), (std::vector<int64_t>{7100, 13'000, 250}));
}

TEST_F(HttpRetryTest, ADateThatHasPassedMeansNow) {
  script_.Answer(503, {{"Retry-After", "Sun, 06 Nov 1994 08:49:37 GMT"}}).Answer(200);
  EXPECT_EQ(Send()->status, 200);
  EXPECT_EQ(Waits(), (std::vector<int64_t>{100}));
}

TEST_F(HttpRetryTest, ComesBackNeitherLateNorEarlyWhenTheServerAsksForTooMuch) {
  policy_.max_retry_after = seconds(60);
  script_.Answer(429, {{"Retry-After", "60"}}).Answer(429, {{"Retry-After", "61"}}).Answer(200);
  const auto response = Send();
  EXPECT_EQ(response->status, 429);
  EXPECT_EQ(response->Header("Retry-After"), "61");
  script_.steps.clear();
  script_.Answer(429, {{"Retry-After", "99999999999999999999"}}).Answer(200);
  script_.Answer(200);
  EXPECT_EQ(Send()->status, 200);  // not a number that anybody can mean: as if it were not there
  script_.steps.clear();
  script_.Answer(429, {{"Retry-After", "9999999999999999999"}}).Answer(200);
  EXPECT_EQ(Send()->status, 429);
}

TEST_F(HttpRetryTest, NoAttemptBeginsAfterTheTotal) {
  policy_.max_attempts = 100;
  policy_.first_wait = policy_.max_wait = seconds(4);
  policy_.total = seconds(10);
  for (int i = 0; i < 100; ++i) script_.Answer(503);
  EXPECT_EQ(Send()->status, 503);
  EXPECT_EQ(sent_, 3);  // at 0, 4 and 8 s
  request_.timeout = milliseconds(0);
  EXPECT_EQ(Send()->status, 503);
  EXPECT_EQ(sent_, 100);
}

TEST_F(HttpRetryTest, StopsWaitingWhenCancelled) {
  Cancel cancel;
  request_.cancel = &cancel;
  script_.steps.push_back([&](const HttpRequest&, HttpError*) -> Result<HttpResponse> {
    cancel.Set();
    return HttpResponse{503, {}, ""};
  });
  script_.Answer(200);
  EXPECT_EQ(Send().status().code(), Code::kCancelled);
  EXPECT_EQ(sent_, 1);
}

TEST_F(HttpRetryTest, ASinkThatReceivedSomethingBeginsAnewOrIsNotRepeated) {
  std::string got;
  request_.sink = [&](std::string_view piece) {
    got += piece;
    return Status::Ok();
  };
  script_.Fail(RetryError("cut"), Sent::kMaybe, "half").Stream("whole");
  EXPECT_EQ(Send().status().code(), Code::kRetry);
  EXPECT_EQ(sent_, 1);
  got.clear();
  int begun = 0;
  request_.begin = [&](const HttpResponse& head) {
    EXPECT_EQ(head.status, 200);
    ++begun;
    got.clear();
    return Status::Ok();
  };
  script_.steps.clear();
  script_.Fail(RetryError("cut"), Sent::kMaybe, "half").Answer(503).Stream("whole");
  EXPECT_TRUE(Send().ok());
  EXPECT_EQ(got, "whole");
  EXPECT_EQ(begun, 2);  // not for the 503
  request_.begin = nullptr;
  got.clear();
  script_.steps.clear();
  script_.Answer(503).Stream("whole");
  EXPECT_TRUE(Send().ok());
  EXPECT_EQ(got, "whole");
}

TEST_F(HttpRetryTest, ErrorsOfTheSinkAndOfBeginEndTheAttempts) {
  request_.sink = [](std::string_view) { return RetryError("the sink's own"); };
  request_.begin = [](const HttpResponse&) { return Status::Ok(); };
  script_.Stream("x").Stream("x");
  EXPECT_EQ(Send().status().message(), "the sink's own");
  EXPECT_EQ(sent_, 1);
  request_.sink = [](std::string_view) { return Status::Ok(); };
  request_.begin = [](const HttpResponse&) { return RetryError("another file by now"); };
  script_.steps.clear();
  script_.Stream("x").Stream("x");
  EXPECT_EQ(Send().status().message(), "another file by now");
  EXPECT_EQ(sent_, 1);
}

TEST(RandomTest, SeedsRepeatAndFractionsStayBelowOne) {
  SeededRandom a(7);
  SeededRandom b(7);
  double sum = 0;
  for (int i = 0; i < 1000; ++i) {
    const double x = a.Fraction();
    EXPECT_EQ(x, b.Fraction());
    EXPECT_GE(x, 0);
    EXPECT_LT(x, 1);
    sum += x;
  }
  EXPECT_NEAR(sum / 1000, 0.5, 0.05);
  EXPECT_LT(Largest().Fraction(), 1);
  EXPECT_NE(SystemRandom().Next(), SystemRandom().Next());
}

TEST(HttpDate, TheThreeFormsOfRfc9110) {
  const Micros expected = 784'111'777'000'000;
  EXPECT_EQ(ParseHttpDate("Sun, 06 Nov 1994 08:49:37 GMT"), expected);
  EXPECT_EQ(ParseHttpDate("Sunday, 06-Nov-94 08:49:37 GMT"), expected);
  EXPECT_EQ(ParseHttpDate("Sun Nov  6 08:49:37 1994"), expected);
  EXPECT_EQ(ParseHttpDate("tomorrow"), std::nullopt);
}

}  // namespace
}  // namespace sluice::env
