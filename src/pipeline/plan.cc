#include "pipeline/plan.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "env/file.h"
#include "models/build.h"
#include "models/dependencies.h"
#include "pipeline/run_record.h"
#include "pipeline/sources.h"
#include "pipeline/sync_container.h"
#include "pipeline/sync_fields.h"
#include "pipeline/sync_step.h"
#include "sync/unfolded.h"
#include "warehouse/dialect.h"

namespace sluice::pipeline {
namespace {

class Planner {
 public:
  Planner(Runtime& runtime, warehouse::Session* session, report::Reporter& reporter,
          const env::Cancel* cancel, const ingest::RestoreRequest* restore)
      : runtime_(runtime),
        session_(session),
        reporter_(reporter),
        cancel_(cancel),
        restore_(restore) {}

  Result<ProjectPlan> Make(const Selection& selection) {
    for (const std::string& name : selection.ingests) {
      const config::Ingest& ingest = *runtime_.project().FindIngest(name);
      auto plan = PlanOneIngest(ingest);
      if (!plan.ok() && restore_ != nullptr) return plan.status();
      if (!plan.ok()) {
        AddProblem(name, plan.status());
        continue;
      }
      const auto tables = selection.tables.find(name);
      if (tables != selection.tables.end()) KeepTables(plan.value(), tables->second);
      for (const ingest::Step& step : plan->steps) {
        for (const ingest::TableLoad& load : step.loads) changing_.insert(load.target.name);
      }
      for (const ingest::Rebuild& rebuild : plan->rebuilds) {
        changing_.insert(rebuild.target.name);
      }
      plan_.ingests.push_back(std::move(plan).value());
    }
    if (session_ != nullptr) {
      SLUICE_ASSIGN(plan_.holds,
                    HoldsOf(session_->connection(), runtime_.project(), selection, plan_.ingests));
    }
    for (const PlannedHold& held : plan_.holds) {
      if (held.hold.kind == "model") waits_.emplace(held.hold.owner, held.hold.id);
      for (const std::string& name : held.waiting) waits_.emplace(name, held.hold.id);
    }
    for (const models::ModelNode& node : selection.models) {
      if (waits_.count(node.model->name) == 0) PlanModel(node);
    }
    for (const std::string& name : selection.syncs) {
      plan_.syncs.push_back(PlanSync(*runtime_.project().FindSync(name)));
    }
    return std::move(plan_);
  }

 private:
  Result<ingest::IngestPlan> PlanOneIngest(const config::Ingest& ingest) {
    SLUICE_ASSIGN(const auto sources, ListSources(runtime_, ingest, cancel_));
    if (session_ == nullptr && restore_ != nullptr) {
      return RejectedError("nothing was loaded yet", "sluice run");
    }
    if (session_ == nullptr) return PlanWithoutWarehouse(ingest, sources);
    const ingest::IngestContext context{ingest,
                                        *session_,
                                        runtime_.stage_functions(),
                                        reporter_,
                                        runtime_.clock(),
                                        cancel_,
                                        runtime_.StatePath("spool-plan-" + ingest.name),
                                        ""};
    return ingest::PlanIngest(context, sources, false, restore_);
  }

  // Nothing was loaded yet: everything waits.
  Result<ingest::IngestPlan> PlanWithoutWarehouse(const config::Ingest& ingest,
                                                  const std::vector<ingest::Source>& sources) {
    const ingest::LedgerState ledger;
    if (ingest.layout == "files") {
      return ingest::PlanFiles(ingest, sources, ledger, runtime_.clock().Now(), cancel_);
    }
    ingest::SchemaCatalog catalog;
    std::vector<std::string> notes;
    for (const ingest::Source& source : sources) {
      const ingest::ZenotiDrop drop = ingest::ReadDrop(source.listing, ingest.prefix);
      SLUICE_TRY(
          catalog.Update(source.connection, *source.store, drop.schema_files, &notes, cancel_));
    }
    SLUICE_ASSIGN(ingest::IngestPlan plan,
                  ingest::PlanZenoti(ingest, sources, catalog, ledger, runtime_.clock().Now()));
    plan.notes.insert(plan.notes.begin(), notes.begin(), notes.end());
    return plan;
  }

