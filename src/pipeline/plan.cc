#include "pipeline/plan.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "ingest/ingest_runner.h"
#include "ingest/unmatched_files.h"
#include "models/build.h"
#include "models/dependencies.h"
#include "pipeline/bind_project.h"
#include "pipeline/sources.h"

namespace sluice::pipeline {
namespace {

void AddProblem(const std::string& name, const Status& status, ProjectPlan& plan) {
  plan.problems.push_back(fmt::format("{}: {}", name, status.ToString()));
  plan.misconfigured = plan.misconfigured || status.code() == Code::kConfig;
}

bool IsTold(const std::string& problem, const ProjectPlan& plan) {
  const auto in = [&](const std::string& text) { return text.find(problem) != std::string::npos; };
  return std::any_of(plan.problems.begin(), plan.problems.end(), in) ||
         std::any_of(plan.syncs.begin(), plan.syncs.end(),
                     [&](const PlannedSync& sync) { return in(sync.problem); });
}

class Planner {
 public:
  Planner(Runtime& runtime, warehouse::Session* session, report::Reporter& reporter,
          const env::Cancel* cancel, const ingest::RestoreRequest* restore, const PlannedRows* rows)
      : runtime_(runtime),
        session_(session),
        reporter_(reporter),
        cancel_(cancel),
        restore_(restore),
        rows_(rows) {}

  Result<ProjectPlan> Make(const Selection& selection) {
    SLUICE_TRY(PlanLoads(selection));
    for (const std::string& name : selection.syncs) {
      plan_.syncs.push_back(PlanSync(*runtime_.project().FindSync(name)));
    }
    SLUICE_TRY(TellBound(runtime_.project(), selection, session_, plan_));
    return std::move(plan_);
  }

  Result<ProjectPlan> MakeWithoutSyncs(const Selection& selection) {
    SLUICE_TRY(PlanLoads(selection));
    return std::move(plan_);
  }

 private:
  Status PlanLoads(const Selection& selection) {
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
    return Status::Ok();
  }

  Result<ingest::IngestPlan> PlanOneIngest(const config::Ingest& ingest) {
    SLUICE_ASSIGN(const auto sources, ListSources(runtime_, ingest, cancel_));
    if (session_ == nullptr && restore_ != nullptr) {
      return RejectedError("nothing was loaded yet", "sluice run");
    }
    if (session_ == nullptr) return PlanWithoutWarehouse(ingest, sources);
    ingest::IngestContext context{ingest,
                                  *session_,
                                  runtime_.stage_functions(),
                                  reporter_,
                                  runtime_.clock(),
                                  cancel_,
                                  runtime_.StatePath("spool-plan-" + ingest.name),
                                  ""};
    context.project = &runtime_.project();
    return ingest::PlanIngest(context, sources, false, restore_);
  }

  // Nothing was loaded yet: everything waits.
  Result<ingest::IngestPlan> PlanWithoutWarehouse(const config::Ingest& ingest,
                                                  const std::vector<ingest::Source>& sources) {
    const ingest::LedgerState ledger;
    if (ingest.layout == "files") {
      const env::Micros now = runtime_.clock().Now();
      SLUICE_ASSIGN(ingest::IngestPlan plan,
                    ingest::PlanFiles(ingest, sources, ledger, now, cancel_));
      SLUICE_ASSIGN(plan.unmatched,
                    ingest::FindUnmatched(runtime_.project(), ingest, sources, now));
      return plan;
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
    pipeline::AddProblem(name, status, plan_);
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

  PlannedSync PlanSync(const config::Sync& sync) {
    if (const auto hold = waits_.find(sync.name); hold != waits_.end()) {
      PlannedSync planned;
      planned.name = sync.name;
      planned.hold_id = hold->second;
      planned.text = fmt::format("waits for hold {}: sends nothing before", hold->second);
      return planned;
    }
    if (session_ == nullptr) {
      return Unplannable(sync.name,
                         NotFoundError("its model is not built yet: the first run builds it"));
    }
    if (auto paused = PausedSync(*session_, sync.name)) return *std::move(paused);
    const auto look = LookAtSync(runtime_, *session_, sync, cancel_, rows_);
    if (!look.ok()) return Unplannable(sync.name, look.status());
    const sync::SyncPlan& plan = look->plan;
    if (!ChangesRowsOf(sync)) return TellSync(sync.name, *look, plan.Describe(), true);
    const bool files_wait = std::any_of(plan_.ingests.begin(), plan_.ingests.end(),
                                        [](const ingest::IngestPlan& ingest) {
                                          return !ingest.steps.empty() || !ingest.rebuilds.empty();
                                        });
    std::string text =
        fmt::format("its model is rebuilt first{}; `sluice plan --deep` tells what it will send",
                    files_wait ? " from what waits" : "");
    if (plan.totals.rows > 0 || (!files_wait && !plan.up_to_date)) {
      text += "\nfrom what is published now: " + plan.Describe();
    }
    return TellSync(sync.name, *look, text, false);
  }

  Runtime& runtime_;
  warehouse::Session* session_;
  report::Reporter& reporter_;
  const env::Cancel* cancel_;
  const ingest::RestoreRequest* restore_;
  const PlannedRows* rows_;
  ProjectPlan plan_;
  std::map<std::string, std::string> waits_;  // model or sync -> hold
  std::set<std::string> changing_;            // tables and models that a run would change
};

}  // namespace

Status TellBound(const config::Project& project, const Selection& selection,
                 warehouse::Session* session, ProjectPlan& plan) {
  if (selection.models.empty() && selection.syncs.empty()) return Status::Ok();
  SLUICE_ASSIGN(const auto nodes, models::OrderModels(project, models::LoadedTables(project)));
  SLUICE_ASSIGN(const BoundProject bound, BindProject(project, nodes, session));
  std::set<std::string> asked(selection.syncs.begin(), selection.syncs.end());
  for (const models::ModelNode& node : selection.models) asked.insert(node.model->name);
  for (const BoundProject::Finding& problem : bound.problems) {
    if (asked.count(problem.owner) == 0 || IsTold(problem.text, plan)) continue;
    AddProblem(problem.owner, ConfigError(problem.text), plan);
  }
  return Status::Ok();
}

Result<ProjectPlan> PlanProject(Runtime& runtime, warehouse::Session* session,
                                const std::vector<std::string>& selectors,
                                report::Reporter& reporter, const env::Cancel* cancel,
                                const ingest::RestoreRequest* restore, const PlannedRows* rows) {
  SLUICE_ASSIGN(const Selection selection, Select(runtime.project(), selectors));
  return Planner(runtime, session, reporter, cancel, restore, rows).Make(selection);
}

Result<ProjectPlan> PlanLoads(Runtime& runtime, warehouse::Session* session,
                              const Selection& selection, report::Reporter& reporter,
                              const env::Cancel* cancel, const ingest::RestoreRequest* restore) {
  return Planner(runtime, session, reporter, cancel, restore, nullptr).MakeWithoutSyncs(selection);
}

}  // namespace sluice::pipeline
