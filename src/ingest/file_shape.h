// How the columns of one file stand to those of its table: by name where it has a header, by position
// of a known version of the table where it has none.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "env/clock.h"
#include "format/cast_functions.h"
#include "format/csv_dialect.h"
#include "format/csv_reader.h"
#include "ingest/table_load.h"

namespace sluice::ingest {

// A column of a Parquet file.
struct ParquetColumn {
  std::string name;  // as it stands
  std::string type;  // as the engine prints it
  bool operator==(const ParquetColumn&) const = default;
};

struct FileShape {
  bool empty = false;  // no rows at all
  config::FileFormat format = config::FileFormat::kCsv;
  bool header = false;
  // One name per column of the file, in its order: the name of the table's column, or "" for a column
  // that the table does not have and that is passed over.
  std::vector<std::string> columns;
  std::vector<ParquetColumn> parquet = {};  // of Parquet: the same columns in the file
  // The order of day and month, of the columns whose `date_format: auto` this file has settled.
  std::map<std::string, std::string> date_orders = {};

  bool operator==(const FileShape&) const = default;
};

// How the file at `path` is written: as declared, else as its name says. Never kByName.
config::FileFormat FormatOf(const TargetTable& target, std::string_view path);

// Looks at the file, or part of one, at `path`; `name` is what it is called in its store. kRejected when the file does not fit the table: too few or too
// many columns without a header, new columns that the project does not want, not a CSV at all. With
// `schema_changes: evolve`, `added` gets the new columns (as text: nobody declared a type). Where a column has
// `date_format: auto` the whole file is read. kCancelled.
// Parquet is looked at by parquet_files.h; here it is kRejected.
Result<FileShape> ShapeOf(const std::string& path, std::string_view name, const TargetTable& target,
                          std::vector<DdlColumn>* added, const env::Cancel* cancel = nullptr);

// Fills in `shape.columns` for a file whose columns have these names, in lower case. kRejected as above.
Status ShapeByNames(const std::vector<std::string>& names, const TargetTable& target,
                    FileShape& shape, std::vector<DdlColumn>* added);

// A file of no bytes: kRejected where it cannot be one of its format. Layout zenoti takes all of them.
Status CheckNoBytes(const TargetTable& target, std::string_view path);

// Declared columns that a file with this header does not have. None where it has just what a version of
// the table had: such a file is older, not wrong.
std::vector<std::string> MissingColumns(const TargetTable& target, const FileShape& shape);

format::CsvDialect DialectOf(const config::CsvOptions& options);

// How the rows of a file of this shape are read.
format::CsvReaderOptions ReaderOptions(const TargetTable& target, const FileShape& shape);

// How the values of a column are written in a file of this shape.
format::ValueForm FormOf(const TargetTable& target, const DdlColumn& column,
                         const FileShape& shape);
// All forms that files of this table may turn out to have, with the types that they are cast to.
std::vector<format::TypedForm> FormsOf(const TargetTable& target);

// kConfig, with `where` in the project: what `csv` says cannot be.
Status CheckCsv(const TargetTable& target, const config::Location& where);

}  // namespace sluice::ingest
