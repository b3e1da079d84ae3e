// The connections of an ingest with what they hold now.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/status.h"
#include "config/project.h"
#include "env/clock.h"
#include "ingest/plan.h"
#include "pipeline/runtime.h"

namespace sluice::pipeline {

Result<std::vector<ingest::Source>> ListSources(Runtime& runtime, const config::Ingest& ingest,
                                                const env::Cancel* cancel);

// Leaves only what concerns `tables` (canonical); an empty set means all.
void KeepTables(ingest::IngestPlan& plan, const std::set<std::string>& tables);

}  // namespace sluice::pipeline
