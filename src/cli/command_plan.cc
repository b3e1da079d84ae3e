#include <algorithm>
#include <map>
#include <optional>
#include <ostream>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/json_writer.h"
#include "cli/restore_request.h"
#include "cli/table.h"
#include "pipeline/plan.h"
#include "pipeline/run.h"

namespace sluice::cli {
namespace {

// What waits for one table over all steps.
struct TableWait {
  int64_t files = 0;
  uint64_t bytes = 0;
  std::set<std::pair<std::string, int64_t>> groups;
  std::string merge;
};

std::map<std::string, TableWait> ByTable(const ingest::IngestPlan& plan) {
  std::map<std::string, TableWait> tables;
  for (const ingest::Step& step : plan.steps) {
    for (const ingest::TableLoad& load : step.loads) {
      TableWait& wait = tables[load.target.name];
      wait.merge = std::string(ingest::MergeName(load.target.merge));
      for (const ingest::LoadFile& file : load.files) {
        ++wait.files;
        wait.bytes += file.stored.size;
        if (!file.pod.empty()) wait.groups.insert({file.pod, file.group});
      }
    }
  }
  return tables;
}

// "POD1 8-13, POD2 97": the groups of each pod from the first to the last.
std::string GroupsText(const std::set<std::pair<std::string, int64_t>>& groups) {
  std::vector<std::string> parts;
  for (auto at = groups.begin(); at != groups.end();) {
    const auto first = at;
    auto last = at;
    for (; at != groups.end() && at->first == first->first; ++at) last = at;
    parts.push_back(first->second == last->second
                        ? fmt::format("{} {}", first->first, first->second)
                        : fmt::format("{} {}-{}", first->first, first->second, last->second));
  }
  return Join(parts, ", ");
}

void WriteStrings(JsonWriter& json, std::string_view name, const std::vector<std::string>& texts) {
  json.Name(name);
  json.BeginArray();
  for (const std::string& text : texts) json.Text(text);
  json.EndArray();
}

void WriteIngest(JsonWriter& json, const ingest::IngestPlan& plan) {
  json.BeginObject();
  json.Field("name", plan.ingest);
  json.Field("files", static_cast<int64_t>(plan.files()));
  json.Field("groups", static_cast<int64_t>(plan.groups()));
  json.Field("bytes", static_cast<int64_t>(plan.bytes()));
  json.Name("steps");
  json.BeginArray();
  for (const ingest::Step& step : plan.steps) {
    json.BeginObject();
    json.Field("label", step.label);
    json.Name("loads");
    json.BeginArray();
    for (const ingest::TableLoad& load : step.loads) {
      json.BeginObject();
      json.Field("table", load.target.name);
      json.Field("mode", ingest::MergeName(load.target.merge));
      json.Name("files");
      json.BeginArray();
      for (const ingest::LoadFile& file : load.files) {
        json.BeginObject();
        json.Field("connection", file.connection);
        json.Field("path", file.stored.path);
        json.Field("bytes", static_cast<int64_t>(file.stored.size));
        json.FieldOrNull("pod", file.pod);
        json.Field("group", file.group);
        json.Field("log_id", file.log_id);
        json.EndObject();
      }
      json.EndArray();
      json.EndObject();
    }
    json.EndArray();
    json.EndObject();
  }
  json.EndArray();
  json.Name("waiting");
  json.BeginArray();
  for (const auto& waiting : plan.waiting) {
    json.BeginObject();
    json.Field("table", waiting.table);
    json.FieldOrNull("pod", waiting.pod);
    json.Field("hold", waiting.hold_id);
    json.Field("groups", waiting.groups);
    json.EndObject();
  }
  json.EndArray();
  json.Name("rebuilds");
  json.BeginArray();
  for (const ingest::Rebuild& rebuild : plan.rebuilds) {
    json.BeginObject();
    json.Field("table", rebuild.target.name);
    json.FieldOrNull("pod", rebuild.pod);
    json.Field("files", static_cast<int64_t>(rebuild.files()));
    json.Field("bytes", static_cast<int64_t>(rebuild.bytes()));
    json.Field("because", rebuild.reason);
    const bool restores = rebuild.partial && !rebuild.loads.empty();
    json.FieldOrNull("month", restores ? rebuild.loads.front().restore->month.Text() : "");
    json.EndObject();
  }
  json.EndArray();
  json.Name("late");
  json.BeginArray();
  for (const ingest::LateFile& late : plan.late) {
    json.BeginObject();
    json.Field("table", late.table);
    json.FieldOrNull("pod", late.pod);
    json.Field("group", late.group);
    json.Field("path", late.file.path);
    json.Field("changed", late.changed);
    json.FieldOrNull("why", late.why);
    json.EndObject();
  }
  json.EndArray();
  json.Name("without_key");
  json.BeginArray();
  for (const auto& [table, files] : plan.unknown_tables) {
    json.BeginObject();
    json.Field("table", table);
    json.Field("files", files);
    json.EndObject();
  }
  json.EndArray();
  WriteStrings(json, "unsettled", plan.unsettled);
  WriteStrings(json, "notes", plan.notes);
  WriteStrings(json, "problems", plan.problems);
  json.EndObject();
}

void WriteJson(std::ostream& out, const pipeline::ProjectPlan& plan) {
  JsonWriter json(out);
  json.BeginObject();
  json.Field("version", int64_t{1});
  json.Name("ingests");
  json.BeginArray();
  for (const ingest::IngestPlan& ingest : plan.ingests) WriteIngest(json, ingest);
  json.EndArray();
  WriteStrings(json, "models", plan.models);
  json.Name("syncs");
  json.BeginArray();
  for (const pipeline::PlannedSync& sync : plan.syncs) {
    json.BeginObject();
    json.Field("name", sync.name);
    json.FieldOrNull("text", sync.text);
    json.FieldOrNull("problem", sync.problem);
    json.FieldOrNull("waits_for_hold", sync.hold_id);
    json.Name("plan");
    if (sync.json.empty()) {
      json.Null();
    } else {
      json.Raw(sync.json);
    }
    json.EndObject();
  }
  json.EndArray();
  json.Name("holds");
  json.BeginArray();
  for (const pipeline::PlannedHold& planned : plan.holds) {
    json.BeginObject();
    json.Field("id", planned.hold.id);
    json.Field("kind", planned.hold.kind);
    json.Field("what", pipeline::HeldName(planned.hold));
    json.Field("message", planned.hold.message);
    json.Field("groups_behind", planned.groups_behind);
    WriteStrings(json, "waiting", planned.waiting);
    json.EndObject();
  }
  json.EndArray();
  WriteStrings(json, "problems", plan.problems);
  json.EndObject();
  json.Finish();
}

// A sync of a model that the run builds first cannot be planned yet, and nothing is wrong with it.
bool WaitsForModel(const ReadContext& context, const pipeline::ProjectPlan& plan,
                   const pipeline::PlannedSync& planned) {
  const config::Sync* sync = context.runtime.project().FindSync(planned.name);
  return context.session == nullptr ||
         (sync != nullptr &&
          std::find(plan.models.begin(), plan.models.end(), sync->model) != plan.models.end());
}

class TextPlan {
 public:
  explicit TextPlan(const ReadContext& context)
      : context_(context), out_(context.world.out), terminal_(context.world.terminal) {}

