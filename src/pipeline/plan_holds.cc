#include "pipeline/plan_holds.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace sluice::pipeline {
namespace {

// Whatever reads the table or model, directly or not, and the syncs of these.
std::vector<std::string> WaitFor(const std::string& name, const config::Project& project,
                                 const Selection& selection) {
  std::set<std::string> held = {name};
  std::vector<std::string> waiting;
  for (const models::ModelNode& node : selection.all_models) {
    const bool reads = std::any_of(node.inputs.begin(), node.inputs.end(),
                                   [&](const std::string& input) { return held.count(input) > 0; });
    if (reads && held.insert(node.model->name).second) waiting.push_back(node.model->name);
  }
  for (const config::Sync& sync : project.syncs) {
    if (held.count(sync.model) > 0) waiting.push_back(sync.name);
  }
  return waiting;
}

bool Concerns(const PlannedHold& planned, const Selection& selection) {
  const quality::HoldRecord& hold = planned.hold;
  std::set<std::string> selected(selection.syncs.begin(), selection.syncs.end());
  for (const models::ModelNode& node : selection.models) selected.insert(node.model->name);
  if (hold.kind == "model") {
    if (selected.count(hold.owner) > 0) return true;
  } else if (std::find(selection.ingests.begin(), selection.ingests.end(), hold.owner) !=
             selection.ingests.end()) {
    const auto tables = selection.tables.find(hold.owner);
    if (tables == selection.tables.end() || tables->second.count(hold.table) > 0) return true;
  }
  return std::any_of(planned.waiting.begin(), planned.waiting.end(),
                     [&](const std::string& name) { return selected.count(name) > 0; });
}

int64_t GroupsBehind(const quality::HoldRecord& hold,
                     const std::vector<ingest::IngestPlan>& ingests) {
  int64_t groups = 0;
  for (const ingest::IngestPlan& ingest : ingests) {
    for (const auto& waiting : ingest.waiting) {
      if (waiting.hold_id == hold.id) groups += waiting.groups;
    }
  }
  // What is held for its files is still among the files that wait, unless their rows are recorded: it is not behind
  // itself.
  if (hold.kind == "file" && hold.check != "bad_rows" && groups > 0) --groups;
  return groups;
}

}  // namespace

Result<std::vector<PlannedHold>> HoldsOf(engine::Connection& connection,
                                         const config::Project& project, const Selection& selection,
                                         const std::vector<ingest::IngestPlan>& ingests) {
  SLUICE_ASSIGN(auto open, quality::ListHolds(connection, false));
  std::reverse(open.begin(), open.end());
  std::vector<PlannedHold> holds;
  for (quality::HoldRecord& hold : open) {
    PlannedHold planned;
    planned.hold = std::move(hold);
    const bool model = planned.hold.kind == "model";
    // A file that came too late stops nobody.
    if (planned.hold.kind != "late") {
      planned.waiting =
          WaitFor(model ? planned.hold.owner : planned.hold.table, project, selection);
      planned.groups_behind = GroupsBehind(planned.hold, ingests);
    }
    if (Concerns(planned, selection)) holds.push_back(std::move(planned));
  }
  return holds;
}

std::string HeldName(const quality::HoldRecord& hold) {
  if (hold.kind == "model") return "model " + hold.owner;
  std::string name = fmt::format("{}.{}", hold.owner, hold.table);
  if (!hold.pod.empty()) name += fmt::format(" {}/{}", hold.pod, hold.group);
  return name;
}

}  // namespace sluice::pipeline
