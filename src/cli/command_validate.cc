#include <algorithm>
#include <chrono>
#include <functional>
#include <ostream>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/json_writer.h"
#include "config/schedule.h"
#include "connector/container.h"
#include "env/file.h"
#include "ingest/plan.h"
#include "models/graph.h"
#include "pipeline/bind_project.h"
#include "pipeline/run.h"

namespace sluice::cli {
namespace {

struct ScheduleLine {
  std::string name;
  std::string schedule;
  std::string cron;  // the whole line
};

struct Probe {
  std::string connection;
  std::string use;   // "store", "destination of guests_to_iterable", "not used"
  std::string what;  // "s3://bucket/prefix"
  Status status;
  double seconds = 0;
};

struct Findings {
  config::Diagnostics diagnostics;
  std::string project;
  std::string file;
  std::vector<std::string> models;
  std::vector<std::string> not_bound;  // what the project says too little of, and why
  std::vector<ScheduleLine> schedules;
  std::vector<Probe> probes;
};

// For a shell, and for cron, where a bare % ends the command.
std::string CronWord(const std::string& word) {
  const bool plain = word.find_first_not_of(
                         "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                         "0123456789_-+./=:,@") == std::string::npos;
  const std::string quoted = plain ? word : "'" + ReplaceAll(word, "'", "'\\''") + "'";
  return ReplaceAll(quoted, "%", "\\%");
}

void AddSchedule(const World& world, const config::Project& project, const Arguments& arguments,
                 const std::string& name, const std::string& selector, const std::string& schedule,
                 Findings& findings) {
  if (schedule.empty()) return;
  const auto cron = config::ScheduleToCron(schedule);
  if (!cron.ok()) return;  // the project file was refused for it
  std::vector<std::string> words = {world.program, "--project", project.folder};
  if (arguments.env != "dev") words.insert(words.end(), {"--env", arguments.env});
  words.insert(words.end(), {"run", selector, "--quiet", "--wait", "10m"});
  std::string line = *cron;
  for (const std::string& word : words) line += " " + CronWord(word);
  findings.schedules.push_back({name, schedule, line});
}

void AddSchedules(const World& world, const Arguments& arguments, const config::Project& project,
                  Findings& findings) {
  for (const config::Ingest& ingest : project.ingests) {
    AddSchedule(world, project, arguments, ingest.name, ingest.name, ingest.schedule, findings);
  }
  // A sync is as fresh as what it depends on.
  for (const config::Sync& sync : project.syncs) {
    AddSchedule(world, project, arguments, sync.name, "+" + sync.name, sync.schedule, findings);
  }
}

// "models/a.sql:3:9: no column …" as a place and what is wrong there.
config::Problem Placed(const std::string& text) {
  config::Problem problem;
  problem.message = text;
  const size_t end = text.find(": ");
  if (end == std::string::npos) return problem;
  const std::string place = text.substr(0, end);
  const size_t column = place.rfind(':');
  const size_t line =
      column == std::string::npos || column == 0 ? std::string::npos : place.rfind(':', column - 1);
  if (line == std::string::npos) return problem;
  const auto line_number = ParseUnsigned(place.substr(line + 1, column - line - 1));
  const auto column_number = ParseUnsigned(place.substr(column + 1));
  if (!line_number || !column_number) return problem;
  problem.where = {place.substr(0, line), static_cast<int>(*line_number),
                   static_cast<int>(*column_number)};
  problem.message = text.substr(end + 2);
  return problem;
}

// The order of the models, and what their SQL and the mappings mean. The warehouse is looked into where nobody else
// has it at the moment.
void CheckModels(World& world, const Arguments& arguments, const config::Project& project,
                 Findings& findings) {
  const auto order = models::OrderModels(project, models::LoadedTables(project));
  if (!order.ok()) {
    for (const std::string& problem : Split(order.status().message(), '\n')) {
      findings.diagnostics.Error(Placed(problem));
    }
    return;
  }
  for (const models::ModelNode& node : *order) findings.models.push_back(node.model->name);
  const auto runtime = MakeRuntime(project, arguments, world);
  const auto session = runtime->warehouse().Open(false, std::chrono::milliseconds(0), world.cancel);
  if (!session.ok() && session.status().code() != Code::kNotFound) {
    findings.not_bound.push_back("the warehouse, for it cannot be opened now (" +
                                 session.status().message() +
                                 "): only what the project declares is known");
  }
  const auto bound =
      pipeline::BindProject(project, *order, session.ok() ? session.value().get() : nullptr);
  if (!bound.ok()) {
    findings.not_bound.push_back("models and mappings: " + bound.status().ToString());
    return;
  }
  for (const auto& problem : bound->problems) findings.diagnostics.Error(Placed(problem.text));
  for (const auto& note : bound->not_bound) findings.not_bound.push_back(note.text);
  findings.diagnostics.Sort();
}

// A source whose folder is not there may get it later; a slip in its name shows now.
void CheckFolders(const config::Project& project, Findings& findings) {
  std::set<std::string> sources;
  for (const config::Ingest& ingest : project.ingests) {
    sources.insert(ingest.from.begin(), ingest.from.end());
  }
  for (const std::string& name : sources) {
    const config::Connection* connection = project.FindConnection(name);
    if (connection == nullptr || connection->type != "file" || !connection->options.Has("path")) {
      continue;
    }
    const config::OptionValue& path = connection->options.values.at("path");
    if (path.text.empty() || env::Stat(path.text).status().code() != Code::kNotFound) continue;
    std::string missing = path.text;
    while (!env::Exists(env::Dirname(missing))) missing = env::Dirname(missing);
    std::vector<std::string> folders;
    const auto there = env::ListDirectory(env::Dirname(missing));
    if (there.ok()) {
      for (const env::DirectoryEntry& entry : *there) {
        if (entry.info.is_directory) folders.push_back(entry.name);
      }
    }
    findings.diagnostics.Warn(path.where, fmt::format("connections.{}.path", name),
                              fmt::format("there is no folder {}{}", missing,
                                          DidYouMean(env::Basename(missing), folders)));
  }
}

Probe Timed(World& world, Probe probe, const std::function<Status(Probe&)>& check) {
  const auto began = world.clock.Monotonic();
  probe.status = check(probe);
  probe.seconds = std::chrono::duration<double>(world.clock.Monotonic() - began).count();
  return probe;
}

// ", the list "VIP guests": list 17 with 1,204 rows".
Result<std::string> StateOf(connector::Container& container, const env::Cancel* cancel) {
  SLUICE_ASSIGN(const bool there, container.Find(cancel));
  if (!there) {
    return fmt::format(", {} (not there yet: the first run makes it)", container.Name());
  }
  std::string text = fmt::format(", {}: {}", container.Name(), container.Id());
  // It may be asked for a few times a minute only: no number is no failure.
  const auto size = container.Size(cancel);
  if (size.ok()) text += fmt::format(" with {}", Counted(size.value(), "row"));
  return text;
}

Status CheckDestination(pipeline::Runtime& runtime, const config::Sync& sync,
                        const env::Cancel* cancel, Probe& probe) {
  SLUICE_ASSIGN(connector::Destination * destination, runtime.DestinationOf(sync));
  probe.what = destination->Describe();
  // What `map: auto` adds is known with the model's columns, to `sluice plan`.
  if (!sync.map_auto) {
    std::vector<std::string> fields;
    for (const config::Field& field : sync.fields) fields.push_back(field.to);
    SLUICE_TRY(destination->CheckFields(fields).WithContext(sync.where.ToString()));
  }
  SLUICE_TRY(destination->Probe(cancel));
  if (connector::Container* container = connector::ContainerOf(*destination)) {
    SLUICE_ASSIGN(const std::string state, StateOf(*container, cancel));
    probe.what += state;
  }
  // Of a folder, and of nothing else.
  constexpr std::string_view kFile = "file ";
  if (StartsWith(probe.what, kFile) &&
      !env::Exists(env::Dirname(probe.what.substr(kFile.size())))) {
    probe.what += " (the folder is not there yet: the first run that sends makes it)";
  }
  return Status::Ok();
}

// An address may be right and lead into the wrong folder.
Status CheckDrops(const config::Project& project, const std::string& connection,
                  connector::Store& store, const env::Cancel* cancel) {
  for (const config::Ingest& ingest : project.ingests) {
    const bool reads =
        std::find(ingest.from.begin(), ingest.from.end(), connection) != ingest.from.end();
    if (!reads || ingest.layout != "zenoti") continue;
    SLUICE_TRY(ingest::ProbeDrop(ingest, store, cancel).WithContext(ingest.name));
  }
  return Status::Ok();
}

// A connection in the roles that the project gives it.
void TryConnection(World& world, pipeline::Runtime& runtime, const std::string& name,
                   Findings& findings) {
  const config::Project& project = runtime.project();
  const config::Connection& connection = *project.FindConnection(name);
  bool used = false;
  const bool is_store = std::any_of(
      project.ingests.begin(), project.ingests.end(), [&](const config::Ingest& ingest) {
        return std::find(ingest.from.begin(), ingest.from.end(), name) != ingest.from.end();
      });
  if (is_store) {
    used = true;
    findings.probes.push_back(Timed(world, {name, "store", "", {}, 0}, [&](Probe& probe) {
      SLUICE_ASSIGN(connector::Store * store, runtime.StoreOf(name));
      probe.what = store->Describe();
      SLUICE_TRY(store->Probe(world.cancel));
      for (const std::string& note : store->TakeNotes()) {
        findings.diagnostics.Warn(connection.where, "connections." + name, note);
      }
      return CheckDrops(project, name, *store, world.cancel);
    }));
  }
  for (const config::Sync& sync : project.syncs) {
    if (sync.to != name) continue;
    used = true;
    findings.probes.push_back(
        Timed(world, {name, "destination of " + sync.name, "", {}, 0},
              [&](Probe& probe) { return CheckDestination(runtime, sync, world.cancel, probe); }));
  }
  if (!used) findings.probes.push_back({name, "not used", "", {}, 0});
}

// Each by itself: what one of them lacks does not keep the others from being tried. Where they are is known also of a project
// with mistakes, if not too many.
void TryConnections(World& world, const Arguments& arguments, Findings& findings) {
  const auto whole = OpenWithoutWrongSyncs(arguments, world, nullptr);
  if (!whole.ok()) return;
  std::vector<std::string> names = whole->connections_without_variables;
  for (const config::Connection& connection : whole->connections) names.push_back(connection.name);
  for (const std::string& name : names) {
    auto project = OpenForConnections(arguments, world, {name});
    if (!project.ok()) {
      findings.probes.push_back({name, "", "", project.status(), 0});
      continue;
    }
    const auto runtime = MakeRuntime(std::move(project).value(), arguments, world);
    TryConnection(world, *runtime, name, findings);
  }
}

void WriteProblems(JsonWriter& json, std::string_view name,
                   const std::vector<config::Problem>& problems) {
  json.Name(name);
  json.BeginArray();
  for (const config::Problem& problem : problems) {
    json.BeginObject();
    json.FieldOrNull("file", problem.where.file);
    json.Field("line", int64_t{problem.where.line});
    json.Field("column", int64_t{problem.where.column});
    json.FieldOrNull("key", problem.key);
    json.Field("message", problem.message);
    json.FieldOrNull("expected", problem.expected);
    json.FieldOrNull("found", problem.found);
    json.FieldOrNull("nearest", problem.nearest);
    json.EndObject();
  }
  json.EndArray();
}

void WriteJson(World& world, const Findings& findings, int exit_code) {
  JsonWriter json(world.out);
  json.BeginObject();
  json.Field("version", int64_t{1});
  json.Field("ok", exit_code == pipeline::kExitDone);
  json.FieldOrNull("project", findings.project);
  json.FieldOrNull("file", findings.file);
  WriteProblems(json, "errors", findings.diagnostics.errors());
  WriteProblems(json, "warnings", findings.diagnostics.warnings());
  json.Name("models");
  json.BeginArray();
  for (const std::string& model : findings.models) json.Text(model);
  json.EndArray();
  json.Name("not_bound");
  json.BeginArray();
  for (const std::string& text : findings.not_bound) json.Text(text);
  json.EndArray();
  json.Name("schedules");
  json.BeginArray();
  for (const ScheduleLine& line : findings.schedules) {
    json.BeginObject();
    json.Field("name", line.name);
    json.Field("schedule", line.schedule);
    json.Field("cron", line.cron);
    json.EndObject();
  }
  json.EndArray();
  json.Name("connections");
  json.BeginArray();
  for (const Probe& probe : findings.probes) {
    json.BeginObject();
    json.Field("connection", probe.connection);
    json.Field("use", probe.use);
    json.FieldOrNull("address", probe.what);
    json.Field("ok", probe.status.ok());
    json.FieldOrNull("error", probe.status.ToString());
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  json.Finish();
}

void TellProblems(World& world, const Findings& findings) {
  const auto tell = [&](Look look, std::string_view word,
                        const std::vector<config::Problem>& problems) {
    for (const config::Problem& problem : problems) {
      world.err << Styled(world.terminal, look, word) << " " << problem.ToString() << "\n";
    }
  };
  tell(Look::kBad, "error:", findings.diagnostics.errors());
  tell(Look::kWarning, "warning:", findings.diagnostics.warnings());
  const size_t more = findings.diagnostics.error_count() - findings.diagnostics.errors().size();
  if (more > 0) world.err << "… and " << Counted(more, "more error") << "\n";
}

void TellProbes(World& world, const Findings& findings) {
  if (findings.probes.empty()) return;
  world.out << "\nConnections:\n";
  for (const Probe& probe : findings.probes) {
    const bool ok = probe.status.ok();
    const bool unused = probe.use == "not used";
    world.out << fmt::format("  {} {}{}{}",
                             Styled(world.terminal, ok ? Look::kGood : Look::kBad,
                                    unused ? "-     "
                                    : ok   ? "ok    "
                                           : "failed"),
                             probe.connection, probe.use.empty() ? "" : ", ", probe.use);
    if (!probe.what.empty()) world.out << ": " << Printable(probe.what);
    if (!unused && !probe.use.empty()) world.out << "  (" << HumanSeconds(probe.seconds) << ")";
    world.out << "\n";
    if (!ok)
      world.out << "         " << PrintableLines(probe.status.ToString(), "         ") << "\n";
  }
}

void TellText(World& world, const config::Project& project, const Findings& findings) {
  world.out << Styled(world.terminal, Look::kGood, "ok") << ": project " << project.name << ", "
            << Counted(project.ingests.size(), "ingest") << ", "
            << Counted(project.models.size(), "model") << ", "
            << Counted(project.syncs.size(), "sync") << "\n";
  if (!findings.models.empty()) {
    world.out << "models in this order: " << Join(findings.models, ", ") << "\n";
  }
  for (const std::string& text : findings.not_bound) {
    world.out << Styled(world.terminal, Look::kWarning, "not checked yet:") << " "
              << Printable(text) << "\n";
  }
  if (!findings.schedules.empty()) {
    world.out
        << "\nSluice does not start itself. These lines in `crontab -e` keep the schedules:\n";
    for (const ScheduleLine& line : findings.schedules) {
      world.out << fmt::format("  # {}: {}\n  {}\n", line.name, line.schedule, line.cron);
    }
  }
}

}  // namespace

Result<int> Validate(World& world, const Arguments& arguments) {
  Findings findings;
  auto project = OpenProject(arguments, world, Secrets::kNo, &findings.diagnostics);
  int exit_code = pipeline::kExitDone;
  if (project.ok()) {
    findings.project = project->name;
    findings.file = env::JoinPath(project->folder, config::kProjectFile);
    CheckFolders(*project, findings);
    CheckModels(world, arguments, *project, findings);
    AddSchedules(world, arguments, *project, findings);
  }
  if (!findings.diagnostics.ok()) exit_code = pipeline::kExitConfig;
  if (arguments.connect) {
    TryConnections(world, arguments, findings);
    for (const Probe& probe : findings.probes) {
      exit_code = pipeline::WorseExit(exit_code, pipeline::ExitCodeOf(probe.status));
    }
  }
  if (arguments.json) {
    WriteJson(world, findings, exit_code);
    return exit_code;
  }
  TellProblems(world, findings);
  const bool found = !project.ok() && findings.diagnostics.ok();
  if (findings.diagnostics.ok() && project.ok() && !arguments.quiet) {
    TellText(world, *project, findings);
  }
  if (!arguments.quiet || exit_code != pipeline::kExitDone) TellProbes(world, findings);
  if (found) return project.status();
  if (!project.ok() && !project.status().next().empty()) {
    world.err << "next:  " << project.status().next() << "\n";
  }
  return exit_code;
}

}  // namespace sluice::cli
