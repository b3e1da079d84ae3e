// What `status` shows, read in one go: plain values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "cli/open_project.h"
#include "ingest/plan.h"
#include "pipeline/run_record.h"
#include "quality/holds.h"
#include "sync/unfolded.h"

namespace sluice::cli {

struct TableStatus {
  std::string connection;
  std::string pod;
  std::string table;
  int64_t group = 0;  // 0 in layout files
  int64_t log_id = 0;
  std::string loaded_at;    // "" when only files were skipped, or what it had was loaded elsewhere
  int64_t rows = -1;        // that the last load read; -1: there was none
  int64_t table_rows = -1;  // in the table now, all pods; -1: not known
};

// What lies in the stores and is not loaded.
struct WaitingStatus {
  bool known = false;
  std::string why_not;  // when it is not known
  int64_t files = 0;
  int64_t groups = 0;
  int64_t bytes = 0;
  int64_t late_files = 0;
  struct Held {
    std::string table;
    std::string pod;
    std::string hold_id;
    int64_t groups = 0;
  };
  std::vector<Held> held;                      // what waits for a decision
  std::vector<std::string> unsettled;          // what is not whole yet
  int64_t unfit = 0;                           // files that the next run would hold
  std::vector<std::string> rebuilds;           // tables that the next run makes again, and why
  std::map<std::string, int64_t> without_key;  // table -> files
  std::vector<ingest::UnmatchedFiles> unmatched;
  std::vector<std::string> problems;
};

struct IngestStatus {
  std::string name;
  std::string layout;
  std::vector<TableStatus> tables;
  std::vector<std::string> never_loaded;  // tables of the project without a load
  WaitingStatus waiting;
};

struct ModelStatus {
  std::string name;
  std::string kind;  // "view", "table", "relation"; "" when it was never built
  int64_t rows = -1;
  std::string built_at;
};

struct SyncStatus {
  std::string name;
  bool ever_run = false;
  std::string run_id;
  std::string started_at;
  std::string ended_at;
  std::string outcome;
  std::string message;
  int64_t planned = 0;
  int64_t acknowledged = 0;
  int64_t rejected = 0;
  int64_t deferred = 0;
  int64_t waiting = 0;
  int64_t unknown = 0;
  int64_t requests = 0;
  bool delivery_open = false;  // its log is not folded yet: the counts above are as far as it came
  std::optional<sync::UnfoldedDelivery> delivery;
  std::string delivery_problem;           // why it cannot be read
  std::map<std::string, int64_t> states;  // of all rows ever sent, without the open delivery
  int64_t left_out = 0;
  int64_t at_destination = 0;  // rows that it holds, with whatever payload
};

struct StatusData {
  std::string project;
  std::string env;
  std::string warehouse;
  bool warehouse_exists = false;
  int64_t warehouse_bytes = 0;
  std::vector<IngestStatus> ingests;
  std::vector<quality::HoldRecord> holds;
  int64_t quarantined = 0;
  std::vector<ModelStatus> models;
  std::vector<SyncStatus> syncs;
  std::optional<pipeline::RunSummary> last_run;
  std::vector<pipeline::RunSummary> running;
};

Result<StatusData> ReadStatus(const ReadContext& context);

// Asks the stores, for a few seconds at most. What cannot be found out is said in the data.
void ReadWaiting(const ReadContext& context, StatusData& data);

}  // namespace sluice::cli
