// The commands, each in command_NAME.cc. They give the exit code, or the error that the caller tells.
#pragma once

#include "base/status.h"
#include "cli/arguments.h"
#include "cli/open_project.h"
#include "cli/world.h"

namespace sluice::cli {

// Without a project, or with its file alone.
Result<int> Init(World& world, const Arguments& arguments);
Result<int> Version(World& world, const Arguments& arguments);
Result<int> Validate(World& world, const Arguments& arguments);
Result<int> Discover(World& world, const Arguments& arguments);
Result<int> Runs(World& world, const Arguments& arguments);
Result<int> Logs(World& world, const Arguments& arguments);

// What changes something.
Result<int> Run(World& world, const Arguments& arguments);
Result<int> DecideGate(World& world, const Arguments& arguments);
Result<int> DecideSync(World& world, const Arguments& arguments);

// Read commands: they also run in the process of a run, for others.
Result<int> Plan(const ReadContext& context);
Result<int> ShowStatus(const ReadContext& context);
Result<int> Tables(const ReadContext& context);
Result<int> Query(const ReadContext& context);
Result<int> Trace(const ReadContext& context);
Result<int> ListQuarantine(const ReadContext& context);
Result<int> ShowQuarantine(const ReadContext& context);
Result<int> ListGate(const ReadContext& context);
Result<int> SyncRows(const ReadContext& context);

}  // namespace sluice::cli
