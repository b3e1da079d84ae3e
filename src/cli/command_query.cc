#include <ostream>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/read_only.h"
#include "cli/result_output.h"
#include "pipeline/interrupt.h"
#include "pipeline/run.h"

namespace sluice::cli {

Result<int> Query(const ReadContext& context) {
  SLUICE_TRY(NeedsWarehouse(context));
  engine::Connection& connection = context.connection();
  SLUICE_TRY(CheckReadOnly(connection, context.arguments.subject));
  const pipeline::InterruptOnCancel interrupt(connection, context.world.cancel);
  auto result = connection.Stream(context.arguments.subject);
  if (!result.ok()) return result.status();
  const RowFormat format = context.arguments.csv    ? RowFormat::kCsv
                           : context.arguments.json ? RowFormat::kJson
                                                    : RowFormat::kTable;
  SLUICE_ASSIGN(const RowsWritten written,
                WriteRows(result.value(), format, {context.arguments.limit}, context.world.out,
                          context.world.terminal));
  // Who reads no further (`| head`) does not want to know how many rows got as far as the pipe.
  context.world.out.flush();
  if (context.world.out.good() && context.for_people() && !context.arguments.quiet) {
    context.world.err << fmt::format("{}{}\n", Counted(static_cast<uint64_t>(written.rows), "row"),
                                     written.complete ? "" : ", and there are more");
  }
  return pipeline::kExitDone;
}

}  // namespace sluice::cli
