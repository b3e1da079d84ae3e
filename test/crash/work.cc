#include "work.h"

#include <fmt/format.h>

#include "base/hash.h"

namespace sluice::crash {
namespace {

constexpr int kCycles = 2;
constexpr int kDimensions = 8;
constexpr int kDimensionColumns = 60;

// Text that does not compress well, so that tables have blocks of a believable number.
constexpr const char* kVisitColumns =
    "n AS visit_id, hash(n, {0}) % 20000 AS guest_id, 'center ' || (n % 17) AS center, "
    "((hash(n, {0}, 1) % 100000) / 100.0)::DECIMAL(12,2) AS amount, "
    "TIMESTAMP '2024-01-01' + to_seconds(((n * 7) % 60000000)::BIGINT) AS visited_at, "
    "'note ' || hex(hash(n, {0}, 2)) AS note, {0} AS load_id";
constexpr const char* kGuestColumns =
    "n AS guest_id, 'guest' || n || '@example.com' AS email, "
    "hex(hash(n, {0})) AS name, (hash(n, {0}, 3) % 2 = 0) AS subscribed, {0} AS load_id";

// Steps are numbered as they are added: the number goes into their rows.
class Planner {
 public:
  explicit Planner(int64_t rows) : rows_(rows) {}

  void Schema() {
    Add("schema",
        {"CREATE SCHEMA _sluice",
         "CREATE TABLE _sluice.loads (step BIGINT, name VARCHAR, loaded_rows BIGINT)",
         "CREATE TABLE _sluice.files (step BIGINT, address VARCHAR, size BIGINT, hash UHUGEINT)",
         "CREATE TABLE _sluice.delivered (step BIGINT, key VARCHAR, digest UHUGEINT, payload "
         "VARCHAR)",
         // Filled from a stored table, so that the engine reads and writes with all its threads.
         fmt::format("CREATE TABLE _sluice.numbers AS SELECT range AS n FROM range({})", rows_)});
  }
  void Replace(const std::string& table, const char* columns, int64_t count) {
    const std::string select = Select(columns, fmt::format("n < {}", count));
    Add("replace " + table, {fmt::format("CREATE TABLE {}__stage AS {} LIMIT 0", table, select),
                             fmt::format("INSERT INTO {}__stage {}", table, select),
                             // Reducing, in the same transaction as the renaming.
                             fmt::format("DELETE FROM {}__stage WHERE rowid % 50 = 7", table),
                             fmt::format("DROP TABLE IF EXISTS {}", table),
                             fmt::format("ALTER TABLE {0}__stage RENAME TO {0}", table)});
  }
  // `added`: a column that comes with this load; ALTER stands before the first change of rows.
  void DeleteInsert(const std::string& table, const std::string& key, const char* columns,
                    int64_t count, int64_t every, const std::string& added) {
    const std::string some = fmt::format("n < {} AND hash(n, {}) % {} = 0", count, number(), every);
    std::vector<std::string> statements;
    if (!added.empty()) {
      statements.push_back(fmt::format("ALTER TABLE {} ADD COLUMN {} VARCHAR", table, added));
    }
    statements.push_back(fmt::format("CREATE TABLE {}__stage AS {}", table, Select(columns, some)));
    statements.push_back(
        fmt::format("DELETE FROM {0} WHERE {1} IN (SELECT {1} FROM {0}__stage)", table, key));
    statements.push_back(fmt::format("INSERT INTO {0} BY NAME SELECT *{1} FROM {0}__stage", table,
                                     added.empty() ? "" : ", 'new ' || load_id AS " + added));
    statements.push_back(fmt::format("DROP TABLE {}__stage", table));
    Add("delete-insert " + table + (added.empty() ? "" : " with a new column"), statements);
  }
  // Many small tables of many columns: their metadata fill more than one block of the engine's.
  void ReplaceDimensions(int first, int end) {
    std::string columns = "n AS id";
    for (int i = 1; i < kDimensionColumns; ++i) {
      columns += fmt::format(", hash(n, {}) % {} AS c{}", number(), 7 + i, i);
    }
    std::vector<std::string> statements;
    for (int i = first; i < end; ++i) {
      statements.push_back(fmt::format("DROP TABLE IF EXISTS dimension_{}", i));
      statements.push_back(
          fmt::format("CREATE TABLE dimension_{} AS SELECT {} FROM range(20) t(n)", i, columns));
    }
    Add("replace dimensions", statements);
  }
  void Deliver() {
    Add("deliver", {fmt::format("INSERT INTO _sluice.delivered SELECT {0}, 'key' || n, "
                                "(n * 1000003 + {0})::UHUGEINT, hex(hash(n, {0}, 4)) "
                                "FROM _sluice.numbers WHERE n < {1}",
                                number(), rows_ / 10)});
  }
  void Fold() {
    Add("fold", {fmt::format("DELETE FROM _sluice.delivered WHERE step < {} AND digest % 8 = 0",
                             number())});
  }
  void Checkpoint() { plan_.push_back({"checkpoint", true, {}}); }
  std::vector<Step> Take() { return std::move(plan_); }

