#include "pipeline/backup.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "env/file.h"
#include "env/lock.h"
#include "ingest/moved_files.h"
#include "pipeline/backup_files.h"
#include "pipeline/project_locks.h"
#include "pipeline/sqlite.h"
#include "sync/delivery_files.h"
#include "sync/recover.h"
#include "warehouse/schema.h"

namespace sluice::pipeline {
namespace {

using engine::ToInt;
using engine::ToText;

constexpr std::chrono::seconds kWarehouseWait{10};
constexpr const char* kCopyName = "warehouse.duckdb";
constexpr int kMostAttempts = 3;  // when somebody writes between the checkpoint and the copy

Result<std::map<std::string, int64_t>> CountTables(engine::Connection& connection) {
  SLUICE_ASSIGN(const auto tables,
                connection.Rows("SELECT schema_name, table_name FROM duckdb_tables() WHERE "
                                "database_name = current_database() AND NOT temporary ORDER BY "
                                "ALL"));
  std::map<std::string, int64_t> rows;
  for (const auto& table : tables) {
    const std::string schema = ToText(table[0]);
    const std::string name = ToText(table[1]);
    SLUICE_ASSIGN(const auto n, connection.Scalar(fmt::format("SELECT count(*) FROM {}.{}",
                                                              engine::QuoteName(schema),
                                                              engine::QuoteName(name))));
    rows[schema + "." + name] = ToInt(n);
  }
  return rows;
}

// What tells which of two states of a warehouse is the newer one.
Status DescribeState(engine::Connection& connection, BackupManifest& manifest) {
  SLUICE_ASSIGN(manifest.schema_version, warehouse::SchemaVersion(connection));
  SLUICE_ASSIGN(const auto loads,
                connection.Rows("SELECT count(*), coalesce(max(published_at)::VARCHAR, '') FROM "
                                "_sluice.loads"));
  manifest.loads = ToInt(loads[0][0]);
  manifest.newest_load = ToText(loads[0][1]);
  SLUICE_ASSIGN(const auto deliveries,
                connection.Scalar("SELECT coalesce(sum(next_delivery), 0)::BIGINT FROM "
                                  "_sluice.syncs"));
  manifest.newest_delivery = ToInt(deliveries);
  return Status::Ok();
}

// Opens a copy by itself and counts again: what cannot be opened is no backup.
Status VerifyCopy(const std::string& path, const std::map<std::string, int64_t>& rows) {
  engine::OpenOptions options;
  options.read_only = true;
  SLUICE_ASSIGN(const auto database, engine::Database::Open(path, options));
  SLUICE_ASSIGN(const auto connection, database->Connect());
  SLUICE_ASSIGN(const auto counted, CountTables(*connection));
  if (counted == rows) return Status::Ok();
  return RetryError(
      fmt::format("{} has other rows than the warehouse: somebody wrote meanwhile", path));
}

bool HasLog(const std::string& path) {
  const auto info = env::Stat(path + ".wal");
  return info.ok() && info->size > 0;
}

class BackupMaker {
 public:
  BackupMaker(Runtime& runtime, std::string folder, const env::Cancel* cancel)
      : runtime_(runtime), folder_(std::move(folder)), cancel_(cancel) {}

  Result<BackupReport> Make() {
    SLUICE_TRY(CheckFolder());
    SLUICE_ASSIGN(const auto locks, LockProject(runtime_));
    auto report = MakeInFolder();
    // What is not complete would stand in the way of the next backup into the same folder.
    if (!report.ok()) RemoveWhatWasMade();
    return report;
  }

 private:
  Result<BackupReport> MakeInFolder() {
    SLUICE_TRY(env::CreateDirectories(folder_, 0700));
    manifest_.project = runtime_.project().name;
    manifest_.env = runtime_.project().env;
    manifest_.sluice_version = runtime_.options().version;
    manifest_.created_at = env::FormatUtc(runtime_.clock().Now());
    Status status = RetryError("not begun");
    for (int i = 0; i < kMostAttempts && status.code() == Code::kRetry; ++i) {
      manifest_.files.clear();
      status = CopyWarehouse();
    }
    SLUICE_TRY(status);
    SLUICE_TRY(CopyState());
    // Last, so that what has it is complete.
    SLUICE_TRY(
        env::WriteFileAtomically(env::JoinPath(folder_, kManifestName), ToJson(manifest_), 0600));
    return Report();
  }

