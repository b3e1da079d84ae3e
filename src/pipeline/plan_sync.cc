#include "pipeline/plan_sync.h"

#include <nlohmann/json.hpp>

#include "pipeline/sync_calls.h"
#include "pipeline/sync_container.h"
#include "pipeline/sync_forgotten.h"
#include "pipeline/sync_step.h"
#include "sync/decisions.h"

namespace sluice::pipeline {
namespace {

using Json = nlohmann::ordered_json;

Json OpenJson(const sync::SyncPlan& plan) {
  if (!plan.open) return nullptr;
  return {{"under_way", plan.under_way},
          {"planned", plan.open->planned},
          {"acknowledged", plan.open->acknowledged},
          {"rejected", plan.open->rejected},
          {"deferred", plan.open->deferred},
          {"waiting", plan.open->waiting},
          {"unknown", plan.open->unknown}};
}

FieldNotes FieldsAt(engine::Connection& connection, const sync::SyncJob& job,
                    const sync::SyncPlan& plan, const env::Cancel* cancel) {
  if (plan.up_to_date || plan.counts.ToSend() == 0) return {};
  const auto fields = sync::FieldsOf(connection, job.sync, job.relation);
  if (!fields.ok()) return {};
  return LookAtFields(job.sync.to, job.destination, fields.value(), cancel);
}

}  // namespace

Result<SyncLook> LookAtSync(Runtime& runtime, warehouse::Session& session, const config::Sync& sync,
                            const env::Cancel* cancel, const PlannedRows* rows) {
  engine::Connection& connection = session.connection();
  SLUICE_ASSIGN(const ContainerNote note, LookAtContainer(runtime, sync, cancel));
  if (note.nothing) {
    SyncLook look;
    look.makes = note.text;
    look.plan.planned = sync::SpoolDigest().Finish();
    if (rows != nullptr) rows->sync(sync.name, look.plan, {});
    return look;
  }
  SLUICE_ASSIGN(sync::SyncJob job, MakeSyncJob(runtime, connection, sync, "plan"));
  if (!note.target.empty()) job.target = note.target;
  SyncLook look;
  ForgottenPeople forgotten(runtime, sync, cancel,
                            [&look](const std::string& problem) { look.problem = problem; });
  SLUICE_ASSIGN(job.who_is_forgotten, forgotten.Over(connection));
  if (rows != nullptr) {
    job.on_planned = [rows, &sync](const sync::SpoolRow& row) { return rows->row(sync.name, row); };
  }
  look.makes = note.text;
  if (sync.map_auto) look.mapping = DescribeMapping(job.sync);
  SLUICE_ASSIGN(look.plan, runtime.sync_engine().Plan(connection, job));
  if (look.plan.open) look.plan.under_way = IsUnderWay(runtime, connection, sync);
  look.fields = FieldsAt(connection, job, look.plan, cancel);
  SLUICE_ASSIGN(const bool new_mapping, IsMappingNew(connection, job));
  if (const Status types = CheckTypes(sync.name, look.fields);
      new_mapping && !types.ok() && look.plan.held.empty()) {
    look.plan.held = types.ToString();
  }
  if (rows != nullptr) {
    const auto& created = look.fields.report.created;
    rows->sync(sync.name, look.plan, {created.begin(), created.end()});
  }
  return look;
}

PlannedSync TellSync(const std::string& name, const SyncLook& look, const std::string& headline,
                     bool known) {
  const sync::SyncPlan& plan = look.plan;
  PlannedSync planned;
  planned.name = name;
  planned.text = headline;
  if (!look.makes.empty()) planned.text += "\n" + look.makes;
  if (!look.problem.empty()) planned.text += "\n" + look.problem;
  if (!look.mapping.empty()) planned.text += "\n" + look.mapping;
  for (const std::string& line : look.fields.lines) planned.text += "\n" + line;
  Json created = Json::object();
  for (const auto& [field, type] : look.fields.report.created) created[field] = type;
  Json json = {{"makes", look.makes},
               {"new_fields", created},
               {"dropped_fields", look.fields.report.dropped},
               {"field_conflicts", look.fields.report.conflicts},
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
               {"days_to_wait", plan.DaysToWait()},
               {"least_seconds", plan.LeastSeconds()},
               {"known_after_build", !known}};
  // Numbers of what is published now would pass for those of the next run.
  if (!known) {
    for (const char* number :
         {"added", "changed", "returned", "retried", "removed", "unchanged", "refused", "left",
          "left_out", "rows", "requests", "bytes", "days_to_wait", "least_seconds"}) {
      json[number] = nullptr;
    }
  }
  planned.json = json.dump();
  return planned;
}

std::optional<PlannedSync> PausedSync(warehouse::Session& session, const std::string& name) {
  const auto paused = sync::PausedSince(session.connection(), name);
  if (!paused.ok() || !*paused) return {};
  PlannedSync planned;
  planned.name = name;
  planned.text = **paused + "; sends nothing before `sluice sync resume " + name + "`";
  return planned;
}

PlannedSync Unplannable(const std::string& name, const Status& why) {
  PlannedSync planned;
  planned.name = name;
  planned.problem = why.ToString();
  planned.misconfigured = why.code() == Code::kConfig;
  return planned;
}

}  // namespace sluice::pipeline
