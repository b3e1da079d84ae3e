// Sending: from the spool to the destination, with the warehouse closed. What may have left and
// what was answered is durable in the log before the next thing happens; nothing else is remembered
// here.
//
//   refused for now   a whole request (429, 5xx, no answer): again after a back-off with jitter, a
//                     bounded number of times; single rows of an answered request: again at the end
//   refused as whole  the rows to blame stay out, the others go again; else in halves (SendResult)
//   unknown           again where that is harmless, else it stays unknown
//   for good          the row is rejected; it holds nobody up
//
// Several requests may be on their way at the same time (DeliverOptions::parallel, docs/decisions/0028):
// only the sending runs on other threads. A place from which one left is filled again after its answer
// is durable. Rows of the next kind (changes of identity, rows, removals) wait for all of those before.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "connector/destination.h"
#include "env/clock.h"
#include "env/random.h"
#include "sync/daily_budget.h"
#include "sync/delivery_log.h"
#include "sync/in_flight.h"
#include "sync/look_first.h"
#include "sync/rate_limiter.h"
#include "sync/spool.h"

namespace sluice::sync {

struct DeliverProgress {
  uint64_t rows = 0;     // of the delivery
  uint64_t settled = 0;  // have their final state of this delivery
  uint64_t requests = 0;
  std::string note;  // "answer 503; try 2 of 6 in 0.4 s"; empty when all is well
};

struct DeliverOptions {
  connector::RequestLimit limit;
  // Requests on their way at the same time; less where the destination takes fewer.
  size_t parallel = 1;
  InFlight* in_flight = nullptr;  // null: one of its own
  // With one request at a time too that one is sent on another thread, and the next one is made meanwhile.
  bool makes_ahead = false;
  Priority priority = Priority::kNormal;      // of its requests and questions
  DailyBudget* daily = nullptr;               // null: requests are not counted by the day
  int max_attempts = 6;                       // of one request
  std::chrono::milliseconds first_wait{500};  // before attempt n+1: up to first_wait * 2^(n-1)
  std::chrono::milliseconds max_wait{30'000};
  // A destination that asks for a longer pause than this ends the delivery.
  std::chrono::milliseconds max_retry_after{300'000};
  int passes = 2;  // over rows that were deferred singly, at the end
  // Requests in a row that used up their attempts: the destination is down. Those that were on their
  // way together count as one.
  int failures_to_stop = 3;
  // Rows that are to be looked for before (SpoolRow::look_first) go only when they are found so.
  Presence presence = Presence::kAny;
  RateLimiter* lookups = nullptr;  // for these questions; null: no limit
  // May be null. `stop`: the requests in flight are finished, then the delivery ends (Ctrl-C).
  // `abort`: they are broken off too (a second Ctrl-C).
  const env::Cancel* stop = nullptr;
  const env::Cancel* abort = nullptr;
  std::function<void(const DeliverProgress&)> progress;  // after every request
  // Each request with its answer, for who wants to look. It holds personal data: not for logs.
  std::function<void(const connector::PreparedRequest&, const connector::SendResult&)> on_exchange;
};

struct DeliverReport {
  uint64_t acknowledged = 0;
  uint64_t rejected = 0;
  uint64_t deferred = 0;
  uint64_t unknown = 0;
  uint64_t waiting = 0;        // not reached
  uint64_t absent = 0;         // of `deferred`: mode update did not find them
  uint64_t already_there = 0;  // of `acknowledged`: mode insert found them
  uint64_t questions = 0;      // that were asked to look for rows
  uint64_t requests = 0;
  uint64_t bytes = 0;
  LogEnding ending;
  // Until more may go, when the day's requests were used up before every row had its turn: that is no
  // failure, and the rows that are left are waiting.
  std::optional<std::chrono::microseconds> tomorrow;
  // Why it ended early: what the destination said, or kCancelled. Ok when every row had its turn.
  Status stopped;
};

class Deliverer {
 public:
  // All of them outlive the Deliverer.
  Deliverer(connector::Destination& destination, RateLimiter& limiter, env::Clock& clock,
            env::Random& random, const DeliverOptions& options);

  // Delivers the rows of `spool`, `rows` of them. An error is one of the log or the spool: nothing
  // more was sent then, and what the log holds is to be folded all the same.
  Result<DeliverReport> Run(SpoolReader& spool, uint64_t rows, DeliveryLog& log);

 private:
  struct Item {
    uint64_t position = 0;
    SpoolRow row;
    bool tried = false;         // in this delivery
    bool may_be_there = false;  // a try of this delivery ended unknown
    bool looked_for = false;    // in this delivery, and found as the mode wants it
  };
  using Segment = std::vector<Item>;
  // The next row to send; nothing at the end.
  using Source = std::function<Result<std::optional<Item>>()>;
  // A row to be tried again at the end.
  struct Later {
    uint64_t position = 0;
    bool may_be_there = false;
    bool absent = false;  // only once others were taken
  };

  // Rows in the order in which they go, some of them read ahead.
  struct Window {
    const Source& source;
    Segment rows;
    bool more = true;
    // The request that the first `made_of` of them make, when it was made before its time.
    std::optional<connector::PreparedRequest> made = {};
    size_t made_of = 0;
  };
  // From where one request is sent at a time, until nothing is left of the rows that it was made of.
  struct Lane {
    // Parts of a request that was refused as a whole; what comes first last.
    std::vector<Segment> parts;
    std::optional<connector::PreparedRequest> request;  // on its way, or to be sent when it is due
    Segment items;                                      // of the request
    std::vector<connector::Operation> operations;       // likewise; views into `items`
    int tries = 0;
    uint64_t attempt = 0;  // of the last try
    std::chrono::nanoseconds due{0};
    bool on_its_way = false;

    bool is_busy() const { return request.has_value() || !parts.empty(); }
  };

  static std::vector<uint64_t> PositionsOf(const Segment& items);
  Status SendAll(const Source& source);
  Status SendLaterAgain(SpoolReader& spool);
  // Those of `later_` that go now, in their order. `acknowledged`: as many were before the last pass.
  std::vector<Later> TakeLater(uint64_t acknowledged);
  // Begins what may begin now. `wait`: until more may, without another answer; nothing: not before one.
  Status Begin(Window& window, std::optional<std::chrono::nanoseconds>& wait);
  // Those that have something to send, then the others.
  std::vector<Lane*> InTurn();
  // Whether the lane has a request afterwards.
  Result<bool> HasRequest(Lane& lane, Window& window);
  // The rows at the front of the window that may go beside what is on its way.
  Result<size_t> MayGo(Window& window);
  // As many rows as a request may have.
  Status Fill(Window& window);
  // At the front of the window: where several requests go at the same time, those of one kind.
  size_t RowsOfOneRequest(const Window& window) const;
  bool MakesAhead() const { return lanes_.size() > 1 || options_.makes_ahead; }
  // Makes the next request while there is nothing to do but to wait. What it may hold is decided when it is its turn.
  Status MakeAhead(Window& window);
  // Asks about the rows of `window` that have to be looked for; those that do not go leave it.
  Status LookFirst(Segment& window);
  // Makes one request of the first `count` of `rows`, and takes them out. The first one may be refused.
  Status MakeRequest(Lane& lane, Segment& rows, size_t count);
  Result<connector::PreparedRequest> Prepare(const Segment& rows, size_t count) const;
  void Put(connector::PreparedRequest request, Segment& rows, size_t count, Lane& lane);
  // Whether it may be sent now; else `wait` is set, or the delivery ends.
  bool TakePlace(std::optional<std::chrono::nanoseconds>& wait);
  Status WriteIntent(Lane& lane);
  // Makes durable what the log says, and sends what was begun.
  Status SendBegun();
  Status TakeAnswers(std::optional<std::chrono::nanoseconds> wait);
  Status Answered(Lane& lane, const connector::SendResult& result);
  void TryAgain(Lane& lane, const connector::SendResult& result);
  Status LogAnswers(const Lane& lane, const connector::SendResult& result);
  Status Split(Lane& lane, const connector::SendResult& result, Segment items);
  Status RejectUnsent(const Item& item, const std::string& code, const std::string& message);
  // Counts and logs what becomes of rows of which nothing was sent.
  Status SettleUnsent(const Segment& items, const connector::RowOutcome& outcome);
  // Counts rows that have their state. Unless `final`, others are kept for the end.
  void Settle(const connector::SendResult& result, const Segment& items, bool final);
  void Settle(const Item& item, connector::RowState state, bool final);
  // Counts rows that were tried and are not tried again; others are waiting.
  void Leave(const Segment& items);
  void Count(const Item& item, connector::RowState state);
  bool GoesAgain(connector::RowState state) const;
  // How long to wait before another attempt; nothing when the delivery ends instead.
  std::optional<std::chrono::milliseconds> PauseBefore(int attempt, uint64_t id,
                                                       const connector::SendResult& result,
                                                       const std::string& why);
  void Stop(Status why);
  void Report(std::string note);

  connector::Destination& destination_;
  RateLimiter& limiter_;
  env::Clock& clock_;
  env::Random& random_;
  const DeliverOptions options_;

  DeliveryLog* log_ = nullptr;
  uint64_t rows_ = 0;
  uint64_t next_attempt_ = 1;
  uint64_t slow_from_ = 0;  // the first attempt that knows of the last slowing down
  int failures_ = 0;
  bool last_pass_ = false;
  std::vector<Later> later_;
  std::map<std::string, uint64_t> warnings_;
  DeliverReport report_;
  bool ended_ = false;

  std::vector<Lane> lanes_;
  std::vector<Lane*> begun_;  // their intents are written, and not durable yet
  size_t on_their_way_ = 0;
  connector::OperationKind kind_ = connector::OperationKind::kUpsert;  // of what is under way
  InFlight* in_flight_ = nullptr;
  std::unique_ptr<InFlight> own_in_flight_;  // goes first: it looks at the lanes
};

}  // namespace sluice::sync
