#include <ostream>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/execute.h"
#include "cli/json_writer.h"
#include "ingest/load_text.h"
#include "pipeline/quarantine.h"
#include "pipeline/run.h"

namespace sluice::cli {
namespace {

using pipeline::ReplayReport;

int ExitCode(const std::vector<ReplayReport>& reports) {
  int code = pipeline::kExitDone;
  for (const ReplayReport& report : reports) {
    const std::string& outcome = report.outcome.outcome;
    if (outcome == "failed") code = pipeline::WorseExit(code, pipeline::kExitFailed);
    if (outcome == "held") code = pipeline::WorseExit(code, pipeline::kExitHeld);
  }
  return code;
}

void WriteJson(World& world, const std::vector<ReplayReport>& reports) {
  JsonWriter json(world.out);
  json.BeginObject();
  json.Field("version", int64_t{1});
  json.Name("tables");
  json.BeginArray();
  for (const ReplayReport& report : reports) {
    const ingest::FileCounts& counts = report.outcome.counts;
    json.BeginObject();
    json.Field("ingest", report.ingest);
    json.Field("table", report.outcome.table);
    json.Field("outcome", report.outcome.outcome);
    json.FieldOrNull("message", report.outcome.message);
    json.Field("rows", report.outcome.rows);
    json.Field("inserted", counts.inserted);
    json.Field("updated", counts.updated);
    json.Field("unchanged", counts.unchanged);
    json.Field("deleted", counts.delete_matched);
    json.Field("not_there_to_delete", counts.delete_unmatched);
    json.Field("superseded", counts.superseded);
    json.Field("skipped", counts.skipped);
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  json.Finish();
}

// What came in is read on by models and syncs; what did not waits for something else.
std::string NextCommand(const config::Project& project, const std::vector<ReplayReport>& reports) {
  bool came = false;
  std::string kept_out;
  for (const ReplayReport& report : reports) {
    if (report.outcome.held > 0) return "sluice gate list";
    const std::string& outcome = report.outcome.outcome;
    if (outcome == "done" || outcome == "rebuilt") {
      came = true;
    } else if (kept_out.empty()) {
      kept_out = report.outcome.table;
    }
  }
  if (!kept_out.empty()) return "sluice quarantine list --rows " + kept_out;
  const bool read_on = !project.models.empty() || !project.syncs.empty();
  return came && read_on ? "sluice run" : "sluice quarantine list";
}

void Print(World& world, const std::vector<ReplayReport>& reports) {
  for (const ReplayReport& report : reports) {
    const ingest::ReplayOutcome& outcome = report.outcome;
    std::string text = outcome.outcome == "done" && outcome.rows > 0
                           ? ingest::SummaryOf(outcome.counts)
                           : std::string();
    if (!outcome.message.empty()) text += (text.empty() ? "" : "; ") + outcome.message;
    if (text.empty()) {
      text = "nothing to bring in: the fixes are in the table already";
    }
    world.out << fmt::format("{:<8}{}.{}: {}\n", outcome.outcome, report.ingest, outcome.table,
                             Printable(text));
  }
  if (reports.empty()) world.out << "no fix waits\n";
}

}  // namespace

Result<int> ReplayFixed(World& world, const Arguments& arguments) {
  SLUICE_ASSIGN(config::Project project, OpenForRows(arguments, world));
  const auto runtime = MakeRuntime(std::move(project), arguments, world);
  SLUICE_ASSIGN(const auto session, runtime->warehouse().Open(false, kReadDeadline, world.cancel));
  std::set<std::string> tables;
  for (const std::string& name : arguments.names) tables.insert(Lower(name));
  report::SilentReporter silent;
  SLUICE_ASSIGN(const auto reports,
                ReplayQuarantine(*runtime, *session, tables, silent, world.cancel));
  SLUICE_TRY(session->database().Checkpoint());
  if (arguments.json) {
    WriteJson(world, reports);
  } else {
    Print(world, reports);
    if (!reports.empty() && !arguments.quiet) {
      world.out << "next:  " << NextCommand(runtime->project(), reports) << "\n";
    }
  }
  return ExitCode(reports);
}

}  // namespace sluice::cli
