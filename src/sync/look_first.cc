#include "sync/look_first.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/check.h"

namespace sluice::sync {
namespace {

using connector::Lookup;
using connector::Operation;

// The questions about one set of rows: each thread takes the next one that nobody has.
class Inquiry {
 public:
  Inquiry(Lookup& lookup, std::span<const Operation> rows, bool values, env::Clock& clock,
          const LookupOptions& options)
      : lookup_(lookup),
        rows_(rows),
        values_(values),
        clock_(clock),
        options_(options),
        most_(std::max<size_t>(1, lookup.lookup_terms().rows)),
        found_(rows.size()) {}

  void Run() {
    const size_t questions = (rows_.size() + most_ - 1) / most_;
    const size_t threads = std::min(std::max<size_t>(1, lookup_.lookup_terms().at_once), questions);
    std::vector<std::thread> others;
    for (size_t i = 1; i < threads; ++i) others.emplace_back([this] { AskOneByOne(); });
    AskOneByOne();
    for (std::thread& other : others) other.join();
  }

  uint64_t asked() const { return asked_; }
  Result<std::vector<Lookup::Found>> Take() {
    if (failure_) return *failure_;
    return std::move(found_);
  }

 private:
  void AskOneByOne() {
    while (!failed_) {
      const size_t begin = next_.fetch_add(most_);
      if (begin >= rows_.size()) return;
      const auto part = rows_.subspan(begin, std::min(most_, rows_.size() - begin));
      auto answer = Ask(part);
      if (!answer.ok()) {
        const std::lock_guard lock(mutex_);
        if (!failure_) failure_ = answer.status();
        failed_ = true;
        return;
      }
      SLUICE_CHECK(answer->size() == part.size(), "a lookup must answer for every row");
      // Each place is one thread's own.
      std::move(answer->begin(), answer->end(),
                found_.begin() + static_cast<std::ptrdiff_t>(begin));
    }
  }

  Result<std::vector<Lookup::Found>> Ask(std::span<const Operation> part) {
    auto wait = options_.first_wait;
    for (int attempt = 1;; ++attempt) {
      if (options_.limiter != nullptr &&
          !options_.limiter->Acquire(options_.cancel, options_.priority)) {
        break;
      }
      ++asked_;
      auto answer = lookup_.LookFor(part, values_, options_.cancel);
      const bool passing = answer.status().code() == Code::kRetry;
      if (!passing || attempt >= options_.max_attempts) return answer;
      if (!clock_.Sleep(wait, options_.cancel)) break;
      wait = std::min(2 * wait, options_.max_wait);
    }
    return CancelledError("stopped before every row was looked for");
  }

  Lookup& lookup_;
  const std::span<const Operation> rows_;
  const bool values_;
  env::Clock& clock_;
  const LookupOptions& options_;
  const size_t most_;
  std::atomic<size_t> next_{0};
  std::atomic<uint64_t> asked_{0};
  std::atomic<bool> failed_{false};
  std::mutex mutex_;  // of failure_
  std::optional<Status> failure_;
  std::vector<Lookup::Found> found_;
};

}  // namespace

Presence PresenceOf(std::string_view mode) {
  if (mode == "update") return Presence::kThere;
  return mode == "insert" ? Presence::kNotThere : Presence::kAny;
}

Result<std::vector<Lookup::Found>> LookForAll(Lookup& lookup, std::span<const Operation> rows,
                                              bool values, env::Clock& clock,
                                              const LookupOptions& options, uint64_t& questions) {
  Inquiry inquiry(lookup, rows, values, clock, options);
  inquiry.Run();
  questions += inquiry.asked();
  return inquiry.Take();
}

}  // namespace sluice::sync
