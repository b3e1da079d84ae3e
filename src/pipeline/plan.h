// `sluice plan`: what `run` would do. Changes nothing.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "ingest/plan.h"
#include "ingest/plan_restore.h"
#include "pipeline/plan_holds.h"
#include "pipeline/runtime.h"
#include "pipeline/selector.h"
#include "report/report.h"

namespace sluice::pipeline {

struct PlannedSync {
  std::string name;
  // "FIRST RUN: sends all 48,210 users, 49 requests, 10 s at 5 requests/s", one line or several.
  std::string text;
  std::string json;            // the same as an object
  std::string problem;         // why it cannot be planned, "" when it can
  bool misconfigured = false;  // the problem is one of the project file
  std::string hold_id;         // that it waits for; then nothing is sent
};

struct ProjectPlan {
  std::vector<ingest::IngestPlan> ingests;
  std::vector<std::string> models;  // that would be built anew, in order
  std::vector<PlannedSync> syncs;
  std::vector<PlannedHold> holds;
  std::vector<std::string> problems;  // a store that does not answer, a check on an unknown column
  bool misconfigured = false;         // one of `problems` is one of the project file
};

// With `restore` only that is planned of the selected ingest, and what is wrong with it is the error.
Result<ProjectPlan> PlanProject(Runtime& runtime, warehouse::Session* session,
                                const std::vector<std::string>& selectors,
                                report::Reporter& reporter, const env::Cancel* cancel,
                                const ingest::RestoreRequest* restore = nullptr);

}  // namespace sluice::pipeline
