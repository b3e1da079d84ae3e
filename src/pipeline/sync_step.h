// One sync in a run: lock, recover, difference, delivery with the warehouse closed, fold.
#pragma once

#include <string>

#include "base/status.h"
#include "config/project.h"
#include "pipeline/run.h"
#include "pipeline/runtime.h"
#include "report/report.h"
#include "sync/sync_engine.h"

namespace sluice::pipeline {

// This machine, as open deliveries note it.
std::string HostName();

// The job of `sync`, with what the model was made from read now.
Result<sync::SyncJob> MakeSyncJob(Runtime& runtime, engine::Connection& connection,
                                  const config::Sync& sync, const std::string& run_id);

// Opens and closes the warehouse by itself. Problems are in the report.
SyncReport RunSync(Runtime& runtime, const config::Sync& sync, const RunOptions& options,
                   const std::string& run_id, report::Reporter& reporter);

}  // namespace sluice::pipeline
