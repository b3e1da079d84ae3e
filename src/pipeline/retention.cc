#include "pipeline/retention.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "env/file.h"
#include "pipeline/plan_deep.h"
#include "pipeline/run_record.h"
#include "sync/sql.h"

namespace sluice::pipeline {
namespace {

using engine::ToInt;
using engine::ToText;

constexpr int64_t kMostFiles = 20'000;
constexpr int64_t kMostRows = 2'000'000;
constexpr std::chrono::hours kSpoolAge{24};
constexpr std::chrono::hours kCleanEvery{6};
constexpr const char* kStamp = "cleaned";  // its time says when

class Cleaner {
 public:
  Cleaner(Runtime& runtime, warehouse::Session* session, const config::Retention& retention,
          bool dry_run)
      : runtime_(runtime),
        session_(session),
        retention_(retention),
        dry_run_(dry_run),
        now_(runtime.clock().Now()) {}

  Result<CleanReport> Run() {
    SLUICE_TRY(OldFiles("logs of runs", runtime_.StatePath("logs"), retention_.logs));
    SLUICE_TRY(
        OldFiles("requests of dry runs", runtime_.StatePath("dry-run"), retention_.dry_runs));
    SLUICE_TRY(Spools());
    SLUICE_ASSIGN(const bool copy, RemoveDeepLeftover(runtime_, dry_run_));
    Add("copy of a broken-off plan --deep", copy ? 1 : 0);
    SLUICE_TRY(RunList());
    if (session_ != nullptr) SLUICE_TRY(Tables());
    if (!dry_run_) SLUICE_TRY(env::WriteFileAtomically(runtime_.StatePath(kStamp), "", 0600));
    return std::move(report_);
  }

 private:
  env::Micros Before(std::chrono::milliseconds age) const { return now_ - age.count() * 1000; }

  void Add(const std::string& what, int64_t things, uint64_t bytes = 0) {
    if (things > 0) report_.lines.push_back({what, things, bytes});
  }

  // Files and folders directly below `folder`, by the time of their last change.
  Status OldFiles(const std::string& what, const std::string& folder,
                  std::chrono::milliseconds age) {
    if (!env::Exists(folder)) return Status::Ok();
    SLUICE_ASSIGN(const auto entries, env::ListDirectory(folder));
    int64_t things = 0;
    uint64_t bytes = 0;
    for (const env::DirectoryEntry& entry : entries) {
      if (entry.info.modified >= Before(age)) continue;
      if (things == kMostFiles) {
        report_.complete = false;
        break;
      }
      ++things;
      if (!entry.info.is_directory) bytes += entry.info.size;
      if (!dry_run_) SLUICE_TRY(env::RemoveTree(env::JoinPath(folder, entry.name)));
    }
    Add(what, things, bytes);
    return Status::Ok();
  }

  // Downloads that a killed run left: of an ingest that nobody works with.
  Status Spools() {
    const std::string state = runtime_.project().StateFolder();
    if (!env::Exists(state)) return Status::Ok();
    SLUICE_ASSIGN(const auto entries, env::ListDirectory(state));
    int64_t things = 0;
    for (const env::DirectoryEntry& entry : entries) {
      constexpr std::string_view kPrefix = "spool-";
      if (!entry.info.is_directory || !StartsWith(entry.name, kPrefix)) continue;
      if (entry.info.modified >= Before(kSpoolAge)) continue;
      const auto lock = runtime_.Lock("ingest", entry.name.substr(kPrefix.size()),
                                      std::chrono::milliseconds(0), nullptr);
      if (lock.status().code() == Code::kBusy) continue;
      if (!lock.ok()) return lock.status();
      ++things;
      if (!dry_run_) SLUICE_TRY(env::RemoveTree(env::JoinPath(state, entry.name)));
    }
    Add("spools of downloads", things);
    return Status::Ok();
  }

