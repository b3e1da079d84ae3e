#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/run_list.h"
#include "cli/status_output.h"
#include "cli/table.h"
#include "ingest/unmatched_files.h"

namespace sluice::cli {
namespace {

std::string Minute(const std::string& time) {
  return time.substr(0, 19);
}
uint64_t Unsigned(int64_t n) {
  return static_cast<uint64_t>(n);
}

class TextStatus {
 public:
  TextStatus(std::ostream& out, const Terminal& terminal) : out_(out), terminal_(terminal) {}

  void Print(const StatusData& data) {
    out_ << fmt::format("{} {}, {}{}\n", Bold("project " + data.project), "(" + data.env + ")",
                        Printable(data.warehouse),
                        data.warehouse_exists ? ": " + HumanBytes(Unsigned(data.warehouse_bytes))
                                              : ": nothing is loaded yet");
    for (const pipeline::RunSummary& run : data.running) {
      out_ << Styled(terminal_, Look::kWarning, "running") << ": " << run.run_id << ", "
           << Printable(run.command) << ", since " << Minute(run.started_at) << ", process "
           << run.process << "\n";
    }
    if (data.last_run) {
      const std::string outcome = OutcomeOf(*data.last_run);
      const bool bad = outcome == "failed" || outcome == "killed";
      out_ << fmt::format("last run: {}, {}, {}, {}\n", data.last_run->run_id,
                          Printable(data.last_run->command), Minute(data.last_run->started_at),
                          Styled(terminal_, bad ? Look::kBad : Look::kPlain, outcome));
    }
    PrintAttention(data);
    for (const IngestStatus& ingest : data.ingests) PrintIngest(ingest);
    PrintModels(data);
    PrintSyncs(data);
  }

 private:
  std::string Bold(const std::string& text) const { return Styled(terminal_, Look::kBold, text); }
  std::string Warning(const std::string& text) const {
    return Styled(terminal_, Look::kWarning, text);
  }

  void PrintIngest(const IngestStatus& ingest) {
    out_ << "\n" << Bold("ingest " + ingest.name) << "\n";
    const bool grouped = ingest.layout == "zenoti";
    if (ingest.tables.size() > kMostTables && grouped) {
      PrintPods(ingest);
      PrintWaiting(ingest);
      return;
    }
    Table table({{"table"},
                 {"rows", Align::kRight},
                 {"connection"},
                 {"pod"},
                 {"last group", Align::kRight},
                 {"log id", Align::kRight},
                 {"last load (UTC)"},
                 {"rows read then", Align::kRight}});
    bool several = false;
    std::string named;  // the rows of a table stand in its first line
    for (const TableStatus& row : ingest.tables) {
      several = several || row.connection != ingest.tables.front().connection;
    }
    for (const TableStatus& row : ingest.tables) {
      const bool again = row.table == named;
      named = row.table;
      table.Row({row.table, again || row.table_rows < 0 ? "" : Number(row.table_rows),
                 several ? row.connection : "", row.pod, grouped ? std::to_string(row.group) : "",
                 grouped ? std::to_string(row.log_id) : "", Minute(row.loaded_at),
                 row.rows < 0 ? "" : Number(row.rows)});
    }
    if (!table.empty()) table.Print(out_, terminal_, 2);
    PrintNeverLoaded(ingest);
    PrintWaiting(ingest);
  }

  void PrintNeverLoaded(const IngestStatus& ingest) {
    if (ingest.never_loaded.empty()) return;
    out_ << "  never loaded: " << Printable(Join(ingest.never_loaded, ", ")) << "\n";
  }

  // One line for each pod, and the tables of which its newest group brought nothing or that are held.
  void PrintPods(const IngestStatus& ingest) {
    struct Pod {
      int64_t group = 0;
      std::string loaded_at;
      std::vector<const TableStatus*> tables;
    };
    std::map<std::string, Pod> pods;
    for (const TableStatus& row : ingest.tables) {
      Pod& pod = pods[row.pod];
      pod.group = std::max(pod.group, row.group);
      pod.loaded_at = std::max(pod.loaded_at, row.loaded_at);
      pod.tables.push_back(&row);
    }
    Table table({{"pod"},
                 {"tables", Align::kRight},
                 {"last group", Align::kRight},
                 {"last load (UTC)"},
                 {"tables that are further back"}});
    for (const auto& [name, pod] : pods) {
      std::vector<std::string> behind;
      for (const TableStatus* row : pod.tables) {
        if (row->group < pod.group)
          behind.push_back(fmt::format("{} ({})", row->table, row->group));
      }
      table.Row({name, Number(static_cast<int64_t>(pod.tables.size())), std::to_string(pod.group),
                 Minute(pod.loaded_at), Join(behind, ", ")});
    }
    table.Print(out_, terminal_, 2);
    out_ << "  rows of each table: sluice tables\n";
    PrintNeverLoaded(ingest);
  }

