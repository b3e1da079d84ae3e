// `sluice backup` and `sluice restore`: the warehouse and what belongs to it in `.sluice/ENV`, from one
// moment, in a folder:
//
//   backup.json       what it is: project, environment, versions, time, rows of each table, hashes
//   warehouse.duckdb  complete, without a log
//   state/            state.db (the list of runs) and syncs/ (logs and spools of open deliveries)
//
// Logs of runs, dry runs and spools of downloads are not in it. All files are for their owner only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "env/clock.h"
#include "pipeline/runtime.h"

namespace sluice::pipeline {

struct BackupReport {
  std::string folder;
  std::string created_at;  // UTC
  uint64_t bytes = 0;
  int64_t tables = 0;
  int64_t rows = 0;
  int64_t open_deliveries = 0;            // their logs are in it
  std::vector<std::string> stopped = {};  // restore: syncs that wait for a decision
  std::string kept_as = {};               // restore: where the warehouse went that was there
  std::vector<std::string> removed = {};  // restore: files that nobody can load again, in words
};

// While nothing else works with the project: takes the locks of its ingests and syncs, makes a
// checkpoint, copies, opens the copy and counts every table again. `folder` must not be there or be
// empty; it appears whole or stays incomplete without backup.json. kBusy names who works.
Result<BackupReport> Backup(Runtime& runtime, const std::string& folder, const env::Cancel* cancel);

// Puts a backup in the place of what is there, which is kept beside it as FILE.before-restore (-2, -3 … where there are
// such files). Files that were loaded since and moved away are expected where they are (ingest/moved_files.h). Refused
// (kConfig) for another project or environment, for a newer state than this program knows, for files
// that are not what backup.json says; and unless `force` when the warehouse that is there knows loads
// or deliveries that the backup does not, or cannot be opened. Syncs that have delivered anything stop
// until somebody says how to go on: what was sent after the backup nobody knows.
Result<BackupReport> Restore(Runtime& runtime, const std::string& folder, bool force,
                             const env::Cancel* cancel);

}  // namespace sluice::pipeline
