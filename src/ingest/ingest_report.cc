#include "ingest/ingest_report.h"

#include <fmt/format.h>

#include "base/text.h"

namespace sluice::ingest {

void IngestReport::Warn(const std::string& text) {
  outcome_.warnings.push_back(text);
  context_.reporter.Note(report::Level::kWarning, text);
}

void IngestReport::Fail(const std::string& text) {
  outcome_.failed = true;
  outcome_.warnings.push_back(text);
  context_.reporter.Note(report::Level::kError, text);
}

void IngestReport::BeginStep(const Step& step) {
  group_label_ = step.loads.size() > 1 ? GroupLabel(context_.ingest.name, step) : "";
  if (!group_label_.empty()) context_.reporter.StepBegan(group_label_);
}

void IngestReport::StopStep(const Step& step, const Status& status) {
  context_.reporter.StepEnded(group_label_.empty() ? step.loads.front().label : group_label_,
                              "stopped", status.ToString());
}

void IngestReport::Load(const TableLoad& load, std::string_view outcome, const std::string& summary,
                        double seconds) {
  if (group_label_.empty()) {
    context_.reporter.StepEnded(load.label, outcome, summary);
  } else {
    context_.reporter.PartEnded(load.label, outcome, summary, seconds);
  }
}

void IngestReport::Group(const std::vector<Judged*>& passed, size_t loads) {
  if (group_label_.empty()) return;
  FileCounts total;
  for (const Judged* one : passed) total += one->load->Total();
  std::string text = fmt::format("{}, {}", Counted(passed.size(), "table"),
                                 Counted(static_cast<uint64_t>(total.read), "row"));
  if (total.quarantined > 0) {
    text += fmt::format(", {} quarantined", Thousands(static_cast<uint64_t>(total.quarantined)));
  }
  if (passed.size() < loads) {
    text += fmt::format("; not loaded: {}", Counted(loads - passed.size(), "table"));
  }
  context_.reporter.StepEnded(group_label_, passed.empty() ? "waiting" : "done", text);
}

void IngestReport::Findings(const Judged& judged) {
  const TableLoad& load = *judged.load;
  for (const std::string& warning : load.warnings) Warn(warning);
  for (const quality::CheckResult& result : judged.checks) {
    // Said once for the whole ingest: a young table is no news for every group of it.
    if (result.outcome == quality::Outcome::kNotEnoughHistory) {
      young_tables_[result.check].insert(load.target.name);
    } else if (result.outcome == quality::Outcome::kWarn) {
      Warn(fmt::format("{}: {}: {}", load.label, result.check, result.message));
    }
  }
}

void IngestReport::NothingLeft(const Judged& judged) {
  Load(*judged.load, outcome_.failed ? "failed" : "held", "none of its files can be loaded",
       judged.seconds);
}

void IngestReport::Published(const Judged& judged) {
  const TableLoad& load = *judged.load;
  const FileCounts total = load.Total();
  outcome_.total += total;
  Load(load, "done", SummaryOf(total), judged.seconds);
  if (total.key_collisions > 0) {
    Collisions& found = collisions_[load.target.name];
    found.rows += total.key_collisions;
    ++found.loads;
  }
  outcome_.loads.push_back({load.target.name, load.label, "done", "", "", total});
}

// Told when a table is met for the first time: later runs have nothing new to say of it.
Status IngestReport::TellYoungTables(engine::Connection& connection, const RunInfo& run) {
  for (const auto& [check, tables] : young_tables_) {
    std::vector<std::string> names;
    for (const std::string& table : tables) {
      SLUICE_ASSIGN(
          const auto before,
          connection.Scalar("SELECT count(*) FROM _sluice.check_results WHERE owner = $1 AND "
                            "table_name = $2 AND check_name = $3 AND run_id <> $4",
                            {context_.ingest.name, table, check, run.run_id}));
      if (engine::ToInt(before) == 0) names.push_back(table);
    }
    if (names.empty()) continue;
    Warn(fmt::format("{}: {}: not enough history yet to judge {}", context_.ingest.name, check,
                     names.size() > 3 ? Counted(names.size(), "table") : Join(names, ", ")));
  }
  return Status::Ok();
}

void IngestReport::TellCollisions() {
  for (const auto& [table, found] : collisions_) {
    Warn(CollisionText(context_.ingest.name + "." + table, found));
  }
}

void IngestReport::Break() {
  TellCollisions();
  for (const LoadOutcome& load : outcome_.loads) {
    if (!load.hold_id.empty()) outcome_.hold_ids.push_back(load.hold_id);
  }
}

Status IngestReport::End(engine::Connection& connection, const RunInfo& run) {
  TellCollisions();
  SLUICE_TRY(TellYoungTables(connection, run));
  // One file by hand is an ingest of its table alone: what is held of others is no matter of it.
  const config::Ingest& ingest = context_.ingest;
  SLUICE_ASSIGN(
      const auto rows,
      connection.Rows("SELECT hold_id FROM _sluice.holds WHERE state = 'open' AND owner "
                      "= $1 AND ($2 = '' OR table_name = $2) ORDER BY created_at, "
                      "hold_id",
                      {ingest.name, ingest.tables.size() == 1 ? ingest.tables.front().name : ""}));
  for (const auto& row : rows) outcome_.hold_ids.push_back(engine::ToText(row[0]));
  return Status::Ok();
}

std::string WhatWasRebuilt(const Rebuild& rebuild, const RebuildOutcome& result) {
  const std::string read = fmt::format("{}, {}", Counted(rebuild.files(), "file"),
                                       Counted(static_cast<uint64_t>(result.total.read), "row"));
  if (!rebuild.partial) return fmt::format("{}, because {}", read, rebuild.reason);
  std::string text = fmt::format("{}: {}; the month takes the place of {}", rebuild.reason, read,
                                 Counted(static_cast<uint64_t>(result.removed), "row"));
  if (result.total.key_collisions > 0) {
    text += fmt::format("; {} inserted although the key was there already",
                        Counted(static_cast<uint64_t>(result.total.key_collisions), "row"));
  }
  return text;
}

std::string WhyNotRebuilt(const Rebuild& rebuild, const RebuildOutcome& result,
                          const std::string& table) {
  if (!rebuild.partial) return result.status.ToString();
  return fmt::format("{}; {} stays as it was", result.status.ToString(), table);
}

}  // namespace sluice::ingest
