#include "env/http.h"

#include <gtest/gtest.h>

#include <thread>

#include "env/loopback_server.h"

namespace sluice::env {
namespace {

using std::chrono::milliseconds;
using Peer = LoopbackServer::Peer;
using Request = LoopbackServer::Request;

std::string Answer(std::string_view body, std::string_view status = "200 OK",
                   std::string_view headers = "") {
  return "HTTP/1.1 " + std::string(status) + "\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n" + std::string(headers) + "\r\n" + std::string(body);
}

HttpRequest Get(std::string url) {
  HttpRequest request;
  request.url = std::move(url);
  request.timeout = milliseconds(5000);
  return request;
}

HttpRequest Post(std::string url, std::string body) {
  HttpRequest request = Get(std::move(url));
  request.method = "POST";
  request.body = std::move(body);
  return request;
}

TEST(HttpTransport, SendsTheAddressAsItStandsAndBringsBackStatusHeadersAndBody) {
  LoopbackServer server([](const Request&, const Peer& peer) {
    peer.Write("HTTP/1.1 100 Continue\r\nX-Early: 1\r\n\r\n");
    peer.Write(Answer("missing", "404 Not Found", "X-Thing:  a b \r\nX-Thing: second\r\n"));
    return true;
  });
  auto http = MakeCurlTransport();
  HttpRequest request = Get(server.Url("/a/../b/./c%2F%20d?x=%2B&y=a=b"));
  request.headers = {{"X-Mine", "1"}, {"X-Empty", ""}};
  const auto response = http->Send(request);
  ASSERT_TRUE(response.ok()) << response.status().ToString();
  EXPECT_EQ(response->status, 404);
  EXPECT_EQ(response->body, "missing");
  EXPECT_EQ(response->Header("x-thing"), "a b");
  EXPECT_EQ(response->Header("X-Early"), "");
  const auto seen = server.requests();
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].Target(), "/a/../b/./c%2F%20d?x=%2B&y=a=b");
  EXPECT_NE(seen[0].head.find("X-Mine: 1"), std::string::npos);
  EXPECT_NE(seen[0].head.find("X-Empty:"), std::string::npos);
}

TEST(HttpTransport, SendsBodiesOfEveryMethodWithoutHeadersOfItsOwn) {
  LoopbackServer server([](const Request&, const Peer& peer) {
    peer.Write(Answer(""));
    return true;
  });
  auto http = MakeCurlTransport();
  const std::string big(3 << 20, 'x');
  for (const char* method : {"POST", "PUT", "PATCH"}) {
    HttpRequest request = Post(server.Url("/"), big);
    request.method = method;
    ASSERT_TRUE(http->Send(request).ok());
  }
  HttpRequest bare = Get(server.Url("/"));
  bare.method = "DELETE";
  ASSERT_TRUE(http->Send(bare).ok());
  bare.method = "HEAD";
  ASSERT_TRUE(http->Send(bare).ok());
  const auto seen = server.requests();
  ASSERT_EQ(seen.size(), 5U);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(seen[i].body, big);
    EXPECT_EQ(Lower(seen[i].head).find("\nexpect"), std::string::npos);
    EXPECT_EQ(Lower(seen[i].head).find("\ncontent-type"), std::string::npos);
  }
  EXPECT_TRUE(StartsWith(seen[2].head, "PATCH / "));
  EXPECT_TRUE(StartsWith(seen[3].head, "DELETE / "));
  EXPECT_TRUE(StartsWith(seen[4].head, "HEAD / "));
}

TEST(HttpTransport, KeepsTheConnectionForTheNextRequest) {
  LoopbackServer server([](const Request&, const Peer& peer) {
    peer.Write(Answer("ok"));
    return true;
  });
  auto http = MakeCurlTransport();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(http->Send(Post(server.Url("/"), "x")).ok());
  EXPECT_EQ(server.requests().back().connection, 0);
}

