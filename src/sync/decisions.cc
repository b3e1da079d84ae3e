#include "sync/decisions.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "sync/delivery_log.h"
#include "sync/fold.h"
#include "sync/spool.h"
#include "sync/target.h"

namespace sluice::sync {
namespace {

// No row of the delivery is waiting any more: each may have been sent.
Status CloseRun(engine::Connection& connection, const std::string& sync, const std::string& reason,
                env::Clock& clock) {
  return connection
      .Execute(
          "UPDATE _sluice.sync_runs SET ended_at = CAST($2 AS TIMESTAMP), unknown = unknown + "
          "waiting, waiting = 0, outcome = 'adopted', message = $3 WHERE sync = $1 AND "
          "delivery_id IN (SELECT delivery_id FROM _sluice.deliveries WHERE sync = $1)",
          {sync, env::FormatUtc(clock.Now(), true), reason})
      .status();
}

Result<uint64_t> Count(engine::Connection& connection, const std::string& sync,
                       const std::string& condition) {
  SLUICE_ASSIGN(
      const auto count,
      connection.Scalar(
          "SELECT count(*) FROM _sluice.sync_delivered WHERE sync = $1 AND " + condition, {sync}));
  return static_cast<uint64_t>(engine::ToInt(count));
}

Status Drop(engine::Connection& connection, std::string_view table, const std::string& sync) {
  return connection.Execute(fmt::format("DELETE FROM _sluice.{} WHERE sync = $1", table), {sync})
      .status();
}

Result<std::string> AdoptOlder(engine::Connection& connection, const RecoverJob& job,
                               int64_t newest, const std::string& reason, env::Clock& clock) {
  SLUICE_ASSIGN(
      const auto known,
      connection.Scalar("SELECT count(*) FROM _sluice.syncs WHERE sync = $1", {job.sync}));
  // Ids of logs are never used twice; older files go with the next run.
  const std::string set = engine::ToInt(known) > 0
                              ? "UPDATE _sluice.syncs SET next_delivery = $2, inputs = NULL WHERE "
                                "sync = $1"
                              : "INSERT INTO _sluice.syncs (sync, next_delivery) VALUES ($1, $2)";
  SLUICE_TRY(connection.Execute(set, {job.sync, newest + 1}).status());
  SLUICE_TRY(RecordDecision(connection, job.sync, "adopted", reason, clock));
  return fmt::format(
      "what the warehouse knows of {} counts: rows go again where they differ from it. To send all "
      "of them: sluice sync resync {}",
      job.sync, job.sync);
}

}  // namespace

Status LookAgain(engine::Connection& connection, const std::string& sync) {
  return connection.Execute("UPDATE _sluice.syncs SET inputs = NULL WHERE sync = $1", {sync})
      .status();
}

Status RecordDecision(engine::Connection& connection, const std::string& sync,
                      const std::string& outcome, const std::string& reason, env::Clock& clock) {
  return connection
      .Execute(
          "INSERT INTO _sluice.sync_runs (sync, run_id, started_at, ended_at, added, changed, "
          "returned, retried, left_model, unchanged, planned, acknowledged, rejected, deferred, "
          "waiting, unknown, requests, bytes, outcome, message) VALUES ($1, '', CAST($2 AS "
          "TIMESTAMP), CAST($2 AS TIMESTAMP), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, $3, $4)",
          {sync, env::FormatUtc(clock.Now(), true), outcome,
           reason.empty() ? engine::Value() : engine::Value(reason)})
      .status();
}

Status NoneOpen(engine::Connection& connection, const std::string& sync) {
  SLUICE_ASSIGN(const bool open, IsAnyOpen(connection, sync));
  if (!open) return Status::Ok();
  return FailedError(fmt::format("a delivery of {} is open: what it did is not known yet", sync),
                     fmt::format("sluice run {} takes it in", sync));
}

Status MarkToGoAgain(engine::Connection& connection, const std::string& sync,
                     const std::optional<std::string>& key) {
  // What may be there beside what was delivered is sent over, whole.
  std::string mark = fmt::format(
      "UPDATE _sluice.sync_delivered SET attempted_digest = NULL, attempted_payload = "
      "coalesce(attempted_payload, payload), code = CASE state WHEN 'delivered' THEN '{0}' ELSE "
      "code END WHERE sync = $1",
      kRetryCode);
  std::vector<engine::Value> values = {sync};
  if (key) {
    mark += " AND key = $2";
    values.emplace_back(*key);
  } else {
    // What was never sent cannot go again.
    mark += fmt::format(" AND code IS DISTINCT FROM '{}'", kTakenCode);
  }
  SLUICE_TRY(connection.Execute(mark, values).status());
  return LookAgain(connection, sync);
}

namespace {

// The spool's numbers, read anew; nothing when it is not there or not whole.
std::optional<SpoolInfo> ReadSpool(const std::string& path) {
  auto spool = SpoolReader::Open(path);
  if (!spool.ok()) return {};
  SpoolDigest digest;
  while (true) {
    auto row = spool->Next();
    if (!row.ok()) return {};
    if (!*row) return digest.Finish();
    digest.Add(**row);
  }
}

// The log is lost, and the spool says what the delivery was about: each row of it may have arrived. Whether it
// could be told.
Result<bool> TakeInAsUnknown(engine::Connection& connection, const RecoverJob& job,
                             const DeliveryFiles& files, const std::string& reason,
                             env::Clock& clock) {
  SLUICE_ASSIGN(const auto open,
                connection.Rows("SELECT d.delivery_id, r.run_id FROM _sluice.deliveries AS d JOIN "
                                "_sluice.sync_runs AS r ON r.sync = d.sync AND r.delivery_id = "
                                "d.delivery_id WHERE d.sync = $1 AND d.host = $2",
                                {job.sync, job.host}));
  if (open.size() != 1) return false;
  FoldJob fold;
  fold.sync = job.sync;
  fold.delivery_id = engine::ToInt(open[0][0]);
  fold.run_id = engine::ToText(open[0][1]);
  fold.log_path = files.Log(fold.delivery_id);
  fold.spool_path = files.Spool(fold.delivery_id);
  fold.payload = job.payload;
  const auto spool = ReadSpool(fold.spool_path);
  if (!spool || spool->rows == 0) return false;
  LogHeader header;
  header.delivery_id = fold.delivery_id;
  header.sync = job.sync;
  header.run_id = fold.run_id;
  header.host = job.host;
  header.spool = *spool;
  header.at = clock.Now();
  SLUICE_ASSIGN(auto log, DeliveryLog::Create(fold.log_path, header));
  SLUICE_TRY(log.Write(LogIntent{1, {{0, spool->rows}}, 0, "", header.at}));
  SLUICE_TRY(FoldWithin(connection, fold, clock).status());
  SLUICE_TRY(connection
                 .Execute("UPDATE _sluice.sync_runs SET outcome = 'adopted', message = $3 WHERE "
                          "sync = $1 AND delivery_id = $2",
                          {job.sync, fold.delivery_id, reason})
                 .status());
  return true;
}

}  // namespace

Result<std::string> Adopt(engine::Connection& connection, const RecoverJob& job,
                          const DeliveryFiles& files, const std::string& reason,
                          env::Clock& clock) {
  SLUICE_ASSIGN(const bool open, IsAnyOpen(connection, job.sync));
  if (!open) {
    SLUICE_ASSIGN(const auto logs, files.Logs());
    SLUICE_ASSIGN(const int64_t next, NextDelivery(connection, job.sync));
    if (!logs.empty() && logs.back() >= next) {
      return AdoptOlder(connection, job, logs.back(), reason, clock);
    }
    return NotFoundError(
        fmt::format("nothing of {} needs to be adopted: no delivery is open, and "
                    "none was made that the warehouse does not know",
                    job.sync));
  }
  if (CanBeTakenIn(connection, job, files).ok()) {
    return FailedError(
        fmt::format("the open delivery of {} is whole: nothing needs to be adopted", job.sync),
        fmt::format("sluice run {} takes it in", job.sync));
  }
  SLUICE_ASSIGN(const bool told, TakeInAsUnknown(connection, job, files, reason, clock));
  if (told) {
    SLUICE_TRY(LookAgain(connection, job.sync));
    return fmt::format(
        "the open delivery of {} is given up: each of its rows may have arrived, and goes again as "
        "the model has it now, or is removed",
        job.sync);
  }
  SLUICE_TRY(CloseRun(connection, job.sync, reason, clock));
  SLUICE_TRY(Drop(connection, "deliveries", job.sync));
  SLUICE_TRY(LookAgain(connection, job.sync));
  return fmt::format(
      "the open delivery of {} is given up: its rows go again where they differ from what was "
      "delivered before it",
      job.sync);
}

Result<std::string> Reset(engine::Connection& connection, const std::string& sync,
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
  for (const char* table :
       {"deliveries", "sync_delivered", "sync_findings", "sync_confirmed", "syncs"}) {
    SLUICE_TRY(Drop(connection, table, sync));
  }
  SLUICE_TRY(ForgetTarget(connection, sync));
  // Ids of logs are never used twice.
  if (!logs.empty()) next = std::max(next, logs.back() + 1);
  SLUICE_TRY(
      connection
          .Execute("INSERT INTO _sluice.syncs (sync, next_delivery) VALUES ($1, $2)", {sync, next})
          .status());
  SLUICE_TRY(RecordDecision(connection, sync, "reset", reason, clock));
  return fmt::format("{} is reset: what is known of {} is forgotten, and the next run sends all",
                     sync, Counted(static_cast<uint64_t>(engine::ToInt(known)), "row"));
}

Result<std::string> Retry(engine::Connection& connection, const std::string& sync,
                          const std::string& state, const std::string& reason, env::Clock& clock) {
  SLUICE_TRY(NoneOpen(connection, sync));
  const std::string which = state == "deferred" ? "state = 'deferred' AND next_try_at IS NOT NULL"
                                                : fmt::format("state = '{}'", state);
  SLUICE_ASSIGN(const uint64_t rows, Count(connection, sync, which));
  if (rows == 0) {
    return NotFoundError(
        fmt::format("no row of {} is {}{}", sync, state, state == "deferred" ? " for a time" : ""));
  }
  // A row that was rejected is passed over as long as its payload is the one that was refused.
  const std::string set = state == "rejected"   ? "attempted_digest = NULL"
                          : state == "deferred" ? "next_try_at = NULL"
                                                : fmt::format("code = '{}'", kRetryCode);
  const std::string mark =
      fmt::format("UPDATE _sluice.sync_delivered SET {} WHERE sync = $1 AND {}", set, which);
  SLUICE_TRY(connection.Execute(mark, {sync}).status());
  SLUICE_TRY(LookAgain(connection, sync));
  SLUICE_TRY(RecordDecision(connection, sync, "retry", reason, clock));
  return fmt::format("{} of {} {} again with the next run, if the model has {}",
                     Counted(rows, state + " row"), sync, rows == 1 ? "goes" : "go",
                     rows == 1 ? "it" : "them");
}

Result<std::string> Resync(engine::Connection& connection, const std::string& sync,
                           const std::optional<std::string>& key, const std::string& reason,
                           env::Clock& clock) {
  SLUICE_TRY(NoneOpen(connection, sync));
  const std::string taken = fmt::format("code IS NOT DISTINCT FROM '{}'", kTakenCode);
  SLUICE_ASSIGN(const uint64_t never_sent, Count(connection, sync, taken));
  SLUICE_ASSIGN(const uint64_t rows,
                Count(connection, sync, "payload IS NOT NULL AND NOT (" + taken + ")"));
  SLUICE_TRY(MarkToGoAgain(connection, sync, key));
  if (key) return fmt::format("the row {} goes again", *key);
  SLUICE_TRY(RecordDecision(connection, sync, "resync", reason, clock));
  std::string done = fmt::format("{} of {} {} again, whole, with the next run, if the model has {}",
                                 Counted(rows, "delivered row"), sync, rows == 1 ? "goes" : "go",
                                 rows == 1 ? "it" : "them");
  if (never_sent > 0) {
    done += fmt::format(
        "; {} that the first run has taken as delivered (first_run: from_now_on) {} never sent, "
        "and {} not sent now",
        Counted(never_sent, "row"), never_sent == 1 ? "was" : "were",
        never_sent == 1 ? "is" : "are");
  }
  return done;
}

Result<std::string> Pause(engine::Connection& connection, const std::string& sync,
                          const std::string& reason, env::Clock& clock) {
  SLUICE_ASSIGN(const auto paused, PausedSince(connection, sync));
  if (paused) return NotFoundError(fmt::format("{} is {} already", sync, *paused));
  SLUICE_TRY(
      connection
          .Execute("INSERT INTO _sluice.sync_pauses (sync, reason, paused_at) VALUES ($1, $2, "
                   "CAST($3 AS TIMESTAMP))",
                   {sync, reason, env::FormatUtc(clock.Now(), true)})
          .status());
  SLUICE_TRY(RecordDecision(connection, sync, "paused", reason, clock));
  return fmt::format("{} is paused: runs pass it over until `sluice sync resume {}`", sync, sync);
}

Result<std::string> Resume(engine::Connection& connection, const std::string& sync,
                           const std::string& reason, env::Clock& clock) {
  SLUICE_ASSIGN(const auto paused, PausedSince(connection, sync));
  if (!paused) return NotFoundError(fmt::format("{} is not paused", sync));
  SLUICE_TRY(Drop(connection, "sync_pauses", sync));
  SLUICE_TRY(RecordDecision(connection, sync, "resumed", reason, clock));
  return fmt::format("{} goes on with the next run", sync);
}

Result<std::optional<std::string>> PausedSince(engine::Connection& connection,
                                               const std::string& sync) {
  SLUICE_ASSIGN(
      const auto rows,
      connection.Rows("SELECT strftime(paused_at, '%Y-%m-%d %H:%M'), coalesce(reason, '') "
                      "FROM _sluice.sync_pauses WHERE sync = $1",
                      {sync}));
  if (rows.empty()) return std::optional<std::string>();
  const std::string reason = engine::ToText(rows[0][1]);
  return std::optional<std::string>(fmt::format("paused since {}{}{}", engine::ToText(rows[0][0]),
                                                reason.empty() ? "" : ": ", reason));
}

}  // namespace sluice::sync