  void AddProblem(const std::string& name, const Status& status) {
    plan_.problems.push_back(fmt::format("{}: {}", name, status.ToString()));
    plan_.misconfigured = plan_.misconfigured || status.code() == Code::kConfig;
  }

  // Built anew is what the run would find changed, and what reads something that the run changes.
  void PlanModel(const models::ModelNode& node) {
    bool build = Changes(node.inputs);
    if (!build && session_ != nullptr) {
      const models::BuildContext context{session_->connection(), runtime_.clock(), "plan"};
      const auto state = models::LookAtModel(context, node);
      // What cannot be prepared now reads something that is still to come, or fails in the run.
      build = !state.ok() || !state->current || Changes(state->reads);
      if (state.status().code() == Code::kConfig) AddProblem(node.model->name, state.status());
    }
    if (build || session_ == nullptr) {
      plan_.models.push_back(node.model->name);
      changing_.insert(node.model->name);
    }
  }

  bool Changes(const std::set<std::string>& names) const {
    return std::any_of(names.begin(), names.end(),
                       [&](const std::string& name) { return changing_.count(name) > 0; });
  }

  // Whether the run changes rows of the model before it sends them: also those of a view that is
  // not built anew itself.
  bool ChangesRowsOf(const config::Sync& sync) {
    if (changing_.count(sync.model) > 0) return true;
    const config::Model* model = runtime_.project().FindModel(sync.model);
    if (model == nullptr || session_ == nullptr) return false;
    const auto read = models::DependenciesOf(session_->connection(), models::SelectAll(*model));
    return read.ok() && Changes(read->names);
  }

  static nlohmann::ordered_json OpenJson(const sync::SyncPlan& plan) {
    if (!plan.open) return nullptr;
    return {{"under_way", plan.under_way},
            {"planned", plan.open->planned},
            {"acknowledged", plan.open->acknowledged},
            {"rejected", plan.open->rejected},
            {"deferred", plan.open->deferred},
            {"waiting", plan.open->waiting},
            {"unknown", plan.open->unknown}};
  }

  PlannedSync PlanSync(const config::Sync& sync) {
    PlannedSync planned;
    planned.name = sync.name;
    if (const auto hold = waits_.find(sync.name); hold != waits_.end()) {
      planned.hold_id = hold->second;
      planned.text = fmt::format("waits for hold {}: sends nothing before", hold->second);
      return planned;
    }
    const auto made = MakeSyncPlan(sync);
    if (!made.ok()) {
      planned.problem = made.status().ToString();
      planned.misconfigured = made.status().code() == Code::kConfig;
      return planned;
    }
    const sync::SyncPlan& plan = made.value();
    planned.text = plan.Describe();
    if (ChangesRowsOf(sync)) {
      const bool files_wait = std::any_of(
          plan_.ingests.begin(), plan_.ingests.end(), [](const ingest::IngestPlan& ingest) {
            return !ingest.steps.empty() || !ingest.rebuilds.empty();
          });
      planned.text =
          fmt::format("its model is rebuilt first{}; then `sluice plan` tells what it sends",
                      files_wait ? " from what waits" : "");
      if (plan.totals.rows > 0 || (!files_wait && !plan.up_to_date)) {
        planned.text += "\nfrom what is published now: " + plan.Describe();
      }
    }
    if (!makes_[sync.name].empty()) planned.text += "\n" + makes_[sync.name];
    const FieldNotes notes = FieldsAt(sync, plan);
    for (const std::string& line : notes.lines) planned.text += "\n" + line;
    nlohmann::ordered_json created = nlohmann::ordered_json::object();
    for (const auto& [name, type] : notes.report.created) created[name] = type;
    const nlohmann::ordered_json json = {{"makes", makes_[sync.name]},
                                         {"new_fields", created},
                                         {"dropped_fields", notes.report.dropped},
                                         {"field_conflicts", notes.report.conflicts},
                                         {"added", plan.counts.added},
                                         {"changed", plan.counts.changed},
                                         {"returned", plan.counts.returned},
                                         {"retried", plan.counts.retried},
                                         {"removed", plan.counts.removed},
                                         {"held", plan.held},
                                         {"unchanged", plan.counts.unchanged},
                                         {"refused", plan.counts.refused},
                                         {"left", plan.counts.left},
                                         {"left_out", plan.counts.findings},
                                         {"first_run", plan.first_run},
                                         {"open_delivery", OpenJson(plan)},
                                         {"rows", plan.totals.rows},
                                         {"requests", plan.totals.requests},
                                         {"bytes", plan.totals.bytes},
                                         {"least_seconds", plan.LeastSeconds()}};
    planned.json = json.dump();
    return planned;
  }

