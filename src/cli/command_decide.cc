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

using Decision = Result<std::string>(pipeline::Runtime&, warehouse::Session&,
                                     const std::string& subject, const std::string& reason);

// Tells what was done, and what to type next.
Result<int> Decide(World& world, const Arguments& arguments, Decision& decide,
                   std::string_view next) {
  SLUICE_ASSIGN(config::Project project, OpenProject(arguments, world, Secrets::kNo, nullptr));
  const auto runtime = MakeRuntime(std::move(project), arguments, world);
  SLUICE_ASSIGN(const auto session, runtime->warehouse().Open(false, kReadDeadline, world.cancel));
  SLUICE_ASSIGN(const std::string done,
                decide(*runtime, *session, arguments.subject, arguments.reason));
  // The next opening is quick.
  SLUICE_TRY(session->database().Checkpoint());
  if (arguments.json) {
    JsonWriter json(world.out);
    json.BeginObject();
    json.Field("version", int64_t{1});
    json.Field("done", done);
    json.EndObject();
    json.Finish();
  } else if (!arguments.quiet) {
    world.out << Printable(done) << "\nnext:  " << next << "\n";
  }
  return pipeline::kExitDone;
}

}  // namespace

Result<int> DecideGate(World& world, const Arguments& arguments) {
  Decision& decide = arguments.command == Command::kGateAccept   ? pipeline::GateAccept
                     : arguments.command == Command::kGateReject ? pipeline::GateReject
                                                                 : pipeline::GateSkip;
  return Decide(world, arguments, decide, "sluice run");
}

Result<int> DecideSync(World& world, const Arguments& arguments) {
  Decision& decide = arguments.command == Command::kSyncStartAnew ? pipeline::StartSyncAnew
                                                                  : pipeline::ForgetSyncDelivery;
  return Decide(world, arguments, decide, "sluice plan " + arguments.subject);
}

}  // namespace sluice::cli
