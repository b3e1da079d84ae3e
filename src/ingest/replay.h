// Fixed rows into a table that is loaded already: by the road that they would have come, strict casts,
// checks and publishing included, at the place in the order where they stand in their files.
//
// Where a later row may have the same key the place matters. The quick way, which only adds the fixed
// rows, is taken where it is proved to be the same:
//   append, replace, insert-nonvoid   always: nothing there looks at a key
//   update-insert                     no row of the table has the key: so no other row ever had it
//   delete-insert                     no file of this table (and pod) was loaded after the row's file
//   both                              the files that were, read again, do not have the key (and for
//                                     update-insert neither has the rest of the row's own file)
//                                     A deletion never meets a row of its own file.
// Else the table has to be rebuilt, which reads all of its files again and finds the fixes by itself. Where that cannot
// be, for files of an upsert are gone or others by now, the table may tell what stands (fixed_upsert.h); only which of
// the two rows of a key counts as inserted, updated or superseded can differ then.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "base/status.h"
#include "ingest/ingest_runner.h"
#include "ingest/key_scan.h"
#include "ingest/table_load.h"

namespace sluice::ingest {

struct ReplayOutcome {
  std::string table;
  int64_t rows = 0;
  // done; rebuilt; waiting (its load is held); held (a check fails); failed.
  std::string outcome;
  std::string message;
  int64_t held = 0;   // rows that wait for a decision about their load
  FileCounts counts;  // of `done`
};

// What the connections of the ingest hold now: for tables that have to be rebuilt. Empty: none can be.
using ListSources = std::function<Result<std::vector<Source>>()>;

// Brings in all fixes that are open, of `tables` or of all. One transaction for each table: killed
// anywhere, a table has all of its fixes or none. A Status only where nothing can go on.
// `fetch` may be empty: then files are not looked at again.
Result<std::vector<ReplayOutcome>> ReplayFixes(const IngestContext& context,
                                               const std::set<std::string>& tables,
                                               const FetchFile& fetch, const ListSources& list);

}  // namespace sluice::ingest