  void Print(const pipeline::ProjectPlan& plan) {
    for (const ingest::IngestPlan& ingest : plan.ingests) PrintIngest(ingest, plan.holds);
    PrintHolds(plan.holds);
    if (!plan.models.empty()) {
      Title("models");
      out_ << "  to be built: " << Join(plan.models, ", ") << "\n";
    }
    for (const pipeline::PlannedSync& sync : plan.syncs) {
      Title("sync " + sync.name);
      for (const std::string& line : Split(sync.text, '\n')) {
        if (!line.empty()) out_ << "  " << Printable(line) << "\n";
      }
      if (sync.problem.empty()) continue;
      if (WaitsForModel(context_, plan, sync)) {
        out_ << "  its model is built first; then `sluice plan` tells what it sends\n";
      } else {
        Bad("cannot be planned: " + sync.problem);
      }
    }
    for (const std::string& problem : plan.problems) Bad(problem);
    const bool silent = plan.ingests.empty() && plan.holds.empty() && plan.models.empty() &&
                        plan.syncs.empty() && plan.problems.empty();
    if (silent) {
      out_ << (context_.arguments.names.empty()
                   ? std::string("nothing to do")
                   : fmt::format("nothing to do for {}", Join(context_.arguments.names, ", ")))
           << "\n";
    }
  }

 private:
  void Title(const std::string& text) { out_ << Styled(terminal_, Look::kBold, text) << "\n"; }
  void Warn(const std::string& text) {
    out_ << "  " << Styled(terminal_, Look::kWarning, Printable(text)) << "\n";
  }
  void Bad(const std::string& text) {
    out_ << "  " << Styled(terminal_, Look::kBad, "problem:") << " " << Printable(text) << "\n";
  }

  // "held: zenoti.bi_dimuser POD1/7 (hold 8f5058c2: too few rows …); 2 later groups, active_guests
  // and guests_to_iterable wait for it"
  void PrintHolds(const std::vector<pipeline::PlannedHold>& holds) {
    bool any = false;
    for (const pipeline::PlannedHold& planned : holds) {
      if (planned.hold.kind == "late") continue;  // named with its files
      if (!any) Title("held");
      any = true;
      std::vector<std::string> waiting = planned.waiting;
      if (planned.groups_behind > 0) {
        waiting.insert(waiting.begin(),
                       planned.hold.pod.empty()
                           ? "later files"
                           : Counted(static_cast<uint64_t>(planned.groups_behind), "later group"));
      }
      std::string text = fmt::format("{} (hold {}: {})", pipeline::HeldName(planned.hold),
                                     planned.hold.id, planned.hold.message);
      if (!waiting.empty()) {
        const bool many =
            waiting.size() > 1 || planned.groups_behind > 1 || waiting[0] == "later files";
        const std::string last = waiting.back();
        waiting.pop_back();
        text += fmt::format("; {}{}{} wait{} for it", Join(waiting, ", "),
                            waiting.empty() ? "" : " and ", last, many ? "" : "s");
      }
      Warn(text);
    }
    if (any) out_ << "  next: sluice gate list\n";
  }

