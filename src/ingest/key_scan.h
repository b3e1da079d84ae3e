// Whether keys stand in files that were loaded: reads the files again, for the ledger knows no keys, and a
// deletion leaves no trace in its table.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/status.h"
#include "connector/store.h"
#include "ingest/stage.h"
#include "ingest/table_load.h"

namespace sluice::ingest {

// Gets a file of the ledger as it was loaded.
using FetchFile = std::function<Result<connector::FetchedFile>(const std::string& connection,
                                                               const connector::StoredFile& file,
                                                               const std::string& spool_path)>;

// Whether any row or deletion of `load`, which is staged, has its key in a file that was loaded after
// its own, or, with `own_too`, elsewhere in its own file: gives the reason why its place matters, ""
// when no such file has it. Leaves nothing behind but a stage that DropStaleStages removes.
// `target` is the table as files are read into it.
Result<std::string> KeysInLaterFiles(const StageContext& context, const TableLoad& load,
                                     const TargetTable& target, bool own_too,
                                     const FetchFile& fetch);

}  // namespace sluice::ingest