 private:
  int64_t number() const { return static_cast<int64_t>(plan_.size()) + 1; }
  std::string Select(const char* columns, const std::string& where) const {
    return fmt::format("SELECT {} FROM _sluice.numbers WHERE {}",
                       fmt::format(fmt::runtime(columns), number()), where);
  }
  void Add(const std::string& name, std::vector<std::string> statements) {
    for (int64_t file = 0; file < 3; ++file) {
      statements.push_back(
          fmt::format("INSERT INTO _sluice.files VALUES ({0}, 'pod/{0}/{1}.csv', {1}, {0}{1})",
                      number(), file));
    }
    statements.push_back(
        fmt::format("INSERT INTO _sluice.loads VALUES ({}, '{}', {})", number(), name, rows_));
    plan_.push_back({name, false, std::move(statements)});
  }

  int64_t rows_;
  std::vector<Step> plan_;
};

}  // namespace

std::vector<Step> Plan(int64_t rows) {
  Planner planner(rows);
  planner.Schema();
  for (int cycle = 0; cycle < kCycles; ++cycle) {
    planner.Replace("visits", kVisitColumns, rows - cycle);
    planner.Replace("guests", kGuestColumns, rows / 8);
    planner.ReplaceDimensions(cycle, kDimensions);
    planner.DeleteInsert("visits", "visit_id", kVisitColumns, rows, 100, "");
    planner.Deliver();
    planner.Checkpoint();
    planner.DeleteInsert("guests", "guest_id", kGuestColumns, rows / 6, 40, "source");
    planner.DeleteInsert("visits", "visit_id", kVisitColumns, rows, 200,
                         fmt::format("extra_{}", cycle));
    planner.Checkpoint();
    planner.Fold();
    planner.ReplaceDimensions(0, kDimensions / 2);
    planner.Deliver();
    planner.Checkpoint();
  }
  return planner.Take();
}

Status RunStep(engine::Database& database, const Step& step) {
  if (step.is_checkpoint) return database.Checkpoint();
  SLUICE_ASSIGN(auto connection, database.Connect());
  SLUICE_ASSIGN(auto transaction, engine::Transaction::Begin(*connection));
  for (const std::string& statement : step.statements) {
    SLUICE_TRY(connection->Execute(statement).status());
  }
  return transaction->Commit();
}

Result<int64_t> LastStep(engine::Connection& connection) {
  SLUICE_ASSIGN(const auto found,
                connection.Scalar("SELECT count(*) FROM duckdb_tables() WHERE "
                                  "schema_name = '_sluice' AND table_name = 'loads'"));
  if (engine::ToInt(found) == 0) return int64_t{0};
  SLUICE_ASSIGN(const auto last, connection.Scalar("SELECT max(step) FROM _sluice.loads"));
  return engine::ToInt(last);
}

Result<std::string> Digest(engine::Connection& connection) {
  SLUICE_ASSIGN(
      const auto tables,
      connection.Rows("SELECT schema_name, table_name, string_agg(column_name || ' ' || "
                      "data_type, ', ' ORDER BY column_index) FROM duckdb_columns() WHERE "
                      "NOT internal GROUP BY ALL ORDER BY ALL"));
  std::string all;
  for (const auto& table : tables) {
    const std::string name = engine::QuoteName(engine::ToText(table[0])) + "." +
                             engine::QuoteName(engine::ToText(table[1]));
    SLUICE_ASSIGN(const auto rows,
                  connection.Scalar(fmt::format(
                      "SELECT count(*) || ' ' || coalesce(sum(hash(t)), 0) FROM {} t", name)));
    all += fmt::format("{} ({}) {}\n", name, engine::ToText(table[2]), engine::ToText(rows));
  }
  return HashOf(all).Hex();
}

}  // namespace sluice::crash
