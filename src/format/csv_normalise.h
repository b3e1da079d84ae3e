// Rewrites a CSV file into one that the engine reads exactly: for files with a trap (csv_census.h).
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"
#include "env/clock.h"
#include "format/csv_reader.h"

namespace sluice::format {

struct NormalisedCsv {
  uint64_t accepted = 0;  // records in the new file, in their order
  uint64_t broken = 0;    // records that were left out; CsvReader names them
  uint64_t bytes = 0;     // of the new file
};

// Reads the file at `from` (whatever OpenCsvText reads) as CsvReader does with `options`, and writes the
// records that are whole to `to`: CanonicalDialect, UTF-8 without a mark, LF, plain, and always with a first line to
// be skipped (`header`), whatever `from` has. Cells come out as they are, with NULL told from empty.
// Fields may hold line ends: read it with one thread.
// A file that is there already is overwritten; after an error the new one is removed.
// The reader's errors; kFailed when it cannot be written; kCancelled.
Result<NormalisedCsv> NormaliseCsv(const std::string& from, const CsvReaderOptions& options,
                                   const std::string& to, const env::Cancel* cancel = nullptr);

}  // namespace sluice::format
