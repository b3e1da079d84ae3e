#include "sync/recover.h"

#include <map>
#include <vector>

#include <fmt/format.h>

#include "env/file.h"

namespace sluice::sync {
namespace {

struct OpenDelivery {
  int64_t id = 0;
  std::string host;
  std::string log;
};

Result<std::optional<OpenDelivery>> FindOpen(engine::Connection& connection,
                                             const std::string& sync) {
  SLUICE_ASSIGN(
      const auto rows,
      connection.Rows("SELECT delivery_id, host, log FROM _sluice.deliveries WHERE sync = "
                      "$1 ORDER BY delivery_id",
                      {sync}));
  if (rows.empty()) return std::optional<OpenDelivery>();
  if (rows.size() > 1) {
    return FailedError(fmt::format("{} deliveries of {} are open at once", rows.size(), sync));
  }
  return std::optional<OpenDelivery>(OpenDelivery{
      engine::ToInt(rows[0][0]), engine::ToText(rows[0][1]), engine::ToText(rows[0][2])});
}

// What a person can do while there is no command for it.
std::string HowToForget(const std::string& sync) {
  return fmt::format(
      "Bring the files back and run again. Or, if it is acceptable that rows of that delivery are "
      "sent once more, forget it with any DuckDB client: DELETE FROM _sluice.deliveries WHERE sync "
      "= '{}'",
      sync);
}

Status Lost(const std::string& sync, const OpenDelivery& open, std::string_view what) {
  return FailedError(fmt::format("delivery {} of {} was interrupted, and its {} is lost ({}): what "
                                 "was sent cannot be told",
                                 open.id, sync, what, open.log),
                     HowToForget(sync));
}

// The attempts in flight when the process ended: their marks.
using OpenAttempts = std::map<uint64_t, std::string>;

struct LogFacts {
  OpenAttempts open;
  bool anything_sent = false;
  std::string run_id;
};

Result<LogFacts> ReadFacts(const std::string& path) {
  LogFacts facts;
  const auto visit = [&](uint64_t, const LogEntry& entry) {
    if (const auto* header = std::get_if<LogHeader>(&entry)) facts.run_id = header->run_id;
    if (const auto* intent = std::get_if<LogIntent>(&entry)) {
      facts.anything_sent = true;
      facts.open[intent->attempt] = intent->mark;
    }
    if (const auto* outcome = std::get_if<LogOutcome>(&entry)) facts.open.erase(outcome->attempt);
    return Status::Ok();
  };
  SLUICE_ASSIGN(const LogExtent extent, ReadLog(path, visit));
  SLUICE_TRY(CutTornTail(path, extent));
  return facts;
}

void SettleAttempts(connector::Destination& destination, const OpenAttempts& open, FoldJob& fold) {
  connector::Settling* settling = destination.settling();
  if (settling == nullptr) return;
  for (const auto& [attempt, mark] : open) {
    const auto arrived = settling->Settle(mark);
    if (!arrived.ok()) continue;  // it stays unknown
    (arrived.value() ? fold.arrived : fold.undone).insert(attempt);
  }
}

Result<SyncSummary> FoldOpen(engine::Connection& connection, const RecoverJob& job,
                             const OpenDelivery& open, const DeliveryFiles& files,
                             connector::Destination& destination, env::Clock& clock) {
  if (open.host != job.host) {
    return FailedError(
        fmt::format("delivery {} of {} was left open on {}, its log is {}", open.id, job.sync,
                    open.host, open.log),
        fmt::format("Run it there first. If that machine is gone: {}", HowToForget(job.sync)));
  }
  FoldJob fold;
  fold.sync = job.sync;
  fold.delivery_id = open.id;
  fold.log_path = files.Log(open.id);
  fold.spool_path = files.Spool(open.id);
  fold.fence = job.fence;
  if (!env::Exists(fold.log_path)) return Lost(job.sync, open, "log");
  SLUICE_ASSIGN(const LogFacts facts, ReadFacts(fold.log_path));
  if (facts.run_id.empty()) return Lost(job.sync, open, "log");
  if (facts.anything_sent && !env::Exists(fold.spool_path)) return Lost(job.sync, open, "spool");
  fold.run_id = facts.run_id;
  SettleAttempts(destination, facts.open, fold);
  return FoldDelivery(connection, fold, clock);
}

// Logs that the warehouse knows nothing of: from a run that ended before its delivery was noted, or
// from the future of a warehouse that was restored.
Status RemoveStrangers(const RecoverJob& job, int64_t next, const DeliveryFiles& files) {
  SLUICE_ASSIGN(const auto logs, files.Logs());
  for (const int64_t id : logs) {
    if (id < next) continue;
    SLUICE_ASSIGN(const LogFacts facts, ReadFacts(files.Log(id)));
    if (facts.anything_sent) {
      return FailedError(
          fmt::format("the warehouse does not know delivery {} of {}, which was made: it is older "
                      "than what was sent (was it restored from a backup?)",
                      id, job.sync),
          fmt::format(
              "Put the newer warehouse back. Or, if it is acceptable that rows are sent once "
              "more, remove {} and run again",
              files.folder()));
    }
    SLUICE_TRY(files.Remove(id));
  }
  return files.RemoveFolded(next - 1);
}

}  // namespace

Result<int64_t> NextDelivery(engine::Connection& connection, const std::string& sync) {
  SLUICE_ASSIGN(const auto next, connection.Scalar("SELECT coalesce(max(next_delivery), 1) FROM "
                                                   "_sluice.syncs WHERE sync = $1",
                                                   {sync}));
  return engine::ToInt(next);
}

Result<std::optional<SyncSummary>> RecoverDelivery(engine::Connection& connection,
                                                   const RecoverJob& job,
                                                   const DeliveryFiles& files,
                                                   connector::Destination& destination,
                                                   env::Clock& clock) {
  SLUICE_ASSIGN(const auto open, FindOpen(connection, job.sync));
  std::optional<SyncSummary> summary;
  if (open) {
    SLUICE_ASSIGN(summary, FoldOpen(connection, job, *open, files, destination, clock));
  }
  SLUICE_ASSIGN(const int64_t next, NextDelivery(connection, job.sync));
  SLUICE_TRY(RemoveStrangers(job, next, files));
  return summary;
}

}  // namespace sluice::sync