  Status CheckFolder() {
    there_before_ = env::Exists(folder_);
    if (!there_before_) return Status::Ok();
    SLUICE_ASSIGN(const auto entries, env::ListDirectory(folder_));
    if (entries.empty()) return Status::Ok();
    return ConfigError(fmt::format("{} is not empty", folder_), "Name a new folder");
  }

  // The folder was empty, or not there.
  void RemoveWhatWasMade() const {
    if (!there_before_) {
      (void)env::RemoveTree(folder_);
      return;
    }
    const auto entries = env::ListDirectory(folder_);
    if (!entries.ok()) return;
    for (const auto& entry : *entries) {
      (void)env::RemoveTree(env::JoinPath(folder_, entry.name));
    }
  }

  Status CopyWarehouse() {
    const std::string path = runtime_.warehouse().path();
    {
      SLUICE_ASSIGN(const auto session, runtime_.warehouse().Open(false, kWarehouseWait, cancel_));
      SLUICE_TRY(session->database().Checkpoint());
      SLUICE_TRY(DescribeState(session->connection(), manifest_));
      SLUICE_ASSIGN(manifest_.rows, CountTables(session->connection()));
      SLUICE_ASSIGN(const auto open,
                    session->connection().Scalar("SELECT count(*) FROM _sluice.deliveries"));
      report_.open_deliveries = ToInt(open);
    }
    // Copied while it is closed: closing a descriptor of an open one drops the engine's lock.
    SLUICE_ASSIGN(const auto lock,
                  env::FileLock::Acquire(path + ".lock", runtime_.options().command, kWarehouseWait,
                                         runtime_.clock(), cancel_));
    if (HasLog(path)) return RetryError("the warehouse was written to meanwhile");
    const std::string to = env::JoinPath(folder_, kCopyName);
    SLUICE_TRY(Copy(path, kCopyName));
    return VerifyCopy(to, manifest_.rows);
  }

  Status CopyState() {
    const std::string state = runtime_.project().StateFolder();
    const std::string runs = env::JoinPath(state, "state.db");
    if (env::Exists(runs)) {
      const std::string to = env::JoinPath(folder_, "state/state.db");
      SLUICE_TRY(env::CreateDirectories(env::Dirname(to), 0700));
      SLUICE_TRY(env::RemoveFile(to));
      SLUICE_ASSIGN(auto file, SqliteFile::Open(runs));
      SLUICE_TRY(file.Execute("VACUUM INTO " + engine::QuoteText(to)));
      SLUICE_ASSIGN(const auto info, env::Stat(to));
      SLUICE_ASSIGN(std::string hash, HashFile(to, cancel_));
      manifest_.files.push_back({"state/state.db", info.size, std::move(hash)});
    }
    const std::string syncs = env::JoinPath(state, "syncs");
    if (!env::Exists(syncs)) return Status::Ok();
    SLUICE_ASSIGN(const auto folders, env::ListDirectory(syncs));
    for (const auto& sync : folders) {
      if (!sync.info.is_directory) continue;
      const std::string relative = "state/syncs/" + sync.name;
      SLUICE_TRY(env::CreateDirectories(env::JoinPath(folder_, relative), 0700));
      SLUICE_ASSIGN(const auto files, env::ListDirectory(env::JoinPath(syncs, sync.name)));
      for (const auto& file : files) {
        if (file.info.is_directory) continue;
        SLUICE_TRY(Copy(env::JoinPath(env::JoinPath(syncs, sync.name), file.name),
                        relative + "/" + file.name));
      }
    }
    return Status::Ok();
  }

  Status Copy(const std::string& from, const std::string& relative) {
    SLUICE_ASSIGN(CopiedFile copied, CopyVerified(from, env::JoinPath(folder_, relative), cancel_));
    copied.path = relative;
    manifest_.files.push_back(std::move(copied));
    return Status::Ok();
  }

  BackupReport Report() {
    report_.folder = folder_;
    report_.created_at = manifest_.created_at;
    for (const CopiedFile& file : manifest_.files) report_.bytes += file.size;
    for (const auto& [name, rows] : manifest_.rows) {
      if (!StartsWith(name, "main.")) continue;
      ++report_.tables;
      report_.rows += rows;
    }
    return report_;
  }

