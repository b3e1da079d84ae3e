#include <ostream>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/audience.h"
#include "cli/commands.h"
#include "cli/execute.h"
#include "cli/restore_request.h"
#include "cli/run_summary.h"
#include "pipeline/read_server.h"
#include "pipeline/run.h"
#include "pipeline/sync_state.h"

namespace sluice::cli {
namespace {

// Passes everything on and remembers which notes were told, so that the summary does not repeat them.
class RememberingReporter : public report::Reporter {
 public:
  explicit RememberingReporter(report::Reporter& inner) : inner_(inner) {}
  void StepBegan(std::string_view id) override { inner_.StepBegan(id); }
  void StepAdvanced(std::string_view id, const report::Progress& progress) override {
    inner_.StepAdvanced(id, progress);
  }
  void StepEnded(std::string_view id, std::string_view outcome, std::string_view summary) override {
    inner_.StepEnded(id, outcome, summary);
  }
  void PartEnded(std::string_view id, std::string_view outcome, std::string_view summary,
                 double seconds) override {
    inner_.PartEnded(id, outcome, summary, seconds);
  }
  void Note(report::Level level, std::string_view text) override {
    {
      const std::lock_guard lock(mutex_);
      if (told_.size() < kMostRemembered) told_.insert(std::string(text));
    }
    inner_.Note(level, text);
  }
  bool Told(const std::string& text) const {
    const std::lock_guard lock(mutex_);
    return told_.count(text) > 0;
  }

 private:
  static constexpr size_t kMostRemembered = 10'000;
  report::Reporter& inner_;
  mutable std::mutex mutex_;
  std::set<std::string> told_;
};

// Others' reads, executed in this process because it has the warehouse.
pipeline::ReadHandler AnswerReads(const World& world, pipeline::Runtime& runtime) {
  return [&world, &runtime](const pipeline::ReadRequest& request, std::ostream& out,
                            std::ostream& err) {
    std::istream& in = world.in;  // never read: the asker has sent what stood there
    World other{world.factories,
                world.clock,
                world.random,
                in,
                out,
                err,
                {request.width > 0, request.width > 0 ? request.width : 80, request.color},
                world.program,
                world.current_folder,
                world.abort,
                world.abort,
                &runtime};
    return Execute(request.arguments, other);
  };
}

std::unique_ptr<pipeline::ReadServer> StartAnswering(const World& world, pipeline::Runtime& runtime,
                                                     report::Reporter& reporter) {
  auto server =
      pipeline::ReadServer::Start(runtime.StatePath(kSocketName), AnswerReads(world, runtime));
  if (server.ok()) return std::move(server).value();
  // Another run answers already.
  if (server.status().code() != Code::kBusy) {
    reporter.Note(report::Level::kWarning,
                  "other commands cannot look into this run: " + server.status().message());
  }
  return nullptr;
}

}  // namespace

Result<int> Run(World& world, const Arguments& arguments) {
  config::Diagnostics diagnostics;
  pipeline::RunOptions options;
  if (!arguments.restore.empty()) {
    SLUICE_ASSIGN(const config::Project declared,
                  OpenProject(arguments, world, Secrets::kNo, nullptr));
    SLUICE_ASSIGN(NamedRestore named, ReadRestore(declared, arguments));
    Arguments selecting = arguments;
    selecting.names = options.selectors = {named.selector};
    options.restore = std::move(named.request);
    options.strict = arguments.strict;
    SLUICE_ASSIGN(config::Project project, OpenSelected(selecting, world, &diagnostics));
    return RunWith(world, selecting, std::move(project), diagnostics, std::move(options));
  }
  Arguments selecting = arguments;
  if (!arguments.plan.empty()) {
    SLUICE_ASSIGN(const config::Project declared,
                  OpenProject(arguments, world, Secrets::kNo, nullptr));
    SLUICE_ASSIGN(options.planned, pipeline::ReadPlanFile(arguments.plan, declared));
    if (arguments.confirm && options.planned.size() != 1) {
      return ConfigError(fmt::format("--confirm is about one sync, and {} plans {}", arguments.plan,
                                     options.planned.size()),
                         "sluice plan NAME --out FILE");
    }
    for (const auto& [sync, planned] : options.planned) {
      SLUICE_TRY(pipeline::CheckSyncName(declared, sync));
      selecting.names.push_back(sync);
    }
  }
  SLUICE_ASSIGN(config::Project project, OpenSelected(selecting, world, &diagnostics));
  options.selectors = selecting.names;
  options.dry_run = arguments.dry_run;
  options.limit = arguments.limit;
  options.confirmed = arguments.confirm;
  options.strict = arguments.strict;
  return RunWith(world, arguments, std::move(project), diagnostics, std::move(options));
}

Result<int> TestSync(World& world, const Arguments& arguments) {
  config::Diagnostics diagnostics;
  Arguments selecting = arguments;
  selecting.names = {arguments.subject};
  SLUICE_ASSIGN(config::Project project, OpenSelected(selecting, world, &diagnostics));
  SLUICE_TRY(pipeline::CheckSyncName(project, arguments.subject));
  pipeline::RunOptions options;
  options.selectors = selecting.names;
  options.only_key = arguments.row;
  options.confirmed = arguments.confirm;
  return RunWith(world, selecting, std::move(project), diagnostics, std::move(options));
}

Result<int> RunWith(World& world, const Arguments& arguments, config::Project project,
                    const config::Diagnostics& diagnostics, pipeline::RunOptions options) {
  const auto runtime = MakeRuntime(std::move(project), arguments, world);
  SLUICE_TRY(runtime->MakeStateFolder());
  options.wait = arguments.wait.value_or(std::chrono::milliseconds(0));
  options.cancel = world.cancel;
  options.abort = world.abort;

  Audience audience = MakeAudience(world, arguments, *runtime);
  RememberingReporter reporter(*audience.reporter);
  for (const config::Problem& problem : diagnostics.warnings()) {
    reporter.Note(report::Level::kWarning, problem.ToString());
  }
  Result<pipeline::RunReport> report = FailedError("not begun");
  {
    const auto server = StartAnswering(world, *runtime, reporter);
    report = pipeline::RunProject(*runtime, options, reporter);
  }
  if (report.ok()) {
    for (const std::string& warning : report->warnings) {
      if (!reporter.Told(warning)) reporter.Note(report::Level::kWarning, warning);
    }
  }
  audience = {};
  if (!report.ok()) return report.status();
  if (arguments.json) {
    WriteRunEnded(world.out, *report, world.clock.Now());
    if (!options.only_key.empty()) WriteExchanges(world.out, *report);
  } else if (!arguments.quiet) {
    PrintRunSummary(world.out, world.terminal, *report, *runtime, arguments.dry_run);
    PrintExchanges(world.out, *report);
  } else if (report->exit_code != pipeline::kExitDone) {
    PrintAttention(world.err, world.terminal, *report);
  }
  return report->exit_code;
}

}  // namespace sluice::cli