TEST(HttpTransport, ARequestThatIsNotRepeatableIsNeverSentTwiceWhenAKeptConnectionBreaks) {
  for (const std::string body : {"effect", ""}) {
    LoopbackServer server([](const Request& request, const Peer& peer) {
      if (request.Target() == "/effect") return false;  // acted on, but no answer
      peer.Write(Answer("ok"));
      return true;
    });
    auto http = MakeCurlTransport();
    ASSERT_TRUE(http->Send(Post(server.Url("/warm"), "x")).ok());
    HttpError error;
    const auto response = http->Send(Post(server.Url("/effect"), body), &error);
    EXPECT_EQ(response.status().code(), Code::kRetry);
    EXPECT_EQ(error.sent, Sent::kMaybe);
    EXPECT_EQ(server.requests().size(), 2U);
  }
}

TEST(HttpTransport, ARepeatableRequestSurvivesAKeptConnectionThatWasClosed) {
  LoopbackServer server([](const Request& request, const Peer& peer) {
    if (request.connection == 0 && request.Target() == "/second") return false;
    peer.Write(Answer("ok"));
    return true;
  });
  auto http = MakeCurlTransport();
  ASSERT_TRUE(http->Send(Get(server.Url("/first"))).ok());
  HttpRequest request = Post(server.Url("/second"), "body");
  request.repeatable = true;
  ASSERT_TRUE(http->Send(request).ok());
  EXPECT_EQ(server.requests().back().body, "body");
}

TEST(HttpTransport, ARefusedConnectionSentNothing) {
  int port = 0;
  {
    port = LoopbackServer([](const Request&, const Peer&) { return false; }).port();
  }
  auto http = MakeCurlTransport();
  HttpError error;
  const auto response =
      http->Send(Get("http://127.0.0.1:" + std::to_string(port) + "/secret/path?key=1"), &error);
  EXPECT_EQ(response.status().code(), Code::kRetry);
  EXPECT_EQ(error.sent, Sent::kNo);
  EXPECT_NE(response.status().message().find(std::to_string(port)), std::string::npos);
  EXPECT_EQ(response.status().ToString().find("secret"), std::string::npos);
}

TEST(HttpTransport, AResetAndASilentCloseMayHaveArrived) {
  LoopbackServer server([](const Request& request, const Peer& peer) {
    if (request.Target() == "/reset") peer.ResetOnClose();
    return false;
  });
  auto http = MakeCurlTransport();
  for (const char* path : {"/reset", "/close"}) {
    HttpError error;
    EXPECT_EQ(http->Send(Post(server.Url(path), "x"), &error).status().code(), Code::kRetry);
    EXPECT_EQ(error.sent, Sent::kMaybe);
    EXPECT_EQ(error.status.code(), Code::kRetry);
  }
}

TEST(HttpTransport, ABodyShorterThanAnnouncedIsAnErrorNotAShortAnswer) {
  LoopbackServer server([](const Request& request, const Peer& peer) {
    peer.Write(request.Target() == "/length"
                   ? "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this"
                   : "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nonly this");
    return false;
  });
  auto http = MakeCurlTransport();
  for (const char* path : {"/length", "/chunked"}) {
    HttpError error;
    EXPECT_EQ(http->Send(Get(server.Url(path)), &error).status().code(), Code::kRetry) << path;
    EXPECT_EQ(error.sent, Sent::kMaybe);
  }
}

