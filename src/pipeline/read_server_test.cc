#include "pipeline/read_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <future>
#include <sstream>
#include <thread>

#include "env/file.h"
#include "env/random.h"
#include "pipeline/local_socket.h"

namespace sluice::pipeline {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

constexpr milliseconds kLong{20'000};

struct Answer {
  Result<std::optional<int>> code = std::optional<int>();
  std::string out;
  std::string err;
};

class ReadServerTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "/read_server_" + std::to_string(env::SystemRandom().Next());
    ASSERT_TRUE(env::CreateDirectories(folder_).ok());
    path_ = env::JoinPath(folder_, "sluice.sock");
  }
  void TearDown() override { ASSERT_TRUE(env::RemoveTree(folder_).ok()); }

  std::unique_ptr<ReadServer> Start(ReadHandler handler) {
    auto server = ReadServer::Start(path_, std::move(handler));
    EXPECT_TRUE(server.ok()) << server.status().ToString();
    return std::move(server).value();
  }

  Answer Ask(const ReadRequest& request, milliseconds deadline = kLong) const {
    Answer answer;
    std::ostringstream out;
    std::ostringstream err;
    answer.code = AskReadServer(path_, request, deadline, out, err);
    answer.out = out.str();
    answer.err = err.str();
    return answer;
  }

  std::string folder_;
  std::string path_;
};

int Echo(const ReadRequest& request, std::ostream& out, std::ostream& err) {
  for (const std::string& argument : request.arguments) out << argument << "\n";
  err << request.width << (request.color ? " color" : " plain") << "\n";
  return 3;
}

TEST_F(ReadServerTest, AnswersWithBothStreamsAndTheExitCode) {
  const auto server = Start(Echo);
  const Answer answer = Ask({{"query", "SELECT 'a \"b\"\n'", ""}, 120, true});
  ASSERT_TRUE(answer.code.ok()) << answer.code.status().ToString();
  EXPECT_EQ(*answer.code, 3);
  EXPECT_EQ(answer.out, "query\nSELECT 'a \"b\"\n'\n\n");
  EXPECT_EQ(answer.err, "120 color\n");
}

