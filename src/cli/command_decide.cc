// What somebody decides, with a reason: of what a gate holds, and of the state of a sync.
#include <ostream>
#include <string_view>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/execute.h"
#include "cli/json_writer.h"
#include "pipeline/gate.h"
#include "pipeline/run.h"
#include "pipeline/sync_state.h"

namespace sluice::cli {
namespace {

using pipeline::Decided;

// Tells what was done, and what to type next.
template <typename Work>
Result<int> Decide(World& world, const Arguments& arguments, config::Project project, Work decide) {
  const auto runtime = MakeRuntime(std::move(project), arguments, world);
  SLUICE_ASSIGN(const auto session, runtime->warehouse().Open(false, kReadDeadline, world.cancel));
  SLUICE_ASSIGN(const Decided decided, decide(*runtime, *session));
  // The next opening is quick.
  SLUICE_TRY(session->database().Checkpoint());
  if (arguments.json) {
    JsonWriter json(world.out);
    json.BeginObject();
    json.Field("version", int64_t{1});
    json.Field("done", decided.text);
    json.Field("next", decided.next);
    json.EndObject();
    json.Finish();
  } else if (!arguments.quiet) {
    world.out << Printable(decided.text) << "\nnext:  " << Printable(decided.next) << "\n";
  }
  return pipeline::kExitDone;
}

}  // namespace

Result<int> DecideGate(World& world, const Arguments& arguments) {
  // What was loaded by hand is held too.
  SLUICE_ASSIGN(config::Project project, OpenForRows(arguments, world));
  const auto verb = arguments.command == Command::kGateAccept   ? pipeline::GateAccept
                    : arguments.command == Command::kGateReject ? pipeline::GateReject
                                                                : pipeline::GateSkip;
  return Decide(world, arguments, std::move(project),
                [&](pipeline::Runtime& runtime, warehouse::Session& session) {
                  return verb(runtime, session, arguments.subject, arguments.reason);
                });
}

Result<int> DecideSync(World& world, const Arguments& arguments) {
  using pipeline::SyncDecision;
  SLUICE_ASSIGN(config::Project project, OpenProject(arguments, world, Secrets::kNo, nullptr));
  pipeline::SyncDecisionJob job;
  job.sync = arguments.subject;
  job.reason = arguments.reason;
  job.state = arguments.state.empty() ? "rejected" : arguments.state;
  job.decision = arguments.command == Command::kSyncAdopt    ? SyncDecision::kAdopt
                 : arguments.command == Command::kSyncReset  ? SyncDecision::kReset
                 : arguments.command == Command::kSyncResync ? SyncDecision::kResync
                 : arguments.command == Command::kSyncPause  ? SyncDecision::kPause
                 : arguments.command == Command::kSyncResume ? SyncDecision::kResume
                                                             : SyncDecision::kRetry;
  return Decide(world, arguments, std::move(project),
                [&](pipeline::Runtime& runtime, warehouse::Session& session) -> Result<Decided> {
                  SLUICE_ASSIGN(std::string text, pipeline::DecideAboutSync(runtime, session, job));
                  const bool pauses = job.decision == SyncDecision::kPause;
                  return Decided{std::move(text),
                                 (pauses ? "sluice sync resume " : "sluice plan ") + job.sync};
                });
}

}  // namespace sluice::cli
