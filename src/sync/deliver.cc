#include "sync/deliver.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "base/check.h"
#include "base/text.h"

namespace sluice::sync {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

// One limit on another.
void Sooner(std::optional<nanoseconds>& wait, nanoseconds other) {
  wait = std::min(wait.value_or(other), other);
}

}  // namespace

Deliverer::Deliverer(connector::Destination& destination, RateLimiter& limiter, env::Clock& clock,
                     env::Random& random, const DeliverOptions& options)
    : destination_(destination),
      limiter_(limiter),
      clock_(clock),
      random_(random),
      options_(options) {
  // What is found out after a stop is found out of one request.
  const int64_t most = destination.settling() == nullptr ? destination.capabilities().at_once : 1;
  lanes_.resize(std::clamp<size_t>(options.parallel, 1, static_cast<size_t>(most)));
  in_flight_ = options.in_flight;
  if (in_flight_ == nullptr) {
    own_in_flight_ = MakesAhead() ? MakeInFlightOnThreads(lanes_.size()) : MakeInFlightAlone();
    in_flight_ = own_in_flight_.get();
  }
}

std::vector<uint64_t> Deliverer::PositionsOf(const Segment& items) {
  std::vector<uint64_t> positions;
  positions.reserve(items.size());
  for (const Item& item : items) positions.push_back(item.position);
  return positions;
}

