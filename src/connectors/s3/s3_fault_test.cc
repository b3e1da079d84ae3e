// The S3 store and a real server with a faulty network between them: a proxy that breaks what the
// server answers. Run through test/servers/s3/with_s3.py.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <algorithm>
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
    settings.tuning = tuning_;
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
  // The ranges that were asked for, as headers say it; "" for the whole object.
  std::vector<std::string> Ranges() const {
    std::vector<std::string> ranges;
    for (const LoopbackServer::Request& request : proxy_->requests()) {
      const size_t at = request.head.find("\r\nRange: bytes=");
      if (at == std::string::npos) {
        ranges.emplace_back();
        continue;
      }
      const size_t from = at + 15;
      ranges.push_back(request.head.substr(from, request.head.find('\r', from) - from));
    }
    return ranges;
  }
  // Objects of a MB and more come in parts of 256 kB.
  void SmallParts() {
    tuning_.parted_from = 1'000'000;
    tuning_.part_bytes = 256'000;
    ASSERT_GT(content_.size(), tuning_.parted_from);
  }
  Result<connector::FetchedFile> Fetch(connector::Store& store) {
    return store.Fetch(file_, env::JoinPath(dir_, "copy"), nullptr, nullptr);
  }

  S3Fixture fixture_;
  std::string dir_;
  std::string content_;
  StoredFile file_;
  DownloadTuning tuning_;
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