  Status RunList() {
    if (!env::Exists(runtime_.StatePath("state.db"))) return Status::Ok();
    SLUICE_ASSIGN(const auto store, RunStore::Open(runtime_.project().StateFolder()));
    SLUICE_ASSIGN(const int64_t runs,
                  store->RemoveBefore(env::FormatUtc(Before(retention_.runs), true), dry_run_));
    Add("runs in the list", runs);
    return Status::Ok();
  }

  std::string Time(std::chrono::milliseconds age) const {
    return engine::QuoteText(env::FormatUtc(Before(age), true)) + "::TIMESTAMP";
  }

  // A sync can keep its tries for longer, or shorter.
  std::string TimeOfAttempts() const {
    std::string out = "CASE sync";
    for (const config::Sync& sync : runtime_.project().syncs) {
      if (!sync.attempts.keep) continue;
      out +=
          fmt::format(" WHEN {} THEN {}", engine::QuoteText(sync.name), Time(*sync.attempts.keep));
    }
    const std::string others = Time(retention_.attempts);
    return out == "CASE sync" ? others : out + " ELSE " + others + " END";
  }

  // Tries that hold more of what was sent than their sync keeps by now.
  Status HidePayloads(std::vector<std::string>& statements) {
    for (const config::Sync& sync : runtime_.project().syncs) {
      if (sync.attempts.payload == config::Attempts::Payload::kFull) continue;
      const std::string kept = sync::sql::KeptOf(sync.attempts.payload, "sent");
      const std::string which =
          fmt::format("WHERE sync = {} AND sent IS NOT NULL AND sent IS DISTINCT FROM {}",
                      engine::QuoteText(sync.name), kept);
      SLUICE_ASSIGN(const auto counted, session_->connection().Scalar(
                                            "SELECT count(*) FROM _sluice.sync_attempts " + which));
      Add("payloads of attempts of " + sync.name, ToInt(counted));
      if (ToInt(counted) == 0) continue;
      statements.push_back(
          fmt::format("UPDATE _sluice.sync_attempts SET sent = {} {}", kept, which));
    }
    return Status::Ok();
  }

  Status Tables() {
    engine::Connection& connection = session_->connection();
    const struct {
      const char* what;
      const char* table;
      const char* time;
      std::string before;
    } kinds[] = {
        {"records of runs", "runs", "started_at", Time(retention_.runs)},
        {"results of checks", "check_results", "checked_at", Time(retention_.checks)},
        {"attempts of syncs", "sync_attempts", "answered_at", TimeOfAttempts()},
        {"rows left out by syncs", "sync_findings", "found_at", Time(retention_.attempts)},
        {"records of syncs", "sync_runs", "ended_at", Time(retention_.runs)},
    };
    std::vector<std::string> statements;
    for (const auto& kind : kinds) {
      const std::string old =
          fmt::format("FROM _sluice.{} WHERE {} < {}", kind.table, kind.time, kind.before);
      SLUICE_ASSIGN(const auto counted, connection.Scalar("SELECT count(*) " + old));
      const int64_t rows = std::min(ToInt(counted), kMostRows);
      report_.complete = report_.complete && rows == ToInt(counted);
      Add(kind.what, rows);
      if (rows == 0) continue;
      statements.push_back(fmt::format(
          "DELETE FROM _sluice.{} WHERE rowid IN (SELECT rowid {} ORDER BY {} LIMIT {})",
          kind.table, old, kind.time, kMostRows));
    }
    SLUICE_TRY(HidePayloads(statements));
    const std::string outdated = OutdatedFiles(Before(retention_.runs));
    SLUICE_ASSIGN(const auto counted,
                  connection.Scalar(fmt::format("SELECT count(*) FROM ({})", outdated)));
    Add("entries of files that are replaced", ToInt(counted));
    report_.complete = report_.complete && ToInt(counted) < kMostRows;
    if (ToInt(counted) > 0) {
      statements.push_back(fmt::format("DELETE FROM _sluice.files WHERE rowid IN ({})", outdated));
    }
    if (dry_run_ || statements.empty()) return Status::Ok();
    SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(connection));
    for (const std::string& statement : statements) {
      SLUICE_TRY(connection.Execute(statement).status());
    }
    return transaction->Commit();
  }

