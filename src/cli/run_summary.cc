#include "cli/run_summary.h"

#include <algorithm>
#include <map>
#include <ostream>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/json_writer.h"
#include "cli/table.h"

namespace sluice::cli {
namespace {

using pipeline::RunReport;

std::string NumberOrNothing(int64_t n) {
  return n == 0 ? "" : Number(n);
}

Look LookOf(const std::string& outcome) {
  if (outcome == "failed") return Look::kBad;
  if (outcome == "held" || outcome == "waiting" || outcome == "busy" || outcome == "stopped") {
    return Look::kWarning;
  }
  return Look::kPlain;
}

// The loads of one table in this run, as one line.
struct TableSum {
  std::string outcome = "done";
  int64_t loads = 0;
  ingest::FileCounts counts;
};

// The outcome that deserves a look wins.
void Worsen(std::string& outcome, const std::string& other) {
  static const std::vector<std::string> kOrder = {"done", "waiting", "held", "failed"};
  const auto rank = [&](const std::string& word) {
    return std::find(kOrder.begin(), kOrder.end(), word) - kOrder.begin();
  };
  if (rank(other) > rank(outcome)) outcome = other;
}

void PrintIngests(std::ostream& out, const Terminal& terminal, const RunReport& report) {
  Table table({{"table"},
               {"outcome"},
               {"loads", Align::kRight},
               {"read", Align::kRight},
               {"inserted", Align::kRight},
               {"updated", Align::kRight},
               {"unchanged", Align::kRight},
               {"deleted", Align::kRight},
               {"not there", Align::kRight},
               {"superseded", Align::kRight},
               {"skipped", Align::kRight},
               {"quarantined", Align::kRight}});
  for (const pipeline::IngestReport& ingest : report.ingests) {
    std::map<std::string, TableSum> sums;
    for (const ingest::LoadOutcome& load : ingest.result.loads) {
      TableSum& sum = sums[load.table];
      ++sum.loads;
      // What was not published has no rows to count.
      if (load.outcome == "done") sum.counts += load.counts;
      Worsen(sum.outcome, load.outcome);
    }
    for (const auto& [name, sum] : sums) {
      const ingest::FileCounts& c = sum.counts;
      table.Row({name, sum.outcome, Number(sum.loads), Number(c.read), NumberOrNothing(c.inserted),
                 NumberOrNothing(c.updated), NumberOrNothing(c.unchanged),
                 NumberOrNothing(c.delete_matched), NumberOrNothing(c.delete_unmatched),
                 NumberOrNothing(c.superseded), NumberOrNothing(c.skipped),
                 NumberOrNothing(c.quarantined)},
                LookOf(sum.outcome));
    }
  }
  if (table.empty()) return;
  out << "\n";
  table.Print(out, terminal);
}

void PrintModels(std::ostream& out, const Terminal& terminal, const RunReport& report) {
  Table table({{"model"}, {"outcome"}, {"rows", Align::kRight}, {"why"}});
  for (const pipeline::ModelReport& model : report.models) {
    table.Row({model.name, model.outcome, model.rows < 0 ? "" : Number(model.rows), model.message},
              LookOf(model.outcome));
  }
  if (table.empty()) return;
  out << "\n";
  table.Print(out, terminal);
}

void PrintSyncs(std::ostream& out, const Terminal& terminal, const RunReport& report) {
  Table table({{"sync"},
               {"outcome"},
               {"planned", Align::kRight},
               {"acknowledged", Align::kRight},
               {"rejected", Align::kRight},
               {"deferred", Align::kRight},
               {"waiting", Align::kRight},
               {"unknown", Align::kRight},
               {"left out", Align::kRight},
               {"unchanged", Align::kRight},
               {"requests", Align::kRight},
               {"why"}});
  for (const pipeline::SyncReport& sync : report.syncs) {
    const bool told = sync.outcome == "done" || sync.outcome == "unchanged";
    table.Row({sync.name, sync.outcome, Number(sync.planned), NumberOrNothing(sync.acknowledged),
               NumberOrNothing(sync.rejected), NumberOrNothing(sync.deferred),
               NumberOrNothing(sync.waiting), NumberOrNothing(sync.unknown),
               NumberOrNothing(sync.left_out), NumberOrNothing(sync.unchanged),
               NumberOrNothing(sync.requests), told ? "" : sync.message},
              LookOf(sync.outcome));
  }
  if (table.empty()) return;
  out << "\n";
  table.Print(out, terminal);
}

// What somebody should look at, and how.
std::vector<std::string> NextSteps(const RunReport& report, const pipeline::Runtime& runtime,
                                   bool dry_run) {
  std::vector<std::string> next;
  int64_t quarantined = 0;
  bool held = false;
  bool late = false;
  for (const pipeline::IngestReport& ingest : report.ingests) {
    for (const ingest::LoadOutcome& load : ingest.result.loads)
      quarantined += load.counts.quarantined;
    held = held || !ingest.result.hold_ids.empty();
    late = late || ingest.result.late_files > 0;
  }
  for (const pipeline::ModelReport& model : report.models) held = held || !model.hold_id.empty();
  if (held || late) next.emplace_back("sluice gate list         what is held, and why");
  if (quarantined > 0) {
    next.push_back(fmt::format("sluice quarantine list   {} that could not be used",
                               Counted(static_cast<uint64_t>(quarantined), "row")));
  }
  for (const pipeline::SyncReport& sync : report.syncs) {
    if (sync.rejected > 0) {
      next.push_back(fmt::format("sluice sync rows {} --state rejected", sync.name));
    }
    if (sync.left_out > 0) {
      next.push_back(fmt::format("sluice sync rows {} --state left_out", sync.name));
    }
  }
  if (dry_run && !report.syncs.empty()) {
    next.push_back(
        fmt::format("ls {}   the requests that were not sent", runtime.StatePath("dry-run")));
  }
  if (report.exit_code == pipeline::kExitFailed) {
    next.push_back(fmt::format("sluice logs {}", report.run_id));
  }
  if (report.exit_code == pipeline::kExitBusy) {
    next.emplace_back("sluice run --wait 10m    wait for the other run");
  }
  if (report.exit_code == pipeline::kExitCancelled) {
    next.emplace_back("sluice run               goes on where this one stopped");
  }
  return next;
}

std::string Verdict(const Terminal& terminal, int exit_code) {
  switch (exit_code) {
    case pipeline::kExitDone:
      return Styled(terminal, Look::kGood, "done");
    case pipeline::kExitHeld:
      return Styled(terminal, Look::kWarning, "something is held");
    case pipeline::kExitBusy:
      return Styled(terminal, Look::kWarning, "another run is at it");
    case pipeline::kExitCancelled:
      return Styled(terminal, Look::kWarning, "stopped");
    default:
      break;
  }
  return Styled(terminal, Look::kBad, "something failed");
}

}  // namespace

void PrintRunSummary(std::ostream& out, const Terminal& terminal, const RunReport& report,
                     const pipeline::Runtime& runtime, bool dry_run) {
  PrintIngests(out, terminal, report);
  PrintModels(out, terminal, report);
  PrintSyncs(out, terminal, report);
  out << fmt::format("\nrun {}: {}, {}\n", report.run_id, Verdict(terminal, report.exit_code),
                     HumanSeconds(report.seconds));
  for (const std::string& line : NextSteps(report, runtime, dry_run))
    out << "next:  " << line << "\n";
}

void WriteRunEnded(std::ostream& out, const RunReport& report, env::Micros at) {
  JsonWriter json(out);
  json.BeginObject();
  json.Field("version", int64_t{1});
  json.Field("event", "run_ended");
  json.Field("at", env::FormatIso(at));
  json.Name("report");
  json.Raw(pipeline::ToJson(report));
  json.EndObject();
  json.Finish();
}

}  // namespace sluice::cli
