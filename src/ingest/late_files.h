// Files that the ledger knows under another tag, and files that came too late.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/engine.h"
#include "env/clock.h"
#include "ingest/ledger.h"
#include "ingest/plan.h"
#include "report/report.h"
#include "warehouse/fence.h"

namespace sluice::ingest {

// A file that was touched or copied has a new tag and the old content: it has not changed. Reads every
// known file whose tag is new and whose size is the old one, and where the content hash is that of the
// ledger takes over the new tag, unless what the ledger knows has left the store: in `ledger`, and when `write` in a transaction of its own in the
// warehouse. `spool_folder` takes copies from stores that are not local and is removed.
Status RecogniseRetagged(engine::Connection& connection, const std::string& ingest,
                         const std::vector<Source>& sources, const std::string& spool_folder,
                         const env::Cancel* cancel, bool write, LedgerState& ledger);

// Holds late files, once for all of a table and group that stay out for the same reason; what is held
// already is passed over. Gives the id of the last hold that speaks of one of them, "" when there is no
// file. `reporter` (may be null) is told of new ones. `refused` (may be null) is the load in which some of them have too
// many bad rows: what is known of these is recorded with their hold, under its load id, for the load of their group may
// be published already.
Result<std::string> HoldLateFiles(engine::Connection& connection, const std::string& ingest,
                                  const std::vector<LateFile>& late, const RunInfo& run,
                                  report::Reporter* reporter, const TableLoad* refused = nullptr);

// What is to be held of the files that `load` was staged without: each alone while they are few, else all together that
// have the same wrong with them. Where that is their bad rows, `rows` is what is there for each, with files and counts.
struct LeftSet {
  UnfitFile what;
  std::optional<TableLoad> rows;
};
// `spool_folder` takes these.
Result<std::vector<LeftSet>> LeftSetsOf(const TableLoad& load, const std::string& spool_folder);

// Holds one file that cannot be loaded as it is, alone; gives the id of the hold. `rows` (may be null) is recorded with
// it.
Result<std::string> HoldUnfitFile(engine::Connection& connection, const warehouse::Fence& fence,
                                  const std::string& ingest, const UnfitFile& file,
                                  const TableLoad* rows, const RunInfo& run);

// Whether a file that could not be had says nothing about the others of its load.
bool ConcernsOneFile(const Status& status);

}  // namespace sluice::ingest
