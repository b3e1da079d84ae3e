#include <ostream>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/execute.h"
#include "cli/json_writer.h"
#include "pipeline/run.h"
#include "pipeline/sync_state.h"

namespace sluice::cli {

Result<int> DecideSync(World& world, const Arguments& arguments) {
  SLUICE_ASSIGN(config::Project project, OpenProject(arguments, world, Secrets::kNo, nullptr));
  const auto runtime = MakeRuntime(std::move(project), arguments, world);
  SLUICE_ASSIGN(const auto session, runtime->warehouse().Open(false, kReadDeadline, world.cancel));
  const auto decide = arguments.command == Command::kSyncStartAnew ? pipeline::StartSyncAnew
                                                                   : pipeline::ForgetSyncDelivery;
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
    world.out << Printable(done) << "\nnext:  sluice plan " << arguments.subject << "\n";
  }
  return pipeline::kExitDone;
}

}  // namespace sluice::cli
