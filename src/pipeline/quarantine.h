// `sluice quarantine fix|discard|replay`: decisions about rows that could not be used.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "env/clock.h"
#include "ingest/quarantine.h"
#include "ingest/replay.h"
#include "pipeline/runtime.h"
#include "report/report.h"

namespace sluice::pipeline {

// Of the connection of a file that was loaded by hand: how its CSV is written, as words (config/csv_words.h).
inline constexpr const char* kHandCsv = "csv";

// What is asked for: one row by `id`, or those of a table that `where` picks.
struct FixRequest {
  std::string id;
  std::string table;                                     // may be "" where it is clear
  std::vector<std::pair<std::string, std::string>> set;  // column -> text; with `where`: expression
  std::optional<std::string> raw;                        // the whole row; with `where`: expression
  std::optional<std::string> where;                      // SQL; "" for all
};

struct ProposedFix {
  ingest::QuarantineEntry entry;
  std::string text;  // what is to be read in its place
};

// What the request makes of the rows, 200,000 at most (kConfig); nothing is stored. Of each entry is kept what is shown
// and stored. kRejected, naming the first few by file, line,
// column and reason, when any of them would still not fit: then none is to be stored.
Result<std::vector<ProposedFix>> ProposeFixes(Runtime& runtime, warehouse::Session& session,
                                              const FixRequest& request);
// Stored while no run has the ingest (kBusy); `reason` may be "".
Status StoreProposed(Runtime& runtime, warehouse::Session& session,
                     const std::vector<ProposedFix>& fixes, const std::string& reason);

// How many rows a request picks.
Result<size_t> CountPicked(Runtime& runtime, warehouse::Session& session,
                           const FixRequest& request);
// Discards them, in one transaction, and says how many. kBusy as above.
Result<size_t> DiscardPicked(Runtime& runtime, warehouse::Session& session,
                             const FixRequest& request, const std::string& reason);

struct ReplayReport {
  std::string ingest;
  ingest::ReplayOutcome outcome;
};

// Brings in what was fixed, of these tables or of all. kBusy while a run has an ingest concerned.
Result<std::vector<ReplayReport>> ReplayQuarantine(Runtime& runtime, warehouse::Session& session,
                                                   const std::set<std::string>& tables,
                                                   report::Reporter& reporter,
                                                   const env::Cancel* cancel);

}  // namespace sluice::pipeline
