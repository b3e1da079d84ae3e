// Taking a load back (ingest/unload.h), while no run has its ingest.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "env/clock.h"
#include "ingest/unload.h"
#include "pipeline/runtime.h"

namespace sluice::pipeline {

struct UnloadRequest {
  std::string load;  // an id, or the beginning of one
  std::string reason;
  bool again = false;    // its files are read again by the next run
  bool dry_run = false;  // only say what would go
};

struct UnloadReport {
  ingest::LoadToUndo load;
  size_t files = 0;  // that the table is made again from
  std::vector<std::string> warnings;
};

// As FindLoadToUndo; kBusy while a run works with its ingest; kRejected when the table cannot be made again without
// the load, with the reason; kHeld when a check fails then. After an error everything is as it was.
Result<UnloadReport> UnloadLoad(Runtime& runtime, warehouse::Session& session,
                                const UnloadRequest& request, const env::Cancel* cancel);

}  // namespace sluice::pipeline
