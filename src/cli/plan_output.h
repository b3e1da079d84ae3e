// How a plan is shown: as text, and as one JSON object.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "cli/terminal.h"
#include "config/project.h"
#include "pipeline/plan.h"
#include "pipeline/run.h"

namespace sluice::cli {

struct ShownPlan {
  const pipeline::ProjectPlan& plan;
  const config::Project& project;
  const std::vector<std::string>& names;      // what was asked for; empty: everything
  bool has_warehouse = false;                 // else everything is still to be built
  const pipeline::RunReport* load = nullptr;  // --deep: what loading into the copy came to
};

// A sync of a model that the run builds first cannot be planned yet, and nothing is wrong with it.
bool WaitsForModel(const ShownPlan& shown, const pipeline::PlannedSync& planned);

void PrintPlan(std::ostream& out, const Terminal& terminal, const ShownPlan& shown);
void WritePlanJson(std::ostream& out, const ShownPlan& shown);

}  // namespace sluice::cli
