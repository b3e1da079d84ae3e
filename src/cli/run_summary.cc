#include "cli/run_summary.h"

#include <algorithm>
#include <ostream>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/json_writer.h"
#include "cli/table.h"
#include "pipeline/plan_holds.h"

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

// Lines of one kind that are named one by one.
constexpr size_t kMostNamed = 20;

// The first line of why, as far as it fits beside what.
std::string WhyOf(const std::string& message) {
  constexpr size_t kLongest = 120;
  std::string line = message.substr(0, message.find('\n'));
  if (line.size() <= kLongest) return line;
  line.resize(kLongest);
  while (!line.empty() && !IsValidUtf8(line)) line.pop_back();
  return line + "…";
}

// Of one that failed, or left rows behind that go again.
std::string WhyOf(const pipeline::SyncReport& sync) {
  if (!sync.message.empty()) return WhyOf(sync.message);
  std::vector<std::string> parts;
  if (sync.deferred > 0) parts.push_back(Number(sync.deferred) + " deferred: tried, and go again");
  if (sync.unknown > 0) parts.push_back(Number(sync.unknown) + " without an answer");
  if (sync.rejected > 0) parts.push_back(Number(sync.rejected) + " rejected");
  return Join(parts, ", ");
}

void PrintIngests(std::ostream& out, const Terminal& terminal, const RunReport& report) {
  Table table({{"ingest"},
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
    // What was not published has no rows to count.
    const ingest::FileCounts& c = ingest.result.total;
    const auto loads =
        std::count_if(ingest.result.loads.begin(), ingest.result.loads.end(),
                      [](const ingest::LoadOutcome& load) { return load.outcome == "done"; });
    table.Row(
        {ingest.name, ingest.outcome, Number(loads), NumberOrNothing(c.read),
         NumberOrNothing(c.inserted), NumberOrNothing(c.updated), NumberOrNothing(c.unchanged),
         NumberOrNothing(c.delete_matched), NumberOrNothing(c.delete_unmatched),
         NumberOrNothing(c.superseded), NumberOrNothing(c.skipped), NumberOrNothing(c.quarantined)},
        LookOf(ingest.outcome));
  }
  if (table.empty()) return;
  out << "\n";
  table.Print(out, terminal);
}

// One line for all of them: those that are not simply built have one of their own above.
void PrintModels(std::ostream& out, const RunReport& report) {
  if (report.models.empty()) return;
  std::vector<std::string> parts;
  for (const std::string outcome : {"done", "unchanged", "waiting", "held", "failed"}) {
    const auto n = std::count_if(report.models.begin(), report.models.end(),
                                 [&](const auto& model) { return model.outcome == outcome; });
    if (n > 0) parts.push_back(fmt::format("{} {}", n, outcome == "done" ? "built" : outcome));
  }
  out << "\nmodels: " << Join(parts, ", ") << "\n";
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
               {"requests", Align::kRight}});
  for (const pipeline::SyncReport& sync : report.syncs) {
    table.Row({sync.name, sync.outcome, Number(sync.planned), NumberOrNothing(sync.acknowledged),
               NumberOrNothing(sync.rejected), NumberOrNothing(sync.deferred),
               NumberOrNothing(sync.waiting), NumberOrNothing(sync.unknown),
               NumberOrNothing(sync.left_out), NumberOrNothing(sync.unchanged),
               NumberOrNothing(sync.requests)},
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
  // Of what is held only a part may be kept, or nothing.
  int64_t quarantined = report.quarantined_held;
  for (const pipeline::IngestReport& ingest : report.ingests) {
    for (const ingest::LoadOutcome& load : ingest.result.loads) {
      if (load.outcome == "done") quarantined += load.counts.quarantined;
    }
  }
  if (!report.holds.empty()) next.emplace_back("sluice gate list         what is held, and why");
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
  const bool written = std::any_of(report.syncs.begin(), report.syncs.end(),
                                   [](const auto& sync) { return sync.requests > 0; });
  if (dry_run && written) {
    next.push_back(fmt::format("ls {}   the requests that were not sent",
                               runtime.StatePath("dry-run/" + report.run_id)));
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
      return Styled(terminal, Look::kWarning, "held by another run");
    case pipeline::kExitCancelled:
      return Styled(terminal, Look::kWarning, "stopped");
    default:
      break;
  }
  return Styled(terminal, Look::kBad, "something failed");
}

}  // namespace

