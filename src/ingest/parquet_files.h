// Parquet files of a table: the same questions as for CSV (file_shape.h, readable_copy.h, second_look.h),
// answered by the engine's own reader. Columns go by name. A record has a number and no line or offset:
// what is kept of a bad one is its number as its line and, from 0, as its place, and its values as JSON.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "engine/engine.h"
#include "ingest/file_shape.h"
#include "ingest/readable_copy.h"
#include "ingest/row_fixes.h"
#include "ingest/second_look.h"
#include "ingest/table_load.h"

namespace sluice::ingest {

// Reads the footer of the file at `path`. kRejected when it is no Parquet file, is damaged as far
// as the footer tells, or does not fit the table.
Result<FileShape> ShapeOfParquet(engine::Database& database, const std::string& path,
                                 const TargetTable& target, std::vector<DdlColumn>* added);

// The file itself, with as many rows as its footer says, without those that were discarded.
Result<ReadableCopy> MakeReadableParquet(engine::Database& database, const std::string& path,
                                         const FixesOfFile& fixes);

// SQL of the column's type: NULL where the value does not fit, and where there is none.
std::string ParquetValue(const TargetTable& target, const DdlColumn& column,
                         const ParquetColumn& source);

// To stand behind FROM: the rows of the file as they are, without those that were discarded.
std::string ReadParquetCall(const std::string& path, const FixesOfFile& fixes);

// As FindBadRows, of one file, the first `most`; gives how many there were. `connection` is the one that staged the
// file; `take` leaves it alone.
Result<int64_t> FindBadParquetRows(engine::Connection& connection, const TargetTable& target,
                                   const std::string& path, const FileShape& shape,
                                   const FixesOfFile& fixes, int64_t most, const TakeBadRow& take);

// What went wrong with a statement that read the file, as a reason to hold it.
Status UnreadableParquet(const Status& status, const std::string& path);

}  // namespace sluice::ingest