TEST_F(ReadServerTest, ALongAnswerArrivesWhole) {
  const auto server = Start([](const ReadRequest&, std::ostream& out, std::ostream&) {
    for (int i = 0; i < 300'000; ++i) out << i << '\n';
    return 0;
  });
  const Answer answer = Ask({{"query"}, 80, false});
  ASSERT_TRUE(answer.code.ok());
  std::string expected;
  for (int i = 0; i < 300'000; ++i) expected += std::to_string(i) + '\n';
  EXPECT_TRUE(answer.out == expected);
}

TEST_F(ReadServerTest, TheStreamsKeepTheirOrder) {
  const auto server = Start([](const ReadRequest&, std::ostream& out, std::ostream& err) {
    out << "1 ";
    err << "2 ";
    out << "3";
    return 0;
  });
  std::ostringstream both;
  const auto code = AskReadServer(path_, {{"x"}, 80, false}, kLong, both, both);
  ASSERT_TRUE(code.ok());
  EXPECT_EQ(both.str(), "1 2 3");
}

TEST_F(ReadServerTest, NobodyListensIsNoError) {
  const Answer answer = Ask({{"status"}, 80, false});
  ASSERT_TRUE(answer.code.ok());
  EXPECT_FALSE(answer.code->has_value());
}

TEST_F(ReadServerTest, TheSocketOfADeadProcessIsReplaced) {
  { ASSERT_TRUE(ListenAt(path_).ok()); }  // closed, and its file is still there
  ASSERT_TRUE(env::Exists(path_));
  EXPECT_FALSE(Ask({{"status"}, 80, false}).code->has_value());
  const auto server = Start(Echo);
  EXPECT_EQ(*Ask({{"status"}, 80, false}).code, 3);
}

TEST_F(ReadServerTest, ASecondServerDoesNotTakeTheSocketAway) {
  const auto server = Start(Echo);
  const auto second = ReadServer::Start(path_, Echo);
  EXPECT_EQ(second.status().code(), Code::kBusy);
  EXPECT_EQ(*Ask({{"status"}, 80, false}).code, 3);
}

TEST_F(ReadServerTest, OnlyTheOwnerMayConnect) {
  const auto server = Start(Echo);
  struct stat info {};
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST_F(ReadServerTest, TheSocketGoesWithTheServer) {
  Start(Echo).reset();
  EXPECT_FALSE(env::Exists(path_));
  EXPECT_FALSE(Ask({{"status"}, 80, false}).code->has_value());
}

TEST_F(ReadServerTest, APathLongerThanAnAddressWorks) {
  const std::string folder = env::JoinPath(folder_, std::string(120, 'x'));
  ASSERT_TRUE(env::CreateDirectories(folder).ok());
  path_ = env::JoinPath(folder, "sluice.sock");
  const auto server = Start(Echo);
  EXPECT_EQ(*Ask({{"status"}, 80, false}).code, 3);
}

// A handler that waits until it is released.
class Gate {
 public:
  int Handle(std::ostream& out) {
    entered_.set_value();
    released_.get_future().wait();
    out << "late";
    return 0;
  }
  void AwaitEntry() { entered_.get_future().wait(); }
  void Release() { released_.set_value(); }

 private:
  std::promise<void> entered_;
  std::promise<void> released_;
};

TEST_F(ReadServerTest, ASecondClientIsToldWhenItsTurnDoesNotCome) {
  Gate gate;
  const auto server =
      Start([&](const ReadRequest&, std::ostream& out, std::ostream&) { return gate.Handle(out); });
  auto first = std::async(std::launch::async, [&] { return Ask({{"query"}, 80, false}); });
  gate.AwaitEntry();
  const Answer second = Ask({{"status"}, 80, false}, milliseconds(50));
  EXPECT_EQ(second.code.status().code(), Code::kBusy);
  gate.Release();
  // The deadline is for being taken up: how long the answer takes does not matter.
  EXPECT_EQ(first.get().out, "late");
}

TEST_F(ReadServerTest, TwoClientsAreAnsweredOneAfterTheOther) {
  const auto server = Start(Echo);
  auto one = std::async(std::launch::async, [&] { return Ask({{"one"}, 80, false}); });
  auto two = std::async(std::launch::async, [&] { return Ask({{"two"}, 80, false}); });
  EXPECT_EQ(one.get().out, "one\n");
  EXPECT_EQ(two.get().out, "two\n");
}

TEST_F(ReadServerTest, TheEndWaitsForTheRequestInWork) {
  Gate gate;
  auto server =
      Start([&](const ReadRequest&, std::ostream& out, std::ostream&) { return gate.Handle(out); });
  auto client = std::async(std::launch::async, [&] { return Ask({{"query"}, 80, false}); });
  gate.AwaitEntry();
  auto end = std::async(std::launch::async, [&] { server.reset(); });
  gate.Release();
  const Answer answer = client.get();
  ASSERT_TRUE(answer.code.ok());
  EXPECT_EQ(*answer.code, 0);
  EXPECT_EQ(answer.out, "late");
  end.wait();
}

TEST_F(ReadServerTest, AServerThatGoesAwayInTheMiddleIsTold) {
  auto listener = ListenAt(path_);
  ASSERT_TRUE(listener.ok());
  std::thread server([&] {
    const Descriptor client = AcceptFrom(*listener);
    (void)ReceiveSome(client, 4096, kLong);
    (void)SendAll(client, EncodeText('o', "") + EncodeText('o', "half"), kLong);
  });
  const Answer answer = Ask({{"status"}, 80, false});
  server.join();
  EXPECT_EQ(answer.code.status().code(), Code::kRetry);
  EXPECT_EQ(answer.out, "half");
}

TEST_F(ReadServerTest, AServerThatDidNotEvenBeginIsLikeNone) {
  auto listener = ListenAt(path_);
  ASSERT_TRUE(listener.ok());
  std::thread server([&] { (void)AcceptFrom(*listener); });
  const Answer answer = Ask({{"status"}, 80, false});
  server.join();
  ASSERT_TRUE(answer.code.ok());
  EXPECT_FALSE(answer.code->has_value());
}

TEST_F(ReadServerTest, ARequestThatIsNoneIsRefused) {
  const auto server = Start(Echo);
  const auto socket = ConnectTo(path_);
  ASSERT_TRUE(socket->is_open());
  ASSERT_TRUE(SendAll(*socket, "{\"version\":2,\"arguments\":[]}\n", kLong));
  std::string bytes;
  while (const auto more = ReceiveSome(*socket, 4096, kLong)) bytes += *more;
  std::string error;
  int code = 0;
  while (true) {
    const auto frame = TakeFrame(bytes);
    ASSERT_TRUE(frame.ok());
    if (!*frame) break;
    if ((*frame)->kind == 'e') error += (*frame)->text;
    code = (*frame)->exit_code;
  }
  EXPECT_THAT(error, HasSubstr("another version"));
  EXPECT_EQ(code, 1);
}

TEST(FrameTest, WhatIsNoFrameIsAnError) {
  std::string bytes = "zzzzzzz";
  EXPECT_EQ(TakeFrame(bytes).status().code(), Code::kFailed);
}

TEST(FrameTest, ANegativeExitCodeSurvives) {
  std::string bytes = EncodeExit(-1);
  EXPECT_EQ((*TakeFrame(bytes))->exit_code, -1);
}

}  // namespace
}  // namespace sluice::pipeline
