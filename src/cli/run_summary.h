// What stands below a run: tables of what was loaded, built and sent, and what to type next.
#pragma once

#include <iosfwd>

#include "cli/terminal.h"
#include "env/clock.h"
#include "pipeline/run.h"
#include "pipeline/runtime.h"

namespace sluice::cli {

void PrintRunSummary(std::ostream& out, const Terminal& terminal, const pipeline::RunReport& report,
                     const pipeline::Runtime& runtime, bool dry_run);

// Only what somebody should look at, and why; nothing where there is nothing.
void PrintAttention(std::ostream& out, const Terminal& terminal, const pipeline::RunReport& report);

// {"version":1,"event":"run_ended","at":…,"report":{…}}: the last event of `run --json`.
void WriteRunEnded(std::ostream& out, const pipeline::RunReport& report, env::Micros at);

// The requests and answers of `sync test`, if there are any.
void PrintExchanges(std::ostream& out, const pipeline::RunReport& report);
void WriteExchanges(std::ostream& out, const pipeline::RunReport& report);

}  // namespace sluice::cli
