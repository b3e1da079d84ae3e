#include "ingest/publish.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "ingest/earlier_files.h"
#include "ingest/existing_table.h"
#include "ingest/merge_update.h"
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

std::string File() {
  return QuoteName(kFileColumn);
}

// Inserted rows whose key was there already (in the target, after its deletions) or stands twice.
// A fact's key that was not voided: both rows stand, and the unique check decides what that means.
Status CountCollisions(engine::Connection& connection, TableLoad& load, const std::string& rows,
                       bool against_target) {
  const TargetTable& target = load.target;
  if (target.key.empty()) return Status::Ok();
  const std::vector<std::string> match = target.MatchColumns();
  if (against_target) {
    SLUICE_TRY(AddCounts(
        connection,
        fmt::format(
            "SELECT s.{0}, count(*) FROM {1} s WHERE EXISTS (SELECT 1 FROM {2} t WHERE {3}) "
            "GROUP BY s.{0}",
            File(), rows, QualifiedName(target.name), Matches(target, "t", "s")),
        load, {&FileCounts::key_collisions}));
  }
  const std::string repeated =
      fmt::format("SELECT {0} FROM {1} GROUP BY ALL HAVING count(*) > 1", NameList(match), rows);
  SLUICE_ASSIGN(const auto any,
                connection.Scalar(fmt::format("SELECT count(*) FROM ({})", repeated)));
  if (engine::ToInt(any) == 0) return Status::Ok();
  // Of rows with one key the first in the order of the files is no collision, the others are; where
  // the target has the key, all of them were counted above.
  const std::string not_in_target =
      against_target ? fmt::format("AND NOT EXISTS (SELECT 1 FROM {} t WHERE {})",
                                   QualifiedName(target.name), Matches(target, "t", "s"))
                     : std::string();
  return AddCounts(
      connection,
      fmt::format(
          "SELECT file, count(*) FROM (SELECT s.{file} AS file, row_number() OVER (PARTITION "
          "BY {match} ORDER BY f.position, s.rowid) AS place FROM {rows} s JOIN {files} ON "
          "f.file = s.{file} JOIN ({repeated}) r ON {same} WHERE true {missing}) WHERE "
          "place > 1 GROUP BY file",
          fmt::arg("file", File()), fmt::arg("match", NameList(match, "s.")),
          fmt::arg("rows", rows), fmt::arg("files", FileOrder(load, "f")),
          fmt::arg("repeated", repeated), fmt::arg("same", Matches(target, "s", "r")),
          fmt::arg("missing", not_in_target)),
      load, {&FileCounts::key_collisions});
}

// What is left of the rows of each file once all that staging and reducing took out is taken off; the
// rows that are there must be as many. Counting them by file would cost as much as a check.
Status CountInserted(engine::Connection& connection, TableLoad& load, const std::string& rows) {
  int64_t expected = 0;
  for (LoadFile& file : load.files) {
    FileCounts& c = file.counts;
    const int64_t left = c.read - c.quarantined - c.superseded - c.skipped - c.delete_matched -
                         c.delete_unmatched - c.inserted;
    c.inserted += left;
    expected += left;
  }
  SLUICE_ASSIGN(const auto counted, connection.Scalar("SELECT count(*) FROM " + rows));
  if (engine::ToInt(counted) == expected) return Status::Ok();
  return FailedError(fmt::format("{}: {} to be inserted by the files' accounts, and {} there",
                                 load.label, Counted(static_cast<uint64_t>(expected), "row"),
                                 Thousands(static_cast<uint64_t>(engine::ToInt(counted)))));
}

// Markers whose row was there; `in_target` is false when there was no target.
Status CountMatchedMarkers(engine::Connection& connection, TableLoad& load, bool in_target) {
  if (load.gone.empty()) return Status::Ok();
  const std::string there =
      in_target ? fmt::format("OR (g.first AND EXISTS (SELECT 1 FROM {} t WHERE {}))",
                              QualifiedName(load.target.name), Matches(load.target, "t", "g"))
                : std::string();
  return AddCounts(
      connection,
      fmt::format("SELECT g.file, sum(g.markers), -sum(g.markers) FROM {} g WHERE g.in_stage {} "
                  "GROUP BY g.file",
                  QualifiedName(load.gone), there),
      load, {&FileCounts::delete_matched, &FileCounts::delete_unmatched});
}

