// What a run of an ingest tells of its loads: to the reporter while it goes on, and in its outcome.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "engine/engine.h"
#include "ingest/ingest_runner.h"
#include "ingest/load_text.h"
#include "ingest/publish_step.h"
#include "ingest/rebuild.h"

namespace sluice::ingest {

// Not thread-safe.
class IngestReport {
 public:
  explicit IngestReport(const IngestContext& context) : context_(context) {}

  IngestOutcome& outcome() { return outcome_; }
  // Tables without enough history to be judged, by check: told once at the end.
  std::map<std::string, std::set<std::string>>& young_tables() { return young_tables_; }

  void Warn(const std::string& text);
  void Fail(const std::string& text);

  // Several loads that are published together are told as one, under the name of their group.
  void BeginStep(const Step& step);
  void StopStep(const Step& step, const Status& status);
  // The one load of a step is the step; of several each is a part.
  void Load(const TableLoad& load, std::string_view outcome, const std::string& summary,
            double seconds);
  // The group itself, after its loads; nothing where a step has one.
  void Group(const std::vector<Judged*>& passed, size_t loads);

  // What staging and the checks found worth telling.
  void Findings(const Judged& judged);
  void NothingLeft(const Judged& judged);
  void Published(const Judged& judged);

  // What is said of all loads together, and which holds are open.
  Status End(engine::Connection& connection, const RunInfo& run);
  // In its place where nothing could go on: without the warehouse, of which only what this run held is known.
  void Break();

 private:
  void TellCollisions();
  Status TellYoungTables(engine::Connection& connection, const RunInfo& run);

  const IngestContext& context_;
  std::string group_label_;                                    // "" when the step has one load
  std::map<std::string, std::set<std::string>> young_tables_;  // by check
  std::map<std::string, Collisions> collisions_;               // by table
  IngestOutcome outcome_;
};

// How a rebuild or a restored month is told when it is done, and when it is not.
std::string WhatWasRebuilt(const Rebuild& rebuild, const RebuildOutcome& result);
std::string WhyNotRebuilt(const Rebuild& rebuild, const RebuildOutcome& result,
                          const std::string& table);

}  // namespace sluice::ingest
