#include <algorithm>
#include <map>
#include <ostream>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/plan_output.h"
#include "cli/table.h"
#include "ingest/unmatched_files.h"

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

class TextPlan {
 public:
  TextPlan(std::ostream& out, const Terminal& terminal, const ShownPlan& shown)
      : shown_(shown), out_(out), terminal_(terminal) {}

  void Print() {
    const pipeline::ProjectPlan& plan = shown_.plan;
    for (const ingest::IngestPlan& ingest : plan.ingests) PrintIngest(ingest, plan.holds);
    PrintHolds(plan.holds);
    PrintModels();
    PrintWarnings();
    for (const pipeline::PlannedSync& sync : plan.syncs) {
      Title("sync " + sync.name);
      for (const std::string& line : Split(sync.text, '\n')) {
        if (!line.empty()) out_ << "  " << Printable(line) << "\n";
      }
      if (sync.problem.empty()) continue;
      if (WaitsForModel(shown_, sync)) {
        out_ << "  its model is built first; `sluice plan --deep` tells what it will send\n";
      } else {
        Bad("cannot be planned: " + sync.problem);
      }
    }
    for (const std::string& problem : plan.problems) Bad(problem);
    const bool silent = plan.ingests.empty() && plan.holds.empty() && plan.models.empty() &&
                        plan.syncs.empty() && plan.problems.empty();
    if (silent) {
      out_ << (shown_.names.empty() ? std::string("nothing to do")
                                    : fmt::format("nothing to do for {}", Join(shown_.names, ", ")))
           << "\n";
    }
    if (shown_.load != nullptr) {
      out_ << fmt::format("loaded and built in a copy, which is gone, in {}; nothing was sent\n",
                          HumanSeconds(shown_.load->seconds));
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
    bool can_decide = false;  // whether somebody can decide now
    for (const pipeline::PlannedHold& planned : holds) {
      if (planned.hold.kind == "late") continue;  // named with its files
      if (!any) Title("held");
      any = true;
      can_decide = can_decide || !planned.would_be;
      std::vector<std::string> waiting = planned.waiting;
      if (planned.groups_behind > 0) {
        waiting.insert(waiting.begin(),
                       planned.hold.pod.empty()
                           ? "later files"
                           : Counted(static_cast<uint64_t>(planned.groups_behind), "later group"));
      }
      std::string text = planned.would_be
                             ? fmt::format("{} would be held: {}", pipeline::HeldName(planned.hold),
                                           planned.hold.message)
                             : fmt::format("{} (hold {}: {})", pipeline::HeldName(planned.hold),
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
    if (can_decide) out_ << "  next: sluice gate list\n";
  }

  static std::string HoldOfLate(const ingest::LateFile& late,
                                const std::vector<pipeline::PlannedHold>& holds) {
    for (const pipeline::PlannedHold& planned : holds) {
      const quality::HoldRecord& hold = planned.hold;
      if (!planned.would_be && hold.kind == "late" && hold.table == late.table &&
          hold.connection == late.connection &&
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
    PrintLoad(plan.ingest);
    PrintWithoutKey(plan);
    for (const std::string& note : plan.notes) Warn("note: " + note);
    for (const ingest::UnmatchedFiles& unmatched : plan.unmatched) {
      Warn("note: " + ingest::Told(plan.ingest, unmatched));
    }
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

  // What loading into the copy came to, table by table.
  void PrintLoad(const std::string& ingest) {
    if (shown_.load == nullptr) return;
    for (const pipeline::IngestReport& report : shown_.load->ingests) {
      if (report.name != ingest || report.result.loads.empty()) continue;
      out_ << "  it would load\n";
      PrintRows(report.result);
    }
  }

  void PrintRows(const ingest::IngestOutcome& outcome) {
    std::map<std::string, std::pair<ingest::FileCounts, std::set<std::string>>> tables;
    for (const ingest::LoadOutcome& load : outcome.loads) {
      auto& [counts, outcomes] = tables[load.table];
      outcomes.insert(load.outcome);
      if (load.outcome == "done") counts += load.counts;
    }
    Table table({{"table"},
                 {"outcome"},
                 {"read", Align::kRight},
                 {"inserted", Align::kRight},
                 {"updated", Align::kRight},
                 {"unchanged", Align::kRight},
                 {"deleted", Align::kRight},
                 {"quarantined", Align::kRight}});
    const auto number = [](int64_t n) { return n == 0 ? std::string() : Number(n); };
    for (const auto& [name, rows] : tables) {
      const auto& [c, outcomes] = rows;
      const std::vector<std::string> words(outcomes.begin(), outcomes.end());
      table.Row({name, Join(words, ", "), number(c.read), number(c.inserted), number(c.updated),
                 number(c.unchanged), number(c.delete_matched), number(c.quarantined)});
    }
    table.Print(out_, terminal_, 2);
  }

  void PrintModels() {
    if (shown_.plan.models.empty()) return;
    Title("models");
    std::vector<std::string> names = shown_.plan.models;
    if (shown_.load != nullptr) {
      for (std::string& name : names) {
        for (const pipeline::ModelReport& model : shown_.load->models) {
          if (model.name != name || model.rows < 0) continue;
          name += fmt::format(" ({})", Counted(static_cast<uint64_t>(model.rows), "row"));
          break;
        }
      }
    }
    out_ << "  to be built: " << Join(names, ", ") << "\n";
  }

  // What the load would warn of; notes of the plan stand with their ingest.
  void PrintWarnings() {
    if (shown_.load == nullptr) return;
    std::set<std::string> told;
    for (const ingest::IngestPlan& plan : shown_.plan.ingests) {
      told.insert(plan.notes.begin(), plan.notes.end());
    }
    for (const std::string& warning : shown_.load->warnings) {
      if (told.insert(warning).second) Warn("would warn: " + warning);
    }
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

  const ShownPlan& shown_;
  std::ostream& out_;
  const Terminal& terminal_;
};

}  // namespace

bool WaitsForModel(const ShownPlan& shown, const pipeline::PlannedSync& planned) {
  if (shown.load != nullptr) return false;  // it was built
  if (!shown.has_warehouse) return true;
  const config::Sync* sync = shown.project.FindSync(planned.name);
  const std::vector<std::string>& models = shown.plan.models;
  return sync != nullptr && std::find(models.begin(), models.end(), sync->model) != models.end();
}

void PrintPlan(std::ostream& out, const Terminal& terminal, const ShownPlan& shown) {
  TextPlan(out, terminal, shown).Print();
}

}  // namespace sluice::cli