TEST(HttpTransport, GivesUpAtTheDeadlineAndWhenNothingMoves) {
  LoopbackServer server([](const Request& request, const Peer& peer) {
    if (request.Target() == "/drip") {
      peer.Write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
      for (int i = 0; i < 20; ++i) {
        peer.Write("x");
        std::this_thread::sleep_for(milliseconds(50));
      }
    } else {
      std::this_thread::sleep_for(milliseconds(700));
    }
    return false;
  });
  auto http = MakeCurlTransport();
  HttpRequest drip = Get(server.Url("/drip"));
  drip.timeout = milliseconds(400);
  drip.stall_timeout = milliseconds(300);
  const auto late = http->Send(drip);
  EXPECT_EQ(late.status().code(), Code::kRetry);
  EXPECT_NE(late.status().message().find("timed out"), std::string::npos)
      << late.status().message();
  HttpRequest silent = Get(server.Url("/silent"));
  silent.timeout = milliseconds(0);
  silent.stall_timeout = milliseconds(200);
  HttpError error;
  const auto stalled = http->Send(silent, &error);
  EXPECT_EQ(stalled.status().code(), Code::kRetry);
  EXPECT_NE(stalled.status().message().find("nothing came or went for 0.2 s"), std::string::npos)
      << stalled.status().message();
  EXPECT_EQ(error.sent, Sent::kMaybe);
}

TEST(HttpTransport, StopsSoonWhenCancelled) {
  LoopbackServer server([](const Request&, const Peer&) {
    std::this_thread::sleep_for(milliseconds(1500));
    return false;
  });
  auto http = MakeCurlTransport();
  Cancel cancel;
  HttpRequest request = Get(server.Url("/"));
  request.cancel = &cancel;
  std::thread later([&] {
    std::this_thread::sleep_for(milliseconds(100));
    cancel.Set();
  });
  const auto start = SystemClock().Monotonic();
  HttpError error;
  const auto response = http->Send(request, &error);
  EXPECT_LT(SystemClock().Monotonic() - start, milliseconds(1000));
  later.join();
  EXPECT_EQ(response.status().code(), Code::kCancelled);
  EXPECT_EQ(error.sent, Sent::kMaybe);
  EXPECT_EQ(http->Send(request, &error).status().code(), Code::kCancelled);
  EXPECT_EQ(error.sent, Sent::kNo);
}

