// The files of a load from the fetcher.
#pragma once

#include <utility>
#include <vector>

#include "base/status.h"
#include "ingest/fetcher.h"
#include "ingest/table_load.h"
#include "report/report.h"

namespace sluice::ingest {

// Waits for the files of `load`, which are tasks `first` and on, and fills in what is known of each from
// then on: local path, content hash, file id. kRejected when a file that is read again is another one.
//
// Where `load` goes file by file, `missing` (may be null) takes those that it goes on without, and why; one
// that is alone and cannot be had is the load's failure.
using MissingFiles = std::vector<std::pair<LoadFile, Status>>;
Status FetchFiles(Fetcher& fetcher, size_t first, TableLoad& load, report::Reporter& reporter,
                  report::Progress* progress, MissingFiles* missing = nullptr);

}  // namespace sluice::ingest
