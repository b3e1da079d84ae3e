#include <ostream>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/execute.h"
#include "cli/json_writer.h"
#include "ingest/unload.h"
#include "pipeline/run.h"
#include "pipeline/unload.h"

namespace sluice::cli {
namespace {

using ingest::LoadToUndo;

void WriteJson(World& world, const pipeline::UnloadReport& report, bool done) {
  const LoadToUndo& load = report.load;
  JsonWriter json(world.out);
  json.BeginObject();
  json.Field("version", int64_t{1});
  json.Field("load", std::to_string(load.load_id));  // beyond what a double holds
  json.Field("ingest", load.ingest);
  json.Field("table", load.table);
  json.FieldOrNull("pod", load.pod);
  json.Field("group", load.group);
  json.Field("rows", load.rows);
  json.Field("quarantined", load.quarantined);
  json.Field("rebuild", load.by_rebuild);
  if (load.former != 0) json.Field("former_load", std::to_string(load.former));
  json.Name("files");
  json.BeginArray();
  for (const std::string& file : load.files) json.Text(file);
  json.EndArray();
  json.Field("done", done);
  json.EndObject();
  json.Finish();
}

// What is taken back by making the table again reads files, for which secrets are needed.
Result<bool> ReadsFiles(World& world, const Arguments& arguments) {
  SLUICE_ASSIGN(config::Project project, OpenProject(arguments, world, Secrets::kNo, nullptr));
  const auto runtime = MakeRuntime(std::move(project), arguments, world);
  SLUICE_ASSIGN(const auto session, runtime->warehouse().Open(false, kReadDeadline, world.cancel));
  SLUICE_ASSIGN(const LoadToUndo load,
                ingest::FindLoadToUndo(session->connection(), arguments.subject));
  return load.by_rebuild;
}

std::string Summary(const pipeline::UnloadReport& report, bool dry_run) {
  const LoadToUndo& load = report.load;
  if (!load.taken_back.empty()) {
    return fmt::format("load {} of {}.{} was taken back on {}; its files {} forgotten\n",
                       load.load_id, load.ingest, load.table, load.taken_back,
                       dry_run ? "would be" : "are");
  }
  std::string text = fmt::format(
      "load {} of {}.{}{}, published {}: {} {}{}\n", load.load_id, load.ingest, load.table,
      load.pod.empty() ? "" : fmt::format(" {}/{}", load.pod, load.group),
      load.published_at.substr(0, 19), Counted(static_cast<uint64_t>(load.rows), "row"),
      dry_run ? "would go" : "taken back",
      load.quarantined > 0 ? fmt::format(", and {} from quarantine",
                                         Thousands(static_cast<uint64_t>(load.quarantined)))
                           : "");
  if (load.former != 0) {
    text += fmt::format("what it took the place of, load {}, {} back, from {}\n", load.former,
                        dry_run ? "would come" : "is", Counted(report.files, "file"));
  } else if (load.by_rebuild) {
    text += fmt::format("{} {} made again without it, from {}\n", load.table,
                        dry_run ? "would be" : "is", Counted(report.files, "file"));
  }
  return text;
}

}  // namespace

Result<int> Unload(World& world, const Arguments& arguments) {
  SLUICE_ASSIGN(const bool reads_files, ReadsFiles(world, arguments));
  SLUICE_ASSIGN(config::Project project,
                reads_files ? OpenForRows(arguments, world)
                            : OpenProject(arguments, world, Secrets::kNo, nullptr));
  const auto runtime = MakeRuntime(std::move(project), arguments, world);
  SLUICE_ASSIGN(const auto session, runtime->warehouse().Open(false, kReadDeadline, world.cancel));
  SLUICE_ASSIGN(
      const pipeline::UnloadReport report,
      pipeline::UnloadLoad(
          *runtime, *session,
          {arguments.subject, arguments.reason, arguments.again, arguments.dry_run}, world.cancel));
  const LoadToUndo& load = report.load;
  if (arguments.json) {
    WriteJson(world, report, !arguments.dry_run);
    return pipeline::kExitDone;
  }
  if (arguments.quiet) return pipeline::kExitDone;
  for (const std::string& warning : report.warnings) {
    world.out << "warning: " << Printable(warning) << "\n";
  }
  world.out << Summary(report, arguments.dry_run);
  constexpr size_t kMostFiles = 5;
  for (size_t i = 0; i < load.files.size() && i < kMostFiles; ++i) {
    world.out << "  " << Printable(load.files[i]) << "\n";
  }
  if (load.files.size() > kMostFiles) {
    world.out << fmt::format("  … and {}\n", Counted(load.files.size() - kMostFiles, "more file"));
  }
  if (!arguments.dry_run) {
    world.out << (arguments.again ? "the next run reads its files again\n"
                                  : "its files are not read again by themselves\n")
              << "next:  sluice run\n";
  }
  return pipeline::kExitDone;
}

}  // namespace sluice::cli
