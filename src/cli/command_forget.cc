#include <ostream>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/execute.h"
#include "cli/hand_loads.h"
#include "cli/json_writer.h"
#include "cli/table.h"
#include "pipeline/forget.h"
#include "pipeline/run.h"

namespace sluice::cli {
namespace {

using pipeline::ForgetReport;
using pipeline::PersonPlace;
using privacy::ForgetRecord;

constexpr std::string_view kOutOfScope =
    "not looked at: the files in the store that tables are loaded from, backups, plans and exports "
    "that were written into files\n";

void WriteRecord(JsonWriter& json, const ForgetRecord& record) {
  json.BeginObject();
  json.Field("id", record.forget_id);
  json.Field("person", record.person);
  json.Field("state", record.state);
  json.Field("requested_at", record.requested_at);
  json.FieldOrNull("done_at", record.done_at);
  json.FieldOrNull("undone_at", record.undone_at);
  json.Field("hash", record.hash);
  json.Field("rows", record.rows);
  json.Name("counts");
  json.Raw(record.counts.empty() ? "{}" : record.counts);
  json.Name("destinations");
  json.Raw(record.destinations.empty() ? "[]" : record.destinations);
  json.EndObject();
}

void WriteJson(World& world, const ForgetReport& report) {
  JsonWriter json(world.out);
  json.BeginObject();
  json.Field("version", int64_t{1});
  json.Field("state", report.state);
  json.FieldOrNull("id", report.forget_id);
  json.Field("rows", report.rows);
  json.Field("keys", report.keys);
  json.Field("identifiers", report.identifiers);
  json.Field("shared_identifiers", report.shared);
  json.Name("places");
  json.BeginArray();
  for (const PersonPlace& place : report.places) {
    json.BeginObject();
    json.Field("kind", pipeline::KindName(place.kind));
    json.Field("name", place.name);
    json.Field("rows", place.rows);
    json.EndObject();
  }
  json.EndArray();
  json.Name("files");
  json.BeginArray();
  for (const ForgetReport::Files& files : report.files) {
    json.BeginObject();
    json.Field("what", files.what);
    json.Field("count", files.count);
    json.EndObject();
  }
  json.EndArray();
  json.Name("destinations");
  json.BeginArray();
  for (const pipeline::DestinationAnswer& one : report.destinations) {
    json.BeginObject();
    json.Field("sync", one.sync);
    json.Field("to", one.to);
    json.Field("on_forget", one.did);
    json.Field("rows", one.rows);
    json.Field("lines", one.lines);
    json.FieldOrNull("answer", one.answer);
    json.EndObject();
  }
  json.EndArray();
  json.Name("before");
  json.BeginArray();
  for (const ForgetRecord& record : report.before) WriteRecord(json, record);
  json.EndArray();
  json.Name("warnings");
  json.BeginArray();
  for (const std::string& warning : report.warnings) json.Text(warning);
  json.EndArray();
  json.EndObject();
  json.Finish();
}

void PrintPlaces(World& world, const ForgetReport& report) {
  Table table({{"where", Align::kLeft}, {"what", Align::kLeft}, {"rows", Align::kRight}});
  for (const PersonPlace& place : report.places) {
    table.Row({std::string(pipeline::KindName(place.kind)), Printable(place.name),
               Thousands(static_cast<uint64_t>(place.rows))});
  }
  for (const ForgetReport::Files& files : report.files) {
    table.Row({"files", files.what, Thousands(static_cast<uint64_t>(files.count))});
  }
  table.Print(world.out, world.terminal);
}

std::string Whom(const ForgetReport& report) {
  std::string text = fmt::format("{}: {}, {}", Join(report.persons, ", "),
                                 Counted(static_cast<uint64_t>(report.keys), "key"),
                                 Counted(static_cast<uint64_t>(report.identifiers), "identifier"));
  if (report.shared > 0) {
    text += fmt::format("; {} stay{}: others have {} too",
                        Counted(static_cast<uint64_t>(report.shared), "more"),
                        report.shared == 1 ? "s" : "", report.shared == 1 ? "it" : "them");
  }
  return text;
}

// What of it is elsewhere, and what is done about it there.
void PrintDestinations(World& world, const ForgetReport& report) {
  for (const pipeline::DestinationAnswer& one : report.destinations) {
    const std::string rows = Counted(static_cast<uint64_t>(one.rows), "row");
    if (one.did == "leave") {
      world.out << fmt::format("at {}: {} of sync {} {} there (on_forget: leave)\n",
                               Printable(one.to), rows, Printable(one.sync),
                               one.rows == 1 ? "stays" : "stay");
    } else if (one.answer.empty()) {
      world.out << fmt::format("at {}: {} of sync {}: {}\n", Printable(one.to), rows,
                               Printable(one.sync), one.did);
    } else {
      world.out << fmt::format("at {}: {} of sync {}: {}: {}\n", Printable(one.to), rows,
                               Printable(one.sync), one.did, Printable(one.answer));
    }
  }
}

void Print(World& world, const Arguments& arguments, const ForgetReport& report) {
  std::ostream& out = world.out;
  for (const std::string& warning : report.warnings) {
    out << "warning: " << Printable(warning) << "\n";
  }
  if (report.state == "refused") {
    out << "not forgotten: a destination has refused it; nothing was removed here, and nothing "
           "about "
           "them is loaded or sent any more\n";
    PrintDestinations(world, report);
    if (!arguments.quiet) {
      out << fmt::format(
          "next:  sluice forget KEY --confirm {}   asks again; or remove them there by hand, write "
          "on_forget: leave, and type it then\n",
          *arguments.confirm);
    }
    return;
  }
  if (report.state == "done") {
    out << fmt::format("forgotten: {} removed", Counted(static_cast<uint64_t>(report.rows), "row"));
    if (!report.rebuilt.empty()) out << "; built again: " << Join(report.rebuilt, ", ");
    out << fmt::format("\nthe warehouse is written anew: {}, before {}\n",
                       HumanBytes(report.bytes_after), HumanBytes(report.bytes_before));
    PrintDestinations(world, report);
    if (!arguments.quiet) {
      out << kOutOfScope << "next:  sluice forget --list   the proof, without saying who\n";
    }
    return;
  }
  for (const ForgetRecord& record : report.before) {
    out << (record.state == "done"
                ? fmt::format("forgotten already, {} UTC\n", record.done_at.substr(0, 19))
                : fmt::format("begun {} UTC and not ended\n", record.requested_at.substr(0, 19)));
  }
  if (report.state == "nothing") {
    out << "nothing is held\n";
    return;
  }
  out << Whom(report) << "\n\n";
  PrintPlaces(world, report);
  PrintDestinations(world, report);
  out << fmt::format("\n{} would go, for good. {}",
                     Counted(static_cast<uint64_t>(report.rows), "row"), kOutOfScope);
  if (arguments.quiet) return;
  const int64_t number = report.before.empty() || report.before.front().state == "done"
                             ? report.rows
                             : report.before.front().rows;
  out << fmt::format("next:  sluice forget KEY --confirm {}   does it\n", number);
}

Result<int> List(World& world, const Arguments& arguments) {
  SLUICE_ASSIGN(config::Project project, OpenProject(arguments, world, Secrets::kNo, nullptr));
  const auto runtime = MakeRuntime(std::move(project), arguments, world);
  SLUICE_ASSIGN(const auto session, runtime->warehouse().Open(false, kReadDeadline, world.cancel));
  SLUICE_ASSIGN(const auto records, privacy::ListForgotten(session->connection()));
  if (arguments.json) {
    JsonWriter json(world.out);
    json.BeginObject();
    json.Field("version", int64_t{1});
    json.Name("forgotten");
    json.BeginArray();
    for (const ForgetRecord& record : records) WriteRecord(json, record);
    json.EndArray();
    json.EndObject();
    json.Finish();
    return pipeline::kExitDone;
  }
  if (records.empty()) {
    world.out << "nobody was forgotten\n";
    return pipeline::kExitDone;
  }
  Table table({{"id", Align::kLeft},
               {"person", Align::kLeft},
               {"state", Align::kLeft},
               {"requested", Align::kLeft},
               {"rows", Align::kRight},
               {"hash", Align::kLeft}});
  constexpr size_t kHashShown = 12;
  for (const ForgetRecord& record : records) {
    table.Row({record.forget_id, Printable(record.person), record.state,
               record.requested_at.substr(0, 19), Thousands(static_cast<uint64_t>(record.rows)),
               record.hash.substr(0, kHashShown)});
  }
  table.Print(world.out, world.terminal);
  return pipeline::kExitDone;
}

// Secrets are needed where a delivery that is open has to be asked about.
Result<config::Project> OpenToForget(World& world, const Arguments& arguments) {
  SLUICE_ASSIGN(config::Project project, OpenProject(arguments, world, Secrets::kNo, nullptr));
  if (!arguments.confirm) return project;
  Arguments all = arguments;
  all.names.clear();
  for (const config::Sync& sync : project.syncs) all.names.push_back(sync.name);
  if (all.names.empty()) return project;
  return OpenSelected(all, world, nullptr);
}

}  // namespace

Result<int> Forget(World& world, const Arguments& arguments) {
  if (arguments.list) return List(world, arguments);
  SLUICE_ASSIGN(config::Project project, OpenToForget(world, arguments));
  if (project.persons.empty()) {
    return ConfigError("the project file says of no table whose rows are about a person",
                       "Name them under persons: docs/privacy.md");
  }
  {
    const auto runtime = MakeRuntime(project, arguments, world);
    SLUICE_ASSIGN(const auto session,
                  runtime->warehouse().Open(false, kReadDeadline, world.cancel));
    SLUICE_TRY(AddHandLoads(session->connection(), project));
  }
  const auto runtime = MakeRuntime(std::move(project), arguments, world);
  const privacy::SubjectQuery query{arguments.subject, arguments.in, arguments.all};
  if (arguments.undo) {
    SLUICE_ASSIGN(const auto records, pipeline::Unforget(*runtime, query, world.cancel));
    world.out << fmt::format(
        "off the list: {}; what was removed does not come back by itself, new loads take it\n",
        records.size() == 1 ? std::string("1 entry") : Thousands(records.size()) + " entries");
    return pipeline::kExitDone;
  }
  SLUICE_ASSIGN(const ForgetReport report,
                pipeline::Forget(*runtime, {query, arguments.confirm}, world.cancel));
  if (arguments.json) {
    WriteJson(world, report);
  } else {
    Print(world, arguments, report);
  }
  return report.state == "refused" ? pipeline::kExitFailed : pipeline::kExitDone;
}

}  // namespace sluice::cli
