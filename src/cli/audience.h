// Who is told what a command does while it works, as the command line and the terminal ask for.
#pragma once

#include <memory>

#include "cli/arguments.h"
#include "cli/reporters.h"
#include "cli/world.h"
#include "pipeline/runtime.h"
#include "report/report.h"

namespace sluice::cli {

// World and runtime outlive it.
struct Audience {
  std::unique_ptr<report::Reporter> reporter;
  std::unique_ptr<Ticker> ticker;  // ends before the reporter

  Audience() = default;
  Audience(Audience&&) = default;
  Audience& operator=(Audience&& other) noexcept;
  ~Audience() = default;
};

// Of a run: steps and notes to standard output.
Audience MakeAudience(World& world, const Arguments& arguments, pipeline::Runtime& runtime);

// How far the work is, and nothing that stays: a line that is written again and again on a terminal, else
// a line a minute on standard error. For commands whose output comes in the end.
Audience MakeProgress(World& world, const Arguments& arguments, pipeline::Runtime& runtime);

}  // namespace sluice::cli
