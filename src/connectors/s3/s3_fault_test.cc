// The S3 store and a real server with a faulty network between them: a proxy that breaks what the
// server answers. Run through test/servers/s3/with_s3.py.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <cstdlib>

#include "base/hash.h"
#include "base/text.h"
#include "connectors/s3/s3_server_fixture.h"
#include "connectors/s3/s3_store.h"
#include "env/file.h"
#include "env/loopback_server.h"

namespace sluice::connectors::s3 {
namespace {

using connector::StoredFile;
using env::LoopbackServer;

// The server's whole answer to a request, byte by byte.
std::string Forward(const LoopbackServer::Request& request) {
  const std::string host = HostOf(TestVariable("ENDPOINT"));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(std::stoi(host.substr(host.find(':') + 1))));
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return "";
  // The Host header stays the proxy's, as it was signed.
  LoopbackServer::Peer(fd).Write(request.head + "\r\nConnection: close\r\n\r\n" + request.body);
  std::string answer;
  char buffer[1 << 16];
  ssize_t n = 0;
  while ((n = recv(fd, buffer, sizeof buffer, 0)) > 0) {
    answer.append(buffer, static_cast<size_t>(n));
  }
  close(fd);
  return answer;
}

std::string Refusal(const std::string& status, const std::string& code) {
  const std::string body = "<Error><Code>" + code + "</Code></Error>";
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\nConnection: close\r\n\r\n" + body;
}

class S3FaultTest : public testing::Test {
 protected:
  // What becomes of the answer to request number `index` (from 0) since the proxy was opened.
  using Fault =
      std::function<void(int index, const std::string& answer, const LoopbackServer::Peer& client)>;

