#include <algorithm>
#include <functional>
#include <ostream>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/json_writer.h"
#include "config/schedule.h"
#include "connector/container.h"
#include "env/file.h"
#include "ingest/plan.h"
#include "models/graph.h"
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

// The graph's errors name their place already.
void CheckModels(const config::Project& project, Findings& findings) {
  const auto order = models::OrderModels(project, models::LoadedTables(project));
  if (!order.ok()) {
    for (const std::string& problem : Split(order.status().message(), '\n')) {
      findings.diagnostics.Error({}, "", problem);
    }
    return;
  }
  for (const models::ModelNode& node : *order) findings.models.push_back(node.model->name);
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

// Each connection in the roles that the project gives it.
void TryConnections(World& world, pipeline::Runtime& runtime, Findings& findings) {
  const config::Project& project = runtime.project();
  for (const config::Connection& connection : project.connections) {
    bool used = false;
    const bool is_store = std::any_of(
        project.ingests.begin(), project.ingests.end(), [&](const config::Ingest& ingest) {
          return std::find(ingest.from.begin(), ingest.from.end(), connection.name) !=
                 ingest.from.end();
        });
    if (is_store) {
      used = true;
      findings.probes.push_back(
          Timed(world, {connection.name, "store", "", {}, 0}, [&](Probe& probe) {
            SLUICE_ASSIGN(connector::Store * store, runtime.StoreOf(connection.name));
            probe.what = store->Describe();
            SLUICE_TRY(store->Probe(world.cancel));
            for (const std::string& note : store->TakeNotes()) {
              findings.diagnostics.Warn(connection.where, "connections." + connection.name, note);
            }
            return CheckDrops(project, connection.name, *store, world.cancel);
          }));
    }
    for (const config::Sync& sync : project.syncs) {
      if (sync.to != connection.name) continue;
      used = true;
      findings.probes.push_back(Timed(
          world, {connection.name, "destination of " + sync.name, "", {}, 0},
          [&](Probe& probe) { return CheckDestination(runtime, sync, world.cancel, probe); }));
    }
    if (!used) findings.probes.push_back({connection.name, "not used", "", {}, 0});
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
    world.out << fmt::format("  {} {}, {}",
                             Styled(world.terminal, ok ? Look::kGood : Look::kBad,
                                    unused ? "-     "
                                    : ok   ? "ok    "
                                           : "failed"),
                             probe.connection, probe.use);
    if (!probe.what.empty()) world.out << ": " << Printable(probe.what);
    if (!unused) world.out << "  (" << HumanSeconds(probe.seconds) << ")";
    world.out << "\n";
    if (!ok) world.out << "         " << Printable(probe.status.ToString()) << "\n";
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
  if (!findings.schedules.empty()) {
    world.out
        << "\nSluice does not start itself. These lines in `crontab -e` keep the schedules:\n";
    for (const ScheduleLine& line : findings.schedules) {
      world.out << fmt::format("  # {}: {}\n  {}\n", line.name, line.schedule, line.cron);
    }
  }
  TellProbes(world, findings);
}

}  // namespace

Result<int> Validate(World& world, const Arguments& arguments) {
  Findings findings;
  const Secrets secrets = arguments.connect ? Secrets::kYes : Secrets::kNo;
  auto project = OpenProject(arguments, world, secrets, &findings.diagnostics);
  int exit_code = pipeline::kExitDone;
  if (project.ok()) {
    findings.project = project->name;
    findings.file = env::JoinPath(project->folder, config::kProjectFile);
    CheckModels(*project, findings);
    AddSchedules(world, arguments, *project, findings);
  }
  if (!findings.diagnostics.ok()) exit_code = pipeline::kExitConfig;
  if (project.ok() && arguments.connect && exit_code == pipeline::kExitDone) {
    const auto runtime = MakeRuntime(*project, arguments, world);
    TryConnections(world, *runtime, findings);
    for (const Probe& probe : findings.probes) {
      exit_code = pipeline::WorseExit(exit_code, pipeline::ExitCodeOf(probe.status));
    }
  }
  if (arguments.json) {
    WriteJson(world, findings, exit_code);
    return exit_code;
  }
  TellProblems(world, findings);
  if (!project.ok() && findings.diagnostics.ok()) return project.status();
  if (findings.diagnostics.ok() && !arguments.quiet) TellText(world, *project, findings);
  if (!project.ok() && !project.status().next().empty()) {
    world.err << "next:  " << project.status().next() << "\n";
  }
  return exit_code;
}

}  // namespace sluice::cli
