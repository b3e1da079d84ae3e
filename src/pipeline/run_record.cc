#include "pipeline/run_record.h"

#include <signal.h>

#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "env/file.h"
#include "pipeline/sqlite.h"

namespace sluice::pipeline {
namespace {

constexpr const char* kCreate =
    "CREATE TABLE runs (run_id TEXT PRIMARY KEY, command TEXT, started_at TEXT, ended_at TEXT,"
    " exit_code INTEGER, process INTEGER, version TEXT, git_commit TEXT, git_dirty INTEGER,"
    " config_digest TEXT, sql_digests TEXT, summary TEXT)";

constexpr const char* kSelect =
    "SELECT run_id, command, started_at, ended_at, exit_code, process, version, git_commit,"
    " git_dirty, config_digest, sql_digests, summary FROM runs ";
constexpr const char* kNewestFirst = " ORDER BY started_at DESC, run_id DESC LIMIT ?";

Result<int64_t> VersionOf(SqliteFile& file) {
  SLUICE_ASSIGN(auto statement, file.Prepare("PRAGMA user_version"));
  SLUICE_TRY(statement.Next().status());
  return statement.Number(0);
}

// In one transaction, so that of two processes that find no file one makes it.
Status MakeSchema(SqliteFile& file) {
  SLUICE_ASSIGN(const int64_t version, VersionOf(file));
  if (version == kRunStoreVersion) return Status::Ok();
  if (version > kRunStoreVersion) {
    return FailedError(
        fmt::format(
            "the state folder was written by a newer Sluice (its state has version {}, this "
            "program knows {})",
            version, kRunStoreVersion),
        "Run it with the newer sluice");
  }
  SLUICE_TRY(file.Execute("BEGIN IMMEDIATE"));
  Status status = [&]() -> Status {
    SLUICE_ASSIGN(const int64_t now, VersionOf(file));
    if (now == kRunStoreVersion) return Status::Ok();
    SLUICE_TRY(file.Execute(kCreate));
    return file.Execute(fmt::format("PRAGMA user_version = {}", kRunStoreVersion));
  }();
  if (status.ok()) status = file.Execute("COMMIT");
  if (!status.ok()) (void)file.Execute("ROLLBACK");
  return status;
}

RunSummary FromRow(const SqliteStatement& row) {
  RunSummary run;
  run.run_id = row.Text(0);
  run.command = row.Text(1);
  run.started_at = row.Text(2);
  run.ended_at = row.Text(3);
  run.exit_code = static_cast<int>(row.Number(4));
  run.process = row.Number(5);
  run.version = row.Text(6);
  run.git_commit = row.Text(7);
  if (!row.Text(8).empty()) run.git_dirty = row.Number(8) != 0;
  run.config_digest = row.Text(9);
  run.sql_digests = row.Text(10);
  run.summary = row.Text(11);
  return run;
}

Result<std::vector<RunSummary>> Collect(SqliteStatement& statement) {
  std::vector<RunSummary> runs;
  while (true) {
    SLUICE_ASSIGN(const bool more, statement.Next());
    if (!more) return runs;
    runs.push_back(FromRow(statement));
  }
}

}  // namespace

struct RunStore::Impl {
  SqliteFile file;
};

RunStore::RunStore() = default;
RunStore::~RunStore() = default;

Result<std::unique_ptr<RunStore>> RunStore::Open(const std::string& state_folder) {
  SLUICE_TRY(env::CreateDirectories(state_folder, 0700));
  SLUICE_ASSIGN(SqliteFile file, SqliteFile::Open(env::JoinPath(state_folder, "state.db")));
  SLUICE_TRY(MakeSchema(file));
  std::unique_ptr<RunStore> store(new RunStore());
  store->impl_ = std::make_unique<Impl>(Impl{std::move(file)});
  return store;
}

Status RunStore::Begin(const RunSummary& run) {
  SLUICE_ASSIGN(auto statement,
                impl_->file.Prepare(
                    "INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULLIF(?, -1), ?, ?, ?)"));
  statement.Bind(run.run_id).Bind(run.command).Bind(run.started_at).Bind(run.ended_at);
  statement.Bind(int64_t{run.exit_code}).Bind(run.process).Bind(run.version).Bind(run.git_commit);
  statement.Bind(int64_t{run.git_dirty ? (*run.git_dirty ? 1 : 0) : -1})
      .Bind(run.config_digest)
      .Bind(run.sql_digests);
  return statement.Bind(run.summary).Next().status();
}

Status RunStore::End(const std::string& run_id, const std::string& ended_at, int exit_code,
                     const std::string& summary) {
  SLUICE_ASSIGN(auto statement,
                impl_->file.Prepare(
                    "UPDATE runs SET ended_at = ?, exit_code = ?, summary = ? WHERE run_id = ?"));
  statement.Bind(ended_at).Bind(int64_t{exit_code}).Bind(summary).Bind(run_id);
  return statement.Next().status();
}

Result<int64_t> RunStore::RemoveBefore(const std::string& time, bool dry_run) {
  int64_t runs = 0;
  {
    SLUICE_ASSIGN(auto count,
                  impl_->file.Prepare("SELECT count(*) FROM runs WHERE started_at < ?"));
    SLUICE_TRY(count.Bind(time).Next().status());
    runs = count.Number(0);
  }
  if (dry_run || runs == 0) return runs;
  SLUICE_ASSIGN(auto remove, impl_->file.Prepare("DELETE FROM runs WHERE started_at < ?"));
  SLUICE_TRY(remove.Bind(time).Next().status());
  return runs;
}

Result<std::vector<RunSummary>> RunStore::List(int limit) {
  SLUICE_ASSIGN(auto statement, impl_->file.Prepare(std::string(kSelect) + kNewestFirst));
  statement.Bind(int64_t{limit});
  return Collect(statement);
}

Result<std::vector<RunSummary>> RunStore::Killed(int limit) {
  SLUICE_ASSIGN(auto statement,
                impl_->file.Prepare(std::string(kSelect) + "WHERE ended_at = ''" + kNewestFirst));
  statement.Bind(int64_t{limit});
  SLUICE_ASSIGN(std::vector<RunSummary> runs, Collect(statement));
  std::erase_if(runs, [](const RunSummary& run) { return IsAlive(run); });
  return runs;
}

Result<RunSummary> RunStore::Find(const std::string& name) {
  const bool latest = name == "latest";
  const std::string where = latest ? "" : "WHERE substr(run_id, 1, length(?)) = ?";
  SLUICE_ASSIGN(auto statement, impl_->file.Prepare(kSelect + where + kNewestFirst));
  if (!latest) statement.Bind(name).Bind(name);
  statement.Bind(int64_t{latest ? 1 : 4});
  SLUICE_ASSIGN(const std::vector<RunSummary> runs, Collect(statement));
  const std::string next = "sluice runs";
  if (runs.empty()) {
    return NotFoundError(latest ? "there is no run yet" : fmt::format("there is no run {}", name),
                         latest ? "sluice run" : next);
  }
  for (const RunSummary& run : runs) {
    if (run.run_id == name) return run;
  }
  if (runs.size() == 1) return runs[0];
  return ConfigError(fmt::format("several runs begin with {}: {}, {}{}", name, runs[0].run_id,
                                 runs[1].run_id, runs.size() > 2 ? ", …" : ""),
                     next);
}

bool IsAlive(const RunSummary& run) {
  // A process of another user is a process too.
  return run.ended_at.empty() && run.process > 0 &&
         (kill(static_cast<pid_t>(run.process), 0) == 0 || errno == EPERM);
}

}  // namespace sluice::pipeline