  Runtime& runtime_;
  const std::string folder_;
  const env::Cancel* cancel_;
  bool there_before_ = false;
  BackupManifest manifest_;
  BackupReport report_;
};

// Files of one load that were moved away or removed.
struct LeftFiles {
  std::string ingest;
  std::string table;
  int64_t load_id = 0;
  int64_t files = 0;
  std::string first;
};

// Loads that are taken back, and are not in a warehouse of `since`: to the second, and rather one too many.
Result<int64_t> TakenBackSince(engine::Connection& connection, const std::string& since) {
  SLUICE_ASSIGN(const auto n, connection.Scalar("SELECT count(*) FROM _sluice.loads WHERE "
                                                "unloaded_at >= $1::TIMESTAMP",
                                                {since}));
  return ToInt(n);
}

// Those that left after `since`.
Result<std::vector<LeftFiles>> FilesThatLeft(engine::Connection& connection,
                                             const std::string& since) {
  SLUICE_ASSIGN(const auto rows,
                connection.Rows("SELECT ingest, table_name, load_id, count(*), min(address) FROM "
                                "_sluice.files WHERE state = 'loaded' AND finished_at >= "
                                "$1::TIMESTAMP GROUP BY ALL ORDER BY ALL",
                                {since}));
  std::vector<LeftFiles> left;
  for (const auto& row : rows) {
    left.push_back({ToText(row[0]), ToText(row[1]), ToInt(row[2]), ToInt(row[3]), ToText(row[4])});
  }
  return left;
}

bool MovesFiles(const config::Table& table) {
  return table.after_loading == config::Table::AfterLoading::kMove;
}

class Restorer {
 public:
  Restorer(Runtime& runtime, std::string folder, bool force, const env::Cancel* cancel)
      : runtime_(runtime),
        folder_(std::move(folder)),
        path_(runtime.warehouse().path()),
        beside_(path_ + ".restoring"),
        force_(force),
        cancel_(cancel) {}

  Result<BackupReport> Run() {
    SLUICE_ASSIGN(manifest_, ReadManifest(folder_));
    SLUICE_TRY(CheckManifest());
    SLUICE_ASSIGN(const auto locks, LockProject(runtime_));
    SLUICE_TRY(CheckNotNewer());
    SLUICE_ASSIGN(const auto lock,
                  env::FileLock::Acquire(path_ + ".lock", runtime_.options().command,
                                         kWarehouseWait, runtime_.clock(), cancel_));
    SLUICE_TRY(env::CreateDirectories(env::Dirname(path_)));
    SLUICE_TRY(CopyVerified(env::JoinPath(folder_, kCopyName), beside_, cancel_).status());
    SLUICE_TRY(VerifyCopy(beside_, manifest_.rows));
    SLUICE_TRY(PutState());
    SLUICE_TRY(StopSyncs());
    SLUICE_TRY(Swap());
    report_.folder = folder_;
    report_.created_at = manifest_.created_at;
    for (const auto& [name, rows] : manifest_.rows) {
      if (!StartsWith(name, "main.")) continue;
      ++report_.tables;
      report_.rows += rows;
    }
    return report_;
  }

 private:
  Status CheckManifest() {
    const config::Project& project = runtime_.project();
    if (manifest_.project != project.name || manifest_.env != project.env) {
      return ConfigError(fmt::format("{} is a backup of {} ({}), this is {} ({})", folder_,
                                     manifest_.project, manifest_.env, project.name, project.env));
    }
    if (manifest_.schema_version > warehouse::kSchemaVersion) {
      return ConfigError(
          fmt::format("{} was made by a newer Sluice (its state has version {}, this program knows "
                      "{})",
                      folder_, manifest_.schema_version, warehouse::kSchemaVersion),
          "Restore with the newer sluice");
    }
    bool complete = false;
    for (const CopiedFile& file : manifest_.files) {
      complete = complete || file.path == kCopyName;
      const std::string path = env::JoinPath(folder_, file.path);
      const auto hash = HashFile(path, cancel_);
      if (hash.status().code() == Code::kCancelled) return hash.status();
      if (!hash.ok() || *hash != file.hash) {
        return ConfigError(
            fmt::format("{} is not what was backed up: the backup is damaged", path));
      }
    }
    return complete ? Status::Ok() : ConfigError(folder_ + " holds no warehouse");
  }

