#include "ingest/reduce.h"

#include <algorithm>

#include <fmt/format.h>

#include "ingest/sql.h"
#include "warehouse/dialect.h"

namespace sluice::ingest {
namespace {

using warehouse::NameList;
using warehouse::QualifiedName;
using warehouse::QuoteName;

Status Run(engine::Connection& connection, const std::string& sql) {
  return connection.Execute(sql).status();
}

// One row per key and file that has delete markers of it:
//   markers   how many
//   first     no earlier file of this step deletes that key: the target may still hold it
//   in_stage  an earlier file of this step inserted the key after the last deletion of it
// So a marker matches when `in_stage`, or when `first` and the target holds the key.
std::string CreateGone(const TableLoad& load) {
  const TargetTable& target = load.target;
  const std::vector<std::string> match = target.MatchColumns();
  const std::string voided = Deletes(target, "s");
  return fmt::format(
      "CREATE TABLE {gone} AS WITH "
      "marked AS (SELECT {match_s}, f.position AS position, f.file AS file, count(*) AS markers "
      "  FROM {stage} s JOIN {files} ON f.file = s.{file} WHERE {voided} GROUP BY ALL), "
      "ordered AS (SELECT *, lag(position) OVER (PARTITION BY {match} ORDER BY position) AS before "
      "  FROM marked), "
      "added AS (SELECT DISTINCT {match_s}, f.position AS position FROM {stage} s "
      "  JOIN {files} ON f.file = s.{file} "
      "  WHERE NOT {voided} AND EXISTS (SELECT 1 FROM marked m WHERE {m_is_s})) "
      "SELECT {match_o}, o.position, o.file, o.markers, o.before IS NULL AS first, "
      "  EXISTS (SELECT 1 FROM added a WHERE {a_is_o} AND a.position < o.position "
      "    AND a.position >= coalesce(o.before, -1)) AS in_stage "
      "FROM ordered o",
      fmt::arg("gone", QualifiedName(load.gone)), fmt::arg("stage", QualifiedName(load.stage)),
      fmt::arg("match", NameList(match)), fmt::arg("match_s", NameList(match, "s.")),
      fmt::arg("match_o", NameList(match, "o.")), fmt::arg("files", FileOrder(load, "f")),
      fmt::arg("file", QuoteName(kFileColumn)), fmt::arg("voided", voided),
      fmt::arg("m_is_s", Matches(target, "m", "s")), fmt::arg("a_is_o", Matches(target, "a", "o")));
}

Status ReduceDeleteInsert(engine::Connection& connection, TableLoad& load) {
  const TargetTable& target = load.target;
  const std::string stage = QualifiedName(load.stage);
  SLUICE_ASSIGN(const auto any, connection.Scalar(fmt::format("SELECT count(*) FROM {} s WHERE {}",
                                                              stage, Deletes(target, "s"))));
  if (engine::ToInt(any) == 0) return Status::Ok();
  load.gone = GoneName(load.files.front().load_id) + load.stage_suffix;
  SLUICE_TRY(Run(connection, "DROP TABLE IF EXISTS " + QualifiedName(load.gone)));
  SLUICE_TRY(Run(connection, CreateGone(load)));
  SLUICE_TRY(AddCounts(
      connection,
      fmt::format("SELECT file, sum(markers) FROM {} GROUP BY file", QualifiedName(load.gone)),
      load, {&FileCounts::delete_unmatched}));
  // Rows that a later file of this step deletes count as inserted for their own file, as they would
  // had the files come one by one; the marker that deletes them matches.
  if (load.files.size() > 1) {
    const std::string doomed = fmt::format(
        "FROM {stage} s JOIN {files} ON f.file = s.{file} JOIN (SELECT {match}, max(position) AS "
        "last FROM {gone} GROUP BY ALL) g ON {same} WHERE NOT {voided} AND f.position < g.last",
        fmt::arg("stage", stage), fmt::arg("files", FileOrder(load, "f")),
        fmt::arg("file", QuoteName(kFileColumn)),
        fmt::arg("match", NameList(target.MatchColumns())),
        fmt::arg("gone", QualifiedName(load.gone)), fmt::arg("same", Matches(target, "g", "s")),
        fmt::arg("voided", Deletes(target, "s")));
    SLUICE_TRY(AddCounts(connection,
                         fmt::format("SELECT f.file, count(*) {} GROUP BY f.file", doomed), load,
                         {&FileCounts::inserted}));
    SLUICE_TRY(Run(connection, fmt::format("DELETE FROM {} WHERE rowid IN (SELECT s.rowid {})",
                                           stage, doomed)));
  }
  return Run(connection, fmt::format("DELETE FROM {} s WHERE {}", stage, Deletes(target, "s")));
}

bool OfOnePod(const TableLoad& load) {
  return std::all_of(load.files.begin(), load.files.end(),
                     [&](const LoadFile& file) { return file.pod == load.files.front().pod; });
}

// One row of a key stays: the one with the greatest version, NULL being the least, and of equals the
// last one. `rowid` is the order of the files and their lines here, at the stage only: rows were read in
// order. So no two rows are ever equal.
Status ReduceToNewest(engine::Connection& connection, TableLoad& load) {
  const std::vector<std::string> match = load.target.MatchColumns();
  const std::string stage = QualifiedName(load.stage);
  const std::string repeated =
      fmt::format("SELECT {0} FROM {1} GROUP BY ALL HAVING count(*) > 1", NameList(match), stage);
  // A window over all rows would cost as much as the load: only keys that repeat are looked at. Where
  // all rows are of one pod it need not be compared.
  std::vector<std::string> telling = match;
  if (OfOnePod(load)) std::erase(telling, kPodColumn);
  SLUICE_ASSIGN(const auto any,
                connection.Scalar(fmt::format(
                    "SELECT count(*) FROM (SELECT 1 FROM {1} GROUP BY {0} HAVING count(*) > 1)",
                    NameList(telling), stage)));
  if (engine::ToInt(any) == 0) return Status::Ok();
  const std::string losers = fmt::format(
      "SELECT id, file FROM (SELECT s.rowid AS id, s.{file} AS file, row_number() OVER (PARTITION "
      "BY {match_s} ORDER BY {version}s.rowid DESC) AS place FROM {stage} s JOIN ({repeated}) r ON "
      "{same}) WHERE place > 1",
      fmt::arg("file", QuoteName(kFileColumn)), fmt::arg("match_s", NameList(match, "s.")),
      fmt::arg("version",
               load.target.version.empty()
                   ? std::string()
                   : fmt::format("s.{} DESC NULLS LAST, ", QuoteName(load.target.version))),
      fmt::arg("stage", stage), fmt::arg("repeated", repeated),
      fmt::arg("same", Matches(load.target, "s", "r")));
  SLUICE_TRY(Run(connection, "CREATE OR REPLACE TEMP TABLE sluice_losers AS " + losers));
  SLUICE_TRY(AddCounts(connection, "SELECT file, count(*) FROM sluice_losers GROUP BY file", load,
                       {&FileCounts::superseded}));
  SLUICE_TRY(Run(connection, fmt::format("DELETE FROM {} WHERE rowid IN (SELECT id FROM "
                                         "sluice_losers)",
                                         stage)));
  return Run(connection, "DROP TABLE sluice_losers");
}

Status ReduceInsertNonVoid(engine::Connection& connection, TableLoad& load) {
  if (load.target.void_column.empty()) return Status::Ok();
  const std::string stage = QualifiedName(load.stage);
  const std::string voided = QuoteName(load.target.void_column);
  SLUICE_TRY(AddCounts(connection,
                       fmt::format("SELECT {0}, count(*) FROM {1} WHERE {2} GROUP BY {0}",
                                   QuoteName(kFileColumn), stage, voided),
                       load, {&FileCounts::skipped}));
  return Run(connection, fmt::format("DELETE FROM {} WHERE {}", stage, voided));
}

}  // namespace

Status ReduceStage(engine::Connection& connection, TableLoad& load) {
  switch (load.target.merge) {
    case Merge::kDeleteInsert:
      return ReduceDeleteInsert(connection, load);
    case Merge::kUpdateInsert:
    case Merge::kUpsert:
      return ReduceToNewest(connection, load);
    case Merge::kInsertNonVoid:
      return ReduceInsertNonVoid(connection, load);
    case Merge::kAppend:
    case Merge::kReplace:
      return Status::Ok();
  }
  return Status::Ok();
}

}  // namespace sluice::ingest
