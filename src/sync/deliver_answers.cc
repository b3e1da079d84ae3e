// What an answer means for the rows of its request: they have their state, go again, or go in parts.
#include <algorithm>
#include <iterator>
#include <tuple>

#include <fmt/format.h>

#include "base/check.h"
#include "base/text.h"
#include "sync/deliver.h"

namespace sluice::sync {
namespace {

using connector::RowState;
using std::chrono::milliseconds;

constexpr size_t kMaxLater = 10'000;
constexpr size_t kMaxWarnings = 100;
constexpr int kTooManyRequests = 429;

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

bool IsSame(const connector::RowOutcome& a, const connector::RowOutcome& b) {
  return a.state == b.state && a.code == b.code && a.message == b.message;
}

}  // namespace

Status Deliverer::Answered(Lane& lane, const connector::SendResult& result) {
  lane.on_its_way = false;
  --on_their_way_;
  SLUICE_CHECK(result.outcomes.size() == lane.items.size(),
               "a destination must answer for every row");
  if (options_.on_exchange) options_.on_exchange(*lane.request, result);
  for (size_t i = 0; i < lane.items.size(); ++i) {
    lane.items[i].tried = true;
    if (result.outcomes[i].state == RowState::kUnknown) lane.items[i].may_be_there = true;
  }
  for (const std::string& warning : result.warnings) {
    const bool known = warnings_.count(warning) > 0 || warnings_.size() < kMaxWarnings;
    ++warnings_[known ? warning : "further warnings of other kinds"];
  }
  SLUICE_TRY(LogAnswers(lane, result));
  Report("");
  if (result.stop.ok() && !result.split && FailedWhole(result)) {
    TryAgain(lane, result);
    return Status::Ok();
  }
  lane.request.reset();
  Segment items = std::exchange(lane.items, {});
  if (!result.stop.ok()) {
    Settle(result, items, true);
    Stop(result.stop);
    return Status::Ok();
  }
  failures_ = 0;
  if (result.split) return Split(lane, result, std::move(items));
  limiter_.Succeeded();
  if (result.retry_after) limiter_.HoldOff(std::min(*result.retry_after, options_.max_wait));
  Settle(result, items, false);
  return Status::Ok();
}

void Deliverer::TryAgain(Lane& lane, const connector::SendResult& result) {
  const bool all_go_again =
      std::all_of(result.outcomes.begin(), result.outcomes.end(),
                  [&](const connector::RowOutcome& o) { return GoesAgain(o.state); });
  const bool probing = limiter_.tripped();
  if (!ended_ && all_go_again && lane.tries < (probing ? 1 : options_.max_attempts)) {
    const auto pause = PauseBefore(lane.tries, lane.attempt, result, AnswerText(result));
    if (pause) {
      lane.due = clock_.Monotonic() + *pause;
      return;
    }
  } else if (!ended_) {
    Report(fmt::format("{}; given up after {}", AnswerText(result),
                       lane.tries == 1 ? "1 try" : fmt::format("{} tries", lane.tries)));
    const int together = static_cast<int>(lanes_.size()) - 1;
    if (++failures_ >= (probing ? 1 : options_.failures_to_stop + together)) {
      limiter_.Trip();
      Stop(RetryError(
          fmt::format("{} failed ({})",
                      failures_ == 1 ? "a request" : fmt::format("{} requests in a row", failures_),
                      AnswerText(result)),
          "The rows that are left go with the next run"));
    }
  }
  Settle(result, lane.items, true);
  lane.request.reset();
  lane.items.clear();
}

Status Deliverer::LogAnswers(const Lane& lane, const connector::SendResult& result) {
  std::map<std::tuple<RowState, std::string_view, std::string_view>, std::vector<uint64_t>> groups;
  std::vector<uint64_t>* group = nullptr;
  for (size_t i = 0; i < lane.items.size(); ++i) {
    const connector::RowOutcome& outcome = result.outcomes[i];
    // Mostly all of them have one answer.
    if (i == 0 || !IsSame(outcome, result.outcomes[i - 1])) {
      group = &groups[{outcome.state, outcome.code, outcome.message}];
    }
    group->push_back(lane.items[i].position);
  }
  LogOutcome entry;
  entry.attempt = lane.attempt;
  entry.http_status = result.status;
  for (const auto& [answer, positions] : groups) {
    const auto& [state, code, message] = answer;
    entry.answers.push_back({state, std::string(code), std::string(message), ToRanges(positions)});
  }
  entry.at = clock_.Now();
  return log_->Append(entry);
}

Status Deliverer::Split(Lane& lane, const connector::SendResult& result, Segment items) {
  Segment others;
  for (size_t i = 0; i < items.size(); ++i) {
    const RowState state = result.outcomes[i].state;
    if (state == RowState::kRejected || state == RowState::kAbsent) {
      Settle(items[i], state, false);
    } else {
      others.push_back(std::move(items[i]));
    }
  }
  if (others.size() < items.size()) {
    if (!others.empty()) lane.parts.push_back(std::move(others));
    return Status::Ok();
  }
  if (others.size() == 1) {
    const connector::RowOutcome& outcome = result.outcomes[0];
    return RejectUnsent(others[0], outcome.code, outcome.message);
  }
  const auto middle = others.begin() + static_cast<std::ptrdiff_t>(others.size() / 2);
  Segment second(std::make_move_iterator(middle), std::make_move_iterator(others.end()));
  others.erase(middle, others.end());
  lane.parts.push_back(std::move(second));
  lane.parts.push_back(std::move(others));
  return Status::Ok();
}

Status Deliverer::RejectUnsent(const Item& item, const std::string& code,
                               const std::string& message) {
  return SettleUnsent({item}, {RowState::kRejected, code, message});
}

Status Deliverer::SettleUnsent(const Segment& items, const connector::RowOutcome& outcome) {
  LogOutcome entry;
  entry.attempt = next_attempt_++;
  for (const Item& item : items) Count(item, outcome.state);
  entry.answers.push_back(
      {outcome.state, outcome.code, outcome.message, ToRanges(PositionsOf(items))});
  entry.at = clock_.Now();
  SLUICE_TRY(log_->Append(entry));
  Report("");
  return Status::Ok();
}

bool Deliverer::GoesAgain(RowState state) const {
  return state == RowState::kDeferred ||
         (state == RowState::kAbsent && destination_.capabilities().hands_over) ||
         (state == RowState::kUnknown && destination_.capabilities().repeatable);
}

void Deliverer::Settle(const connector::SendResult& result, const Segment& items, bool final) {
  for (size_t i = 0; i < items.size(); ++i) Settle(items[i], result.outcomes[i].state, final);
}

void Deliverer::Settle(const Item& item, RowState state, bool final) {
  if (!final && !last_pass_ && GoesAgain(state) && later_.size() < kMaxLater) {
    later_.push_back({item.position, item.may_be_there, state == RowState::kAbsent});
  } else {
    Count(item, state);
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

std::optional<milliseconds> Deliverer::PauseBefore(int attempt, uint64_t id,
                                                   const connector::SendResult& result,
                                                   const std::string& why) {
  if (result.retry_after && *result.retry_after > options_.max_retry_after) {
    Stop(RetryError(
        fmt::format("the destination asks to come back in {}",
                    HumanSeconds(std::chrono::duration<double>(*result.retry_after).count())),
        "The rows that are left go with the next run"));
    return std::nullopt;
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
    return milliseconds(0);
  }
  // Of several that were on their way together each says the same.
  if (result.status == kTooManyRequests && id >= slow_from_) {
    limiter_.SlowDown();
    slow_from_ = next_attempt_;
  }
  return wait;
}

}  // namespace sluice::sync
