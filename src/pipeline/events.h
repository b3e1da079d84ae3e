// What a run tells, as JSON: one object a line. The log of a run holds these lines, and `--json`
// prints the same ones.
//
//   {"version":1,"event":"step_began","at":"2026-11-21T14:03:07Z","step":"load zenoti.bi_dimuser"}
//   {"version":1,"event":"progress","at":…,"step":…,"rows":…,"total_rows":…,"bytes":…,"total_bytes":…}
//   {"version":1,"event":"step_ended","at":…,"step":…,"outcome":"done","summary":…}
//   {"version":1,"event":"note","at":…,"level":"warning","text":…}
#pragma once

#include <string>
#include <string_view>

#include "env/clock.h"
#include "report/report.h"

namespace sluice::pipeline {

// "info", "warning", "error".
std::string_view LevelName(report::Level level);

// Without the line end.
std::string StepBeganEvent(env::Micros at, std::string_view step);
std::string ProgressEvent(env::Micros at, std::string_view step, const report::Progress& progress);
std::string StepEndedEvent(env::Micros at, std::string_view step, std::string_view outcome,
                           std::string_view summary);
std::string NoteEvent(env::Micros at, report::Level level, std::string_view text);

}  // namespace sluice::pipeline