  // What the warehouse that is there knows and the backup does not would be lost.
  Status CheckNotNewer() {
    if (!env::Exists(path_)) return Status::Ok();
    BackupManifest there;
    int64_t taken_back = 0;
    {
      auto session = runtime_.warehouse().Open(false, kWarehouseWait, cancel_);
      if (!session.ok()) {
        if (session.status().code() == Code::kBusy || force_) {
          return session.status().code() == Code::kBusy ? session.status() : Status::Ok();
        }
        return ConfigError(
            "the warehouse that is there cannot be opened: " + session.status().message(),
            "sluice restore --force puts the backup in its place");
      }
      SLUICE_TRY(DescribeState((*session)->connection(), there));
      SLUICE_ASSIGN(taken_back, TakenBackSince((*session)->connection(), manifest_.created_at));
      SLUICE_ASSIGN(left_, FilesThatLeft((*session)->connection(), manifest_.created_at));
      SLUICE_TRY((*session)->database().Checkpoint());
    }
    const bool newer = there.newest_load > manifest_.newest_load || there.loads > manifest_.loads ||
                       there.newest_delivery > manifest_.newest_delivery;
    if (force_) return Status::Ok();
    if (!newer && taken_back > 0) {
      return ConfigError(
          fmt::format("{} taken back since the backup of {}, and would be there again",
                      taken_back == 1
                          ? std::string("a load was")
                          : Counted(static_cast<uint64_t>(taken_back), "load") + " were",
                      manifest_.created_at),
          "sluice restore --force goes back all the same");
    }
    if (!newer) return Status::Ok();
    return ConfigError(
        fmt::format("the warehouse that is there is newer than the backup of {} ({} against {}, "
                    "the newest of {} against {})",
                    manifest_.created_at, Counted(static_cast<uint64_t>(there.loads), "load"),
                    Thousands(static_cast<uint64_t>(manifest_.loads)),
                    there.newest_load.substr(0, 19), manifest_.newest_load.substr(0, 19)),
        "sluice restore --force goes back all the same");
  }

  // The list of runs where there is none, and of open deliveries the logs and spools that are missing.
  // What is there is newer, and proves what was sent.
  Status PutState() {
    for (const CopiedFile& file : manifest_.files) {
      if (!StartsWith(file.path, "state/")) continue;
      const std::string to = env::JoinPath(runtime_.project().StateFolder(), file.path.substr(6));
      if (env::Exists(to)) continue;
      SLUICE_TRY(env::CreateDirectories(env::Dirname(to), 0700));
      SLUICE_TRY(CopyVerified(env::JoinPath(folder_, file.path), to, cancel_).status());
      put_.insert(file.path);
    }
    return Status::Ok();
  }

  // Where no log proves that the newest delivery that the backup knows was the last one, nobody knows
  // what was sent after it.
  Status StopSyncs() {
    SLUICE_ASSIGN(const auto database, engine::Database::Open(beside_, {}));
    {
      SLUICE_ASSIGN(const auto connection, database->Connect());
      SLUICE_TRY(warehouse::EnsureSchema(*connection));
      SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(*connection));
      SLUICE_TRY(LookForFiles(*connection));
      for (const config::Sync& sync : runtime_.project().syncs) {
        SLUICE_ASSIGN(const auto delivered,
                      connection->Scalar("SELECT count(*) FROM (FROM _sluice.sync_delivered WHERE "
                                         "sync = $1 LIMIT 1)",
                                         {sync.name}));
        SLUICE_ASSIGN(const int64_t next, sync::NextDelivery(*connection, sync.name));
        if (ToInt(delivered) == 0 || HadProof(sync.name, next)) continue;
        SLUICE_TRY(Stop(*connection, sync.name));
        report_.stopped.push_back(sync.name);
      }
      SLUICE_TRY(transaction->Commit());
    }
    return database->Checkpoint();
  }

