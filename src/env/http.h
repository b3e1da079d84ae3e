// HTTP as an effect that is passed in. One narrow interface; retrying, rate limits and faults are
// wrapped around it (env/http_retry.h and the tests), never flags inside.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "env/clock.h"

namespace sluice::env {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpResponse {
  int status = 0;
  HttpHeaders headers;  // names as sent
  std::string body;
  // Case is ignored; the first of that name; empty when there is none.
  std::string_view Header(std::string_view name) const;
};

struct HttpRequest {
  std::string method = "GET";
  // Absolute, http or https, path and query already percent-encoded; sent exactly as it stands,
  // dots in the path included. Blanks, control characters, bytes above 127, fragments and
  // credentials in it are refused with kConfig.
  std::string url;
  HttpHeaders headers;
  std::string body;
  std::chrono::milliseconds connect_timeout{10'000};
  // For the whole exchange. 0: no limit on the whole, only on standing still.
  std::chrono::milliseconds timeout{60'000};
  // The exchange fails when not a single byte came or went for so long. The time that a server
  // thinks before it answers counts too. 0: no limit.
  std::chrono::milliseconds stall_timeout{30'000};
  // Nor may it crawl: the exchange fails when fewer bytes than these came or went within a
  // `rate_window`. 0: as slow as it likes.
  uint64_t least_bytes = 0;
  std::chrono::milliseconds rate_window{60'000};
  // Where the body of a 2xx answer goes piece by piece instead of into HttpResponse::body;
  // returning an error aborts the exchange with it. Bodies of other answers always go into the
  // response.
  std::function<Status(std::string_view)> sink;
  // Called with status and headers of a 2xx answer, before the first piece of its body: the sink
  // starts from nothing. An error aborts the exchange with it. Without it a request whose sink
  // received something is not repeated.
  std::function<Status(const HttpResponse&)> begin;
  // Called before the request is sent again, to change it: the Range of a download that goes on with
  // the byte it has. Attempts are then counted anew whenever one brought a MiB or more.
  std::function<void(HttpRequest&)> repeat;
  // Sending it twice does what sending it once does. Only then it is ever sent a second time: by
  // the retrying transport, or when a kept connection turns out to be closed.
  bool repeatable = false;
  // An answer body that is larger (in memory) is an error.
  uint64_t max_body = 64ULL << 20;
  // May be null. Set: the exchange is aborted with kCancelled, within about a tenth of a second.
  const Cancel* cancel = nullptr;
};

// What became of a request that got no answer.
enum class Sent {
  kNo,     // it did not leave: refused, unknown host, TLS failed
  kMaybe,  // some or all of it went out and no whole answer came back: its effect is unknown
};

struct HttpError {
  Status status;  // kRetry for what may pass, kConfig for an impossible URL, kFailed, kCancelled
  Sent sent = Sent::kNo;
};

class HttpTransport {
 public:
  virtual ~HttpTransport() = default;
  // One exchange, no retries, redirects are not followed. Any status with a whole answer is
  // success. `error`, when given, also tells whether the request may have arrived. Messages name
  // method and host, never path, query or headers: those may hold personal data or credentials.
  // Thread-safe.
  virtual Result<HttpResponse> Send(const HttpRequest& request, HttpError* error = nullptr) = 0;
};

struct HttpOptions {
  std::string ca_file;     // PEM; trusted instead of the system's. Empty: the system's
  bool verify_tls = true;  // false only by an explicit option of a connection
  int max_idle = 8;        // connections kept open for reuse
  // "HOST:PORT:ADDRESS": that host and port is reached at the address, no name service is asked.
  std::vector<std::string> resolve;
};

// Over libcurl, HTTP/1.1, TLS 1.2 or later. Keeps connections alive between calls. A proxy is taken
// from the environment as libcurl does (https_proxy, no_proxy, ...). Thread-safe.
std::unique_ptr<HttpTransport> MakeCurlTransport(HttpOptions options = {});

// Percent-encodes everything except A-Z a-z 0-9 - _ . ~ and, when `keep_slash`, '/'.
std::string UrlEncode(std::string_view text, bool keep_slash = false);

// "https://host:port" of an absolute URL, for messages; "" when it has none.
std::string_view UrlOrigin(std::string_view url);

// A date as HTTP headers carry it (RFC 9110: "Sun, 06 Nov 1994 08:49:37 GMT" and the two old
// forms).
std::optional<Micros> ParseHttpDate(std::string_view text);

}  // namespace sluice::env
