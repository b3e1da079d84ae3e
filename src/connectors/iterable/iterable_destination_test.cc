#include "connectors/iterable/iterable_destination.h"

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connectors/iterable/rows_for_tests.h"

namespace sluice::connectors::iterable {
namespace {

using connector::RowState;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

// Gives the answer that it was told to give, and keeps what it was asked.
struct Script {
  std::vector<env::HttpResponse> first;  // answers before the one that is given for good
  Result<env::HttpResponse> answer = env::HttpResponse();
  env::Sent sent = env::Sent::kMaybe;  // of an error
  std::vector<env::HttpRequest> asked;

  void Answer(int status, std::string body) {
    env::HttpResponse response;
    response.status = status;
    response.body = std::move(body);
    answer = std::move(response);
  }
};

class ScriptedTransport : public env::HttpTransport {
 public:
  explicit ScriptedTransport(Script& script) : script_(script) {}
  Result<env::HttpResponse> Send(const env::HttpRequest& request, env::HttpError* error) override {
    script_.asked.push_back(request);
    if (script_.asked.size() <= script_.first.size()) {
      return script_.first[script_.asked.size() - 1];
    }
    if (!script_.answer.ok() && error != nullptr) {
      error->status = script_.answer.status();
      error->sent = script_.sent;
    }
    return script_.answer;
  }

 private:
  Script& script_;
};

config::Options SomeOptions() {
  config::Options options;
  options.values["region"].text = "us";
  options.values["project_type"].text = "email";
  options.values["api_key"].secret = config::Secret("key-7");
  return options;
}

class IterableDestinationTest : public testing::Test {
 protected:
  void Make(const config::Options& options, UserOptions user = {}) {
    auto settings = ReadIterableSettings(options);
    ASSERT_TRUE(settings.ok()) << settings.status().message();
    destination_ = MakeIterableDestination(std::move(settings).value(), user,
                                           std::make_unique<ScriptedTransport>(script_), clock_);
  }
  connector::SendResult Send(const RowsForTests& rows, const env::Cancel* cancel = nullptr) {
    const auto request = destination_->Prepare(rows.operations(), {});
    EXPECT_TRUE(request.ok());
    return destination_->Send(request.value(), rows.operations(), cancel);
  }

