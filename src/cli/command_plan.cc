#include <optional>
#include <ostream>

#include "cli/audience.h"
#include "cli/commands.h"
#include "cli/execute.h"
#include "cli/plan_output.h"
#include "cli/restore_request.h"
#include "pipeline/plan.h"
#include "pipeline/plan_deep.h"
#include "pipeline/plan_file.h"

namespace sluice::cli {
namespace {

// What is planned: what was named, or one month of one table.
struct Asked {
  std::vector<std::string> selectors;
  std::optional<ingest::RestoreRequest> restore;
  const ingest::RestoreRequest* request() const { return restore ? &*restore : nullptr; }
};

Result<Asked> WhatIsAsked(const config::Project& project, const Arguments& arguments) {
  if (arguments.restore.empty()) return Asked{arguments.names, std::nullopt};
  SLUICE_ASSIGN(NamedRestore named, ReadRestore(project, arguments));
  return Asked{{named.selector}, std::move(named.request)};
}

int Show(World& world, const Arguments& arguments, const ShownPlan& shown) {
  // With --out standard output is the file with the operations.
  std::ostream& out = arguments.to.empty() ? world.out : world.err;
  if (arguments.json) {
    WritePlanJson(out, shown);
  } else if (!arguments.quiet) {
    PrintPlan(out, world.terminal, shown);
  }
  bool bad = !shown.plan.problems.empty();
  bool misconfigured = shown.plan.misconfigured;
  for (const ingest::IngestPlan& ingest : shown.plan.ingests) {
    bad = bad || !ingest.problems.empty();
  }
  for (const pipeline::PlannedSync& sync : shown.plan.syncs) {
    const bool counts = !sync.problem.empty() && !WaitsForModel(shown, sync);
    bad = bad || counts;
    misconfigured = misconfigured || (counts && sync.misconfigured);
  }
  if (misconfigured) return pipeline::kExitConfig;
  return bad ? pipeline::kExitFailed : pipeline::kExitDone;
}

pipeline::PlannedRows RowsInto(std::ostream& out) {
  return {[&out](const std::string& sync, const sync::SpoolRow& row) {
            pipeline::WritePlannedRow(out, sync, row);
            return out ? Status::Ok() : FailedError("the plan cannot be written");
          },
          [&out](const auto&... of) { pipeline::WritePlannedSync(out, of...); }};
}

}  // namespace

Result<int> Plan(const ReadContext& context) {
  report::SilentReporter silent;
  const config::Project& project = context.runtime.project();
  SLUICE_ASSIGN(const Asked asked, WhatIsAsked(project, context.arguments));
  const pipeline::PlannedRows rows = RowsInto(context.world.out);
  const bool to_file = !context.arguments.to.empty();
  if (to_file) pipeline::WritePlanHead(context.world.out, project, false);
  SLUICE_ASSIGN(
      const pipeline::ProjectPlan plan,
      pipeline::PlanProject(context.runtime, context.session, asked.selectors, silent,
                            context.world.cancel, asked.request(), to_file ? &rows : nullptr));
  return Show(context.world, context.arguments,
              {plan, project, context.arguments.names, context.session != nullptr});
}

Result<int> PlanDeep(World& world, const Arguments& arguments) {
  SLUICE_ASSIGN(config::Project project, OpenSelected(arguments, world, nullptr));
  SLUICE_ASSIGN(const Asked asked, WhatIsAsked(project, arguments));
  const auto runtime = MakeRuntime(std::move(project), arguments, world);
  pipeline::DeepOptions options;
  options.restore = asked.request();
  options.wait = arguments.wait.value_or(kReadDeadline);
  options.cancel = world.cancel;
  const pipeline::PlannedRows rows = RowsInto(world.out);
  if (!arguments.to.empty()) {
    pipeline::WritePlanHead(world.out, runtime->project(), true);
    options.rows = &rows;
  }
  Audience audience = MakeProgress(world, arguments, *runtime);
  const auto deep = pipeline::PlanDeep(*runtime, asked.selectors, options, *audience.reporter);
  audience = {};  // before anything else is printed
  if (!deep.ok()) return deep.status();
  return Show(world, arguments,
              {deep->plan, runtime->project(), arguments.names, true, &deep->load});
}

}  // namespace sluice::cli