  S3FaultTest() : fixture_(TestServer::kPath) {
    std::string pattern = testing::TempDir() + "sluice_fault_XXXXXX";
    EXPECT_NE(mkdtemp(pattern.data()), nullptr);
    dir_ = pattern;
    for (int i = 0; i < 200'000; ++i) content_ += std::to_string(i) + ",";
    fixture_.Put("big.csv", content_);
    file_ = fixture_.Open()->List("", nullptr)->files.at(0);
  }
  ~S3FaultTest() override { EXPECT_TRUE(env::RemoveTree(dir_).ok()); }

  std::unique_ptr<connector::Store> Through(Fault fault) {
    proxy_ = std::make_unique<LoopbackServer>(
        [this, fault](const LoopbackServer::Request& request, const LoopbackServer::Peer& client) {
          const int index = requests_++;
          fault(index, Forward(request), client);
          return false;
        });
    S3Settings settings = fixture_.settings();
    settings.endpoint = proxy_->Url("");
    return MakeS3Store(settings, env::SystemClock(), env::SystemRandom(),
                       [this](const env::RetryNotice&) { ++repeated_; });
  }
  void ExpectWhole(connector::Store& store) {
    uint64_t last = 0;
    const auto fetched = store.Fetch(
        file_, env::JoinPath(dir_, "copy"), [&](uint64_t so_far) { last = so_far; }, nullptr);
    ASSERT_TRUE(fetched.ok()) << fetched.status().ToString();
    EXPECT_EQ(fetched->content_hash, HashOf(content_).Hex());
    EXPECT_TRUE(env::ReadFile(fetched->local_path).value() == content_);
    EXPECT_EQ(last, content_.size());
    EXPECT_EQ(env::ListDirectory(dir_)->size(), 1U);
  }
  static size_t BodyAt(const std::string& answer) { return answer.find("\r\n\r\n") + 4; }

  S3Fixture fixture_;
  std::string dir_;
  std::string content_;
  StoredFile file_;
  std::atomic<int> requests_{0};
  std::atomic<int> repeated_{0};
  std::unique_ptr<LoopbackServer> proxy_;
};

TEST_F(S3FaultTest, AProxyWithoutFaultsChangesNothing) {
  auto store =
      Through([](int, const std::string& answer, const auto& client) { client.Write(answer); });
  EXPECT_EQ(store->List("", nullptr)->files.size(), 1U);
  ExpectWhole(*store);
  EXPECT_EQ(repeated_, 0);
}

TEST_F(S3FaultTest, TwiceBusyAndThenFine) {
  auto store = Through([](int index, const std::string& answer, const auto& client) {
    client.Write(index % 3 < 2 ? Refusal("503 Slow Down", "SlowDown") : answer);
  });
  EXPECT_EQ(store->List("", nullptr)->files.size(), 1U);
  ExpectWhole(*store);
  EXPECT_EQ(repeated_, 4);
}

TEST_F(S3FaultTest, BusyForEverIsAnErrorThatMayPass) {
  auto store = Through([](int, const std::string&, const auto& client) {
    client.Write(Refusal("429 Too Many Requests", "SlowDown"));
  });
  env::FakeClock clock(env::SystemClock().Now());
  S3Settings settings = fixture_.settings();
  settings.endpoint = proxy_->Url("");
  store = MakeS3Store(settings, clock, env::SystemRandom());
  const Status status = store->List("", nullptr).status();
  EXPECT_EQ(status.code(), Code::kRetry);
  EXPECT_NE(status.message().find("429 SlowDown"), std::string::npos) << status.ToString();
  EXPECT_EQ(requests_, env::RetryPolicy{}.max_attempts);
}

TEST_F(S3FaultTest, AResetInTheMiddleOfTheBodyBeginsAnew) {
  auto store = Through([](int index, const std::string& answer, const auto& client) {
    if (index > 0) return client.Write(answer);
    client.Write(std::string_view(answer).substr(0, answer.size() / 2));
    client.ResetOnClose();
  });
  ExpectWhole(*store);
  EXPECT_EQ(repeated_, 1);
}

TEST_F(S3FaultTest, ATruncatedBodyIsNeverTakenForAWholeOne) {
  auto store = Through([](int index, const std::string& answer, const auto& client) {
    client.Write(std::string_view(answer).substr(0, answer.size() - (index < 2 ? 1 : 0)));
  });
  ExpectWhole(*store);
  EXPECT_EQ(repeated_, 2);
}

TEST_F(S3FaultTest, AByteThatChangedOnTheWayIsFoundAndFetchedAnew) {
  auto store = Through([](int index, const std::string& answer, const auto& client) {
    std::string changed = answer;
    if (index == 0) changed[changed.size() - 1000] ^= 1;
    client.Write(changed);
  });
  ExpectWhole(*store);
  EXPECT_EQ(requests_, 2);
}

TEST_F(S3FaultTest, BytesThatAreAlwaysDamagedAreAnError) {
  auto store = Through([](int, const std::string& answer, const auto& client) {
    std::string changed = answer;
    changed[changed.size() - 1000] ^= 1;
    client.Write(changed);
  });
  const auto fetched = store->Fetch(file_, env::JoinPath(dir_, "copy"), nullptr, nullptr);
  EXPECT_EQ(fetched.status().code(), Code::kRetry);
  EXPECT_NE(fetched.status().message().find("came damaged"), std::string::npos)
      << fetched.status().ToString();
  EXPECT_TRUE(env::ListDirectory(dir_)->empty());
}

TEST_F(S3FaultTest, ARefusalInTheMiddleOfAListingIsAnErrorNotAShortListing) {
  for (int i = 0; i < 1001; ++i) fixture_.Put("many/" + std::to_string(i), "x");
  auto store = Through([](int index, const std::string& answer, const auto& client) {
    client.Write(index == 1 ? Refusal("403 Forbidden", "AccessDenied") : answer);
  });
  EXPECT_EQ(store->List("many/", nullptr).status().code(), Code::kAuth);
  EXPECT_EQ(store->List("many/", nullptr)->files.size(), 1001U);
}

TEST_F(S3FaultTest, AnotherVersionDuringARepeatedTransferIsNotMixedIn) {
  auto store = Through([this](int index, const std::string& answer, const auto& client) {
    if (index > 0) return client.Write(answer);
    fixture_.Put("big.csv", "another version");
    client.Write(std::string_view(answer).substr(0, answer.size() / 2));
    client.ResetOnClose();
  });
  const auto fetched = store->Fetch(file_, env::JoinPath(dir_, "copy"), nullptr, nullptr);
  EXPECT_EQ(fetched.status().code(), Code::kRetry);
  EXPECT_NE(fetched.status().message().find("changed while it was read"), std::string::npos);
  EXPECT_TRUE(env::ListDirectory(dir_)->empty());
}

}  // namespace
}  // namespace sluice::connectors::s3