  void PrintWaiting(const IngestStatus& ingest) {
    const WaitingStatus& waiting = ingest.waiting;
    if (!waiting.known) {
      if (!waiting.why_not.empty()) {
        out_ << "  what waits is not known: " << Printable(waiting.why_not) << "\n";
      }
      return;
    }
    for (const std::string& rebuild : waiting.rebuilds) out_ << "  " << Printable(rebuild) << "\n";
    for (const WaitingStatus::Held& held : waiting.held) {
      const std::string groups =
          held.groups > 0 ? ", " + Counted(Unsigned(held.groups), "group") : "";
      out_ << "  "
           << Warning(fmt::format("waits for a decision: {}{}{} (hold {})", held.table,
                                  held.pod.empty() ? "" : " " + held.pod, groups, held.hold_id))
           << "\n";
    }
    if (waiting.unfit > 0) {
      out_ << "  "
           << Warning(Counted(Unsigned(waiting.unfit), "file") +
                      " that cannot be loaded as it is: sluice plan")
           << "\n";
    }
    for (const std::string& group : waiting.unsettled) {
      out_ << "  not whole yet: " << Printable(group) << "\n";
    }
    if (waiting.files == 0) {
      const bool nothing = waiting.rebuilds.empty() && waiting.held.empty() &&
                           waiting.unsettled.empty() && waiting.unfit == 0 &&
                           waiting.late_files == 0;
      if (nothing) out_ << "  nothing waits\n";
    } else {
      const std::string groups =
          ingest.layout == "zenoti" ? " in " + Counted(Unsigned(waiting.groups), "group") : "";
      out_ << fmt::format("  waits: {}{}, {}\n", Counted(Unsigned(waiting.files), "file"), groups,
                          HumanBytes(Unsigned(waiting.bytes)));
    }
    if (waiting.late_files > 0) {
      out_ << "  "
           << Warning(
                  fmt::format("late or changed: {}", Counted(Unsigned(waiting.late_files), "file")))
           << "\n";
    }
    if (!waiting.without_key.empty()) {
      out_ << "  "
           << Warning(Counted(waiting.without_key.size(), "table") +
                      " without a confirmed key: sluice discover")
           << "\n";
    }
    for (const ingest::UnmatchedFiles& unmatched : waiting.unmatched) {
      out_ << "  " << Warning(Printable(ingest::Told(ingest.name, unmatched))) << "\n";
    }
    for (const std::string& problem : waiting.problems) {
      out_ << "  " << Styled(terminal_, Look::kBad, "problem:") << " " << Printable(problem)
           << "\n";
    }
  }

  // What waits for somebody stands first.
  void PrintAttention(const StatusData& data) {
    if (!data.holds.empty()) {
      out_ << "\n" << Bold("held") << "\n";
      Table table({{"id"}, {"what"}, {"group"}, {"since (UTC)"}, {"why"}});
      for (const quality::HoldRecord& hold : data.holds) {
        table.Row({hold.id, hold.kind == "model" ? hold.owner : hold.owner + "." + hold.table,
                   hold.pod.empty() ? "" : fmt::format("{}/{}", hold.pod, hold.group),
                   Minute(hold.created_at), hold.message});
      }
      table.Print(out_, terminal_, 2);
      out_ << "  next: sluice gate list\n";
    }
    for (const SyncStatus& sync : data.syncs) {
      const auto rejected = sync.states.find("rejected");
      if (rejected == sync.states.end()) continue;
      out_ << "\n"
           << Warning(fmt::format("sync {}: {} rejected", sync.name,
                                  Counted(Unsigned(rejected->second), "row")))
           << fmt::format("; next: sluice sync rows {} --state rejected\n", sync.name);
    }
    if (data.quarantined > 0) {
      out_ << "\n"
           << fmt::format("{} in quarantine: sluice quarantine list\n",
                          Counted(Unsigned(data.quarantined), "row"));
    }
  }

