// What a run of a sync would do, in numbers and in words.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "connector/destination.h"
#include "connector/lookup.h"
#include "sync/difference.h"
#include "sync/fold.h"
#include "sync/requests.h"
#include "sync/spool.h"

namespace sluice::sync {

// "nothing to send; 10 unchanged; 10 of 10 delivered rows left the model".
std::string NothingToSend(const SyncCounts& counts);

// "takes all 48,210 events as delivered and sends nothing (first_run: from_now_on); ...".
std::string TakesKnown(const SyncCounts& counts, const std::string& noun);

struct SyncPlan {
  SyncCounts counts;
  // The delivery that is open: a run takes it in first, and `counts` are those of then.
  std::optional<SyncSummary> open;
  bool under_way = false;           // another run is making it; set by who knows
  bool first_run = false;           // nothing was ever delivered by this sync
  bool up_to_date = false;          // neither mapping nor inputs changed: nothing was looked at
  uint64_t limit = 0;               // --limit; 0: none
  RequestTotals totals;             // of what would be sent
  double requests_per_second = 0;   // of the destination; 0: no limit
  uint64_t requests_per_day = 0;    // likewise
  uint64_t left_today = 0;          // of them, that may go now
  connector::Lookup::Terms lookup;  // of the destination, where it can be asked
  std::string mode;                 // of the sync
  bool asked_to_backfill = false;   // the project file says what a first run does
  std::string noun;                 // "user"
  std::string mapping;              // MappingDigest
  SpoolInfo planned;                // the rows, where SyncJob::on_planned wanted them
  std::string held;                 // why a run would send nothing of it; "" nothing is in its way

  double LeastSeconds() const;
  // How often a day has to pass before the last request may go; 0: all may go now.
  uint64_t DaysToWait() const;
  uint64_t Questions() const;  // that are asked to look for rows
  // One sentence for people, the open delivery first:
  // "FIRST RUN: sends all 48,210 users, 49 requests, 10 s at 5 requests/s".
  std::string Describe() const;

 private:
  std::string DescribeDifference() const;
};

}  // namespace sluice::sync
