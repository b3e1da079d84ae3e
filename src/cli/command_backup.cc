#include <ostream>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/json_writer.h"
#include "pipeline/backup.h"
#include "pipeline/run.h"

namespace sluice::cli {
namespace {

using pipeline::BackupReport;

void WriteJson(World& world, const BackupReport& report) {
  JsonWriter json(world.out);
  json.BeginObject();
  json.Field("version", int64_t{1});
  json.Field("folder", report.folder);
  json.Field("created_at", report.created_at);
  json.Field("tables", report.tables);
  json.Field("rows", report.rows);
  json.Field("bytes", static_cast<int64_t>(report.bytes));
  json.Field("open_deliveries", report.open_deliveries);
  json.Name("stopped_syncs");
  json.BeginArray();
  for (const std::string& sync : report.stopped) json.Text(sync);
  json.EndArray();
  json.FieldOrNull("kept_as", report.kept_as);
  json.Name("removed_files");
  json.BeginArray();
  for (const std::string& told : report.removed) json.Text(told);
  json.EndArray();
  json.EndObject();
  json.Finish();
}

std::string Holds(const BackupReport& report) {
  return fmt::format("{}, {}", Counted(static_cast<uint64_t>(report.tables), "table"),
                     Counted(static_cast<uint64_t>(report.rows), "row"));
}

}  // namespace

Result<int> Backup(World& world, const Arguments& arguments) {
  SLUICE_ASSIGN(config::Project project, OpenProject(arguments, world, Secrets::kNo, nullptr));
  const auto runtime = MakeRuntime(std::move(project), arguments, world);
  SLUICE_ASSIGN(const BackupReport report,
                pipeline::Backup(*runtime, arguments.subject, world.cancel));
  if (arguments.json) {
    WriteJson(world, report);
    return pipeline::kExitDone;
  }
  world.out << fmt::format("{}: {}, {}; opened and counted\n", Printable(report.folder),
                           Holds(report), HumanBytes(report.bytes));
  if (report.open_deliveries > 0) {
    world.out << fmt::format("{} open: the logs are in it\n",
                             Counted(static_cast<uint64_t>(report.open_deliveries), "delivery"));
  }
  return pipeline::kExitDone;
}

Result<int> Restore(World& world, const Arguments& arguments) {
  SLUICE_ASSIGN(config::Project project, OpenProject(arguments, world, Secrets::kNo, nullptr));
  const auto runtime = MakeRuntime(std::move(project), arguments, world);
  SLUICE_ASSIGN(const BackupReport report,
                pipeline::Restore(*runtime, arguments.subject, arguments.force, world.cancel));
  if (arguments.json) {
    WriteJson(world, report);
    return pipeline::kExitDone;
  }
  world.out << fmt::format("restored from the backup of {}: {}\n", report.created_at,
                           Holds(report));
  if (!report.kept_as.empty()) {
    world.out << fmt::format("the warehouse that was there is kept as {}\n",
                             Printable(report.kept_as));
  }
  for (const std::string& told : report.removed) {
    world.out << "warning: " << Printable(told) << "\n";
  }
  for (const std::string& sync : report.stopped) {
    world.out << fmt::format(
        "sync {0} stops: what it sent since the backup is not known; sluice sync adopt "
        "{0} --reason TEXT lets it go on\n",
        sync);
  }
  if (!arguments.quiet) world.out << "next:  sluice plan\n";
  return pipeline::kExitDone;
}

}  // namespace sluice::cli
