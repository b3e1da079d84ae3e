// Asking a destination what is there, before rows are sent or when they are audited.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "connector/lookup.h"
#include "env/clock.h"
#include "sync/rate_limiter.h"

namespace sluice::sync {

// Which rows a mode sends.
enum class Presence {
  kAny,
  kThere,     // mode update: those that are there
  kNotThere,  // mode insert: those that are not
};
Presence PresenceOf(std::string_view mode);

// `code` of rows that are not sent for what was found: mode update, and mode insert. Also in
// `_sluice.sync_delivered`; an acknowledgement with the second one says nothing of the row's fields.
inline constexpr const char* kNotThereCode = "not_there";
inline constexpr const char* kAlreadyThereCode = "already_there";

struct LookupOptions {
  int max_attempts = 6;                       // of one question
  std::chrono::milliseconds first_wait{500};  // before the second; then twice as long each time
  std::chrono::milliseconds max_wait{30'000};
  RateLimiter* limiter = nullptr;       // null: no limit
  const env::Cancel* cancel = nullptr;  // may be null
  Priority priority = Priority::kNormal;
};

// Asks about all of them, as many at once as the destination allows. `questions` counts. An error is
// the first one that did not pass: kCancelled, kRetry after all attempts, or what the destination said.
Result<std::vector<connector::Lookup::Found>> LookForAll(connector::Lookup& lookup,
                                                         std::span<const connector::Operation> rows,
                                                         bool values, env::Clock& clock,
                                                         const LookupOptions& options,
                                                         uint64_t& questions);

}  // namespace sluice::sync