  Runtime& runtime_;
  warehouse::Session* session_;
  const config::Retention& retention_;
  const bool dry_run_;
  const env::Micros now_;
  CleanReport report_;
};

}  // namespace

std::string OutdatedFiles(env::Micros before) {
  const std::string time = engine::QuoteText(env::FormatUtc(before, true)) + "::TIMESTAMP";
  // Of a table that is replaced the last load and the one before it: that one comes back when the last is taken back.
  const std::string loads =
      "SELECT load_id, max(published_at) AS published_at, max(mode) AS mode, min(nth) AS nth FROM "
      "(SELECT *, row_number() OVER (PARTITION BY table_name ORDER BY rowid DESC) AS nth FROM "
      "_sluice.loads WHERE unloaded_at IS NULL) GROUP BY load_id";
  return fmt::format(
      "SELECT id FROM (SELECT f.rowid AS id, f.state, f.reason, f.ingest, f.table_name, "
      "f.finished_at, l.published_at, l.mode, l.nth, row_number() OVER (PARTITION BY f.ingest, "
      "f.connection, f.table_name, f.address ORDER BY f.rowid DESC) AS age FROM _sluice.files AS f "
      "LEFT JOIN ({2}) AS l ON l.load_id = f.load_id) AS f WHERE age > 1 AND ((state = 'replaced' "
      "AND published_at < {0} AND NOT EXISTS (SELECT 1 FROM _sluice.files AS x WHERE x.state = "
      "'loaded' AND x.ingest = f.ingest AND x.table_name = f.table_name AND f.reason = 'replaced "
      "by "
      "load ' || x.load_id)) OR (state = 'loaded' AND mode = 'replace' AND nth > 2 AND finished_at "
      "IS NULL AND published_at < {0}) OR (state = 'skipped' AND published_at IS NULL AND "
      "finished_at < {0})) LIMIT {1}",
      time, kMostRows, loads);
}

Result<CleanReport> Clean(Runtime& runtime, warehouse::Session* session,
                          const config::Retention& retention, bool dry_run) {
  return Cleaner(runtime, session, retention, dry_run).Run();
}

bool IsCleaningDue(Runtime& runtime) {
  const auto stamp = env::Stat(runtime.StatePath(kStamp));
  if (!stamp.ok()) return true;
  const auto age = std::chrono::microseconds(runtime.clock().Now() - stamp->modified);
  return age >= kCleanEvery || age < std::chrono::seconds(0);  // a clock that was put back
}

Result<std::vector<std::string>> OldHolds(engine::Connection& connection,
                                          const config::Retention& retention, env::Micros now) {
  SLUICE_ASSIGN(
      const auto rows,
      connection.Rows("SELECT hold_id, owner, table_name, created_at, (epoch_us($1::TIMESTAMP) - "
                      "epoch_us(created_at)) // 86400000000 FROM _sluice.holds WHERE state = "
                      "'open' AND created_at < $2::TIMESTAMP ORDER BY created_at LIMIT 20",
                      {env::FormatUtc(now, true),
                       env::FormatUtc(now - retention.warn_held.count() * 1000, true)}));
  std::vector<std::string> warnings;
  for (const auto& row : rows) {
    const std::string table = ToText(row[2]);
    warnings.push_back(fmt::format("hold {} ({}{}) waits for a decision since {}: sluice gate list",
                                   ToText(row[0]), ToText(row[1]), table.empty() ? "" : "." + table,
                                   Counted(static_cast<uint64_t>(ToInt(row[4])), "day")));
  }
  return warnings;
}

}  // namespace sluice::pipeline
