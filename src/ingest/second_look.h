// Finds the bad rows of files: which line, which column, which value, why. Only files in which staging
// counted bad rows are read again, by our own reader; its count must be the engine's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "env/clock.h"
#include "format/csv_reader.h"
#include "format/json_reader.h"
#include "ingest/file_shape.h"
#include "ingest/row_fixes.h"
#include "ingest/table_load.h"

namespace sluice::ingest {

// Tells of single records of a file of one shape whether they fit the table. Both outlive it.
class RowJudge {
 public:
  // `encoding`: what the file's text is written in, for reasons.
  RowJudge(const TargetTable& target, const FileShape& shape, std::string encoding = "UTF-8");

  // False when the record fits; else column, value, reason and rule of `row` say what is wrong first.
  bool IsBad(const format::CsvRecord& record, QuarantinedRow& row) const;
  bool IsBad(const format::JsonRecord& record, QuarantinedRow& row) const;
  // True when the file lacks a column that must not be NULL, and so every row of it is bad.
  bool LacksColumn(QuarantinedRow& row) const;

 private:
  // What a cell has to be: its type, and whether it may be NULL.
  struct Expected {
    const DdlColumn* column = nullptr;  // nullptr: passed over
    bool required = false;
    bool is_void = false;
    format::ValueForm form;
  };
  bool FindBadCell(std::span<const format::CsvCell> cells, QuarantinedRow& row) const;

  const FileShape& shape_;
  const std::string encoding_;
  std::vector<Expected> expected_;
  std::string missing_;  // a column that must not be NULL and that the file does not have
  bool missing_is_void_ = false;
};

// Rule and reason of a row whose key, or the column that says whether it is deleted, is NULL.
void SayIsNull(bool is_void, QuarantinedRow& row);

inline constexpr int64_t kAllBadRows = std::numeric_limits<int64_t>::max();

// A file, or member of an archive, as it lies here. What it points to outlives it.
struct SuspectFile {
  std::string path;
  const FileShape* shape = nullptr;
  const FixesOfFile* fixes = nullptr;  // never nullptr
  std::vector<uint64_t> marks;         // of a CSV file: CsvCensus::marks of `path`; may be empty
  int64_t most = kAllBadRows;          // so many rows are given, the first ones
};

// Takes a bad row of one file, which it may change; whose it is is not said yet.
using TakeBadRow = std::function<Status(QuarantinedRow&)>;
// Of the file at this place of a list.
using TakeBadRowOf = std::function<Status(size_t, QuarantinedRow&)>;

// Finds the bad rows of CSV and JSON files, gives them to `take` in their order, and says how many each file has. Of a
// row with a fix the fix is judged; discarded rows are none. On all cores: several files at the same time, and a file
// with marks by its stretches; `take` is called by one thread at a time, and of rows that are found ahead of their turn
// no more than some 20 MiB are in memory. The error is that of the first of the files that failed.
Result<std::vector<int64_t>> FindBadRows(const TargetTable& target,
                                         const std::vector<SuspectFile>& files,
                                         const env::Cancel* cancel, const TakeBadRowOf& take);

// Whether `text` is not exactly one record that fits; then `row` says why.
Result<bool> IsBadText(const std::string& text, format::CsvReaderOptions options,
                       const RowJudge& judge, QuarantinedRow& row);

}  // namespace sluice::ingest