  Script script_;
  env::FakeClock clock_;
  std::unique_ptr<connector::Destination> destination_;
};

TEST_F(IterableDestinationTest, SaysWhatItCan) {
  Make(SomeOptions());
  EXPECT_EQ(destination_->Describe(), "iterable (us, e-mail project)");
  const connector::Capabilities& can = destination_->capabilities();
  EXPECT_EQ(can.max_rows_per_request, 1000);
  EXPECT_EQ(can.max_bytes_per_request, 4'000'000);
  EXPECT_EQ(can.requests_per_second, 5);
  EXPECT_TRUE(can.one_per_identity);
  EXPECT_TRUE(can.repeatable);
  EXPECT_FALSE(can.merges_nested);
  EXPECT_EQ(can.timestamps, connector::TimestampStyle::kIterable);
  EXPECT_EQ(can.numbers, connector::NumberStyle::kTyped);
  EXPECT_EQ(can.noun, "user");
  EXPECT_EQ(can.request_name, "POST /api/users/bulkUpdate");
  EXPECT_THAT(destination_->identifiers(), ElementsAre("email", "userId"));
  EXPECT_EQ(destination_->settling(), nullptr);

  config::Sync sync;
  sync.merge_nested_objects = true;
  sync.create_new_fields = false;
  sync.prefer_user_id = false;
  const UserOptions user = OptionsOfSync(sync);
  EXPECT_FALSE(user.create_new_fields);
  EXPECT_FALSE(user.prefer_user_id);
  Make(SomeOptions(), user);
  EXPECT_TRUE(destination_->capabilities().merges_nested);
}

TEST_F(IterableDestinationTest, OptionsOfTheConnection) {
  config::Options options = SomeOptions();
  options.values["region"].text = "eu";
  options.values["project_type"].text = "userid";
  options.values["requests_per_second"].number = 2;
  options.values["max_users_per_request"].number = 10;
  options.values["max_body_bytes"].number = 5000;
  options.values["timeout"].number = 7000;
  options.values["ca_file"].text = "/certs/ca.pem";
  const IterableSettings settings = ReadIterableSettings(options).value();
  EXPECT_EQ(settings.base_url, "https://api.eu.iterable.com");
  EXPECT_EQ(settings.project, ProjectType::kUserId);
  EXPECT_EQ(settings.requests_per_second, 2);
  EXPECT_EQ(settings.max_users, 10);
  EXPECT_EQ(settings.max_body_bytes, 5000);
  EXPECT_EQ(settings.timeout, std::chrono::seconds(7));
  EXPECT_EQ(settings.ca_file, "/certs/ca.pem");
  EXPECT_EQ(settings.Describe(), "iterable (eu, userId project)");
  EXPECT_EQ(ReadIterableSettings(SomeOptions()).value().base_url, "https://api.iterable.com");
}

TEST_F(IterableDestinationTest, Endpoints) {
  const auto base = [](const std::string& endpoint) {
    config::Options options = SomeOptions();
    options.values["endpoint"].text = endpoint;
    const auto settings = ReadIterableSettings(options);
    return settings.ok() ? settings.value().base_url : "refused: " + settings.status().ToString();
  };
  EXPECT_EQ(base("http://127.0.0.1:8080/"), "http://127.0.0.1:8080");
  EXPECT_EQ(base("proxy.example.com/iterable"), "https://proxy.example.com/iterable");
  EXPECT_THAT(base("ftp://x"), HasSubstr("https:// or http://"));
  EXPECT_THAT(base("https://"), HasSubstr("no host"));
  EXPECT_THAT(base("https://me:secret@x.org"), HasSubstr("credentials"));
  EXPECT_THAT(base("https://me:secret@x.org"), Not(HasSubstr("secret")));
  EXPECT_THAT(base("https://x.org/api"), HasSubstr("ends with /api"));

  config::Options options = SomeOptions();
  options.values["endpoint"].text = "http://127.0.0.1:8080";
  Make(options);
  EXPECT_EQ(destination_->Describe(), "iterable (http://127.0.0.1:8080, e-mail project)");
}

TEST_F(IterableDestinationTest, ImpossibleOptionsAreRefused) {
  const auto refused = [](const std::string& name, const std::string& text) {
    config::Options options = SomeOptions();
    options.values[name].text = text;
    options.values[name].secret = config::Secret(text);
    return ReadIterableSettings(options).status().code() == Code::kConfig;
  };
  EXPECT_TRUE(refused("region", "mars"));
  EXPECT_TRUE(refused("project_type", "phone"));
  EXPECT_TRUE(refused("api_key", ""));
}

TEST_F(IterableDestinationTest, ARequestAsItGoesOut) {
  Make(SomeOptions());
  RowsForTests rows(ProjectType::kEmail);
  rows.Add(R"({"email":"a@x.org","n":1})");
  const auto request = destination_->Prepare(rows.operations(), {}).value();
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/api/users/bulkUpdate");
  EXPECT_EQ(request.rows, 1U);
  EXPECT_EQ(request.body,
            R"({"createNewFields":true,"users":[{"email":"a@x.org","dataFields":{"n":1}}]})");

  script_.Answer(200, R"({"successCount":1,"failCount":0})");
  EXPECT_EQ(Send(rows).outcomes.at(0).state, RowState::kAcknowledged);
  ASSERT_EQ(script_.asked.size(), 1U);
  const env::HttpRequest& sent = script_.asked[0];
  EXPECT_EQ(sent.method, "POST");
  EXPECT_EQ(sent.url, "https://api.iterable.com/api/users/bulkUpdate");
  EXPECT_EQ(sent.body, request.body);
  EXPECT_THAT(sent.headers, Contains(Pair("Api-Key", "key-7")));
  EXPECT_THAT(sent.headers, Contains(Pair("Content-Type", "application/json")));
  EXPECT_EQ(sent.timeout, std::chrono::seconds(60));
  // Once: a second time is the engine's to decide, who writes down that it went out.
  EXPECT_FALSE(sent.repeatable);
}

TEST_F(IterableDestinationTest, TheSmallerLimitHolds) {
  config::Options options = SomeOptions();
  options.values["max_users_per_request"].number = 3;
  Make(options);
  RowsForTests rows(ProjectType::kEmail);
  for (char c = 'a'; c < 'f'; ++c) rows.Add(std::string("{\"email\":\"") + c + "@x.org\"}");
  EXPECT_EQ(destination_->Prepare(rows.operations(), {}).value().rows, 3U);
  EXPECT_EQ(destination_->Prepare(rows.operations(), {2, 0}).value().rows, 2U);
  EXPECT_EQ(destination_->Prepare(rows.operations(), {100, 0}).value().rows, 3U);
  const size_t bytes = destination_->Prepare(rows.operations(), {1, 0}).value().body.size();
  EXPECT_EQ(destination_->Prepare(rows.operations(), {0, static_cast<int64_t>(bytes)}).value().rows,
            1U);
  EXPECT_EQ(destination_->Prepare(rows.operations(), {0, 10}).status().code(), Code::kRejected);
}

TEST_F(IterableDestinationTest, WithoutAnAnswer) {
  Make(SomeOptions());
  RowsForTests rows(ProjectType::kEmail);
  rows.Add(R"({"email":"a@x.org"})").Add(R"({"email":"b@x.org"})");
  const auto outcome = [&](Status status, env::Sent sent) {
    script_.answer = std::move(status);
    script_.sent = sent;
    const auto result = Send(rows);
    EXPECT_EQ(result.outcomes.size(), 2U);
    EXPECT_EQ(result.status, 0);
    EXPECT_FALSE(result.split);
    EXPECT_EQ(result.stop.ok(), script_.answer.status().code() != Code::kConfig);
    return std::pair(result.outcomes[1].state, result.outcomes[1].code);
  };
  EXPECT_THAT(outcome(RetryError("refused"), env::Sent::kNo),
              Pair(RowState::kDeferred, "not_sent"));
  EXPECT_THAT(outcome(RetryError("timeout"), env::Sent::kMaybe),
              Pair(RowState::kUnknown, "no_answer"));
  EXPECT_THAT(outcome(FailedError("answer too large"), env::Sent::kMaybe),
              Pair(RowState::kUnknown, "no_answer"));
  EXPECT_THAT(outcome(CancelledError("ctrl-c"), env::Sent::kMaybe),
              Pair(RowState::kUnknown, "cancelled"));
  EXPECT_THAT(outcome(CancelledError("ctrl-c"), env::Sent::kNo),
              Pair(RowState::kDeferred, "cancelled"));
  EXPECT_THAT(outcome(ConfigError("no address"), env::Sent::kNo),
              Pair(RowState::kDeferred, "not_sent"));
}

TEST_F(IterableDestinationTest, AnswersAreAboutTheRowsOfTheRequestOnly) {
  Make(SomeOptions());
  RowsForTests rows(ProjectType::kEmail);
  rows.Add(R"({"email":"a@x.org"})").Add(R"({"email":"b@x.org"})");
  const auto request = destination_->Prepare(rows.operations(), {1, 0}).value();
  script_.Answer(200, R"({"successCount":1,"failCount":0})");
  const auto result = destination_->Send(request, rows.operations(), nullptr);
  ASSERT_EQ(result.outcomes.size(), 1U);
  EXPECT_EQ(result.outcomes[0].state, RowState::kAcknowledged);
}

TEST_F(IterableDestinationTest, ProbeAsksForTheFields) {
  Make(SomeOptions());
  script_.Answer(200, R"({"fields":{}})");
  EXPECT_TRUE(destination_->Probe(nullptr).ok());
  ASSERT_EQ(script_.asked.size(), 1U);
  EXPECT_EQ(script_.asked[0].method, "GET");
  EXPECT_EQ(script_.asked[0].url, "https://api.iterable.com/api/users/getFields");
  EXPECT_THAT(script_.asked[0].headers, Contains(Pair("Api-Key", "key-7")));

  script_.Answer(401, R"({"code":"BadApiKey","msg":"Invalid API key"})");
  const Status refused = destination_->Probe(nullptr);
  EXPECT_EQ(refused.code(), Code::kAuth);
  EXPECT_THAT(refused.message(), HasSubstr("iterable (us, e-mail project): Iterable answered 401"));
  EXPECT_THAT(refused.ToString(), Not(HasSubstr("key-7")));

  script_.Answer(200, "<html>hello</html>");
  EXPECT_EQ(destination_->Probe(nullptr).code(), Code::kConfig);
  script_.answer = RetryError("no route");
  EXPECT_EQ(destination_->Probe(nullptr).code(), Code::kRetry);
}

TEST_F(IterableDestinationTest, ThatManyAskForTheFieldsIsWaitedOut) {
  Make(SomeOptions());
  env::HttpResponse busy;
  busy.status = 429;
  busy.headers = {{"Retry-After", "2"}};
  script_.first = {busy, busy};
  script_.Answer(200, R"({"fields":{}})");
  const auto began = clock_.Monotonic();
  EXPECT_TRUE(destination_->Probe(nullptr).ok());
  EXPECT_EQ(script_.asked.size(), 3U);
  EXPECT_EQ(clock_.Monotonic() - began, std::chrono::seconds(4));
}

TEST_F(IterableDestinationTest, ThatTooManyAskForTheFieldsIsToldInTheEnd) {
  Make(SomeOptions());
  script_.Answer(429, R"({"code":"RateLimitExceeded"})");
  const auto began = clock_.Monotonic();
  EXPECT_EQ(destination_->Probe(nullptr).code(), Code::kRetry);
  EXPECT_LE(clock_.Monotonic() - began, std::chrono::seconds(15));
  // Nobody is waited for who wants an hour.
  script_.asked.clear();
  env::HttpResponse later;
  later.status = 429;
  later.headers = {{"Retry-After", "3600"}};
  script_.answer = later;
  EXPECT_EQ(destination_->Probe(nullptr).code(), Code::kRetry);
  EXPECT_EQ(script_.asked.size(), 1U);
}

}  // namespace
}  // namespace sluice::connectors::iterable