TEST(HttpTransport, StreamsBigBodiesToTheSinkButNotThoseOfErrors) {
  const std::string big = [] {
    std::string text;
    for (int i = 0; i < 500'000; ++i) text += std::to_string(i);
    return text;
  }();
  LoopbackServer server([&](const Request& request, const Peer& peer) {
    peer.Write(request.Target() == "/big" ? Answer(big, "206 Partial Content")
                                          : Answer("why not", "503 Slow Down"));
    return true;
  });
  auto http = MakeCurlTransport();
  std::string got;
  HttpRequest request = Get(server.Url("/big"));
  request.max_body = 100;
  request.sink = [&](std::string_view piece) {
    got += piece;
    return Status::Ok();
  };
  int begun = 0;
  request.begin = [&](const HttpResponse& head) {
    EXPECT_EQ(head.status, 206);
    EXPECT_EQ(head.Header("Content-Length"), std::to_string(big.size()));
    EXPECT_EQ(got, "");
    ++begun;
    return Status::Ok();
  };
  const auto response = http->Send(request);
  ASSERT_TRUE(response.ok()) << response.status().ToString();
  EXPECT_EQ(response->body, "");
  EXPECT_TRUE(got == big);
  request.url = server.Url("/error");
  const auto refused = http->Send(request);
  EXPECT_EQ(refused->body, "why not");
  EXPECT_EQ(begun, 1);
  EXPECT_EQ(got.size(), big.size());
}

TEST(HttpTransport, ASinkThatFailsEndsTheExchangeWithItsError) {
  LoopbackServer server([](const Request&, const Peer& peer) {
    peer.Write(Answer(std::string(1 << 20, 'x')));
    return false;
  });
  auto http = MakeCurlTransport();
  HttpRequest request = Get(server.Url("/"));
  request.sink = [](std::string_view) { return FailedError("the disk is full"); };
  EXPECT_EQ(http->Send(request).status().message(), "the disk is full");
  request.sink = [](std::string_view) { return Status::Ok(); };
  request.begin = [](const HttpResponse&) { return RetryError("another file by now"); };
  EXPECT_EQ(http->Send(request).status().message(), "another file by now");
}

TEST(HttpTransport, BeginsOnceAlsoWithoutABodyAndWithTrailers) {
  LoopbackServer server([](const Request& request, const Peer& peer) {
    peer.Write(
        request.Target() == "/empty"
            ? Answer("")
            : "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
              "\r\n1\r\nx\r\n0\r\nX-Last: 1\r\n\r\n");
    return true;
  });
  auto http = MakeCurlTransport();
  for (const char* path : {"/empty", "/trailers"}) {
    int begun = 0;
    HttpRequest request = Get(server.Url(path));
    request.sink = [](std::string_view) { return Status::Ok(); };
    request.begin = [&](const HttpResponse&) {
      ++begun;
      return Status::Ok();
    };
    EXPECT_TRUE(http->Send(request).ok());
    EXPECT_EQ(begun, 1) << path;
  }
}

TEST(HttpTransport, AnAnswerLargerThanAllowedIsAnError) {
  LoopbackServer server([](const Request&, const Peer& peer) {
    peer.Write(Answer(std::string(2000, 'x')));
    return false;
  });
  auto http = MakeCurlTransport();
  HttpRequest request = Get(server.Url("/"));
  request.max_body = 2000;
  EXPECT_TRUE(http->Send(request).ok());
  request.max_body = 1999;
  EXPECT_EQ(http->Send(request).status().code(), Code::kFailed);
}

TEST(HttpTransport, RefusesImpossibleAddressesAndHeadersBeforeAnythingLeaves) {
  auto http = MakeCurlTransport();
  for (const char* url : {"ftp://127.0.0.1/", "127.0.0.1/x", "http://127.0.0.1/a b", "http://",
                          "http://127.0.0.1/\xc3\xa4", "http://127.0.0.1/#x",
                          "http://name:word@127.0.0.1/", "http://127.0.0.1:99999/"}) {
    HttpError error;
    EXPECT_EQ(http->Send(Get(url), &error).status().code(), Code::kConfig) << url;
    EXPECT_EQ(error.sent, Sent::kNo);
  }
  HttpRequest smuggler = Get("http://127.0.0.1:1/");
  smuggler.headers = {{"X-A", "1\r\nX-B: 2"}};
  EXPECT_EQ(http->Send(smuggler).status().code(), Code::kConfig);
}

TEST(HttpTransport, ReachesANamedHostAtTheAddressThatWasGiven) {
  LoopbackServer server([](const Request& request, const Peer& peer) {
    peer.Write(Answer(request.head));
    return true;
  });
  HttpOptions options;
  options.resolve = {"bucket.example.test:" + std::to_string(server.port()) + ":127.0.0.1"};
  auto http = MakeCurlTransport(options);
  const auto response =
      http->Send(Get("http://bucket.example.test:" + std::to_string(server.port()) + "/"));
  ASSERT_TRUE(response.ok()) << response.status().ToString();
  EXPECT_NE(response->body.find("Host: bucket.example.test"), std::string::npos);
}

TEST(HttpTransport, ServesManyThreads) {
  LoopbackServer server([](const Request& request, const Peer& peer) {
    peer.Write(Answer(request.body));
    return true;
  });
  auto http = MakeCurlTransport();
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 25; ++i) {
        const std::string body = std::to_string(t) + "/" + std::to_string(i);
        const auto response = http->Send(Post(server.Url("/"), body));
        if (response.ok() && response->body == body) ++right;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 100);
}

TEST(UrlEncode, KeepsOnlyUnreservedCharacters) {
  EXPECT_EQ(UrlEncode("aZ09-_.~"), "aZ09-_.~");
  EXPECT_EQ(UrlEncode("a b+c%d=e/\xc3\xa4"), "a%20b%2Bc%25d%3De%2F%C3%A4");
  EXPECT_EQ(UrlEncode("a/b c", true), "a/b%20c");
}

}  // namespace
}  // namespace sluice::env
