// HTTP as an effect that is passed in. One narrow interface; retrying, rate limits and faults are
// wrapped around it (env/http_retry.h and the tests), never flags inside.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "env/clock.h"

namespace sluice::env {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method = "GET";
  std::string url;  // absolute, path and query already percent-encoded; sent exactly as it stands
  HttpHeaders headers;
  std::string body;
  std::chrono::milliseconds connect_timeout{10'000};
  // For the whole exchange. 0: no limit on the whole, only on standing still.
  std::chrono::milliseconds timeout{60'000};
  // The exchange fails when less than one byte a second came or went for so long.
  std::chrono::milliseconds stall_timeout{30'000};
  // Where the body of a 2xx answer goes piece by piece instead of into HttpResponse::body; returning
  // an error aborts the exchange with it. Bodies of other answers always go into the response.
  std::function<Status(std::string_view)> sink;
  // An answer body that is larger (in memory) is an error.
  uint64_t max_body = 64ULL << 20;
  // May be null. Set: the exchange is aborted with kCancelled.
  const Cancel* cancel = nullptr;
};

struct HttpResponse {
  int status = 0;
  HttpHeaders headers;  // names as sent
  std::string body;
  // Case is ignored; the first of that name; empty when there is none.
  std::string_view Header(std::string_view name) const;
};

// What became of a request that got no answer.
enum class Sent {
  kNo,       // it did not leave: refused, unknown host, TLS failed
  kMaybe,    // some or all of it went out and no whole answer came back: its effect is unknown
};

struct HttpError {
  Status status;  // kRetry for what may pass, kConfig for an impossible URL, kFailed, kCancelled
  Sent sent = Sent::kNo;
};

class HttpTransport {
 public:
  virtual ~HttpTransport() = default;
  // One exchange, no retries, redirects are not followed. Any status with a whole answer is success.
  // `error`, when given, also tells whether the request may have arrived. Thread-safe.
  virtual Result<HttpResponse> Send(const HttpRequest& request, HttpError* error = nullptr) = 0;
};

struct HttpOptions {
  std::string ca_file;      // PEM; empty: the system's
  bool verify_tls = true;   // false only by an explicit option of a connection
  int max_idle = 8;         // connections kept open for reuse
};

// Over libcurl. Keeps connections alive between calls. Thread-safe.
std::unique_ptr<HttpTransport> MakeCurlTransport(HttpOptions options = {});

// Percent-encodes everything except A-Z a-z 0-9 - _ . ~ and, when `keep_slash`, '/'.
std::string UrlEncode(std::string_view text, bool keep_slash = false);

}  // namespace sluice::env