  void PrintModels(const StatusData& data) {
    if (data.models.empty()) return;
    out_ << "\n" << Bold("models") << "\n";
    Table table({{"model"}, {"kind"}, {"rows", Align::kRight}, {"built (UTC)"}});
    for (const ModelStatus& model : data.models) {
      table.Row({model.name, model.kind.empty() ? "never built" : model.kind,
                 model.rows < 0 ? "" : Number(model.rows), Minute(model.built_at)});
    }
    table.Print(out_, terminal_, 2);
  }

  void PrintSyncs(const StatusData& data) {
    if (data.syncs.empty()) return;
    out_ << "\n" << Bold("syncs") << "\n";
    Table table({{"sync"},
                 {"last run (UTC)"},
                 {"outcome"},
                 {"planned", Align::kRight},
                 {"acknowledged", Align::kRight},
                 {"rejected", Align::kRight},
                 {"deferred", Align::kRight},
                 {"waiting", Align::kRight},
                 {"unknown", Align::kRight},
                 {"left out", Align::kRight}});
    for (const SyncStatus& sync : data.syncs) {
      const auto some = [](int64_t n) { return n > 0 ? Number(n) : std::string(); };
      table.Row({sync.name, Minute(sync.started_at),
                 !sync.ever_run           ? "never run"
                 : IsUnderWay(data, sync) ? "under way"
                 : sync.delivery_open     ? "interrupted"
                                          : sync.outcome,
                 sync.ever_run ? Number(sync.planned) : "",
                 sync.ever_run ? Number(sync.acknowledged) : "", some(sync.rejected),
                 some(sync.deferred), some(sync.waiting), some(sync.unknown), some(sync.left_out)},
                sync.states.count("rejected") > 0 ? Look::kWarning : Look::kPlain);
    }
    table.Print(out_, terminal_, 2);
    for (const SyncStatus& sync : data.syncs) {
      PrintDelivery(data, sync);
      const auto left = sync.states.find("left");
      const auto there = sync.states.find("delivered");
      if (left != sync.states.end() && left->second > 0) {
        out_ << fmt::format(
            "  {}: {} of {} left the model\n", sync.name, Number(left->second),
            Counted(Unsigned(left->second + (there == sync.states.end() ? 0 : there->second)),
                    "delivered row"));
      }
      if (!sync.message.empty())
        out_ << "  " << sync.name << ": " << Printable(sync.message) << "\n";
      PrintDelivered(sync);
    }
  }

  // What is known of it beside what was folded.
  void PrintDelivery(const StatusData& data, const SyncStatus& sync) {
    if (!sync.delivery_problem.empty()) {
      out_ << "  " << sync.name << ": " << Styled(terminal_, Look::kBad, "problem:") << " "
           << Printable(sync.delivery_problem) << "\n"
           << "  next: sluice plan " << sync.name << "\n";
    }
    if (!sync.delivery) return;
    const sync::UnfoldedDelivery& delivery = *sync.delivery;
    std::string text = fmt::format("{} of {} acknowledged, {} rejected, {} without an answer",
                                   Thousands(delivery.acknowledged), Counted(delivery.rows, "row"),
                                   Thousands(delivery.rejected), Thousands(delivery.in_flight));
    if (IsUnderWay(data, sync)) {
      out_ << fmt::format("  {}: a delivery is under way: {}\n", sync.name, text);
    } else {
      out_ << fmt::format("  {}: {}: {}; the next run takes it in\n", sync.name,
                          Warning("a delivery was interrupted"), text);
    }
  }

  // What the destination holds after all runs, and what is left over of them.
  void PrintDelivered(const SyncStatus& sync) {
    if (!sync.ever_run) return;
    const auto now = [&](const std::string& state) {
      const auto found = sync.states.find(state);
      return found == sync.states.end() ? int64_t{0} : found->second;
    };
    out_ << fmt::format("  {} in all: {} delivered", sync.name, Number(sync.at_destination));
    for (const std::string state : {"rejected", "deferred", "unknown", "left"}) {
      if (now(state) > 0) out_ << fmt::format(", {} {}", Number(now(state)), state);
    }
    out_ << "\n";
  }

  static constexpr size_t kMostTables = 20;  // of a drop that are shown one by one
  std::ostream& out_;
  const Terminal& terminal_;
};

}  // namespace

void PrintStatus(std::ostream& out, const Terminal& terminal, const StatusData& data) {
  TextStatus(out, terminal).Print(data);
}

}  // namespace sluice::cli
