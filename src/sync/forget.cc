#include "sync/forget.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "sync/target.h"

namespace sluice::sync {
namespace {

// No row of the delivery is waiting any more: each may have been sent.
Status CloseRun(engine::Connection& connection, const std::string& sync, const std::string& reason,
                env::Clock& clock) {
  return connection
      .Execute(
          "UPDATE _sluice.sync_runs SET ended_at = CAST($2 AS TIMESTAMP), unknown = unknown + "
          "waiting, waiting = 0, outcome = 'forgotten', message = $3 WHERE sync = $1 AND "
          "delivery_id IN (SELECT delivery_id FROM _sluice.deliveries WHERE sync = $1)",
          {sync, env::FormatUtc(clock.Now(), true), reason})
      .status();
}

Status Drop(engine::Connection& connection, std::string_view table, const std::string& sync) {
  return connection.Execute(fmt::format("DELETE FROM _sluice.{} WHERE sync = $1", table), {sync})
      .status();
}

}  // namespace

Result<std::string> ForgetDelivery(engine::Connection& connection, const RecoverJob& job,
                                   const DeliveryFiles& files, const std::string& reason,
                                   env::Clock& clock) {
  SLUICE_ASSIGN(const bool open, IsAnyOpen(connection, job.sync));
  if (!open) return NotFoundError(fmt::format("no delivery of {} is open", job.sync));
  if (CanBeTakenIn(connection, job, files).ok()) {
    return FailedError(
        fmt::format("the open delivery of {} is whole: nothing needs to be forgotten", job.sync),
        fmt::format("sluice run {} takes it in", job.sync));
  }
  SLUICE_TRY(CloseRun(connection, job.sync, reason, clock));
  SLUICE_TRY(Drop(connection, "deliveries", job.sync));
  SLUICE_TRY(
      connection.Execute("UPDATE _sluice.syncs SET inputs = NULL WHERE sync = $1", {job.sync})
          .status());
  return fmt::format(
      "the open delivery of {} is forgotten: its rows go again where they differ "
      "from what was delivered before it",
      job.sync);
}

Result<std::string> StartAnew(engine::Connection& connection, const std::string& sync,
                              const DeliveryFiles& files, const std::string& reason,
                              env::Clock& clock) {
  SLUICE_ASSIGN(
      const auto known,
      connection.Scalar("SELECT count(*) FROM _sluice.sync_delivered WHERE sync = $1", {sync}));
  SLUICE_ASSIGN(const bool open, IsAnyOpen(connection, sync));
  SLUICE_ASSIGN(const auto logs, files.Logs());
  SLUICE_ASSIGN(int64_t next, NextDelivery(connection, sync));
  const bool strangers = !logs.empty() && logs.back() >= next;
  if (engine::ToInt(known) == 0 && !open && !strangers) {
    return NotFoundError(fmt::format("nothing is known to be delivered by {}", sync));
  }
  SLUICE_TRY(CloseRun(connection, sync, reason, clock));
  for (const char* table : {"deliveries", "sync_delivered", "sync_findings", "syncs"}) {
    SLUICE_TRY(Drop(connection, table, sync));
  }
  SLUICE_TRY(ForgetTarget(connection, sync));
  // Ids of logs are never used twice.
  if (!logs.empty()) next = std::max(next, logs.back() + 1);
  const std::string now = env::FormatUtc(clock.Now(), true);
  SLUICE_TRY(
      connection
          .Execute("INSERT INTO _sluice.syncs (sync, next_delivery) VALUES ($1, $2)", {sync, next})
          .status());
  SLUICE_TRY(connection
                 .Execute("INSERT INTO _sluice.sync_runs (sync, run_id, started_at, ended_at, "
                          "added, changed, returned, retried, left_model, unchanged, planned, "
                          "acknowledged, rejected, deferred, waiting, unknown, requests, bytes, "
                          "outcome, message) VALUES ($1, '', CAST($2 AS TIMESTAMP), CAST($2 AS "
                          "TIMESTAMP), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 'started anew', "
                          "$3)",
                          {sync, now, reason})
                 .status());
  return fmt::format("{} starts anew: what is known of {} is forgotten, and the next run sends all",
                     sync, Counted(static_cast<uint64_t>(engine::ToInt(known)), "row"));
}

}  // namespace sluice::sync
