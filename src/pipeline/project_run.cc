#include "pipeline/project_run.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "env/file.h"
#include "models/build.h"
#include "pipeline/ingest_steps.h"
#include "pipeline/interrupt.h"
#include "pipeline/retention.h"

namespace sluice::pipeline {
ProjectRun::ProjectRun(Runtime& runtime, const RunOptions& options, Selection selection,
                       report::Reporter& reporter, std::string run_id)
    : runtime_(runtime),
      project_(runtime.project()),
      options_(options),
      selection_(std::move(selection)),
      reporter_(reporter) {
  report_.run_id = std::move(run_id);
}

void ProjectRun::LoadAndBuild() {
  RunIngests();
  if (!Stopped()) RunModels();
}

void ProjectRun::Sync(const std::function<SyncReport(const config::Sync&)>& send) {
  // A delivery of hours keeps nobody from the warehouse.
  if (!selection_.syncs.empty()) session_.reset();
  for (const std::string& name : selection_.syncs) {
    if (Stopped()) return;
    RunOneSync(*project_.FindSync(name), send);
  }
}

RunReport ProjectRun::TakeReport() {
  if (Stopped()) report_.exit_code = kExitCancelled;
  return std::move(report_);
}

void ProjectRun::RunIngests() {
  IngestSteps steps(runtime_, options_, selection_, report_.run_id, reporter_);
  std::map<std::string, IngestReport> reports;
  steps.Run([&](EndedIngest&& ended) { reports[ended.ingest->name] = Tell(std::move(ended)); });
  for (const std::string& name : selection_.ingests) {
    const auto report = reports.find(name);
    if (report != reports.end()) report_.ingests.push_back(std::move(report->second));
  }
  session_ = steps.TakeSession();
}

IngestReport ProjectRun::Tell(EndedIngest&& ended) {
  IngestReport report;
  report.name = ended.ingest->name;
  Status status = ended.status;
  touched_ = touched_ || ended.session != nullptr;
  if (ended.was_planned) {
    if (ended.tables_without_key > 0) {
      report_.warnings.push_back(
          fmt::format("{}: {} in the drop without a confirmed key: sluice discover", report.name,
                      Counted(ended.tables_without_key, "table")));
    }
    report.result = std::move(ended.result);
    Judge(report);
    // What was published before it broke off is in the report by now.
    if (status.ok()) status = MentionHoldsOf(*ended.ingest, *ended.session);
    if (status.ok()) status = CountRowsOfHolds(*ended.session);
  }
  if (!status.ok()) TellBroken(*ended.ingest, status, report);
  return report;
}

void ProjectRun::TellBroken(const config::Ingest& ingest, const Status& status,
                            IngestReport& report) {
  const bool cancelled = status.code() == Code::kCancelled;
  const bool asked = options_.cancel != nullptr && options_.cancel->is_set();
  if (cancelled && asked) {
    report.outcome = "stopped";
    return;
  }
  const bool busy = status.code() == Code::kBusy;
  report.outcome = busy ? "busy" : "failed";
  // The engine's messages have lines and a picture of the statement.
  report.message = ReplaceAll(status.ToString(), "\n", " ");
  reporter_.Note(report::Level::kError, fmt::format("{}: {}", ingest.name, report.message));
  Worsen(cancelled ? kExitFailed : ExitCodeOf(status));
  // What was not loaded feeds nobody.
  const Obstacle obstacle{
      fmt::format("ingest {}, which {}", ingest.name, busy ? "another run holds" : "failed"),
      busy ? kExitBusy : kExitFailed};
  for (const std::string& table : models::LoadedTables(ingest)) blocked_[table] = obstacle;
}

Status ProjectRun::MentionHoldsOf(const config::Ingest& ingest, warehouse::Session& session) {
  SLUICE_ASSIGN(const auto holds, quality::ListHolds(session.connection(), false));
  for (const quality::HoldRecord& hold : holds) {
    if (hold.owner == ingest.name && hold.kind != "model") Mention(hold);
  }
  return Status::Ok();
}

Status ProjectRun::CountRowsOfHolds(warehouse::Session& session) {
  SLUICE_ASSIGN(const auto rows,
                session.connection().Scalar(
                    "SELECT count(*) FROM _sluice.quarantine WHERE load_id IN (SELECT load_id FROM "
                    "_sluice.holds WHERE run_id = $1 AND state = 'open')",
                    {report_.run_id}));
  report_.quarantined_held = engine::ToInt(rows);
  return Status::Ok();
}

void ProjectRun::Mention(const quality::HoldRecord& hold) {
  const bool known = std::any_of(report_.holds.begin(), report_.holds.end(),
                                 [&](const auto& other) { return other.id == hold.id; });
  if (!known) report_.holds.push_back(hold);
}

void ProjectRun::MentionHoldOf(const Obstacle& obstacle) {
  const auto hold = stopping_.find(obstacle.hold_id);
  if (hold != stopping_.end()) Mention(hold->second);
}

void ProjectRun::Judge(IngestReport& report) {
  const ingest::IngestOutcome& result = report.result;
  for (const ingest::LoadOutcome& load : result.loads) {
    if (load.outcome != "failed") continue;
    blocked_[load.table] = {fmt::format("{}.{}, which failed", report.name, load.table)};
  }
  report.outcome = result.failed              ? "failed"
                   : !result.hold_ids.empty() ? "held"
                   : result.loads.empty()     ? "unchanged"
                                              : "done";
  if (result.failed) Worsen(kExitFailed);
  if (!result.hold_ids.empty() || result.late_files > 0) Worsen(kExitHeld);
  if (options_.strict && result.total.quarantined > 0) Worsen(kExitFailed);
  report_.warnings.insert(report_.warnings.end(), result.warnings.begin(), result.warnings.end());
}

Status ProjectRun::ReadHolds(engine::Connection& connection) {
  SLUICE_ASSIGN(const auto holds, quality::StoppingHolds(connection));
  for (const quality::HoldRecord& hold : holds) {
    blocked_[hold.kind == "model" ? hold.owner : hold.table] = {"hold " + hold.id, kExitHeld,
                                                                hold.id};
    stopping_.emplace(hold.id, hold);
  }
  return Status::Ok();
}

void ProjectRun::RunModels() {
  if (selection_.models.empty() && selection_.syncs.empty()) return;
  BlockWhatDepends();
  if (EverythingWaits()) {
    for (const models::ModelNode& node : selection_.models) TellWaiting(node);
    return;
  }
  auto session =
      runtime_.warehouse().Open(!selection_.models.empty(), kRunWaitsForWarehouse, options_.cancel);
  const Status status = session.ok() ? ReadHolds(session.value()->connection()) : session.status();
  if (!status.ok()) {
    // Syncs say by themselves what they miss.
    if (!selection_.models.empty()) {
      report_.warnings.push_back("models: " + status.ToString());
      Worsen(ExitCodeOf(status));
    }
    return;
  }
  touched_ = true;
  const InterruptOnCancel interrupt(session.value()->connection(), options_.cancel);
  LookBehindNames(session.value()->connection());
  BlockWhatDepends();
  for (const models::ModelNode& node : selection_.models) {
    if (Stopped()) return;
    BuildOne(session.value()->connection(), node);
  }
  BlockWhatDepends();
}

void ProjectRun::LookBehindNames(engine::Connection& connection) {
  if (blocked_.empty()) return;
  const models::BuildContext context{connection, runtime_.clock(), report_.run_id};
  for (const models::ModelNode& node : selection_.all_models) {
    auto state = models::LookAtModel(context, node);
    if (state.ok()) reads_[node.model->name] = std::move(state->reads);
  }
}

void ProjectRun::BlockWhatDepends() {
  for (const models::ModelNode& node : selection_.all_models) {
    const Obstacle* why = WhyBlocked(node);
    if (why != nullptr) blocked_.emplace(node.model->name, Obstacle(*why));
  }
}

bool ProjectRun::EverythingWaits() const {
  return std::all_of(selection_.models.begin(), selection_.models.end(),
                     [&](const models::ModelNode& node) { return WhyBlocked(node) != nullptr; }) &&
         std::all_of(selection_.syncs.begin(), selection_.syncs.end(),
                     [&](const std::string& name) {
                       return blocked_.count(project_.FindSync(name)->model) > 0;
                     });
}

void ProjectRun::TellWaiting(const models::ModelNode& node) {
  const Obstacle& why = *WhyBlocked(node);
  ModelReport report;
  report.name = node.model->name;
  report.outcome = "waiting";
  report.message = "waits for " + why.what;
  Worsen(why.exit_code);
  MentionHoldOf(why);
  reporter_.StepBegan("model " + report.name);
  reporter_.StepEnded("model " + report.name, report.outcome, report.message);
  report_.models.push_back(std::move(report));
}

void ProjectRun::BuildOne(engine::Connection& connection, const models::ModelNode& node) {
  if (const Obstacle* why = WhyBlocked(node); why != nullptr) {
    const Obstacle obstacle = *why;
    blocked_[node.model->name] = obstacle;
    return TellWaiting(node);
  }
  ModelReport report;
  report.name = node.model->name;
  const std::string label = "model " + report.name;
  reporter_.StepBegan(label);
  const models::BuildContext context{connection, runtime_.clock(), report_.run_id};
  auto built = models::BuildModel(context, node);
  if (!built.ok()) {
    report.outcome = built.status().code() == Code::kCancelled ? "stopped" : "failed";
    report.message = built.status().ToString();
    if (report.outcome == "failed") Worsen(ExitCodeOf(built.status()));
  } else {
    report.outcome = built->outcome;
    report.message = built->message;
    report.hold_id = built->hold_id;
    report.rows = built->rows;
    for (const std::string& warning : built->warnings) {
      report_.warnings.push_back(warning);
      reporter_.Note(report::Level::kWarning, warning);
    }
  }
  if (report.outcome == "failed") {
    blocked_[report.name] = {"model " + report.name + ", which failed"};
    Worsen(kExitFailed);
  }
  if (report.outcome == "held") {
    blocked_[report.name] = {"hold " + report.hold_id, kExitHeld, report.hold_id};
    quality::HoldRecord hold;
    hold.id = report.hold_id;
    hold.kind = "model";
    hold.owner = report.name;
    hold.message = report.message;
    hold.run_id = report_.run_id;
    Mention(hold);
    Worsen(kExitHeld);
  }
  std::string summary = report.message;
  if (summary.empty() && report.rows >= 0) {
    summary = Counted(static_cast<uint64_t>(report.rows), "row");
  }
  if (!report.hold_id.empty()) summary += fmt::format(" (hold {})", report.hold_id);
  reporter_.StepEnded(label, report.outcome, summary);
  report_.models.push_back(std::move(report));
}

const ProjectRun::Obstacle* ProjectRun::WhyBlocked(const models::ModelNode& node) const {
  const auto own = blocked_.find(node.model->name);
  if (own != blocked_.end()) return &own->second;
  std::set<std::string> inputs = node.inputs;
  const auto reads = reads_.find(node.model->name);
  if (reads != reads_.end()) inputs.insert(reads->second.begin(), reads->second.end());
  for (const std::string& input : inputs) {
    const auto found = blocked_.find(input);
    if (found != blocked_.end()) return &found->second;
  }
  return nullptr;
}

void ProjectRun::RunOneSync(const config::Sync& sync,
                            const std::function<SyncReport(const config::Sync&)>& send) {
  const auto blocked = blocked_.find(sync.model);
  if (blocked != blocked_.end()) {
    SyncReport report;
    report.name = sync.name;
    report.outcome = "waiting";
    report.message = "waits for " + blocked->second.what;
    report.hold_id = blocked->second.hold_id;
    reporter_.StepBegan("sync " + sync.name);
    reporter_.StepEnded("sync " + sync.name, "waiting", report.message);
    Worsen(blocked->second.exit_code);
    MentionHoldOf(blocked->second);
    report_.syncs.push_back(std::move(report));
    return;
  }
  touched_ = true;
  SyncReport report = send(sync);
  if (report.outcome == "failed") Worsen(report.misconfigured ? kExitConfig : kExitFailed);
  if (report.outcome == "busy") Worsen(kExitBusy);
  if (report.outcome == "held") Worsen(kExitHeld);
  if (report.deferred - report.absent + report.unknown > 0) Worsen(kExitFailed);
  if (options_.strict && report.rejected + report.left_out > 0) Worsen(kExitFailed);
  for (const std::string& warning : report.warnings) {
    report_.warnings.push_back(warning);
    reporter_.Note(report::Level::kWarning, warning);
  }
  report_.syncs.push_back(std::move(report));
}

void ProjectRun::Finish() {
  if (!touched_ || !env::Exists(runtime_.warehouse().path())) return;
  auto session = runtime_.warehouse().Open(false, kRunWaitsForWarehouse, options_.cancel);
  if (!session.ok()) return;
  Keep(*session.value());
  const Status status = session.value()->database().Checkpoint();
  if (!status.ok()) {
    report_.warnings.push_back(status.ToString());
    Worsen(kExitFailed);
  }
}

void ProjectRun::Keep(warehouse::Session& session) {
  auto holds = OldHolds(session.connection(), project_.retention, runtime_.clock().Now());
  if (holds.ok()) {
    for (std::string& text : *holds) report_.warnings.push_back(std::move(text));
  }
  if (Stopped() || !IsCleaningDue(runtime_)) return;
  const auto cleaned = Clean(runtime_, &session, project_.retention, false);
  if (!cleaned.ok()) report_.warnings.push_back("retention: " + cleaned.status().ToString());
}
}  // namespace sluice::pipeline
