#include <ostream>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/execute.h"
#include "cli/json_writer.h"
#include "cli/table.h"
#include "pipeline/retention.h"
#include "pipeline/run.h"

namespace sluice::cli {
namespace {

void WriteJson(World& world, const pipeline::CleanReport& report, bool dry_run) {
  JsonWriter json(world.out);
  json.BeginObject();
  json.Field("version", int64_t{1});
  json.Field("removed", !dry_run);
  json.Name("old");
  json.BeginArray();
  for (const auto& line : report.lines) {
    json.BeginObject();
    json.Field("what", line.what);
    json.Field("things", line.things);
    json.Field("bytes", static_cast<int64_t>(line.bytes));
    json.EndObject();
  }
  json.EndArray();
  json.Field("complete", report.complete);
  json.EndObject();
  json.Finish();
}

}  // namespace

Result<int> Clean(World& world, const Arguments& arguments) {
  SLUICE_ASSIGN(config::Project project, OpenProject(arguments, world, Secrets::kNo, nullptr));
  const auto runtime = MakeRuntime(std::move(project), arguments, world);
  SLUICE_TRY(runtime->MakeStateFolder());
  auto session = runtime->warehouse().Open(false, kReadDeadline, world.cancel);
  if (!session.ok() && session.status().code() != Code::kNotFound) return session.status();
  warehouse::Session* open = session.ok() ? session.value().get() : nullptr;
  SLUICE_ASSIGN(const auto report,
                pipeline::Clean(*runtime, open, runtime->project().retention, arguments.dry_run));
  if (open != nullptr && !arguments.dry_run) SLUICE_TRY(open->database().Checkpoint());
  if (arguments.json) {
    WriteJson(world, report, arguments.dry_run);
    return pipeline::kExitDone;
  }
  if (report.lines.empty()) {
    world.out << "nothing is old enough to go\n";
    return pipeline::kExitDone;
  }
  Table table({{"what"}, {"number", Align::kRight}, {"size", Align::kRight}});
  for (const auto& line : report.lines) {
    table.Row({line.what, Number(line.things), line.bytes > 0 ? HumanBytes(line.bytes) : ""});
  }
  table.Print(world.out, world.terminal);
  if (!report.complete) world.out << "and there is more: the next call goes on\n";
  if (!arguments.quiet) world.out << (arguments.dry_run ? "would go\n" : "removed\n");
  return pipeline::kExitDone;
}

}  // namespace sluice::cli
