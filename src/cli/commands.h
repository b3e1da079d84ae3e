// The commands, each in command_NAME.cc. They give the exit code, or the error that the caller tells.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/status.h"
#include "cli/arguments.h"
#include "cli/open_project.h"
#include "cli/world.h"
#include "pipeline/run.h"

namespace sluice::cli {

// Without a project, or with its file alone.
Result<int> Init(World& world, const Arguments& arguments);
Result<int> Version(World& world, const Arguments& arguments);
Result<int> Validate(World& world, const Arguments& arguments);
Result<int> Discover(World& world, const Arguments& arguments);
Result<int> Runs(World& world, const Arguments& arguments);
Result<int> Logs(World& world, const Arguments& arguments);

// Runs what `options` select of a project that was opened; tells `diagnostics` first.
Result<int> RunWith(World& world, const Arguments& arguments, config::Project project,
                    const config::Diagnostics& diagnostics, pipeline::RunOptions options);

// What changes something.
Result<int> Run(World& world, const Arguments& arguments);
Result<int> PlanDeep(World& world, const Arguments& arguments);  // in a copy, with downloads
Result<int> LoadByHand(World& world, const Arguments& arguments);
Result<int> DecideGate(World& world, const Arguments& arguments);
Result<int> DecideSync(World& world, const Arguments& arguments);
Result<int> TestSync(World& world, const Arguments& arguments);
Result<int> SyncAudit(World& world, const Arguments& arguments);
Result<int> Unload(World& world, const Arguments& arguments);
Result<int> Backup(World& world, const Arguments& arguments);
Result<int> Restore(World& world, const Arguments& arguments);
Result<int> Clean(World& world, const Arguments& arguments);
Result<int> Forget(World& world, const Arguments& arguments);
Result<int> FixQuarantine(World& world, const Arguments& arguments);
Result<int> DiscardQuarantine(World& world, const Arguments& arguments);
Result<int> ReplayFixed(World& world, const Arguments& arguments);

// Read commands: they also run in the process of a run, for others.
Result<int> Plan(const ReadContext& context);
Result<int> ShowStatus(const ReadContext& context);
Result<int> Tables(const ReadContext& context);
Result<int> Query(const ReadContext& context);
Result<int> Trace(const ReadContext& context);
Result<int> ListQuarantine(const ReadContext& context);
Result<int> ShowQuarantine(const ReadContext& context);
Result<int> ExportQuarantine(const ReadContext& context);
Result<int> ListGate(const ReadContext& context);
Result<int> SyncRows(const ReadContext& context);
Result<int> ExportPerson(const ReadContext& context);

// `sluice query -i`. `read` carries out one read command; its errors are told and do not end the prompt.
using ReadCommand =
    std::function<Result<int>(const std::vector<std::string>&, const Arguments&, World&)>;
Result<int> QueryPrompt(World& world, const Arguments& arguments, const ReadCommand& read);

// Gives `work` a world whose output goes into a new file at `path`, mode 0600: whole or not there.
Result<int> IntoFile(const std::string& path, World& world,
                     const std::function<Result<int>(World&)>& work);

}  // namespace sluice::cli
