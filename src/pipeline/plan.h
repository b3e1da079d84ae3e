// `sluice plan`: what `run` would do. Changes nothing.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "ingest/plan.h"
#include "ingest/plan_restore.h"
#include "pipeline/plan_holds.h"
#include "pipeline/plan_sync.h"
#include "pipeline/runtime.h"
#include "pipeline/selector.h"
#include "report/report.h"

namespace sluice::pipeline {

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
                                const ingest::RestoreRequest* restore = nullptr,
                                const PlannedRows* rows = nullptr);

// The same of `selection`, without its syncs.
Result<ProjectPlan> PlanLoads(Runtime& runtime, warehouse::Session* session,
                              const Selection& selection, report::Reporter& reporter,
                              const env::Cancel* cancel, const ingest::RestoreRequest* restore);

// What a run would fail with once it has loaded what waits, though nothing failed yet: models that cannot be prepared,
// and syncs of these, as `validate` says it (bind_project.h). Problems that `plan` has are not told again.
Status TellBound(const config::Project& project, const Selection& selection,
                 warehouse::Session* session, ProjectPlan& plan);

}  // namespace sluice::pipeline