TEST_F(S3FaultTest, AResetInTheMiddleOfTheBodyIsGoneOnFromThere) {
  auto store = Through([](int index, const std::string& answer, const auto& client) {
    if (index > 2) return client.Write(answer);
    client.Write(std::string_view(answer).substr(0, BodyAt(answer) + 200'000));
    if (index < 2) client.ResetOnClose();
  });
  ExpectWhole(*store);
  EXPECT_EQ(repeated_, 3);
  const std::vector<std::string> ranges = Ranges();
  ASSERT_EQ(ranges.size(), 4U);
  EXPECT_EQ(ranges[0], "");
  uint64_t before = 0;
  for (size_t i = 1; i < ranges.size(); ++i) {
    const uint64_t from = std::stoull(ranges[i]);
    EXPECT_GT(from, before) << "every attempt got further";
    EXPECT_LE(from, i * 200'000);
    before = from;
  }
}

TEST_F(S3FaultTest, AServerWithoutRangesBeginsAnew) {
  std::string whole;
  auto store = Through([&](int index, const std::string& answer, const auto& client) {
    if (index > 0) return client.Write(whole);
    whole = answer;
    client.Write(std::string_view(answer).substr(0, answer.size() / 2));
    client.ResetOnClose();
  });
  const auto fetched = Fetch(*store);
  ASSERT_TRUE(fetched.ok()) << fetched.status().ToString();
  EXPECT_EQ(fetched->content_hash, HashOf(content_).Hex());
}

TEST_F(S3FaultTest, ABodyThatCrawlsIsGivenUpAndGoneOnWith) {
  tuning_.least_bytes = 20'000;
  tuning_.rate_window = std::chrono::milliseconds(300);
  auto store = Through([](int index, const std::string& answer, const auto& client) {
    if (index > 0) return client.Write(answer);
    client.Write(std::string_view(answer).substr(0, BodyAt(answer) + 100'000));
    for (int i = 0; i < 40; ++i) {  // never quite still
      env::SystemClock().Sleep(std::chrono::milliseconds(50), nullptr);
      client.Write(std::string_view(answer).substr(BodyAt(answer) + 100'000 + i, 1));
    }
  });
  ExpectWhole(*store);
  EXPECT_EQ(repeated_, 1);
  EXPECT_GE(std::stoull(Ranges().at(1)), 100'000U);
}

TEST_F(S3FaultTest, LargeObjectsComeInPartsOfOneVersion) {
  SmallParts();
  auto store =
      Through([](int, const std::string& answer, const auto& client) { client.Write(answer); });
  ExpectWhole(*store);
  std::vector<std::string> ranges = Ranges();
  ASSERT_EQ(ranges.size(), (content_.size() + 255'999) / 256'000 + 1);
  EXPECT_EQ(ranges[0], "") << "a HEAD, for the checksum of the whole";
  std::sort(ranges.begin(), ranges.end());
  EXPECT_EQ(ranges[1], "0-255999");
  for (const auto& request : proxy_->requests()) {
    EXPECT_NE(request.head.find("\r\nIf-Match: \"" + file_.tag + "\""), std::string::npos);
  }
}

TEST_F(S3FaultTest, NoMorePartsAreUnderWayThanThereAreSlots) {
  SmallParts();
  std::atomic<int> now{0};
  std::atomic<int> most{0};
  auto store = Through([&](int, const std::string& answer, const auto& client) {
    most = std::max(most.load(), ++now);
    env::SystemClock().Sleep(std::chrono::milliseconds(20), nullptr);
    --now;
    client.Write(answer);
  });
  S3Settings settings = fixture_.settings();
  settings.endpoint = proxy_->Url("");
  settings.tuning = tuning_;
  store = MakeS3Store(settings, env::SystemClock(), env::SystemRandom(), {},
                      std::make_shared<DownloadSlots>(2));
  ExpectWhole(*store);
  EXPECT_LE(most, 2);
}

TEST_F(S3FaultTest, EachPartGoesOnWhereItBroke) {
  SmallParts();
  auto store = Through([](int index, const std::string& answer, const auto& client) {
    if (index == 0 || index % 2 == 0) return client.Write(answer);
    client.Write(std::string_view(answer).substr(0, BodyAt(answer) + 100'000));
    client.ResetOnClose();
  });
  ExpectWhole(*store);
  EXPECT_GT(repeated_, 2);
}

TEST_F(S3FaultTest, ARefusedPartStopsTheOthersAndKeepsNothing) {
  SmallParts();
  auto store = Through([](int index, const std::string& answer, const auto& client) {
    client.Write(index == 3 ? Refusal("403 Forbidden", "AccessDenied") : answer);
  });
  const Status status = Fetch(*store).status();
  EXPECT_EQ(status.code(), Code::kAuth) << status.ToString();
  EXPECT_NE(status.next().find("s3:GetObject"), std::string::npos) << status.ToString();
  EXPECT_TRUE(env::ListDirectory(dir_)->empty());
}

TEST_F(S3FaultTest, PartsOfTwoVersionsAreNeverMixed) {
  SmallParts();
  tuning_.parts_at_once = 1;  // else all of them may have come before
  std::atomic<bool> replaced{false};
  auto store = Through([&](int index, const std::string& answer, const auto& client) {
    if (index == 2 && !replaced.exchange(true)) {
      fixture_.Put("big.csv", std::string(content_.size(), 'x'));
    }
    client.Write(answer);
  });
  const Status status = Fetch(*store).status();
  EXPECT_EQ(status.code(), Code::kRetry);
  EXPECT_NE(status.message().find("changed while it was read"), std::string::npos)
      << status.ToString();
  EXPECT_TRUE(env::ListDirectory(dir_)->empty());
}

TEST_F(S3FaultTest, AByteOfAPartThatChangedIsFoundByTheChecksumOfTheWhole) {
  SmallParts();
  auto store = Through([](int index, const std::string& answer, const auto& client) {
    std::string changed = answer;
    if (index == 2) changed[changed.size() - 1000] ^= 1;
    client.Write(changed);
  });
  const auto fetched = Fetch(*store);
  ASSERT_TRUE(fetched.ok()) << fetched.status().ToString();
  EXPECT_EQ(fetched->content_hash, HashOf(content_).Hex());
  EXPECT_GT(requests_, 2 * static_cast<int>(content_.size() / 256'000));
}

TEST_F(S3FaultTest, AServerThatSendsNoPartsGivesTheWhole) {
  SmallParts();
  std::string whole;
  auto store = Through([&](int index, const std::string& answer, const auto& client) {
    if (index == 0) return client.Write(answer);
    // As a server answers that does not know ranges.
    client.Write("HTTP/1.1 200 OK\r\nETag: \"" + file_.tag + "\"\r\nContent-Length: " +
                 std::to_string(content_.size()) + "\r\nConnection: close\r\n\r\n" + content_);
  });
  const auto fetched = Fetch(*store);
  ASSERT_TRUE(fetched.ok()) << fetched.status().ToString();
  EXPECT_EQ(fetched->content_hash, HashOf(content_).Hex());
}

TEST_F(S3FaultTest, StoppingStopsThePartsToo) {
  SmallParts();
  env::Cancel cancel;
  auto store = Through([&](int index, const std::string& answer, const auto& client) {
    // A part that is missing: the others may all have come by now.
    if (index == 3) return cancel.Set();
    client.Write(answer);
  });
  const auto fetched = store->Fetch(file_, env::JoinPath(dir_, "copy"), nullptr, &cancel);
  EXPECT_EQ(fetched.status().code(), Code::kCancelled) << fetched.status().ToString();
  EXPECT_TRUE(env::ListDirectory(dir_)->empty());
}

TEST_F(S3FaultTest, AnObjectThatWasListedAndIsGoneConcernsNoOther) {
  fixture_.Put("gone.csv", "soon");
  auto store =
      Through([](int, const std::string& answer, const auto& client) { client.Write(answer); });
  const auto listing = store->List("", nullptr);
  ASSERT_EQ(listing->files.size(), 2U);
  fixture_.Remove("gone.csv");
  const auto gone = store->Fetch(listing->files[1], env::JoinPath(dir_, "copy"), nullptr, nullptr);
  EXPECT_EQ(gone.status().code(), Code::kNotFound);
  EXPECT_NE(gone.status().message().find("gone.csv"), std::string::npos);
  ExpectWhole(*store);
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

// Objects that come and go meanwhile may be in it or not; those that stay are, once.
TEST_F(S3FaultTest, AListingThatChangesBetweenItsPagesHasAllThatWasThereThroughout) {
  std::vector<std::string> staying;
  for (int i = 1000; i < 2005; ++i) staying.push_back("many/" + std::to_string(i));
  for (const std::string& path : staying) fixture_.Put(path, "x");
  fixture_.Put("many/1500-goes", "x");
  fixture_.Put("many/2000-goes", "x");
  auto store = Through([this](int index, const std::string& answer, const auto& client) {
    if (index == 0) {
      for (const char* path : {"many/1500-goes", "many/2000-goes"}) fixture_.Remove(path);
      for (const char* path : {"many/1001-new", "many/2001-new"}) fixture_.Put(path, "x");
    }
    client.Write(answer);
  });
  const auto listing = store->List("many/", nullptr);
  ASSERT_TRUE(listing.ok()) << listing.status().ToString();
  ASSERT_GT(requests_, 1);
  std::vector<std::string> found;
  for (const StoredFile& file : listing->files) {
    if (file.path.find('-') == std::string::npos) found.push_back(file.path);
  }
  EXPECT_EQ(found, staying);
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
