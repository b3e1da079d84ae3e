#include "engine/rewrite_database.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include <fmt/format.h>

#include "engine/file_claim.h"
#include "env/file.h"

namespace sluice::engine {
namespace {

constexpr const char* kFresh = ".fresh";
constexpr const char* kBeside[] = {"", ".wal", ".guard", ".new", ".new.wal", ".tmp"};

struct Relation {
  std::string schema;
  std::string name;
};

std::string Name(std::string_view catalog, const Relation& relation) {
  return QuoteName(catalog) + "." + QuoteName(relation.schema) + "." + QuoteName(relation.name);
}

Result<std::vector<Relation>> TablesOf(Connection& connection, const std::string& catalog) {
  SLUICE_ASSIGN(const auto rows,
                connection.Rows("SELECT schema_name, table_name FROM duckdb_tables() WHERE "
                                "database_name = $1 AND NOT temporary ORDER BY ALL",
                                {catalog}));
  std::vector<Relation> tables;
  for (const auto& row : rows) tables.push_back({ToText(row[0]), ToText(row[1])});
  return tables;
}

// Rows, and a sum over their contents in their order, so that a row in another place is noticed.
Result<std::string> SumOf(Connection& connection, const std::string& table) {
  SLUICE_ASSIGN(const auto rows,
                connection.Rows(fmt::format(
                    "SELECT count(*), coalesce(bit_xor(hash(t, n)), 0)::VARCHAR FROM (SELECT t, "
                    "row_number() OVER () AS n FROM {} AS t)",
                    table)));
  return std::to_string(ToInt(rows[0][0])) + ":" + ToText(rows[0][1]);
}

Status CheckCancel(const env::Cancel* cancel) {
  return cancel != nullptr && cancel->is_set() ? CancelledError("stopped") : Status::Ok();
}

class Rewriter {
 public:
  Rewriter(std::string path, const RewriteOptions& options)
      : path_(std::move(path)), fresh_(path_ + kFresh), options_(options) {}

  Result<RewriteReport> Run() {
    RewriteReport report;
    SLUICE_TRY(MakeLogPartOfFile());
    SLUICE_ASSIGN(const auto before, env::Stat(path_));
    report.bytes_before = before.size;
    if (options_.room) SLUICE_TRY(options_.room(before.size));
    SLUICE_TRY(RemoveUnfinishedRewrite(path_));
    const Status made = MakeFresh();
    if (!made.ok()) {
      (void)RemoveUnfinishedRewrite(path_);
      return made;
    }
    SLUICE_TRY(Swap());
    SLUICE_ASSIGN(const auto after, env::Stat(path_));
    report.bytes_after = after.size;
    return report;
  }

 private:
  void Step(std::string_view step) const {
    if (options_.on_step) options_.on_step(step);
  }

  Status MakeLogPartOfFile() {
    SLUICE_ASSIGN(const auto database, Database::Open(path_, options_.open));
    return database->Checkpoint();
  }

  Status MakeFresh() {
    SLUICE_ASSIGN(const auto database, Database::Open(fresh_, options_.open));
    {
      SLUICE_ASSIGN(const auto connection, database->Connect());
      SLUICE_TRY(Copy(*connection));
    }
    SLUICE_TRY(database->Checkpoint());
    Step("verified");
    return Status::Ok();
  }

  Status Copy(Connection& connection) {
    // The new file is the database of this opening, so that views are bound in it.
    SLUICE_TRY(
        connection.Execute(fmt::format("ATTACH {} AS old_file (READ_ONLY)", QuoteText(path_)))
            .status());
    SLUICE_ASSIGN(const auto catalog, connection.Scalar("SELECT current_database()"));
    const std::string own = ToText(catalog);
    SLUICE_TRY(connection.Execute("SET preserve_insertion_order = true").status());
    SLUICE_TRY(
        connection
            .Execute(fmt::format("COPY FROM DATABASE old_file TO {} (SCHEMA)", QuoteName(own)))
            .status());
    SLUICE_ASSIGN(const auto tables, TablesOf(connection, "old_file"));
    for (const Relation& table : tables) {
      SLUICE_TRY(CheckCancel(options_.cancel));
      SLUICE_TRY(connection
                     .Execute(fmt::format("INSERT INTO {} SELECT * FROM {}", Name(own, table),
                                          Name("old_file", table)))
                     .status());
    }
    Step("copied");
    for (const Relation& table : tables) {
      SLUICE_TRY(CheckCancel(options_.cancel));
      SLUICE_ASSIGN(const std::string there, SumOf(connection, Name("old_file", table)));
      SLUICE_ASSIGN(const std::string here, SumOf(connection, Name(own, table)));
      if (there == here) continue;
      return FailedError(
          fmt::format("{}.{} was not copied as it is ({} against {} rows and sum): "
                      "the file stays as it was",
                      table.schema, table.name, here, there));
    }
    return connection.Execute("DETACH old_file").status();
  }

  // The logs of both files are part of them: a log that is left beside the new file would be replayed into it.
  Status Swap() {
    for (const std::string& file : {path_, fresh_}) {
      const auto log = env::Stat(file + ".wal");
      if (log.ok() && log->size > 0) {
        return FailedError(
            fmt::format("{}.wal is not part of its file: nothing was changed", file));
      }
      SLUICE_TRY(env::RemoveFile(file + ".wal"));
      SLUICE_TRY(env::RemoveFile(file + ".guard"));
    }
    // Whoever may read the old file may read the new one, and nobody else.
    struct stat old {};
    if (stat(path_.c_str(), &old) != 0 || chmod(fresh_.c_str(), old.st_mode & 07777) != 0) {
      return FailedError(
          fmt::format("{}: its rights cannot be taken over: {}", path_, std::strerror(errno)));
    }
    SLUICE_ASSIGN(auto file, env::AppendFile::Open(fresh_));
    SLUICE_TRY(file.Sync());
    SLUICE_TRY(env::Rename(fresh_, path_));
    SLUICE_TRY(env::SyncDirectory(env::Dirname(path_)));
    Step("swapped");
    return Status::Ok();
  }

  const std::string path_;
  const std::string fresh_;
  const RewriteOptions& options_;
};

}  // namespace

Result<RewriteReport> RewriteDatabase(const std::string& path, const RewriteOptions& options) {
  SLUICE_ASSIGN(std::string real, RealPath(path));
  return Rewriter(std::move(real), options).Run();
}

Status RemoveUnfinishedRewrite(const std::string& path) {
  SLUICE_ASSIGN(const std::string real, RealPath(path));
  for (const char* end : kBeside) SLUICE_TRY(env::RemoveTree(real + kFresh + end));
  return Status::Ok();
}

}  // namespace sluice::engine