  // What was loaded since the backup is loaded again: what was moved away from where it is; what was removed has gone,
  // and is told as far as the newer warehouse is there to know it.
  Status LookForFiles(engine::Connection& connection) {
    for (const config::Ingest& ingest : runtime_.project().ingests) {
      if (!std::any_of(ingest.tables.begin(), ingest.tables.end(), MovesFiles)) continue;
      SLUICE_TRY(ingest::ExpectMovedFiles(
          connection, ingest.name,
          fmt::format("the backup of {} was put back", manifest_.created_at)));
    }
    std::map<std::pair<std::string, std::string>, LeftFiles> removed;
    for (const LeftFiles& left : left_) {
      if (Moves(left)) continue;
      SLUICE_ASSIGN(const auto there,
                    connection.Scalar("SELECT count(*) FROM _sluice.loads WHERE load_id = $1",
                                      {left.load_id}));
      if (ToInt(there) > 0) continue;
      const auto [sum, is_new] = removed.try_emplace({left.ingest, left.table}, left);
      if (!is_new) sum->second.files += left.files;
    }
    for (const auto& [table, left] : removed) {
      report_.removed.push_back(fmt::format(
          "{}.{}: {} since the backup and deleted then ({}{}): have {} sent again", left.ingest,
          left.table,
          left.files == 1 ? "a file was loaded"
                          : Counted(static_cast<uint64_t>(left.files), "file") + " were loaded",
          left.first, left.files == 1 ? "" : " …", left.files == 1 ? "it" : "them"));
    }
    return Status::Ok();
  }

  bool Moves(const LeftFiles& left) const {
    const config::Ingest* ingest = runtime_.project().FindIngest(left.ingest);
    return ingest != nullptr && std::any_of(ingest->tables.begin(), ingest->tables.end(),
                                            [&](const config::Table& table) {
                                              return table.name == left.table && MovesFiles(table);
                                            });
  }

  Status Stop(engine::Connection& connection, const std::string& sync) {
    SLUICE_TRY(
        connection.Execute("DELETE FROM _sluice.deliveries WHERE sync = $1", {sync}).status());
    return connection
        .Execute(
            "INSERT INTO _sluice.deliveries SELECT $1, coalesce(max(next_delivery), 1), $2, "
            "$3, 0, 'restored', $4::TIMESTAMP FROM _sluice.syncs WHERE sync = $1",
            {sync, sync::kRestoredHost, manifest_.created_at,
             env::FormatUtc(runtime_.clock().Now(), true)})
        .status();
  }

  // Logs that were here before anything was put back: they know each delivery that was made.
  bool HadProof(const std::string& sync, int64_t next) const {
    const auto logs = sync::DeliveryFiles(runtime_.project().StateFolder(), sync).Logs();
    if (!logs.ok() || logs->empty() || logs->back() < next - 1) return false;
    const std::string name = env::Basename(sync::DeliveryFiles("", sync).Log(logs->back()));
    const std::string copied = "state/syncs/" + sync + "/" + name;
    return put_.count(copied) == 0;
  }

  // The old file is moved aside before the new one takes its name. Killed between, nothing is at the
  // path, and `restore` goes on. What an earlier restore has kept stays.
  Status Swap() {
    std::string kept = path_ + ".before-restore";
    for (int n = 2; env::Exists(kept); ++n) kept = fmt::format("{}.before-restore-{}", path_, n);
    if (env::Exists(path_)) {
      for (const char* end : {".wal", ".guard", ""}) {
        if (env::Exists(path_ + end)) SLUICE_TRY(env::Rename(path_ + end, kept + end));
      }
      report_.kept_as = kept;
    }
    for (const char* end : {".wal", ".guard"}) SLUICE_TRY(env::RemoveFile(path_ + end));
    SLUICE_TRY(env::Rename(beside_, path_));
    return env::SyncDirectory(env::Dirname(path_));
  }

  Runtime& runtime_;
  const std::string folder_;
  const std::string path_;
  const std::string beside_;
  const bool force_;
  const env::Cancel* cancel_;
  BackupManifest manifest_;
  BackupReport report_;
  std::vector<LeftFiles> left_;  // since the backup, as the warehouse that is there says
  std::set<std::string> put_;    // files of the backup that were put into the state folder
};

}  // namespace

Result<BackupReport> Backup(Runtime& runtime, const std::string& folder,
                            const env::Cancel* cancel) {
  return BackupMaker(runtime, env::AbsolutePath(folder), cancel).Make();
}

Result<BackupReport> Restore(Runtime& runtime, const std::string& folder, bool force,
                             const env::Cancel* cancel) {
  return Restorer(runtime, env::AbsolutePath(folder), force, cancel).Run();
}

}  // namespace sluice::pipeline
