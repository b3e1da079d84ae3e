#include "pipeline/run.h"

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "env/file.h"
#include "env/random.h"
#include "models/build.h"
#include "pipeline/plan_deep.h"
#include "pipeline/project_run.h"
#include "pipeline/run_record.h"
#include "pipeline/sync_step.h"

namespace sluice::pipeline {
namespace {

constexpr std::chrono::seconds kGitLimit{2};
// Runs that broke off and are looked at anew by every run.
constexpr int kMostKilled = 20;

std::string SqlDigests(const config::Project& project) {
  nlohmann::ordered_json digests = nlohmann::ordered_json::object();
  for (const config::Model& model : project.models) digests[model.name] = models::SqlDigest(model);
  return digests.dump();
}

RunSummary Describe(Runtime& runtime, const std::string& run_id) {
  RunSummary run;
  run.run_id = run_id;
  run.command = runtime.options().command;
  run.started_at = env::FormatUtc(runtime.clock().Now(), true);
  run.process = getpid();
  run.version = runtime.options().version;
  run.git_commit = GitCommit(runtime.project().folder);
  run.git_dirty = GitDirty(runtime.project().folder, kGitLimit, runtime.clock());
  run.config_digest = runtime.project().digest;
  run.sql_digests = SqlDigests(runtime.project());
  return run;
}

// A run that broke off, beside the records of those that ended: when and how it ended nobody knows.
Status RecordKilled(engine::Connection& connection, const RunSummary& run) {
  return connection
      .Execute(
          "INSERT INTO _sluice.runs SELECT $1, $2, $3::TIMESTAMP, NULL, NULL, $4, $5, $6, $7, NULL "
          "WHERE NOT EXISTS (FROM _sluice.runs WHERE run_id = $1)",
          {run.run_id, run.command, run.started_at, run.version, run.git_commit, run.config_digest,
           run.sql_digests})
      .status();
}

// The same record in the warehouse, beside the data it is about, with those of runs that could not leave
// theirs.
Status RecordInWarehouse(Runtime& runtime, RunStore& store, const RunSummary& run,
                         const RunReport& report, std::chrono::milliseconds wait) {
  if (!env::Exists(runtime.warehouse().path())) return Status::Ok();
  SLUICE_ASSIGN(const auto session, runtime.warehouse().Open(false, wait, nullptr));
  SLUICE_TRY(
      session->connection()
          .Execute(
              "INSERT INTO _sluice.runs VALUES ($1, $2, $3::TIMESTAMP, $4::TIMESTAMP, $5, $6, $7, "
              "$8, $9, $10)",
              {run.run_id, run.command, run.started_at, env::FormatUtc(runtime.clock().Now(), true),
               int64_t{report.exit_code}, run.version, run.git_commit, run.config_digest,
               run.sql_digests, ToJson(report)})
          .status());
  SLUICE_ASSIGN(const auto killed, store.Killed(kMostKilled));
  for (const RunSummary& one : killed) SLUICE_TRY(RecordKilled(session->connection(), one));
  return Status::Ok();
}

}  // namespace

int ExitCodeOf(const Status& status) {
  switch (status.code()) {
    case Code::kOk:
      return kExitDone;
    case Code::kConfig:
      return kExitConfig;
    case Code::kHeld:
      return kExitHeld;
    case Code::kBusy:
      return kExitBusy;
    case Code::kCancelled:
      return kExitCancelled;
    default:
      return kExitFailed;
  }
}

int WorseExit(int a, int b) {
  constexpr int kOrder[] = {kExitCancelled, kExitConfig, kExitFailed, kExitHeld, kExitBusy};
  for (const int code : kOrder) {
    if (a == code || b == code) return code;
  }
  return kExitDone;
}

Result<RunReport> RunProject(Runtime& runtime, const RunOptions& options,
                             report::Reporter& reporter) {
  SLUICE_ASSIGN(Selection selection, Select(runtime.project(), options.selectors));
  SLUICE_TRY(runtime.MakeStateFolder());
  // A leftover costs nothing but room: that it stays is no reason not to run.
  (void)RemoveDeepLeftover(runtime, false);
  const auto began = runtime.clock().Monotonic();
  const std::string run_id = NewRunId(runtime.clock().Now(), env::SystemRandom().Next());
  SLUICE_ASSIGN(const auto store, RunStore::Open(runtime.project().StateFolder()));
  const RunSummary run = Describe(runtime, run_id);
  SLUICE_TRY(store->Begin(run));
  const auto logged = MakeLoggingReporter(LogPath(runtime.project().StateFolder(), run_id),
                                          reporter, runtime.clock());
  ProjectRun project_run(runtime, options, std::move(selection), *logged, run_id);
  if (!options.dry_run) project_run.LoadAndBuild();
  project_run.Sync(
      [&](const config::Sync& sync) { return RunSync(runtime, sync, options, run_id, *logged); });
  if (!options.dry_run) project_run.Finish();
  RunReport report = project_run.TakeReport();
  report.seconds = std::chrono::duration<double>(runtime.clock().Monotonic() - began).count();
  if (!options.dry_run) {
    // Who never had the warehouse does not wait for it now; its record is in .sluice all the same.
    const bool touched = project_run.touched();
    const Status recorded =
        RecordInWarehouse(runtime, *store, run, report,
                          touched ? kRunWaitsForWarehouse : std::chrono::milliseconds(0));
    if (!recorded.ok() && (touched || recorded.code() != Code::kBusy))
      report.warnings.push_back("run record: " + recorded.ToString());
  }
  SLUICE_TRY(store->End(run_id, env::FormatUtc(runtime.clock().Now(), true), report.exit_code,
                        ToJson(report)));
  return report;
}

}  // namespace sluice::pipeline
