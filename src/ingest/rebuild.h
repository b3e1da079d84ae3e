// A table, or one pod of it, made again from its files beside what is published, and swapped in by one
// transaction (docs/decisions/0011-late-files-rebuild.md).
//
// Load after load goes through the road that it went the first time (stage, reduce, merge), into a
// table beside the target; its records go into tables beside the ledger. So rows, load ids and counts
// are what loading in this order gives, and memory and disk are bounded by one load plus the table.
// A kill leaves the published table; the tables beside it are dropped by the next run, which begins anew.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/status.h"
#include "ingest/ingest_runner.h"
#include "warehouse/fence.h"

namespace sluice::ingest {

struct RebuildOutcome {
  Status status;      // Ok: published. kRejected, kHeld: to be held; anything else: failed for now
  std::string check;  // of kRejected and kHeld: "bad_rows", "file", or the names of the checks
  const TableLoad* refused = nullptr;  // of "bad_rows": the load of the rebuild that has them
  FileCounts total;                    // of all files
  FileCounts late;                     // of those that it was made for
  int64_t removed = 0;                 // rows that restored months took the place of
  std::vector<std::string> warnings;
  double seconds = 0;
};

// Carries out `rebuild`. Checks: a load that holds a late file passes all that are declared, every
// other load those for unique keys; loads that somebody accepted, none. A Status only where nothing can
// go on (warehouse, fence, Ctrl-C).
// `beside` (may be empty) is done in the transaction that swaps the table in, before the ledger changes.
Result<RebuildOutcome> RunRebuild(const IngestContext& context, const warehouse::Fence& fence,
                                  const RunInfo& run, Rebuild& rebuild,
                                  const std::function<Status()>& beside = {});

}  // namespace sluice::ingest
