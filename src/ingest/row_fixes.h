// Decisions about quarantined rows as staging carries them out: what is read in a row's place, or that
// it is left out. They belong to a place (content of the file, byte offset of the row) and to a table,
// so a file that is read again, for whatever reason, comes out the same again.
#pragma once

#include <map>
#include <string>

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

// All decisions about rows of one table.
Result<RowFixes> ReadRowFixes(engine::Connection& connection, const std::string& ingest,
                              const std::string& table);

// As MakeReadable, of the file with `fixes` carried out: rows that were discarded are not in it.
Result<ReadableCopy> MakeFixedReadable(const ReadableFile& file, const FixesOfFile& fixes,
                                       const std::string& spool_folder, bool rewrite,
                                       const env::Cancel* cancel);

// Fixes that `load` was staged with are in the table now. In the transaction that makes it visible, and
// not before: what is staged beside a table to be swapped in later uses SettleTableFixes then.
Status SettleFixes(engine::Connection& connection, const TableLoad& load,
                   const quality::RunInfo& run);

// All open fixes of a table whose rows are in quarantine no more: they were read with their files, or
// replayed. In the transaction that makes them visible.
Status SettleTableFixes(engine::Connection& connection, const std::string& ingest,
                        const std::string& table, const quality::RunInfo& run);

}  // namespace sluice::ingest
