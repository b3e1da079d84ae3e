#include "cli/commands.h"
#include "cli/status_data.h"
#include "cli/status_output.h"
#include "pipeline/run.h"

namespace sluice::cli {

Result<int> ShowStatus(const ReadContext& context) {
  SLUICE_ASSIGN(StatusData data, ReadStatus(context));
  if (!context.arguments.offline) ReadWaiting(context, data);
  if (context.arguments.json) {
    WriteStatusJson(context.world.out, data);
  } else {
    PrintStatus(context.world.out, context.world.terminal, data);
  }
  return pipeline::kExitDone;
}

}  // namespace sluice::cli
