#include "ingest/restore_rows.h"

#include <fmt/format.h>

#include "base/text.h"
#include "ingest/sql.h"
#include "warehouse/dialect.h"

namespace sluice::ingest {
namespace {

using engine::QuoteText;
using warehouse::NameList;
using warehouse::QualifiedName;
using warehouse::QuoteName;

// Every load has one file or more.
int64_t LoadIdOf(const Rebuild::Load& one) {
  return one.load.files.front().load_id;
}

}  // namespace

Result<bool> HasRestores(engine::Connection& connection, const std::string& ingest,
                         const std::string& table) {
  SLUICE_ASSIGN(const auto there,
                connection.Scalar("SELECT count(*) FROM _sluice.restores WHERE ingest = $1 AND "
                                  "table_name = $2",
                                  {ingest, table}));
  return engine::ToInt(there) > 0;
}

std::string LoadList(const std::vector<int64_t>& load_ids) {
  std::string text;
  for (const int64_t id : load_ids) text += fmt::format("{}{}", text.empty() ? "" : ", ", id);
  return "(" + text + ")";
}

std::vector<int64_t> LoadIds(const Rebuild& rebuild) {
  std::vector<int64_t> ids;
  for (const Rebuild::Load& one : rebuild.loads) ids.push_back(LoadIdOf(one));
  return ids;
}

Status CopyOtherRows(engine::Connection& connection, const Rebuild& rebuild,
                     const std::string& table) {
  const std::string of_pod =
      rebuild.pod.empty() ? "true"
                          : fmt::format("{} = {}", QuoteName(kPodColumn), QuoteText(rebuild.pod));
  return connection
      .Execute(
          fmt::format("CREATE TABLE {0} AS SELECT * FROM {1} WHERE {2} AND ({3} IS NULL OR {3} "
                      "NOT IN {4})",
                      QualifiedName(table), QualifiedName(rebuild.target.name), of_pod,
                      QuoteName(kLoadColumn), LoadList(LoadIds(rebuild))))
      .status();
}

Status CheckSnapshot(engine::Connection& connection, const Rebuild::Load& one,
                     std::string* warning) {
  const MonthRestore& restore = *one.restore;
  const std::string within =
      restore.month_column.empty()
          ? "true"
          : fmt::format("({0} >= {1}::TIMESTAMP AND {0} < {2}::TIMESTAMP) IS TRUE",
                        QuoteName(restore.month_column), QuoteText(restore.month.FirstDay()),
                        QuoteText(restore.month.Next().FirstDay()));
  SLUICE_ASSIGN(const auto rows,
                connection.Rows(fmt::format("SELECT count(*), count(*) FILTER (WHERE {}) FROM {}",
                                            within, QualifiedName(one.load.stage))));
  const int64_t all = engine::ToInt(rows[0][0]);
  const int64_t of_month = engine::ToInt(rows[0][1]);
  if (all == 0) {
    return RejectedError(
        fmt::format("{}: the snapshot has no row that could be used", one.load.label));
  }
  if (of_month == 0) {
    return RejectedError(fmt::format("{}: not one of the snapshot's {} is of the month, by {}",
                                     one.load.label, Counted(static_cast<uint64_t>(all), "row"),
                                     restore.month_column));
  }
  if (of_month < all) {
    *warning =
        fmt::format("{}: {} of the snapshot's {} of another month, by {}", one.load.label,
                    Thousands(static_cast<uint64_t>(all - of_month)),
                    all == 1 ? "1 row is" : Counted(static_cast<uint64_t>(all), "row") + " are",
                    restore.month_column);
  }
  return Status::Ok();
}

Result<int64_t> RemoveMonth(engine::Connection& connection, const Rebuild::Load& one,
                            const std::string& table) {
  if (!connection.HasTable("main", table)) return int64_t{0};
  const TargetTable& target = one.load.target;
  const MonthRestore& restore = *one.restore;
  int64_t removed = 0;
  if (!restore.month_column.empty()) {
    // The pod of the snapshot, also where keys are not told apart by it: another pod's rows of this month are
    // in a snapshot of its own.
    SLUICE_ASSIGN(
        const int64_t of_month,
        connection.Execute(fmt::format(
            "DELETE FROM {0} WHERE {1} = {2} AND {3} >= {4}::TIMESTAMP AND {3} < "
            "{5}::TIMESTAMP",
            QualifiedName(table), QuoteName(kPodColumn), QuoteText(one.load.files.front().pod),
            QuoteName(restore.month_column), QuoteText(restore.month.FirstDay()),
            QuoteText(restore.month.Next().FirstDay()))));
    removed += of_month;
  }
  if (target.key.empty()) return removed;
  SLUICE_ASSIGN(const int64_t of_keys,
                connection.Execute(
                    fmt::format("DELETE FROM {} t USING (SELECT DISTINCT {} FROM {}) s WHERE {}",
                                QualifiedName(table), NameList(target.MatchColumns()),
                                QualifiedName(one.load.stage), Matches(target, "t", "s"))));
  return removed + of_keys;
}

Status RemoveOverruled(engine::Connection& connection, const Rebuild::Load& one,
                       const std::string& table) {
  const TableLoad& load = one.load;
  const TargetTable& target = load.target;
  if (one.overrules.empty() || target.key.empty()) return Status::Ok();
  // What the load deletes goes by its markers, which are counted.
  const std::string not_gone =
      load.gone.empty() ? std::string()
                        : fmt::format(" WHERE NOT EXISTS (SELECT 1 FROM {} g WHERE {})",
                                      QualifiedName(load.gone), Matches(target, "g", "s"));
  return connection
      .Execute(fmt::format(
          "DELETE FROM {} t USING (SELECT DISTINCT {} FROM {} s{}) s WHERE t.{} IN {} AND {}",
          QualifiedName(table), NameList(target.MatchColumns(), "s."), QualifiedName(load.stage),
          not_gone, QuoteName(kLoadColumn), LoadList(one.overrules), Matches(target, "t", "s")))
      .status();
}

void InsertAsSnapshot(TargetTable& target) {
  if (target.merge == Merge::kUpdateInsert) return;  // one row of a key, as always
  target.merge = target.void_column.empty() ? Merge::kAppend : Merge::kInsertNonVoid;
}

Status RecordRestores(engine::Connection& connection, const Rebuild& rebuild,
                      const std::string& ingest, const quality::RunInfo& run) {
  for (const Rebuild::Load& one : rebuild.loads) {
    if (!one.restore || !one.restore->is_new) continue;
    const MonthRestore& restore = *one.restore;
    const LoadFile& first = one.load.files.front();
    SLUICE_TRY(
        connection.Execute("DELETE FROM _sluice.restores WHERE load_id = $1", {first.load_id})
            .status());
    SLUICE_TRY(
        connection
            .Execute("INSERT INTO _sluice.restores VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, "
                     "$10, $11::TIMESTAMP, $12)",
                     {first.load_id, ingest, first.connection, rebuild.target.name, first.pod,
                      restore.month.Text(), restore.extract, restore.month_column, first.group,
                      run.run_id, restore.restored_at, restore.removed})
            .status());
  }
  return Status::Ok();
}

}  // namespace sluice::ingest
