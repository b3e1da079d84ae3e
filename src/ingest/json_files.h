// JSON files of a table: the same questions as for CSV (file_shape.h, readable_copy.h, second_look.h).
// Columns are found by key or path in each record, so a file has all columns that are declared, and a
// key that nobody declared can come in any of its records.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "env/clock.h"
#include "format/json_reader.h"
#include "ingest/file_shape.h"
#include "ingest/readable_copy.h"
#include "ingest/row_fixes.h"
#include "ingest/second_look.h"
#include "ingest/table_load.h"

namespace sluice::ingest {

// With `schema_changes: evolve` all of the file is read, and `added` gets the keys that no column takes,
// as text, each under its path. kRejected when one cannot be a column.
Result<FileShape> ShapeOfJson(const std::string& path, const TargetTable& target,
                              std::vector<DdlColumn>* added);

// How the records of such a file are read.
format::JsonReaderOptions JsonOptionsOf(const TargetTable& target, const FileShape& shape);

// The CSV copy of the file, with `fixes` carried out. kRejected, with the line, for a key that is not
// declared where the project wants such a file held.
Result<ReadableCopy> MakeReadableJson(const ReadableFile& file, const FileShape& shape,
                                      const TargetTable& target, const FixesOfFile& fixes,
                                      const std::string& spool_folder, const env::Cancel* cancel);

// As FindBadRows, of one file, all of them.
Status FindBadJsonRows(const TargetTable& target, const std::string& path, const FileShape& shape,
                       const FixesOfFile& fixes, const env::Cancel* cancel, const TakeBadRow& take);

// Whether `text` is not one record that fits, or has a key that the table refuses; then `row` says why.
bool IsBadJsonText(const std::string& text, const TargetTable& target, const FileShape& shape,
                   const RowJudge& judge, QuarantinedRow& row);

}  // namespace sluice::ingest