void PrintAttention(std::ostream& out, const Terminal& terminal, const RunReport& report) {
  constexpr size_t kWidestName = 60;
  Table table({{"needs attention"}, {"what"}, {"why"}});
  const auto add = [&](const std::string& state, const std::string& what, const std::string& why,
                       Look look) {
    table.Row({state, Shortened(what, kWidestName), why}, look);
  };
  size_t named = 0;
  for (const quality::HoldRecord& hold : report.holds) {
    if (++named > kMostNamed) continue;
    add("held", pipeline::HeldName(hold), fmt::format("hold {}: {}", hold.id, WhyOf(hold.message)),
        Look::kWarning);
  }
  if (named > kMostNamed) {
    add("", fmt::format("… and {}", Counted(named - kMostNamed, "more hold")), "", Look::kWarning);
  }
  named = 0;
  for (const pipeline::IngestReport& ingest : report.ingests) {
    for (const ingest::LoadOutcome& load : ingest.result.loads) {
      if (load.outcome == "failed" && ++named <= kMostNamed)
        add("failed", load.label, WhyOf(load.message), Look::kBad);
    }
    if (ingest.outcome == "failed" && ingest.result.loads.empty()) {
      add("failed", "ingest " + ingest.name, WhyOf(ingest.message), Look::kBad);
    }
  }
  if (named > kMostNamed) {
    add("", fmt::format("… and {}", Counted(named - kMostNamed, "more load")), "", Look::kBad);
  }
  for (const pipeline::ModelReport& model : report.models) {
    if (model.outcome == "failed") {
      add("failed", "model " + model.name, WhyOf(model.message), Look::kBad);
    }
  }
  for (const pipeline::SyncReport& sync : report.syncs) {
    const std::string what = "sync " + sync.name;
    if (sync.outcome == "held") {
      add("held", what, sync.message.empty() ? "its guards" : WhyOf(sync.message), Look::kWarning);
    } else if (sync.outcome == "failed" || sync.deferred > 0 || sync.unknown > 0) {
      add(sync.outcome == "failed" ? "failed" : "unfinished", what, WhyOf(sync), Look::kBad);
    }
  }
  if (table.empty()) return;
  out << "\n";
  table.Print(out, terminal);
}

void PrintRunSummary(std::ostream& out, const Terminal& terminal, const RunReport& report,
                     const pipeline::Runtime& runtime, bool dry_run) {
  PrintAttention(out, terminal, report);
  PrintIngests(out, terminal, report);
  PrintModels(out, report);
  PrintSyncs(out, terminal, report);
  out << fmt::format("\nrun {}: {}, {}\n", report.run_id, Verdict(terminal, report.exit_code),
                     HumanSeconds(report.seconds));
  for (const std::string& line : NextSteps(report, runtime, dry_run))
    out << "next:  " << line << "\n";
}

void PrintExchanges(std::ostream& out, const RunReport& report) {
  for (const pipeline::SyncReport& sync : report.syncs) {
    for (const pipeline::SyncExchange& exchange : sync.exchanges) {
      out << fmt::format("\nrequest  {} {}\n{}\n", exchange.method, exchange.target,
                         Printable(Trim(exchange.body)));
      out << "answer   " << (exchange.status > 0 ? fmt::to_string(exchange.status) : "none")
          << "\n";
      for (const std::string& outcome : exchange.outcomes) out << Printable(outcome) << "\n";
    }
  }
}

void WriteExchanges(std::ostream& out, const RunReport& report) {
  for (const pipeline::SyncReport& sync : report.syncs) {
    for (const pipeline::SyncExchange& exchange : sync.exchanges) {
      JsonWriter json(out);
      json.BeginObject();
      json.Field("version", int64_t{1});
      json.Field("event", "exchange");
      json.Field("method", exchange.method);
      json.Field("target", exchange.target);
      json.Field("body", exchange.body);
      json.Field("status", int64_t{exchange.status});
      json.Name("outcomes");
      json.BeginArray();
      for (const std::string& outcome : exchange.outcomes) json.Text(outcome);
      json.EndArray();
      json.EndObject();
      json.Finish();
    }
  }
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