Status InsertStage(engine::Connection& connection, const TableLoad& load) {
  const std::string columns = NameList(load.target.AllColumns());
  return Run(connection,
             fmt::format("INSERT INTO {} ({}) SELECT {} FROM {}", QualifiedName(load.target.name),
                         columns, columns, QualifiedName(load.stage)));
}

Status MergeInsert(engine::Connection& connection, TableLoad& load) {
  const std::string stage = QualifiedName(load.stage);
  SLUICE_TRY(CountMatchedMarkers(connection, load, true));
  if (!load.gone.empty()) {
    SLUICE_TRY(
        Run(connection,
            fmt::format("DELETE FROM {} t USING (SELECT DISTINCT {} FROM {}) g "
                        "WHERE {}",
                        QualifiedName(load.target.name), NameList(load.target.MatchColumns()),
                        QualifiedName(load.gone), Matches(load.target, "t", "g"))));
  }
  SLUICE_TRY(CountInserted(connection, load, stage));
  SLUICE_TRY(CountCollisions(connection, load, stage, true));
  return InsertStage(connection, load);
}

Status CheckAccounts(const TableLoad& load) {
  for (const LoadFile& file : load.files) {
    if (file.counts.Adds()) continue;
    const FileCounts& c = file.counts;
    return FailedError(fmt::format(
        "{}: the rows of {} do not add up: read {}, inserted {}, updated {}, unchanged {}, deleted "
        "{}, not there to delete {}, superseded {}, skipped {}, quarantined {}",
        load.label, file.stored.path, c.read, c.inserted, c.updated, c.unchanged, c.delete_matched,
        c.delete_unmatched, c.superseded, c.skipped, c.quarantined));
  }
  return Status::Ok();
}

}  // namespace

Status AlterTarget(engine::Connection& connection, TableLoad& load) {
  const TargetTable& target = load.target;
  SLUICE_ASSIGN(const auto present, warehouse::ColumnsOf(connection, target.name));
  const bool by_renaming = present.empty() || target.merge == Merge::kReplace;
  if (by_renaming) {
    // Views survive this: they hold the name, not the table.
    if (!present.empty()) {
      SLUICE_TRY(Run(connection, "DROP TABLE " + QualifiedName(target.name)));
    }
    SLUICE_TRY(Run(connection, fmt::format("ALTER TABLE {} RENAME TO {}", QualifiedName(load.stage),
                                           QuoteName(target.name))));
    load.stage.clear();
    return Status::Ok();
  }
  return ChangeColumns(connection, target, target.name);
}

Status MergeStage(engine::Connection& connection, TableLoad& load) {
  if (load.stage.empty()) {
    const std::string rows = QualifiedName(load.target.name);
    SLUICE_TRY(CountMatchedMarkers(connection, load, false));
    SLUICE_TRY(CountInserted(connection, load, rows));
    if (load.target.merge == Merge::kDeleteInsert || load.target.merge == Merge::kInsertNonVoid) {
      SLUICE_TRY(CountCollisions(connection, load, rows, false));
    }
  } else {
    switch (load.target.merge) {
      case Merge::kDeleteInsert:
      case Merge::kInsertNonVoid:
        SLUICE_TRY(MergeInsert(connection, load));
        break;
      case Merge::kUpdateInsert:
      case Merge::kUpsert:
        SLUICE_TRY(MergeUpdate(connection, load));
        break;
      case Merge::kAppend:
      case Merge::kReplace:
        SLUICE_TRY(RemoveReplacedRows(connection, load));
        SLUICE_TRY(CountInserted(connection, load, QualifiedName(load.stage)));
        SLUICE_TRY(InsertStage(connection, load));
        break;
    }
    SLUICE_TRY(Run(connection, "DROP TABLE " + QualifiedName(load.stage)));
  }
  if (!load.gone.empty()) {
    SLUICE_TRY(Run(connection, "DROP TABLE " + QualifiedName(load.gone)));
  }
  return CheckAccounts(load);
}

}  // namespace sluice::ingest
