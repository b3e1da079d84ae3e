// What the engine is given to read: the file itself, or, where the engine would read it wrongly without
// a word (format/csv_census.h), a copy rewritten by our own reader.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "env/clock.h"
#include "format/byte_source.h"
#include "ingest/file_shape.h"
#include "ingest/table_load.h"

namespace sluice::ingest {

struct ReadableCopy {
  std::string path;
  format::Compression compression = format::Compression::kNone;
  bool parallel = true;              // several threads may read one file
  bool header = false;               // the first line is no data
  bool is_copy = false;              // to be removed after reading
  int64_t removed = 0;               // broken records that are not in the copy
  int64_t expected = 0;              // rows that the engine must find in `path`, broken ones too
  std::vector<std::string> missing;  // JSON: columns that no record of the file has
  std::string warning;               // for people: an unclosed quote may have swallowed rows
};

// Takes the census of the file, and rewrites it into `spool_folder` when it has a trap, or when `rewrite`.
Result<ReadableCopy> MakeReadable(const LoadFile& file, const FileShape& shape,
                                  const TargetTable& target, const std::string& spool_folder,
                                  bool rewrite, const env::Cancel* cancel);

}  // namespace sluice::ingest
