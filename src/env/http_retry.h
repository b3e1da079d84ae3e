// Trying again, as a wrapper around a transport: exponential back-off with full jitter, so that
// many clients that failed together do not come back together. (Marc Brooker, "Exponential Backoff
// And Jitter", AWS Architecture Blog, 2015.)
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "env/clock.h"
#include "env/http.h"
#include "env/random.h"

namespace sluice::env {

struct RetryPolicy {
  int max_attempts = 6;  // the first one included
  // Before attempt n+1: a random time of up to first_wait * 2^(n-1), at most max_wait.
  std::chrono::milliseconds first_wait{500};
  std::chrono::milliseconds max_wait{20'000};
  // An answer with a Retry-After (seconds or a date) is waited for so long, and a little more. One
  // that asks for more than this is not tried again: coming back earlier would be against its word.
  std::chrono::milliseconds max_retry_after{120'000};
  // No attempt begins later than this after the first one began. Requests without a limit for the
  // whole exchange (HttpRequest::timeout 0, large downloads) are bounded by max_attempts alone.
  std::chrono::milliseconds total{600'000};
};

// What happened to an attempt that is going to be repeated. Holds no path, query or header.
struct RetryNotice {
  std::string reason;  // "GET https://host: answer 503" or the error's message
  int attempt = 0;     // that failed, from 1
  int max_attempts = 0;
  std::chrono::milliseconds wait{0};  // until the next one
};
using RetryObserver = std::function<void(const RetryNotice&)>;

// Whether an answer of that status may be another one later: 408, 429 and 5xx, except those that
// say that the request itself can not be served (501, 505, 511).
bool IsPassing(int status);

// Only requests marked repeatable are tried again, after a passing status or an error with kRetry.
// A request with a sink is repeated only while the sink received nothing, or when it has `restart`.
// When the attempts are used up the last answer or error is the result. `HttpError::sent` tells of
// all attempts together. `clock` and `random` outlive the transport; the observer may be empty and
// is called from the sending thread. As thread-safe as its parts.
std::unique_ptr<HttpTransport> MakeRetryingTransport(std::unique_ptr<HttpTransport> inner,
                                                     RetryPolicy policy, Clock& clock,
                                                     Random& random, RetryObserver observer = {});

}  // namespace sluice::env