  static std::string HoldOfLate(const ingest::LateFile& late,
                                const std::vector<pipeline::PlannedHold>& holds) {
    for (const pipeline::PlannedHold& planned : holds) {
      const quality::HoldRecord& hold = planned.hold;
      if (hold.kind == "late" && hold.table == late.table && hold.connection == late.connection &&
          std::find(hold.files.begin(), hold.files.end(), late.file.path) != hold.files.end()) {
        return hold.id;
      }
    }
    return {};
  }

  void PrintIngest(const ingest::IngestPlan& plan,
                   const std::vector<pipeline::PlannedHold>& holds) {
    Title("ingest " + plan.ingest);
    if (plan.steps.empty()) {
      if (plan.rebuilds.empty()) out_ << "  nothing waits\n";
    } else {
      const std::string groups = plan.groups() == 0 || ByTable(plan).begin()->second.groups.empty()
                                     ? ""
                                     : fmt::format(" in {}", Counted(plan.groups(), "group"));
      out_ << fmt::format("  {} wait{}{}, {}\n", Counted(plan.files(), "file"),
                          plan.files() == 1 ? "s" : "", groups, HumanBytes(plan.bytes()));
      PrintTables(plan);
    }
    for (const ingest::Rebuild& rebuild : plan.rebuilds) {
      out_ << fmt::format("  {}: {}, {}{}{}\n", Printable(rebuild.label),
                          Counted(rebuild.files(), "file"), HumanBytes(rebuild.bytes()),
                          rebuild.partial ? ": " : ", because ", Printable(rebuild.reason));
    }
    for (const ingest::LateFile& late : plan.late) {
      const std::string hold = HoldOfLate(late, holds);
      Warn(fmt::format("{}: {} ({}){}",
                       late.changed ? "changed after it was loaded" : "came too late",
                       late.file.path, hold.empty() ? "the run holds it" : "hold " + hold,
                       late.why.empty() ? "" : "; " + late.why));
    }
    for (const std::string& group : plan.unsettled) {
      out_ << "  not whole yet: " << Printable(group) << "\n";
    }
    PrintWithoutKey(plan);
    for (const std::string& note : plan.notes) Warn("note: " + note);
    for (const std::string& problem : plan.problems) Bad(problem);
  }

  void PrintTables(const ingest::IngestPlan& plan) {
    Table table(
        {{"table"}, {"files", Align::kRight}, {"bytes", Align::kRight}, {"groups"}, {"mode"}});
    for (const auto& [name, wait] : ByTable(plan)) {
      table.Row(
          {name, Number(wait.files), HumanBytes(wait.bytes), GroupsText(wait.groups), wait.merge});
    }
    table.Print(out_, terminal_, 2);
  }

  void PrintWithoutKey(const ingest::IngestPlan& plan) {
    if (plan.unknown_tables.empty()) return;
    std::vector<std::string> tables;
    for (const auto& [name, files] : plan.unknown_tables) {
      tables.push_back(fmt::format("{} ({})", name, Counted(static_cast<uint64_t>(files), "file")));
    }
    Warn(fmt::format("not loaded, for the project names no key: {}", Join(tables, ", ")));
    out_ << "  next: sluice discover --write\n";
  }

  const ReadContext& context_;
  std::ostream& out_;
  const Terminal& terminal_;
};

}  // namespace

Result<int> Plan(const ReadContext& context) {
  report::SilentReporter silent;
  std::vector<std::string> selectors = context.arguments.names;
  std::optional<ingest::RestoreRequest> restore;
  if (!context.arguments.restore.empty()) {
    SLUICE_ASSIGN(NamedRestore named, ReadRestore(context.runtime.project(), context.arguments));
    selectors = {named.selector};
    restore = std::move(named.request);
  }
  SLUICE_ASSIGN(const pipeline::ProjectPlan plan,
                pipeline::PlanProject(context.runtime, context.session, selectors, silent,
                                      context.world.cancel, restore ? &*restore : nullptr));
  if (context.arguments.json) {
    WriteJson(context.world.out, plan);
  } else if (!context.arguments.quiet) {
    TextPlan(context).Print(plan);
  }
  bool bad = !plan.problems.empty();
  bool misconfigured = plan.misconfigured;
  for (const ingest::IngestPlan& ingest : plan.ingests) bad = bad || !ingest.problems.empty();
  for (const pipeline::PlannedSync& sync : plan.syncs) {
    const bool counts = !sync.problem.empty() && !WaitsForModel(context, plan, sync);
    bad = bad || counts;
    misconfigured = misconfigured || (counts && sync.misconfigured);
  }
  if (misconfigured) return pipeline::kExitConfig;
  return bad ? pipeline::kExitFailed : pipeline::kExitDone;
}

}  // namespace sluice::cli
