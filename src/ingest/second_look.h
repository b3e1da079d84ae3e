// Finds the bad rows of a file: which line, which column, which value, why. Only files in which staging
// counted bad rows are read again, by our own reader; its count must be the engine's.
#pragma once

#include <vector>

#include "base/status.h"
#include "ingest/file_shape.h"
#include "ingest/table_load.h"

namespace sluice::ingest {

// The bad rows of `load.files[file]`, in the order of the file.
Result<std::vector<QuarantinedRow>> FindBadRows(const TableLoad& load, size_t file,
                                                const FileShape& shape);

}  // namespace sluice::ingest