  // Asked only where something would be sent.
  FieldNotes FieldsAt(const config::Sync& sync, const sync::SyncPlan& plan) {
    if (plan.up_to_date || plan.counts.ToSend() == 0) return {};
    const auto destination = runtime_.DestinationOf(sync);
    const config::Model* model = runtime_.project().FindModel(sync.model);
    if (!destination.ok() || model == nullptr) return {};
    const auto fields = sync::FieldsOf(session_->connection(), sync,
                                       warehouse::QualifiedName(models::RelationOf(*model)));
    if (!fields.ok()) return {};
    return LookAtFields(sync.to, *destination.value(), fields.value(), cancel_);
  }

  Result<sync::SyncPlan> MakeSyncPlan(const config::Sync& sync) {
    if (session_ == nullptr) {
      return NotFoundError("its model is not built yet: the first run builds it");
    }
    SLUICE_ASSIGN(const ContainerNote note, LookAtContainer(runtime_, sync, cancel_));
    makes_[sync.name] = note.text;
    SLUICE_ASSIGN(sync::SyncJob job, MakeSyncJob(runtime_, session_->connection(), sync, "plan"));
    if (!note.target.empty()) job.target = note.target;
    SLUICE_ASSIGN(sync::SyncPlan plan, runtime_.sync_engine().Plan(session_->connection(), job));
    if (plan.open) plan.under_way = IsUnderWay(sync);
    return plan;
  }

  // Whether the run lives whose delivery is open.
  bool IsUnderWay(const config::Sync& sync) {
    const std::string folder = runtime_.project().StateFolder();
    if (!env::Exists(env::JoinPath(folder, "state.db"))) return false;
    const auto delivery = sync::ReadUnfolded(session_->connection(), folder, sync.name);
    if (!delivery.ok() || !delivery.value()) return false;
    const auto store = RunStore::Open(folder);
    if (!store.ok()) return false;
    const auto run = store.value()->Find(delivery.value()->run_id);
    return run.ok() && IsAlive(run.value());
  }

  Runtime& runtime_;
  warehouse::Session* session_;
  report::Reporter& reporter_;
  const env::Cancel* cancel_;
  const ingest::RestoreRequest* restore_;
  ProjectPlan plan_;
  std::map<std::string, std::string> waits_;  // model or sync -> hold
  std::map<std::string, std::string> makes_;  // sync -> what its first run makes at the destination
  std::set<std::string> changing_;            // tables and models that a run would change
};

}  // namespace

Result<ProjectPlan> PlanProject(Runtime& runtime, warehouse::Session* session,
                                const std::vector<std::string>& selectors,
                                report::Reporter& reporter, const env::Cancel* cancel,
                                const ingest::RestoreRequest* restore) {
  SLUICE_ASSIGN(const Selection selection, Select(runtime.project(), selectors));
  return Planner(runtime, session, reporter, cancel, restore).Make(selection);
}

}  // namespace sluice::pipeline
