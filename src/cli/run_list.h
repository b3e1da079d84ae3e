// What a record of a run means today.
#pragma once

#include <string>

#include "pipeline/run_record.h"

namespace sluice::cli {

// "running", "ended", or "killed": it never said that it ended, and its process is not there.
std::string StateOf(const pipeline::RunSummary& run);
// "done", "held", "failed", ... or the state.
std::string OutcomeOf(const pipeline::RunSummary& run);

}  // namespace sluice::cli
