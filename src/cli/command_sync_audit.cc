#include <ostream>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/execute.h"
#include "cli/json_writer.h"
#include "cli/table.h"
#include "pipeline/run.h"
#include "pipeline/sync_audit.h"

namespace sluice::cli {
namespace {

std::string Difference(const sync::AuditFinding& finding) {
  return finding.missing ? "is not there" : "other values: " + Join(finding.differing, ", ");
}

void ShowFindings(World& world, const pipeline::AuditReport& report) {
  if (report.findings.empty()) return;
  Table table({{"key"}, {"identity"}, {"at the destination"}});
  for (const sync::AuditFinding& finding : report.findings) {
    table.Row({finding.key, finding.identity == finding.key ? "" : finding.identity,
               Difference(finding)});
  }
  table.Print(world.out, world.terminal);
}

void WriteJson(World& world, const std::string& sync, const pipeline::AuditReport& report) {
  JsonWriter json(world.out);
  json.BeginObject();
  json.Field("version", int64_t{1});
  json.Field("sync", sync);
  json.Field("delivered", static_cast<int64_t>(report.delivered));
  json.Field("looked_for", static_cast<int64_t>(report.looked));
  json.Field("questions", static_cast<int64_t>(report.questions));
  json.Field("not_as_delivered", static_cast<int64_t>(report.differing));
  if (report.others) json.Field("others", static_cast<int64_t>(*report.others));
  json.Name("differing");
  json.BeginArray();
  for (const sync::AuditFinding& finding : report.findings) {
    json.BeginObject();
    json.Field("key", finding.key);
    json.Field("identity", finding.identity);
    json.Field("there", !finding.missing);
    json.Name("fields");
    json.BeginArray();
    for (const std::string& field : finding.differing) json.Text(field);
    json.EndArray();
    json.EndObject();
  }
  json.EndArray();
  json.Field("holds", report.holds);
  json.Field("repaired", report.repaired);
  json.EndObject();
  json.Finish();
}

}  // namespace

Result<int> SyncAudit(World& world, const Arguments& arguments) {
  SLUICE_ASSIGN(config::Project project, OpenProject(arguments, world, Secrets::kYes, nullptr));
  const auto runtime = MakeRuntime(std::move(project), arguments, world);
  pipeline::AuditJob job;
  job.sync = arguments.subject;
  job.sample = static_cast<uint64_t>(arguments.sample);
  job.everything = arguments.export_all;
  job.repair = arguments.repair;
  job.reason = arguments.reason;
  SLUICE_ASSIGN(
      const pipeline::AuditReport report,
      pipeline::AuditSync(*runtime, job, world.cancel, [&](const pipeline::AuditReport& found) {
        if (!arguments.json) ShowFindings(world, found);
      }));
  const bool repaired = !report.repaired.empty() && report.differing == report.findings.size();
  const bool sound = report.differing == 0 || repaired;
  const int code = sound ? pipeline::kExitDone : pipeline::kExitFailed;
  if (arguments.json) {
    WriteJson(world, job.sync, report);
    return code;
  }
  if (arguments.quiet) return code;
  world.out << fmt::format("{} of {} looked for: {}\n", Thousands(report.looked),
                           Counted(report.delivered, "delivered row"),
                           report.findings.empty()
                               ? "all as they were delivered"
                               : fmt::format("{} not as delivered", Thousands(report.differing)));
  if (report.differing > report.findings.size()) {
    world.out << fmt::format("the first {} of them are listed{}\n",
                             Thousands(report.findings.size()), job.repair ? " and repaired" : "");
  }
  if (report.others.value_or(0) > 0) {
    world.out << fmt::format("{} there that this sync has not delivered\n",
                             report.others == 1 ? "1 is" : Thousands(*report.others) + " are");
  }
  if (!report.holds.empty()) world.out << Printable(report.holds) << "\n";
  if (!report.repaired.empty()) {
    world.out << Printable(report.repaired) << "\nnext:  sluice plan " << job.sync << "\n";
  } else if (!report.findings.empty()) {
    world.out << "next:  sluice sync audit " << job.sync << (job.everything ? " --export" : "")
              << " --repair\n";
  }
  return code;
}

}  // namespace sluice::cli
