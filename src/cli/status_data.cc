#include "cli/status_data.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/connected.h"
#include "cli/deadline.h"
#include "cli/run_list.h"
#include "env/file.h"
#include "ingest/ddl.h"
#include "pipeline/plan.h"
#include "warehouse/dialect.h"

namespace sluice::cli {
namespace {

using engine::ToInt;
using engine::ToText;

constexpr std::chrono::milliseconds kStoreDeadline{5000};
constexpr int kRunsLookedAt = 20;

std::string CanonicalName(const config::Ingest& ingest, const std::string& table) {
  return ingest.layout == "zenoti" ? ingest::CanonicalTableName(table) : table;
}

Status CountRows(const ReadContext& context, IngestStatus& ingest) {
  std::map<std::string, int64_t> counts;
  for (TableStatus& table : ingest.tables) {
    const auto [count, is_new] = counts.try_emplace(table.table, -1);
    if (is_new) {
      SLUICE_ASSIGN(const std::string kind, warehouse::KindOf(context.connection(), table.table));
      if (!kind.empty()) {
        SLUICE_ASSIGN(const auto rows,
                      context.connection().Scalar("SELECT count(*) FROM " +
                                                  warehouse::QualifiedName(table.table)));
        count->second = ToInt(rows);
      }
    }
    table.table_rows = count->second;
  }
  return Status::Ok();
}

Status ReadIngests(const ReadContext& context, StatusData& data) {
  std::map<std::string, IngestStatus> by_name;
  if (context.session != nullptr) {
    SLUICE_ASSIGN(
        const auto rows,
        context.connection().Rows(
            // A cursor moves also when a file is skipped, and then nothing was loaded.
            "SELECT c.ingest, c.connection, c.pod, c.table_name, c.group_id, c.log_id, "
            "l.published_at, l.rows FROM _sluice.cursors AS c LEFT JOIN (SELECT ingest, "
            "connection, pod, table_name, max(published_at) AS published_at, arg_max(rows_read, "
            "published_at) AS rows FROM _sluice.loads WHERE published_at IS NOT NULL GROUP BY "
            "ALL) AS l USING (ingest, connection, pod, table_name) ORDER BY c.table_name, "
            "c.connection, c.pod"));
    for (const auto& row : rows) {
      by_name[ToText(row[0])].tables.push_back({ToText(row[1]), ToText(row[2]), ToText(row[3]),
                                                ToInt(row[4]), ToInt(row[5]),
                                                engine::IsNull(row[6]) ? "" : ToText(row[6]),
                                                engine::IsNull(row[7]) ? -1 : ToInt(row[7])});
    }
  }
  for (const config::Ingest& ingest : context.runtime.project().ingests) {
    IngestStatus status = std::move(by_name[ingest.name]);
    status.name = ingest.name;
    status.layout = ingest.layout;
    SLUICE_TRY(CountRows(context, status));
    std::set<std::string> loaded;
    for (const TableStatus& table : status.tables) loaded.insert(table.table);
    for (const config::Table& table : ingest.tables) {
      const std::string name = CanonicalName(ingest, table.name);
      if (loaded.count(name) == 0) status.never_loaded.push_back(name);
    }
    data.ingests.push_back(std::move(status));
  }
  return Status::Ok();
}

Status ReadModels(const ReadContext& context, StatusData& data) {
  std::map<std::string, ModelStatus> built;
  if (context.session != nullptr) {
    SLUICE_ASSIGN(const auto rows,
                  context.connection().Rows("SELECT name, materialized, rows, built_at FROM "
                                            "_sluice.models"));
    for (const auto& row : rows) {
      built[ToText(row[0])] = {ToText(row[0]), ToText(row[1]),
                               engine::IsNull(row[2]) ? -1 : ToInt(row[2]), ToText(row[3])};
    }
  }
  for (const config::Model& model : context.runtime.project().models) {
    ModelStatus status = built[model.name];
    status.name = model.name;
    data.models.push_back(std::move(status));
  }
  return Status::Ok();
}

Status ReadLastSyncRuns(const ReadContext& context, std::map<std::string, SyncStatus>& by_name) {
  SLUICE_ASSIGN(const auto rows,
                context.connection().Rows(
                    "SELECT sync, run_id, started_at, ended_at, outcome, message, planned, "
                    "acknowledged, rejected, deferred, waiting, unknown, requests FROM "
                    "_sluice.sync_runs QUALIFY row_number() OVER (PARTITION BY sync ORDER BY "
                    "started_at DESC, run_id DESC, delivery_id DESC) = 1"));
  for (const auto& row : rows) {
    SyncStatus& status = by_name[ToText(row[0])];
    status.ever_run = true;
    status.run_id = ToText(row[1]);
    status.started_at = ToText(row[2]);
    status.ended_at = ToText(row[3]);
    status.outcome = ToText(row[4]);
    status.message = ToText(row[5]);
    status.planned = ToInt(row[6]);
    status.acknowledged = ToInt(row[7]);
    status.rejected = ToInt(row[8]);
    status.deferred = ToInt(row[9]);
    status.waiting = ToInt(row[10]);
    status.unknown = ToInt(row[11]);
    status.requests = ToInt(row[12]);
  }
  return Status::Ok();
}

// What the delivery has done that is not folded yet stands in its log.
void ReadDelivery(const ReadContext& context, const std::string& sync, SyncStatus& status) {
  status.delivery_open = true;
  auto delivery =
      sync::ReadUnfolded(context.connection(), context.runtime.project().StateFolder(), sync);
  if (!delivery.ok()) {
    status.delivery_problem = delivery.status().message();
    return;
  }
  status.delivery = std::move(delivery).value();
  if (!status.delivery) return;
  const auto number = [](uint64_t n) { return static_cast<int64_t>(n); };
  status.acknowledged = number(status.delivery->acknowledged);
  status.rejected = number(status.delivery->rejected);
  status.unknown = number(status.delivery->in_flight);
  status.requests = number(status.delivery->requests);
  status.waiting =
      std::max<int64_t>(0, status.planned - status.acknowledged - status.rejected - status.unknown);
}

Status ReadSyncs(const ReadContext& context, StatusData& data) {
  std::map<std::string, SyncStatus> by_name;
  if (context.session != nullptr) {
    SLUICE_TRY(ReadLastSyncRuns(context, by_name));
    SLUICE_ASSIGN(const auto states,
                  context.connection().Rows("SELECT sync, state, count(*), count(digest) FROM "
                                            "_sluice.sync_delivered GROUP BY ALL"));
    for (const auto& row : states) {
      SyncStatus& status = by_name[ToText(row[0])];
      status.states[ToText(row[1])] = ToInt(row[2]);
      status.at_destination += ToInt(row[3]);
    }
    SLUICE_ASSIGN(
        const auto findings,
        context.connection().Rows("SELECT sync, count(*) FROM _sluice.sync_findings GROUP BY ALL"));
    for (const auto& row : findings) by_name[ToText(row[0])].left_out = ToInt(row[1]);
    SLUICE_ASSIGN(const auto open,
                  context.connection().Rows("SELECT DISTINCT sync FROM _sluice.deliveries"));
    for (const auto& row : open) ReadDelivery(context, ToText(row[0]), by_name[ToText(row[0])]);
  }
  for (const config::Sync& sync : context.runtime.project().syncs) {
    SyncStatus status = std::move(by_name[sync.name]);
    status.name = sync.name;
    data.syncs.push_back(std::move(status));
  }
  return Status::Ok();
}

Status ReadRuns(const ReadContext& context, StatusData& data) {
  const std::string folder = context.runtime.project().StateFolder();
  if (!env::Exists(env::JoinPath(folder, "state.db"))) return Status::Ok();
  SLUICE_ASSIGN(const auto store, pipeline::RunStore::Open(folder));
  SLUICE_ASSIGN(const auto runs, store->List(kRunsLookedAt));
  for (const pipeline::RunSummary& run : runs) {
    if (StateOf(run) == "running") {
      data.running.push_back(run);
    } else if (!data.last_run) {
      data.last_run = run;
    }
  }
  return Status::Ok();
}

void TakePlan(const pipeline::ProjectPlan& plan, WaitingStatus& waiting) {
  if (plan.ingests.empty()) {
    waiting.why_not = plan.problems.empty() ? "" : plan.problems.front();
    return;
  }
  const ingest::IngestPlan& ingest = plan.ingests.front();
  waiting.known = true;
  waiting.files = static_cast<int64_t>(ingest.files());
  waiting.groups = static_cast<int64_t>(ingest.groups());
  waiting.bytes = static_cast<int64_t>(ingest.bytes());
  waiting.late_files = static_cast<int64_t>(ingest.late.size());
  for (const ingest::Rebuild& rebuild : ingest.rebuilds) {
    waiting.rebuilds.push_back(fmt::format("{}: {}, because {}", rebuild.label,
                                           Counted(rebuild.files(), "file"), rebuild.reason));
  }
  for (const ingest::IngestPlan::Waiting& held : ingest.waiting) {
    waiting.held.push_back({held.table, held.pod, held.hold_id, held.groups});
  }
  waiting.unsettled = ingest.unsettled;
  for (const ingest::UnfitFile& file : ingest.unfit) {
    waiting.unfit += 1 + static_cast<int64_t>(file.more.size());
  }
  waiting.without_key = ingest.unknown_tables;
  waiting.unmatched = ingest.unmatched;
  waiting.problems = ingest.problems;
}

}  // namespace

Result<StatusData> ReadStatus(const ReadContext& context) {
  const config::Project& project = context.runtime.project();
  StatusData data;
  data.project = project.name;
  data.env = project.env;
  data.warehouse = project.warehouse.path;
  data.warehouse_exists = context.session != nullptr;
  const auto info = env::Stat(project.warehouse.path);
  if (info.ok()) data.warehouse_bytes = static_cast<int64_t>(info->size);
  SLUICE_TRY(ReadIngests(context, data));
  SLUICE_TRY(ReadModels(context, data));
  SLUICE_TRY(ReadSyncs(context, data));
  SLUICE_TRY(ReadRuns(context, data));
  if (context.session != nullptr) {
    SLUICE_ASSIGN(data.holds, quality::ListHolds(context.connection(), false));
    SLUICE_ASSIGN(const auto quarantined,
                  context.connection().Scalar("SELECT count(*) FROM _sluice.quarantine"));
    data.quarantined = ToInt(quarantined);
  }
  return data;
}

void ReadWaiting(const ReadContext& context, StatusData& data) {
  Connected connected(context);
  const DeadlineCancel deadline(kStoreDeadline, context.world.cancel);
  report::SilentReporter silent;
  for (IngestStatus& ingest : data.ingests) {
    const auto& from = context.runtime.project().FindIngest(ingest.name)->from;
    const auto runtime = connected.To({from.begin(), from.end()});
    if (!runtime.ok()) {
      ingest.waiting.why_not = runtime.status().message();
      continue;
    }
    const auto plan = pipeline::PlanProject(*runtime.value(), context.session, {ingest.name},
                                            silent, deadline.get());
    if (plan.ok()) {
      TakePlan(plan.value(), ingest.waiting);
    } else {
      ingest.waiting.why_not = plan.status().message();
    }
    if (!ingest.waiting.known && deadline.has_passed()) {
      ingest.waiting.why_not =
          fmt::format("the store did not answer within {} s", kStoreDeadline.count() / 1000);
    }
  }
}

}  // namespace sluice::cli
