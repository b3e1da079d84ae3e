// The open decisions that a plan must name, and what waits for each of them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "config/project.h"
#include "engine/engine.h"
#include "ingest/plan.h"
#include "pipeline/selector.h"
#include "quality/holds.h"

namespace sluice::pipeline {

struct PlannedHold {
  quality::HoldRecord hold;
  std::vector<std::string> waiting;  // models and syncs of the project, in order
  int64_t groups_behind = 0;         // later groups of its table that a run does not touch
  bool would_be = false;             // not there yet: a run would hold it (plan --deep)
};

// Holds on what is selected, or that something selected waits for; oldest first.
Result<std::vector<PlannedHold>> HoldsOf(engine::Connection& connection,
                                         const config::Project& project, const Selection& selection,
                                         const std::vector<ingest::IngestPlan>& ingests);

// "zenoti.bi_dimuser POD1/7", "model buyers", "shop.people".
std::string HeldName(const quality::HoldRecord& hold);

}  // namespace sluice::pipeline
