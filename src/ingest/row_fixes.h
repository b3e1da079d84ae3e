// Decisions about quarantined rows as staging carries them out: what is read in a row's place, or that
// it is left out. They belong to a place (content of the file, byte offset of the row) and to a table,
// so a file that is read again, for whatever reason, comes out the same again.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/engine.h"
#include "env/clock.h"
#include "format/csv_patch.h"
#include "ingest/file_shape.h"
#include "ingest/readable_copy.h"
#include "ingest/table_load.h"
#include "quality/holds.h"

namespace sluice::ingest {

// Offset of a row -> what is read instead of it; nothing: it was discarded.
using FixesOfFile = format::CsvPatches;

struct RowFixes {
  std::map<std::string, FixesOfFile> by_content;  // content hash of a file
  // nullptr when nothing was decided about rows of this content.
  const FixesOfFile* Of(const std::string& content_hash) const;
};

// Whether any row of any of its tables was decided about.
Result<bool> HasRowFixes(engine::Connection& connection, const std::string& ingest);

// All decisions about rows of one table. `as_applied`: rows whose fix waits are left out, as if they were discarded.
Result<RowFixes> ReadRowFixes(engine::Connection& connection, const std::string& ingest,
                              const std::string& table, bool as_applied);

// As MakeReadable, of the file with `fixes` carried out: rows that were discarded are not in it.
Result<ReadableCopy> MakeFixedReadable(const ReadableFile& file, const FixesOfFile& fixes,
                                       const std::string& spool_folder, bool rewrite,
                                       const env::Cancel* cancel);

// The open fixes of a table are in it now whose files are: they were read with their files, or replayed. Those whose row
// is still in quarantine are not, nor those whose file was replaced, taken back or passed over: they stay open. In the
// transaction that makes them visible: what is staged beside a table to be swapped in later is not.
Status SettleFixes(engine::Connection& connection, const std::string& ingest,
                   const std::string& table, const quality::RunInfo& run);

// Open fixes that nothing can be done with now, for the content that they belong to is not in the table. Should it come
// again, they are read with it.
struct LostFix {
  std::string address;
  std::string why;  // "was replaced since"
  int64_t rows = 0;
};
// After SettleFixes.
Result<std::vector<LostFix>> FindLostFixes(engine::Connection& connection,
                                           const std::string& ingest, const std::string& table);

}  // namespace sluice::ingest
