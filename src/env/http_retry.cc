#include "env/http_retry.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"

namespace sluice::env {
namespace {

using std::chrono::milliseconds;

// An attempt that brought so much was none in vain.
constexpr uint64_t kProgressBytes = 1 << 20;

// What a sink saw of the attempt that is under way.
struct SinkState {
  uint64_t received = 0;  // bytes
  bool refused = false;   // the exchange failed with an error of the sink or of `begin`
};

class RetryingTransport : public HttpTransport {
 public:
  RetryingTransport(std::unique_ptr<HttpTransport> inner, RetryPolicy policy, Clock& clock,
                    Random& random, RetryObserver observer)
      : inner_(std::move(inner)),
        policy_(policy),
        clock_(clock),
        random_(random),
        observer_(std::move(observer)) {}

  Result<HttpResponse> Send(const HttpRequest& request, HttpError* error) override {
    if (!request.repeatable) return inner_->Send(request, error);
    SinkState sink;
    Sent sent = Sent::kNo;
    auto result =
        request.sink ? WatchSink(request, sink, sent) : Repeat(request, sink, sent, [] {});
    if (error != nullptr) *error = {result.status(), sent};
    return result;
  }

 private:
  Result<HttpResponse> WatchSink(const HttpRequest& request, SinkState& sink, Sent& sent) {
    HttpRequest watched = request;
    watched.sink = [&](std::string_view piece) {
      sink.received += piece.size();
      Status status = request.sink(piece);
      sink.refused = !status.ok();
      return status;
    };
    if (request.begin) {
      watched.begin = [&](const HttpResponse& head) {
        Status status = request.begin(head);
        sink.refused = !status.ok();
        return status;
      };
    }
    return Repeat(watched, sink, sent, [&] {
      if (request.repeat) request.repeat(watched);
    });
  }

  // `change` is called before the request is sent again.
  Result<HttpResponse> Repeat(const HttpRequest& request, SinkState& sink, Sent& sent,
                              const std::function<void()>& change) {
    const auto start = clock_.Monotonic();
    for (int attempt = 1;; ++attempt) {
      sink = {};
      HttpError error;
      auto result = inner_->Send(request, &error);
      if (!result.ok() && error.sent == Sent::kMaybe) sent = Sent::kMaybe;
      const bool passing = result.ok() ? IsPassing(result->status)
                                       : result.status().code() == Code::kRetry && !sink.refused;
      if (!passing) return result;
      if (request.repeat && sink.received >= kProgressBytes) attempt = 1;
      const auto wait = WaitAfter(attempt, result);
      const bool in_time = request.timeout.count() == 0 ||
                           (wait && clock_.Monotonic() - start + *wait <= policy_.total);
      const bool can_begin_anew = sink.received == 0 || request.begin;
      if (attempt >= policy_.max_attempts || !wait || !in_time || !can_begin_anew) {
        if (result.ok() || attempt == 1) return result;
        const Status last = result.status();
        return Status(last.code(), fmt::format("{} (tried {} times)", last.message(), attempt),
                      last.next());
      }
      Tell(request, result, attempt, *wait);
      if (!clock_.Sleep(*wait, request.cancel)) {
        return CancelledError("stopped while waiting to try again");
      }
      change();
    }
  }

  // Nothing: the answer asks for more patience than the policy has.
  std::optional<milliseconds> WaitAfter(int attempt, const Result<HttpResponse>& result) {
    // Doubling more often than that would overflow and reaches every sensible max_wait.
    const int doublings = std::min(attempt - 1, 20);
    const auto most =
        std::min<milliseconds>(policy_.max_wait, policy_.first_wait * (1LL << doublings));
    const milliseconds jitter(
        static_cast<int64_t>(random_.Fraction() * static_cast<double>(most.count() + 1)));
    if (!result.ok()) return jitter;
    const auto asked = RetryAfter(*result);
    if (!asked) return jitter;
    if (*asked > policy_.max_retry_after) return std::nullopt;
    // Some more than asked, but not the whole back-off: the server knows best.
    return *asked + std::min(jitter, policy_.first_wait);
  }

  // RFC 9110, section 10.2.3. A header that cannot be read is as none.
  std::optional<milliseconds> RetryAfter(const HttpResponse& response) {
    const std::string_view text = response.Header("Retry-After");
    if (const auto seconds = ParseUnsigned(text)) {
      constexpr uint64_t kDay = 86'400;
      return milliseconds(1000 * static_cast<int64_t>(std::min(*seconds, kDay)));
    }
    const auto date = ParseHttpDate(text);
    if (!date) return std::nullopt;
    return milliseconds(std::max<int64_t>(0, (*date - clock_.Now() + 999) / 1000));
  }

  void Tell(const HttpRequest& request, const Result<HttpResponse>& result, int attempt,
            milliseconds wait) const {
    if (!observer_) return;
    RetryNotice notice;
    notice.reason = result.ok() ? fmt::format("{} {}: answer {}", request.method,
                                              UrlOrigin(request.url), result->status)
                                : result.status().message();
    notice.attempt = attempt;
    notice.max_attempts = policy_.max_attempts;
    notice.wait = wait;
    observer_(notice);
  }

  const std::unique_ptr<HttpTransport> inner_;
  const RetryPolicy policy_;
  Clock& clock_;
  Random& random_;
  const RetryObserver observer_;
};

}  // namespace

bool IsPassing(int status) {
  if (status == 408 || status == 429) return true;
  return status >= 500 && status <= 599 && status != 501 && status != 505 && status != 511;
}

std::unique_ptr<HttpTransport> MakeRetryingTransport(std::unique_ptr<HttpTransport> inner,
                                                     RetryPolicy policy, Clock& clock,
                                                     Random& random, RetryObserver observer) {
  return std::make_unique<RetryingTransport>(std::move(inner), policy, clock, random,
                                             std::move(observer));
}

}  // namespace sluice::env
