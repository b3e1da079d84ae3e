#include <ostream>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/result_output.h"
#include "pipeline/run.h"
#include "pipeline/sync_state.h"
#include "pipeline/sync_step.h"
#include "sync/unfolded.h"

namespace sluice::cli {
namespace {

constexpr int64_t kRowsShown = 200;
constexpr const char* kWaitingTable = "_sluice_waiting";

// Rows that were sent, or tried. People see what concerns them: whole seconds, and no empty columns.
std::string Delivered(const std::string& sync, const std::string& state, bool for_people) {
  const std::string only =
      state == "all" ? "" : fmt::format(" AND state = {}", engine::QuoteText(state));
  const std::string from =
      fmt::format(" FROM _sluice.sync_delivered WHERE sync = {}{}", engine::QuoteText(sync), only);
  if (!for_people) {
    return "SELECT key, identity, state, code, message, answered_at AS at, run_id AS run, "
           "coalesce(attempted_payload, payload) AS payload, payload AS delivered_payload" +
           from;
  }
  const bool answered = state != "delivered" && state != "left";
  return fmt::format(
      "SELECT key, coalesce(identity, '') AS identity, state{}, "
      "coalesce(strftime(answered_at, '%Y-%m-%d %H:%M:%S'), '') AS at, run_id AS run{}",
      answered ? ", coalesce(code, '') AS code, coalesce(message, '') AS message" : "", from);
}

// Rows that were left out before anything was sent.
std::string LeftOut(const std::string& sync, bool for_people) {
  const std::string from =
      fmt::format(" FROM _sluice.sync_findings WHERE sync = {}", engine::QuoteText(sync));
  if (!for_people) {
    return "SELECT key, NULL::VARCHAR AS identity, 'left_out' AS state, kind AS code, message, "
           "found_at AS at, run_id AS run, NULL::VARCHAR AS payload, NULL::VARCHAR AS "
           "delivered_payload" +
           from;
  }
  return "SELECT coalesce(key, '') AS key, '' AS identity, 'left_out' AS state, kind AS code, "
         "coalesce(message, '') AS message, strftime(found_at, '%Y-%m-%d %H:%M:%S') AS at, run_id "
         "AS run" +
         from;
}

// Rows that no run has reached have no state of their own: they are what the next run would send.
Result<std::string> Waiting(const ReadContext& context, const std::string& sync, bool for_people) {
  const config::Sync& known = *context.runtime.project().FindSync(sync);  // SyncRows looked
  SLUICE_ASSIGN(const sync::SyncJob job,
                pipeline::MakeSyncJob(context.runtime, context.connection(), known, "rows"));
  SLUICE_TRY(context.runtime.sync_engine().ListUntried(context.connection(), job, kWaitingTable));
  const std::string from = fmt::format(" FROM temp.{}", kWaitingTable);
  if (for_people) {
    return "SELECT key, coalesce(identity, '') AS identity, 'waiting' AS state" + from;
  }
  return "SELECT key, identity, 'waiting' AS state, NULL::VARCHAR AS code, NULL::VARCHAR AS "
         "message, NULL::TIMESTAMP AS at, NULL::VARCHAR AS run, payload, NULL::VARCHAR AS "
         "delivered_payload" +
         from;
}

std::string Summary(const std::string& state, const RowsWritten& written) {
  const std::string rows = Counted(static_cast<uint64_t>(written.rows), "row");
  const std::string more = written.complete ? "" : ", and there are more (--limit N, --csv)";
  if (state != "waiting") return rows + more;
  if (written.rows == 0) return "no row waits";
  return fmt::format("{} wait{} for the next run{}", rows, written.rows == 1 ? "s" : "", more);
}

// In the view of a reader: an open delivery counts as far as it has come.
Status ShowRows(const ReadContext& context, const std::string& sync) {
  const Arguments& arguments = context.arguments;
  const bool for_people = context.for_people();
  const bool waiting = arguments.state == "waiting";
  std::string sql;
  if (waiting) {
    SLUICE_ASSIGN(sql, Waiting(context, sync, for_people));
  }
  if (!waiting && arguments.state != "left_out") sql = Delivered(sync, arguments.state, for_people);
  if (arguments.state == "all") sql += " UNION ALL ";
  if (arguments.state == "left_out" || arguments.state == "all") sql += LeftOut(sync, for_people);
  SLUICE_ASSIGN(auto result,
                context.connection().Stream("SELECT * FROM (" + sql + ") ORDER BY state, key"));
  RowLimits limits{arguments.limit};
  if (limits.rows == 0 && context.for_people()) limits.rows = kRowsShown;
  std::ostream& out = context.world.out;
  if (arguments.json) {
    JsonWriter json(out);
    json.BeginObject();
    json.Field("version", int64_t{1});
    json.Field("sync", sync);
    json.Field("state", arguments.state);
    json.Name("rows");
    SLUICE_ASSIGN(const RowsWritten written, WriteObjects(result, limits, json, out));
    json.Field("complete", written.complete);
    json.EndObject();
    json.Finish();
    return Status::Ok();
  }
  const RowFormat format = arguments.csv ? RowFormat::kCsv : RowFormat::kTable;
  SLUICE_ASSIGN(const RowsWritten written,
                WriteRows(result, format, limits, out, context.world.terminal));
  if (context.for_people() && !arguments.quiet) {
    context.world.err << Summary(arguments.state, written) << "\n";
  }
  return Status::Ok();
}

}  // namespace

Result<int> SyncRows(const ReadContext& context) {
  const config::Project& project = context.runtime.project();
  const std::string& sync = context.arguments.subject;
  SLUICE_TRY(pipeline::CheckSyncName(project, sync));
  SLUICE_TRY(NeedsWarehouse(context));
  const Status shown =
      sync::ReadAsFolded(context.connection(), project.StateFolder(), sync, pipeline::HostName(),
                         context.runtime.clock(), [&] { return ShowRows(context, sync); });
  SLUICE_TRY(shown);
  return pipeline::kExitDone;
}

}  // namespace sluice::cli
