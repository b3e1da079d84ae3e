#include <ostream>

#include <fmt/format.h>

#include "base/json_text.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/json_writer.h"
#include "cli/run_list.h"
#include "cli/table.h"
#include "config/load.h"
#include "env/file.h"
#include "pipeline/run.h"

namespace sluice::cli {
namespace {

constexpr int kRunsShown = 20;
constexpr uint64_t kMostLogBytes = 256ULL << 20;

// The list is not made by looking at it.
Result<std::unique_ptr<pipeline::RunStore>> OpenRuns(const std::string& folder) {
  if (!env::Exists(env::JoinPath(folder, "state.db"))) {
    return NotFoundError("there is no run yet", "sluice run");
  }
  return pipeline::RunStore::Open(folder);
}

// Found without reading the project: what runs told is wanted most when its file is broken.
Result<std::string> StateFolder(const Arguments& arguments, const World& world) {
  config::LoadOptions options;
  options.current_folder = world.current_folder;
  SLUICE_ASSIGN(const std::string file, config::FindProjectFile(arguments.project, options));
  return env::JoinPath(env::JoinPath(env::Dirname(file), ".sluice"), arguments.env);
}

void WriteRun(JsonWriter& json, const pipeline::RunSummary& run) {
  json.BeginObject();
  json.Field("id", run.run_id);
  json.Field("command", run.command);
  json.Field("state", StateOf(run));
  json.Field("started_at", run.started_at);
  json.FieldOrNull("ended_at", run.ended_at);
  json.Name("exit_code");
  if (run.exit_code < 0) {
    json.Null();
  } else {
    json.Number(int64_t{run.exit_code});
  }
  json.Field("process", run.process);
  json.Field("sluice", run.version);
  json.FieldOrNull("git_commit", run.git_commit);
  json.Name("git_dirty");
  if (run.git_dirty) {
    json.Boolean(*run.git_dirty);
  } else {
    json.Null();
  }
  json.FieldOrNull("config_digest", run.config_digest);
  json.Name("sql_digests");
  if (run.sql_digests.empty()) {
    json.Null();
  } else {
    json.Raw(run.sql_digests);
  }
  json.Name("summary");
  if (run.summary.empty()) {
    json.Null();
  } else {
    json.Raw(run.summary);
  }
  json.EndObject();
}

// One line of a log for people; "" for what they do not read.
std::string LineForPeople(const Terminal& terminal, const std::string& line) {
  const auto json = CanonicalJson(line);
  if (!json.ok() || json->empty() || (*json)[0] != '{') return Printable(line);
  const auto text = [&](std::string_view name) { return JsonText(JsonMemberValue(*json, name)); };
  const std::string event = text("event");
  std::string out = Styled(terminal, Look::kDim, text("at")) + "  ";
  if (event == "step_began") return out + "begins    " + Printable(text("step"));
  if (event == "step_ended") {
    return out + fmt::format("{:<9} {}{}{}", text("outcome"), Printable(text("step")),
                             text("summary").empty() ? "" : ": ", Printable(text("summary")));
  }
  if (event == "note") {
    const std::string level = text("level");
    const Look look = level == "error"     ? Look::kBad
                      : level == "warning" ? Look::kWarning
                                           : Look::kPlain;
    return out + Styled(terminal, look, fmt::format("{:<9}", level)) + " " +
           Printable(text("text"));
  }
  if (event == "progress") {
    return out + fmt::format("working   {}: {} rows, {} bytes", Printable(text("step")),
                             text("rows"), text("bytes"));
  }
  return out + Printable(line);
}

}  // namespace

std::string StateOf(const pipeline::RunSummary& run) {
  if (!run.ended_at.empty()) return "ended";
  return pipeline::IsAlive(run) ? "running" : "killed";
}

std::string OutcomeOf(const pipeline::RunSummary& run) {
  const std::string state = StateOf(run);
  if (state != "ended") return state;
  switch (run.exit_code) {
    case pipeline::kExitDone:
      return "done";
    case pipeline::kExitHeld:
      return "held";
    case pipeline::kExitBusy:
      return "busy";
    case pipeline::kExitCancelled:
      return "stopped";
    case pipeline::kExitConfig:
      return "refused";
    default:
      break;
  }
  return "failed";
}

Result<int> Runs(World& world, const Arguments& arguments) {
  SLUICE_ASSIGN(const std::string folder, StateFolder(arguments, world));
  std::vector<pipeline::RunSummary> runs;
  const auto store = OpenRuns(folder);
  if (store.ok()) {
    const int limit = arguments.limit > 0 ? static_cast<int>(arguments.limit) : kRunsShown;
    SLUICE_ASSIGN(runs, store.value()->List(limit));
  } else if (store.status().code() != Code::kNotFound) {
    return store.status();
  }
  if (arguments.json) {
    JsonWriter json(world.out);
    json.BeginObject();
    json.Field("version", int64_t{1});
    json.Name("runs");
    json.BeginArray();
    for (const pipeline::RunSummary& run : runs) WriteRun(json, run);
    json.EndArray();
    json.EndObject();
    json.Finish();
    return pipeline::kExitDone;
  }
  if (runs.empty()) {
    world.out << "there is no run yet\nnext:  sluice run\n";
    return pipeline::kExitDone;
  }
  Table table({{"run"}, {"outcome"}, {"started (UTC)"}, {"ended"}, {"command"}, {"commit"}});
  for (const pipeline::RunSummary& run : runs) {
    const std::string outcome = OutcomeOf(run);
    table.Row({run.run_id, outcome, run.started_at.substr(0, 19),
               run.ended_at.size() >= 19 ? run.ended_at.substr(11, 8) : "", run.command,
               run.git_commit.substr(0, 10)},
              outcome == "failed" || outcome == "killed" ? Look::kBad : Look::kPlain);
  }
  table.Print(world.out, world.terminal);
  return pipeline::kExitDone;
}

Result<int> Logs(World& world, const Arguments& arguments) {
  SLUICE_ASSIGN(const std::string folder, StateFolder(arguments, world));
  SLUICE_ASSIGN(const auto store, OpenRuns(folder));
  SLUICE_ASSIGN(const pipeline::RunSummary run,
                store->Find(arguments.subject.empty() ? "latest" : arguments.subject));
  const std::string path = pipeline::LogPath(folder, run.run_id);
  const auto text = env::ReadFile(path, kMostLogBytes);
  if (!text.ok()) {
    return text.status().WithContext(fmt::format("the log of run {}", run.run_id));
  }
  if (arguments.json) {
    world.out << *text;
    return pipeline::kExitDone;
  }
  for (const std::string& line : Split(*text, '\n')) {
    if (line.empty()) continue;
    const std::string shown = LineForPeople(world.terminal, line);
    if (!shown.empty()) world.out << shown << "\n";
  }
  world.out << fmt::format("run {}: {}\n", run.run_id, OutcomeOf(run));
  return pipeline::kExitDone;
}

}  // namespace sluice::cli