Result<DeliverReport> Deliverer::Run(SpoolReader& spool, uint64_t rows, DeliveryLog& log) {
  log_ = &log;
  rows_ = rows;
  const Source forward = [&]() -> Result<std::optional<Item>> {
    Item item;
    item.position = spool.position();
    SLUICE_ASSIGN(auto row, spool.NextToSend());
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
  Window window{source, {}, true};
  while (true) {
    std::optional<nanoseconds> wait;
    if (!ended_) SLUICE_TRY(Begin(window, wait));
    if (on_their_way_ > 0) {
      SLUICE_TRY(MakeAhead(window));
      SLUICE_TRY(TakeAnswers(ended_ ? std::nullopt : wait));
      continue;
    }
    if (ended_ || !wait) break;
    if (!clock_.Sleep(std::chrono::ceil<milliseconds>(*wait), options_.stop)) {
      Stop(CancelledError("stopped before every row was sent"));
    }
  }
  SLUICE_TRY(log_->Sync());
  for (Lane& lane : lanes_) {
    Leave(lane.items);
    for (const Segment& part : lane.parts) Leave(part);
    lane = Lane();
  }
  Leave(window.rows);
  return Status::Ok();
}

Status Deliverer::Begin(Window& window, std::optional<nanoseconds>& wait) {
  for (Lane* lane : InTurn()) {
    if (lane->on_its_way || ended_) continue;
    // Whether a destination that was down is up again one try tells.
    if (limiter_.tripped() && on_their_way_ > 0) break;
    SLUICE_ASSIGN(const bool has, HasRequest(*lane, window));
    if (!has) continue;
    const nanoseconds now = clock_.Monotonic();
    if (lane->due > now) {
      Sooner(wait, lane->due - now);
    } else {
      if (!TakePlace(wait)) break;
      SLUICE_TRY(WriteIntent(*lane));
    }
  }
  return SendBegun();
}

std::vector<Deliverer::Lane*> Deliverer::InTurn() {
  std::vector<Lane*> lanes;
  for (Lane& lane : lanes_) lanes.push_back(&lane);
  std::stable_partition(lanes.begin(), lanes.end(),
                        [](const Lane* lane) { return lane->is_busy(); });
  return lanes;
}

Result<bool> Deliverer::HasRequest(Lane& lane, Window& window) {
  while (!lane.request && !ended_) {
    if (!lane.parts.empty()) {
      Segment part = std::move(lane.parts.back());
      lane.parts.pop_back();
      SLUICE_TRY(MakeRequest(lane, part, part.size()));
      if (!part.empty()) lane.parts.push_back(std::move(part));
      continue;
    }
    SLUICE_ASSIGN(const size_t count, MayGo(window));
    if (count == 0) return false;
    auto made = std::exchange(window.made, std::nullopt);
    if (made && window.made_of == count) {
      Put(*std::move(made), window.rows, count, lane);
    } else {
      SLUICE_TRY(MakeRequest(lane, window.rows, count));
    }
  }
  return lane.request.has_value();
}

Status Deliverer::Fill(Window& window) {
  const connector::Capabilities& capabilities = destination_.capabilities();
  size_t most = static_cast<size_t>(std::max<int64_t>(1, capabilities.max_rows_per_request));
  if (options_.limit.rows > 0) most = std::min(most, static_cast<size_t>(options_.limit.rows));
  while (window.more && window.rows.size() < most) {
    SLUICE_ASSIGN(auto item, window.source());
    if (item) window.rows.push_back(*std::move(item));
    window.more = item.has_value();
  }
  return Status::Ok();
}

Result<size_t> Deliverer::MayGo(Window& window) {
  Segment& rows = window.rows;
  do {
    SLUICE_TRY(Fill(window));
    SLUICE_TRY(LookFirst(rows));
  } while (rows.empty() && window.more && !ended_);
  if (rows.empty() || ended_) return 0;
  const auto kind = OperationOf(rows.front().row).kind;
  const bool alone =
      std::none_of(lanes_.begin(), lanes_.end(), [](const Lane& lane) { return lane.is_busy(); });
  if (!alone && kind != kind_) return 0;
  kind_ = kind;
  return RowsOfOneRequest(window);
}

size_t Deliverer::RowsOfOneRequest(const Window& window) const {
  if (lanes_.size() == 1) return window.rows.size();
  const auto kind = OperationOf(window.rows.front().row).kind;
  const auto other = std::find_if(window.rows.begin(), window.rows.end(), [&](const Item& item) {
    return OperationOf(item.row).kind != kind;
  });
  return static_cast<size_t>(other - window.rows.begin());
}

Status Deliverer::MakeAhead(Window& window) {
  // Rows that have to be looked for are looked for when it is their turn.
  if (!MakesAhead() || window.made || options_.presence != Presence::kAny) return Status::Ok();
  SLUICE_TRY(Fill(window));
  if (window.rows.empty()) return Status::Ok();
  window.made_of = RowsOfOneRequest(window);
  auto made = Prepare(window.rows, window.made_of);
  // A row that cannot be sent is told of when it is its turn.
  if (made.ok()) window.made = std::move(made).value();
  return Status::Ok();
}

Status Deliverer::SendLaterAgain(SpoolReader& spool) {
  uint64_t acknowledged = 0;
  for (int pass = 1; pass <= options_.passes && !ended_; ++pass) {
    last_pass_ = pass == options_.passes;
    std::vector<Later> again = TakeLater(std::exchange(acknowledged, report_.acknowledged));
    if (again.empty()) break;
    const auto pause =
        PauseBefore(pass, 0, {}, fmt::format("{} again", Counted(again.size(), "row")));
    if (!pause || !clock_.Sleep(*pause, options_.stop)) {
      Stop(CancelledError("stopped before every row was sent"));
      later_.insert(later_.end(), again.begin(), again.end());
      break;
    }
    size_t next = 0;
    const Source source = [&]() -> Result<std::optional<Item>> {
      if (next == again.size()) return std::optional<Item>();
      const Later& later = again[next++];
      SLUICE_TRY(spool.Seek(later.position));
      SLUICE_ASSIGN(auto row, spool.NextToSend());
      if (!row) return FailedError("the spool ends before a row that was sent");
      return std::optional<Item>(
          Item{later.position, *std::move(row), true, later.may_be_there, true});
    };
    SLUICE_TRY(SendAll(source));
    // Those that were not reached any more.
    while (next < again.size()) later_.push_back(again[next++]);
  }
  for (const Later& later : later_) {
    Count(Item{later.position, {}, true, later.may_be_there, true}, connector::RowState::kDeferred);
  }
  return Status::Ok();
}

std::vector<Deliverer::Later> Deliverer::TakeLater(uint64_t acknowledged) {
  std::vector<Later> again = std::exchange(later_, {});
  if (report_.acknowledged == acknowledged) {
    const auto in_vain = std::partition(again.begin(), again.end(),
                                        [](const Later& later) { return !later.absent; });
    later_.assign(in_vain, again.end());
    again.erase(in_vain, again.end());
  }
  // Answers came in any order. A chain of rows that came from its far end is done from its near one.
  std::sort(again.begin(), again.end(), [](const Later& a, const Later& b) {
    if (a.absent != b.absent) return b.absent;
    return a.absent ? a.position > b.position : a.position < b.position;
  });
  return again;
}

Status Deliverer::LookFirst(Segment& window) {
  if (options_.presence == Presence::kAny) return Status::Ok();
  std::vector<connector::Operation> rows;
  for (const Item& item : window) {
    if (item.row.look_first && !item.looked_for) rows.push_back(OperationOf(item.row));
  }
  if (rows.empty()) return Status::Ok();
  SLUICE_TRY(SendBegun());  // questions take their time
  connector::Lookup* lookup = connector::LookupOf(destination_);
  SLUICE_CHECK(lookup != nullptr, "rows are to be looked for at a destination that cannot look");
  const auto found = LookForAll(*lookup, rows, false, clock_,
                                {options_.max_attempts, options_.first_wait, options_.max_wait,
                                 options_.lookups, options_.stop, options_.priority},
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
    return SettleUnsent(stay, {connector::RowState::kAbsent, kNotThereCode,
                               "it is not there, and mode update makes nothing new"});
  }
  report_.already_there += stay.size();
  return SettleUnsent(stay, {connector::RowState::kAcknowledged, kAlreadyThereCode,
                             "it was there already, and mode insert changes nothing"});
}

Result<connector::PreparedRequest> Deliverer::Prepare(const Segment& rows, size_t count) const {
  std::vector<connector::Operation> operations;
  operations.reserve(count);
  for (size_t i = 0; i < count; ++i) operations.push_back(OperationOf(rows[i].row));
  return destination_.Prepare(operations, options_.limit);
}

Status Deliverer::MakeRequest(Lane& lane, Segment& rows, size_t count) {
  auto prepared = Prepare(rows, count);
  if (prepared.ok()) {
    Put(std::move(prepared).value(), rows, count, lane);
    return Status::Ok();
  }
  if (prepared.status().code() != Code::kRejected) return prepared.status();
  SLUICE_TRY(RejectUnsent(rows.front(), "cannot_be_sent", prepared.status().message()));
  rows.erase(rows.begin());
  return Status::Ok();
}

void Deliverer::Put(connector::PreparedRequest request, Segment& rows, size_t count, Lane& lane) {
  const size_t taken = request.rows;
  SLUICE_CHECK(taken > 0 && taken <= count, "a request without rows, or with others'");
  const auto end = rows.begin() + static_cast<std::ptrdiff_t>(taken);
  lane.items.assign(std::make_move_iterator(rows.begin()), std::make_move_iterator(end));
  rows.erase(rows.begin(), end);
  lane.operations.clear();
  for (const Item& item : lane.items) lane.operations.push_back(OperationOf(item.row));
  lane.request = std::move(request);
  lane.tries = 0;
  lane.due = nanoseconds(0);
}

bool Deliverer::TakePlace(std::optional<nanoseconds>& wait) {
  if (options_.stop != nullptr && options_.stop->is_set()) {
    Stop(CancelledError("stopped before every row was sent"));
    return false;
  }
  const nanoseconds until = limiter_.Take(options_.priority);
  if (until > nanoseconds(0)) {
    Sooner(wait, until);
    return false;
  }
  if (options_.daily == nullptr || options_.daily->Take()) return true;
  report_.tomorrow = options_.daily->Look().wait;
  ended_ = true;
  return false;
}

Status Deliverer::WriteIntent(Lane& lane) {
  LogIntent intent;
  if (connector::Settling* settling = destination_.settling()) {
    auto made = settling->Mark(*lane.request);
    if (!made.ok()) {
      Stop(made.status());
      return Status::Ok();
    }
    intent.mark = std::move(made).value();
  }
  intent.attempt = lane.attempt = next_attempt_++;
  intent.rows = ToRanges(PositionsOf(lane.items));
  intent.bytes = lane.request->body.size();
  intent.at = clock_.Now();
  SLUICE_TRY(log_->Append(intent));
  ++lane.tries;
  ++report_.requests;
  report_.bytes += lane.request->body.size();
  lane.on_its_way = true;
  ++on_their_way_;
  begun_.push_back(&lane);
  return Status::Ok();
}

Status Deliverer::SendBegun() {
  SLUICE_TRY(log_->Sync());
  for (Lane* lane : std::exchange(begun_, {})) {
    in_flight_->Start(static_cast<size_t>(lane - lanes_.data()), [this, lane] {
      return destination_.Send(*lane->request, lane->operations, options_.abort);
    });
  }
  return Status::Ok();
}

Status Deliverer::TakeAnswers(std::optional<nanoseconds> wait) {
  std::optional<milliseconds> limit;
  if (wait) limit = std::chrono::ceil<milliseconds>(*wait);
  auto done = in_flight_->Wait(limit);
  while (done) {
    SLUICE_TRY(Answered(lanes_[done->place], done->result));
    // What else has come by now is made durable together with it.
    if (on_their_way_ == 0) break;
    done = in_flight_->Wait(milliseconds(0));
  }
  return Status::Ok();
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
