#include <ostream>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/execute.h"
#include "cli/json_writer.h"
#include "ingest/unload.h"
#include "pipeline/run.h"
#include "warehouse/fence.h"

namespace sluice::cli {
namespace {

using ingest::LoadToUndo;

Status Undo(pipeline::Runtime& runtime, warehouse::Session& session, const LoadToUndo& load,
            const Arguments& arguments) {
  SLUICE_TRY(runtime.MakeStateFolder());
  const auto lock = runtime.Lock("ingest", load.ingest, std::chrono::milliseconds(0), nullptr);
  if (!lock.ok()) return lock.status().WithNext("Try again when it has ended");
  engine::Connection& connection = session.connection();
  SLUICE_TRY(warehouse::TakeFence(connection, "ingest:" + load.ingest).status());
  SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(connection));
  SLUICE_TRY(ingest::UndoLoad(connection, load, arguments.reason, arguments.again,
                              {"unload", runtime.clock().Now()}));
  SLUICE_TRY(transaction->Commit());
  return session.database().Checkpoint();
}

void WriteJson(World& world, const LoadToUndo& load, bool done) {
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
  json.Name("files");
  json.BeginArray();
  for (const std::string& file : load.files) json.Text(file);
  json.EndArray();
  json.Field("done", done);
  json.EndObject();
  json.Finish();
}

}  // namespace

Result<int> Unload(World& world, const Arguments& arguments) {
  SLUICE_ASSIGN(config::Project project, OpenProject(arguments, world, Secrets::kNo, nullptr));
  const auto runtime = MakeRuntime(std::move(project), arguments, world);
  SLUICE_ASSIGN(const auto session, runtime->warehouse().Open(false, kReadDeadline, world.cancel));
  SLUICE_ASSIGN(const LoadToUndo load,
                ingest::FindLoadToUndo(session->connection(), arguments.subject));
  if (!arguments.dry_run) SLUICE_TRY(Undo(*runtime, *session, load, arguments));
  if (arguments.json) {
    WriteJson(world, load, !arguments.dry_run);
    return pipeline::kExitDone;
  }
  if (arguments.quiet) return pipeline::kExitDone;
  world.out << fmt::format(
      "load {} of {}.{}{}, published {}: {} {}{}\n", load.load_id, load.ingest, load.table,
      load.pod.empty() ? "" : fmt::format(" {}/{}", load.pod, load.group),
      load.published_at.substr(0, 19), Counted(static_cast<uint64_t>(load.rows), "row"),
      arguments.dry_run ? "would go" : "taken back",
      load.quarantined > 0 ? fmt::format(", and {} from quarantine",
                                         Thousands(static_cast<uint64_t>(load.quarantined)))
                           : "");
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
