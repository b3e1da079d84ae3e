// How the columns of one file stand to those of its table: by name where it has a header, by position
// of a known version of the table where it has none.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "format/byte_source.h"
#include "format/csv_dialect.h"
#include "ingest/table_load.h"

namespace sluice::ingest {

struct FileShape {
  bool empty = false;  // no rows at all
  config::FileFormat format = config::FileFormat::kCsv;
  bool header = false;
  format::Compression compression = format::Compression::kNone;
  // One name per column of the file, in its order: the name of the table's column, or "" for a column
  // that the table does not have and that is passed over.
  std::vector<std::string> columns;

  bool operator==(const FileShape&) const = default;
};

// How the file at `path` is written: as declared, else as its name says. Never kByName.
config::FileFormat FormatOf(const TargetTable& target, std::string_view path);

// Looks at the local copy of `file`. kRejected when the file does not fit the table: too few or too
// many columns without a header, new columns that the project does not want, not a CSV at all. With
// `schema_changes: evolve`, `added` gets the new columns (as text: nobody declared a type).
Result<FileShape> ShapeOf(const LoadFile& file, const TargetTable& target,
                          std::vector<DdlColumn>* added);

// Declared columns that a file with this header does not have. None where it has just what a version of
// the table had: such a file is older, not wrong.
std::vector<std::string> MissingColumns(const TargetTable& target, const FileShape& shape);

format::CsvDialect DialectOf(const config::CsvOptions& options);

}  // namespace sluice::ingest
