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

std::string HowToForget(const std::string& sync) {
  return fmt::format(
      "Bring the files back and run again. Or, if it is acceptable that rows of that delivery are "
      "sent once more: sluice sync adopt {} --reason TEXT",
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
  LogExtent extent;
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
  SLUICE_ASSIGN(facts.extent, ReadLog(path, visit));
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

struct Interrupted {
  FoldJob fold;
  LogFacts facts;
};

// The delivery that is open, if everything is there that folding it needs.
Result<std::optional<Interrupted>> FindInterrupted(engine::Connection& connection,
                                                   const RecoverJob& job,
                                                   const DeliveryFiles& files) {
  SLUICE_ASSIGN(const auto open, FindOpen(connection, job.sync));
  if (!open) return std::optional<Interrupted>();
  if (open->host == kRestoredHost) {
    return FailedError(
        fmt::format("the warehouse was restored from a backup of {}: what {} has sent since is not "
                    "known",
                    open->log, job.sync),
        fmt::format("If it is acceptable that rows sent since are sent once more where they differ "
                    "from what was delivered before: sluice sync adopt {0} --reason TEXT. "
                    "To send all rows: sluice sync reset {0} --reason TEXT",
                    job.sync));
  }
  if (open->host != job.host) {
    return FailedError(
        fmt::format("delivery {} of {} was left open on {}, its log is {}", open->id, job.sync,
                    open->host, open->log),
        fmt::format("Run it there first. If that machine is gone: {}", HowToForget(job.sync)));
  }
  Interrupted interrupted;
  FoldJob& fold = interrupted.fold;
  fold.sync = job.sync;
  fold.delivery_id = open->id;
  fold.log_path = files.Log(open->id);
  fold.spool_path = files.Spool(open->id);
  fold.fence = job.fence;
  fold.payload = job.payload;
  fold.taken_from = job.taken_from;
  if (!env::Exists(fold.log_path)) return Lost(job.sync, *open, "log");
  SLUICE_ASSIGN(interrupted.facts, ReadFacts(fold.log_path));
  const LogFacts& facts = interrupted.facts;
  if (facts.run_id.empty()) return Lost(job.sync, *open, "log");
  if (facts.anything_sent && !env::Exists(fold.spool_path)) return Lost(job.sync, *open, "spool");
  fold.run_id = facts.run_id;
  return std::optional<Interrupted>(std::move(interrupted));
}

// Logs that the warehouse knows nothing of: from a run that ended before its delivery was noted, or
// from the future of a warehouse that was restored. The first kind is given.
Result<std::vector<int64_t>> FindStrangers(const RecoverJob& job, int64_t next,
                                           const DeliveryFiles& files) {
  std::vector<int64_t> strangers;
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
              "Put the newer warehouse back. Or go on from what this one knows, if rows may "
              "be sent once more: sluice sync adopt {0} --reason TEXT. To send all rows: "
              "sluice sync reset {0} --reason TEXT",
              job.sync));
    }
    strangers.push_back(id);
  }
  return strangers;
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
  SLUICE_ASSIGN(auto interrupted, FindInterrupted(connection, job, files));
  std::optional<SyncSummary> summary;
  if (interrupted) {
    FoldJob& fold = interrupted->fold;
    SLUICE_TRY(CutTornTail(fold.log_path, interrupted->facts.extent));
    SettleAttempts(destination, interrupted->facts.open, fold);
    SLUICE_ASSIGN(summary, FoldDelivery(connection, fold, clock));
  }
  SLUICE_ASSIGN(const int64_t next, NextDelivery(connection, job.sync));
  SLUICE_ASSIGN(const auto strangers, FindStrangers(job, next, files));
  for (const int64_t id : strangers) SLUICE_TRY(files.Remove(id));
  SLUICE_TRY(files.RemoveFolded(next - 1));
  return summary;
}

Result<std::optional<SyncSummary>> RecoverWithin(engine::Connection& connection,
                                                 const RecoverJob& job, const DeliveryFiles& files,
                                                 env::Clock& clock) {
  SLUICE_ASSIGN(auto interrupted, FindInterrupted(connection, job, files));
  std::optional<SyncSummary> summary;
  if (interrupted) {
    interrupted->fold.fence.reset();
    SLUICE_ASSIGN(summary, FoldWithin(connection, interrupted->fold, clock));
  }
  SLUICE_ASSIGN(const int64_t next, NextDelivery(connection, job.sync));
  SLUICE_TRY(FindStrangers(job, next, files).status());
  return summary;
}

Status CanBeTakenIn(engine::Connection& connection, const RecoverJob& job,
                    const DeliveryFiles& files) {
  return FindInterrupted(connection, job, files).status();
}

Result<bool> IsAnyOpen(engine::Connection& connection, const std::string& sync) {
  SLUICE_ASSIGN(const auto open, FindOpen(connection, sync));
  return open.has_value();
}

}  // namespace sluice::sync
