#include "sync/deliver.h"

#include <algorithm>
#include <iterator>
#include <tuple>

#include <fmt/format.h>

#include "base/check.h"
#include "base/text.h"

namespace sluice::sync {
namespace {

using connector::RowState;
using std::chrono::milliseconds;

constexpr size_t kMaxLater = 10'000;
constexpr size_t kMaxWarnings = 100;
constexpr int kTooManyRequests = 429;

std::vector<connector::Operation> Operations(std::span<const SpoolRow* const> rows) {
  std::vector<connector::Operation> operations;
  operations.reserve(rows.size());
  for (const SpoolRow* row : rows) {
    operations.push_back(OperationOf(*row));
  }
  return operations;
}

// Whether the destination did not take the request at all, whoever is in it.
bool FailedWhole(const connector::SendResult& result) {
  const bool passing =
      result.status == 0 || result.status == 408 || result.status == 429 || result.status >= 500;
  return passing && std::all_of(result.outcomes.begin(), result.outcomes.end(),
                                [](const connector::RowOutcome& outcome) {
                                  return outcome.state == RowState::kDeferred ||
                                         outcome.state == RowState::kUnknown;
                                });
}

std::string AnswerText(const connector::SendResult& result) {
  if (result.status != 0) return fmt::format("answer {}", result.status);
  return result.outcomes.empty() || result.outcomes[0].message.empty() ? std::string("no answer")
                                                                       : result.outcomes[0].message;
}

}  // namespace

Deliverer::Deliverer(connector::Destination& destination, RateLimiter& limiter, env::Clock& clock,
                     env::Random& random, const DeliverOptions& options)
    : destination_(destination),
      limiter_(limiter),
      clock_(clock),
      random_(random),
      options_(options) {}

Result<DeliverReport> Deliverer::Run(SpoolReader& spool, uint64_t rows, DeliveryLog& log) {
  log_ = &log;
  rows_ = rows;
  const Source forward = [&]() -> Result<std::optional<Item>> {
    Item item;
    item.position = spool.position();
    SLUICE_ASSIGN(auto row, spool.Next());
    if (!row) return std::optional<Item>();
    item.row = *std::move(row);
    return std::optional<Item>(std::move(item));
  };
  SLUICE_TRY(SendAll(forward));
  SLUICE_TRY(SendLaterAgain(spool));

  const uint64_t settled =
      report_.acknowledged + report_.rejected + report_.deferred + report_.unknown;
  if (settled > rows_) return FailedError("a row of the delivery was counted twice");
  report_.waiting = rows_ - settled;
  LogEnding& ending = report_.ending;
  // Nobody was taken: that is no success, whatever each row deserves.
  const bool in_vain = report_.acknowledged == 0 && settled > report_.absent;
  ending.outcome = report_.stopped.ok()                         ? (in_vain ? "failed" : "done")
                   : report_.stopped.code() == Code::kCancelled ? "cancelled"
                                                                : "stopped";
  ending.message = report_.stopped.message();
  if (report_.tomorrow) ending.message = "the day's requests are used up";
  if (report_.stopped.ok() && in_vain) {
    ending.message = fmt::format("none of {} was taken", Counted(rows_, "row"));
  }
  ending.warnings.assign(warnings_.begin(), warnings_.end());
  ending.at = clock_.Now();
  SLUICE_TRY(log.Write(ending));
  return report_;
}

Status Deliverer::SendAll(const Source& source) {
  const connector::Capabilities& capabilities = destination_.capabilities();
  size_t most = static_cast<size_t>(std::max<int64_t>(1, capabilities.max_rows_per_request));
  if (options_.limit.rows > 0) most = std::min(most, static_cast<size_t>(options_.limit.rows));
  Segment window;
  bool more = true;
  while (!ended_) {
    while (more && window.size() < most) {
      SLUICE_ASSIGN(auto item, source());
      if (item) window.push_back(*std::move(item));
      more = item.has_value();
    }
    if (window.empty()) break;
    SLUICE_TRY(LookFirst(window));
    if (window.empty() || ended_) continue;
    std::vector<Segment> stack;
    SLUICE_TRY(SendFront(window, stack));
    SLUICE_TRY(SendStack(std::move(stack)));
  }
  Leave(window);
  return Status::Ok();
}

Status Deliverer::SendLaterAgain(SpoolReader& spool) {
  for (int pass = 1; pass <= options_.passes && !later_.empty() && !ended_; ++pass) {
    last_pass_ = pass == options_.passes;
    const std::vector<Later> again = std::exchange(later_, {});
    if (!BackOff(pass, {}, fmt::format("{} again", Counted(again.size(), "row")))) {
      later_ = again;
      break;
    }
    size_t next = 0;
    const Source source = [&]() -> Result<std::optional<Item>> {
      if (next == again.size()) return std::optional<Item>();
      const Later& later = again[next++];
      SLUICE_TRY(spool.Seek(later.position));
      SLUICE_ASSIGN(auto row, spool.Next());
      if (!row) return FailedError("the spool ends before a row that was sent");
      return std::optional<Item>(
          Item{later.position, *std::move(row), true, later.may_be_there, true});
    };
    SLUICE_TRY(SendAll(source));
    // Those that were not reached any more.
    while (next < again.size()) later_.push_back(again[next++]);
  }
  for (const Later& later : later_) {
    Count(Item{later.position, {}, true, later.may_be_there, true}, RowState::kDeferred);
  }
  return Status::Ok();
}

Status Deliverer::LookFirst(Segment& window) {
  if (options_.presence == Presence::kAny) return Status::Ok();
  std::vector<const SpoolRow*> rows;
  for (const Item& item : window) {
    if (item.row.look_first && !item.looked_for) rows.push_back(&item.row);
  }
  if (rows.empty()) return Status::Ok();
  connector::Lookup* lookup = connector::LookupOf(destination_);
  SLUICE_CHECK(lookup != nullptr, "rows are to be looked for at a destination that cannot look");
  const auto found = LookForAll(*lookup, Operations(rows), false, clock_,
                                {options_.max_attempts, options_.first_wait, options_.max_wait,
                                 options_.lookups, options_.stop},
                                report_.questions);
  if (!found.ok()) {
    Stop(found.status().code() == Code::kCancelled
             ? CancelledError("stopped before every row was sent")
             : found.status().WithContext("rows could not be looked for"));
    return Status::Ok();
  }
  Segment go;
  Segment stay;
  size_t next = 0;
  for (Item& item : window) {
    if (item.row.look_first && !item.looked_for) {
      const bool there = (*found)[next++].there;
      item.looked_for = there == (options_.presence == Presence::kThere);
      if (!item.looked_for) {
        stay.push_back(std::move(item));
        continue;
      }
    }
    go.push_back(std::move(item));
  }
  window = std::move(go);
  if (stay.empty()) return Status::Ok();
  if (options_.presence == Presence::kThere) {
    report_.absent += stay.size();
    return SettleUnsent(stay, {RowState::kAbsent, kNotThereCode,
                               "it is not there, and mode update makes nothing new"});
  }
  report_.already_there += stay.size();
  return SettleUnsent(stay, {RowState::kAcknowledged, kAlreadyThereCode,
                             "it was there already, and mode insert changes nothing"});
}

Status Deliverer::SendFront(Segment& window, std::vector<Segment>& stack) {
  std::vector<const SpoolRow*> rows;
  for (const Item& item : window) rows.push_back(&item.row);
  const auto operations = Operations(rows);
  auto prepared = destination_.Prepare(operations, options_.limit);
  if (!prepared.ok()) {
    if (prepared.status().code() != Code::kRejected) return prepared.status();
    SLUICE_TRY(RejectUnsent(window.front(), "cannot_be_sent", prepared.status().message()));
    window.erase(window.begin());
    return Status::Ok();
  }
  const size_t taken = prepared->rows;
  SLUICE_CHECK(taken > 0 && taken <= window.size(), "a request without rows, or with others'");
  const auto end = window.begin() + static_cast<std::ptrdiff_t>(taken);
  Segment items(std::make_move_iterator(window.begin()), std::make_move_iterator(end));
  window.erase(window.begin(), end);
  return Exchange(*prepared, std::move(items), stack);
}

Status Deliverer::SendStack(std::vector<Segment> stack) {
  while (!stack.empty() && !ended_) {
    Segment segment = std::move(stack.back());
    stack.pop_back();
    std::vector<Segment> more;
    SLUICE_TRY(SendFront(segment, more));
    if (!segment.empty()) stack.push_back(std::move(segment));
    std::move(more.begin(), more.end(), std::back_inserter(stack));
  }
  for (const Segment& segment : stack) Leave(segment);
  return Status::Ok();
}

Status Deliverer::Exchange(const connector::PreparedRequest& request, Segment items,
                           std::vector<Segment>& stack) {
  for (int attempt = 1;; ++attempt) {
    if (options_.daily != nullptr && !options_.daily->Take()) {
      Leave(items);
      report_.tomorrow = options_.daily->Look().wait;
      ended_ = true;
      return Status::Ok();
    }
    if (!limiter_.Acquire(options_.stop)) {
      Leave(items);
      Stop(CancelledError("stopped before every row was sent"));
      return Status::Ok();
    }
    std::string mark;
    if (connector::Settling* settling = destination_.settling()) {
      auto made = settling->Mark(request);
      if (!made.ok()) {
        Leave(items);
        Stop(made.status());
        return Status::Ok();
      }
      mark = std::move(made).value();
    }
    SLUICE_ASSIGN(const auto result, SendOnce(request, mark, items));
    if (!result.stop.ok()) {
      Settle(result, items, true);
      Stop(result.stop);
      return Status::Ok();
    }
    if (result.split) {
      failures_ = 0;
      return Split(result, std::move(items), stack);
    }
    if (!FailedWhole(result)) {
      failures_ = 0;
      limiter_.Succeeded();
      if (result.retry_after) limiter_.HoldOff(std::min(*result.retry_after, options_.max_wait));
      Settle(result, items, false);
      return Status::Ok();
    }
    const bool all_go_again =
        std::all_of(result.outcomes.begin(), result.outcomes.end(),
                    [&](const connector::RowOutcome& o) { return GoesAgain(o.state); });
    // Whether a destination that was down is up again one try tells.
    const bool probing = limiter_.tripped();
    if (attempt >= (probing ? 1 : options_.max_attempts) || !all_go_again) {
      Settle(result, items, true);
      Report(fmt::format("{}; given up after {}", AnswerText(result),
                         attempt == 1 ? "1 try" : fmt::format("{} tries", attempt)));
      if (++failures_ >= (probing ? 1 : options_.failures_to_stop)) {
        limiter_.Trip();
        Stop(RetryError(fmt::format("{} failed ({})",
                                    failures_ == 1 ? "a request"
                                                   : fmt::format("{} requests in a row", failures_),
                                    AnswerText(result)),
                        "The rows that are left go with the next run"));
      }
      return Status::Ok();
    }
    if (!BackOff(attempt, result, AnswerText(result))) {
      Settle(result, items, true);
      return Status::Ok();
    }
  }
}

Result<connector::SendResult> Deliverer::SendOnce(const connector::PreparedRequest& request,
                                                  const std::string& mark, Segment& items) {
  LogIntent intent;
  intent.attempt = next_attempt_++;
  std::vector<uint64_t> positions;
  std::vector<const SpoolRow*> rows;
  for (const Item& item : items) {
    positions.push_back(item.position);
    rows.push_back(&item.row);
  }
  intent.rows = ToRanges(positions);
  intent.bytes = request.body.size();
  intent.mark = mark;
  intent.at = clock_.Now();
  SLUICE_TRY(log_->Write(intent));

  ++report_.requests;
  report_.bytes += request.body.size();
  auto result = destination_.Send(request, Operations(rows), options_.abort);
  SLUICE_CHECK(result.outcomes.size() == items.size(), "a destination must answer for every row");
  if (options_.on_exchange) options_.on_exchange(request, result);
  for (size_t i = 0; i < items.size(); ++i) {
    items[i].tried = true;
    if (result.outcomes[i].state == RowState::kUnknown) items[i].may_be_there = true;
  }
  for (const std::string& warning : result.warnings) {
    const bool known = warnings_.count(warning) > 0 || warnings_.size() < kMaxWarnings;
    ++warnings_[known ? warning : "further warnings of other kinds"];
  }
  SLUICE_TRY(LogAnswers(intent.attempt, result, items));
  Report("");
  return result;
}

Status Deliverer::LogAnswers(uint64_t attempt, const connector::SendResult& result,
                             const Segment& items) {
  std::map<std::tuple<RowState, std::string_view, std::string_view>, std::vector<uint64_t>> groups;
  for (size_t i = 0; i < items.size(); ++i) {
    const connector::RowOutcome& outcome = result.outcomes[i];
    groups[{outcome.state, outcome.code, outcome.message}].push_back(items[i].position);
  }
  LogOutcome entry;
  entry.attempt = attempt;
  entry.http_status = result.status;
  for (const auto& [answer, positions] : groups) {
    const auto& [state, code, message] = answer;
    entry.answers.push_back({state, std::string(code), std::string(message), ToRanges(positions)});
  }
  entry.at = clock_.Now();
  return log_->Write(entry);
}

Status Deliverer::Split(const connector::SendResult& result, Segment items,
                        std::vector<Segment>& stack) {
  Segment others;
  for (size_t i = 0; i < items.size(); ++i) {
    if (result.outcomes[i].state == RowState::kRejected) {
      Count(items[i], RowState::kRejected);
    } else {
      others.push_back(std::move(items[i]));
    }
  }
  if (others.size() < items.size()) {
    if (!others.empty()) stack.push_back(std::move(others));
    return Status::Ok();
  }
  if (others.size() == 1) {
    const connector::RowOutcome& outcome = result.outcomes[0];
    return RejectUnsent(others[0], outcome.code, outcome.message);
  }
  const auto middle = others.begin() + static_cast<std::ptrdiff_t>(others.size() / 2);
  Segment second(std::make_move_iterator(middle), std::make_move_iterator(others.end()));
  others.erase(middle, others.end());
  stack.push_back(std::move(second));
  stack.push_back(std::move(others));
  return Status::Ok();
}

Status Deliverer::RejectUnsent(const Item& item, const std::string& code,
                               const std::string& message) {
  return SettleUnsent({item}, {RowState::kRejected, code, message});
}

Status Deliverer::SettleUnsent(const Segment& items, const connector::RowOutcome& outcome) {
  LogOutcome entry;
  entry.attempt = next_attempt_++;
  std::vector<uint64_t> positions;
  for (const Item& item : items) {
    Count(item, outcome.state);
    positions.push_back(item.position);
  }
  entry.answers.push_back({outcome.state, outcome.code, outcome.message, ToRanges(positions)});
  entry.at = clock_.Now();
  SLUICE_TRY(log_->Write(entry));
  Report("");
  return Status::Ok();
}

bool Deliverer::GoesAgain(RowState state) const {
  return state == RowState::kDeferred ||
         (state == RowState::kUnknown && destination_.capabilities().repeatable);
}

void Deliverer::Settle(const connector::SendResult& result, const Segment& items, bool final) {
  for (size_t i = 0; i < items.size(); ++i) {
    const RowState state = result.outcomes[i].state;
    if (!final && !last_pass_ && GoesAgain(state) && later_.size() < kMaxLater) {
      later_.push_back({items[i].position, items[i].may_be_there});
    } else {
      Count(items[i], state);
    }
  }
}

void Deliverer::Leave(const Segment& items) {
  for (const Item& item : items) {
    if (item.tried) Count(item, RowState::kDeferred);
  }
}

void Deliverer::Count(const Item& item, RowState state) {
  if (state == RowState::kDeferred && item.may_be_there) state = RowState::kUnknown;
  switch (state) {
    case RowState::kAcknowledged:
      ++report_.acknowledged;
      break;
    case RowState::kRejected:
      ++report_.rejected;
      break;
    case RowState::kDeferred:
    case RowState::kAbsent:
      ++report_.deferred;
      break;
    case RowState::kUnknown:
      ++report_.unknown;
      break;
  }
}

bool Deliverer::BackOff(int attempt, const connector::SendResult& result, const std::string& why) {
  if (result.retry_after && *result.retry_after > options_.max_retry_after) {
    Stop(RetryError(
        fmt::format("the destination asks to come back in {}",
                    HumanSeconds(std::chrono::duration<double>(*result.retry_after).count())),
        "The rows that are left go with the next run"));
    return false;
  }
  const auto most =
      std::min(options_.max_wait, options_.first_wait * (int64_t{1} << (attempt - 1)));
  auto wait =
      milliseconds(static_cast<int64_t>(random_.Fraction() * static_cast<double>(most.count())));
  const auto pause = result.retry_after ? *result.retry_after + wait : wait;
  const std::string when = fmt::format("in {:.1f} s", std::chrono::duration<double>(pause).count());
  Report(result.outcomes.empty()
             ? fmt::format("{} {}", why, when)
             : fmt::format("{}; try {} of {} {}", why, attempt + 1, options_.max_attempts, when));
  // The whole connection holds off: other syncs of it would only be refused as well.
  if (result.retry_after) {
    limiter_.HoldOff(*result.retry_after + wait);
  } else if (result.status == kTooManyRequests) {
    limiter_.SlowDown();
  }
  if (clock_.Sleep(result.retry_after ? milliseconds(0) : wait, options_.stop)) return true;
  Stop(CancelledError("stopped before every row was sent"));
  return false;
}

void Deliverer::Stop(Status why) {
  ended_ = true;
  if (report_.stopped.ok()) report_.stopped = std::move(why);
}

void Deliverer::Report(std::string note) {
  if (!options_.progress) return;
  DeliverProgress progress;
  progress.rows = rows_;
  progress.settled = report_.acknowledged + report_.rejected + report_.deferred + report_.unknown;
  progress.requests = report_.requests;
  progress.note = std::move(note);
  options_.progress(progress);
}

}  // namespace sluice::sync
