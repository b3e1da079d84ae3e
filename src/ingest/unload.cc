#include "ingest/unload.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "ingest/former_content.h"
#include "ingest/late_files.h"
#include "ingest/moved_files.h"
#include "ingest/plan_changed.h"
#include "ingest/plan_late.h"
#include "ingest/restore_rows.h"
#include "ingest/table_history.h"
#include "ingest/table_load.h"
#include "warehouse/dialect.h"

namespace sluice::ingest {
namespace {

using engine::ToInt;
using engine::ToText;
using warehouse::QualifiedName;

constexpr const char* kLoadsQuery =
    "sluice query \"SELECT load_id, table_name, pod, group_id, published_at, rows_read FROM "
    "_sluice.loads ORDER BY published_at DESC LIMIT 20\"";

// Whether more than its rows must go: it replaced or deleted rows, or what came after it met them.
Result<bool> NeedsRebuild(engine::Connection& connection, const LoadToUndo& load) {
  SLUICE_ASSIGN(const bool restored, HasRestores(connection, load.ingest, load.table));
  if (restored) return true;
  if (load.mode == MergeName(Merge::kAppend) || load.mode == MergeName(Merge::kInsertNonVoid)) {
    return false;
  }
  SLUICE_ASSIGN(
      const auto row,
      connection.Rows(
          "SELECT ((l.updated = 0 AND l.delete_matched = 0) OR (l.kind = 'full' AND NOT EXISTS "
          "(SELECT 1 FROM _sluice.loads AS o WHERE o.table_name = l.table_name AND o.rowid < "
          "l.rowid AND o.unloaded_at IS NULL)))::INTEGER, (EXISTS (SELECT 1 FROM _sluice.loads AS "
          "o WHERE o.table_name = l.table_name AND o.rowid > l.rowid AND o.unloaded_at IS "
          "NULL))::INTEGER FROM _sluice.loads AS l WHERE l.load_id = $1 AND l.table_name = $2 AND "
          "l.unloaded_at IS NULL",
          {load.load_id, load.table}));
  const bool only_added = !row.empty() && ToInt(row[0][0]) != 0;
  const bool followed = row.empty() || ToInt(row[0][1]) != 0;
  return !only_added || followed;
}

Status ReadFiles(engine::Connection& connection, const char* state, LoadToUndo& load) {
  SLUICE_ASSIGN(const auto files,
                connection.Rows("SELECT address, finished_at FROM _sluice.files WHERE load_id = $1 "
                                "AND table_name = $2 AND state = $3 ORDER BY rowid",
                                {load.load_id, load.table, std::string(state)}));
  for (const auto& file : files) {
    load.files.push_back(ToText(file[0]));
    if (!engine::IsNull(file[1])) ++load.moved;
  }
  return Status::Ok();
}

}  // namespace

Result<LoadToUndo> FindLoadToUndo(engine::Connection& connection, const std::string& id) {
  const bool digits = !id.empty() && id.find_first_not_of("0123456789") == std::string::npos;
  const auto rows = connection.Rows(
      "SELECT load_id, ingest, table_name, pod, group_id, mode, published_at, unloaded_at, "
      "connection FROM _sluice.loads WHERE starts_with(load_id::VARCHAR, $1) ORDER BY load_id, "
      "rowid DESC LIMIT "
      "100",
      {digits ? id : std::string("-")});
  if (!rows.ok()) return rows.status();
  if (rows->empty()) {
    return NotFoundError(fmt::format("there is no load {}", digits ? id : "of that id"),
                         kLoadsQuery);
  }
  // The newest record of a load that came twice.
  const auto& row = rows->front();
  for (const auto& other : *rows) {
    if (ToInt(other[0]) != ToInt(row[0])) {
      return ConfigError(
          fmt::format("several loads begin with {}: {}, {}", id, ToInt(row[0]), ToInt(other[0])),
          "Type more of the id");
    }
  }
  LoadToUndo load;
  load.load_id = ToInt(row[0]);
  load.ingest = ToText(row[1]);
  load.table = ToText(row[2]);
  load.pod = ToText(row[3]);
  load.group = ToInt(row[4]);
  load.mode = ToText(row[5]);
  load.published_at = ToText(row[6]);
  load.connection = ToText(row[8]);
  if (!engine::IsNull(row[7])) {
    load.taken_back = ToText(row[7]).substr(0, 19);
    SLUICE_TRY(ReadFiles(connection, "unloaded", load));
    return load;
  }
  const std::string where =
      fmt::format(" WHERE {} = {}", engine::QuoteName(kLoadColumn), load.load_id);
  SLUICE_ASSIGN(const auto columns, warehouse::ColumnsOf(connection, load.table));
  const bool there = std::any_of(columns.begin(), columns.end(),
                                 [](const auto& column) { return column.name == kLoadColumn; });
  if (there) {
    SLUICE_ASSIGN(const auto n,
                  connection.Scalar("SELECT count(*) FROM " + QualifiedName(load.table) + where));
    load.rows = ToInt(n);
  }
  SLUICE_ASSIGN(const auto bad,
                connection.Scalar("SELECT count(*) FROM _sluice.quarantine WHERE load_id = $1 AND "
                                  "table_name = $2",
                                  {load.load_id, load.table}));
  load.quarantined = ToInt(bad);
  SLUICE_TRY(ReadFiles(connection, "loaded", load));
  SLUICE_ASSIGN(const auto replaced,
                connection.Scalar(
                    "SELECT count(*) FROM _sluice.files WHERE ingest = $1 AND "
                    "table_name = $2 AND reason = $3",
                    {load.ingest, load.table, fmt::format("replaced by load {}", load.load_id)}));
  if (ToInt(replaced) > 0) {
    return ConfigError(
        fmt::format("load {} of {} cannot be taken back: rows of earlier versions of its files, "
                    "which it replaced, are gone",
                    load.load_id, load.table),
        "Put the files that were there before back, and run again");
  }
  if (load.mode == MergeName(Merge::kReplace)) {
    SLUICE_ASSIGN(const PlaceOfReplace place, PlaceOf(connection, load.load_id, load.table));
    load.former = place.former;
    load.by_rebuild = place.former != 0;
    return load;
  }
  SLUICE_ASSIGN(load.by_rebuild, NeedsRebuild(connection, load));
  return load;
}

Result<Rebuild> PlanWithout(engine::Connection& connection, const config::Ingest& ingest,
                            const std::vector<Source>& sources, const LoadToUndo& load,
                            const std::string& reason, const std::string& spool_folder,
                            const env::Cancel* cancel) {
  if (ingest.from.empty()) {
    return RejectedError(
        fmt::format("{} was loaded by hand, and is not made again from files", load.table),
        fmt::format("Load the files that are right once more, the newest last: sluice load FILE "
                    "--into {} --again",
                    load.table));
  }
  SLUICE_ASSIGN(LedgerState ledger, ReadLedger(connection, ingest, sources));
  SLUICE_TRY(
      RecogniseRetagged(connection, ingest.name, sources, spool_folder, cancel, false, ledger));
  if (ingest.layout == "files") {
    return PlanFilesRebuild(connection, ingest, sources, ledger, load.table, reason, load.load_id);
  }
  SLUICE_ASSIGN(const SchemaCatalog catalog, SchemaCatalog::Load(connection, ingest.name));
  return PlanRebuildWithout(connection, ingest, sources, catalog, ledger,
                            {load.table, load.connection, load.pod}, load.load_id, reason);
}

Status UndoLoad(engine::Connection& connection, const LoadToUndo& load, const std::string& reason,
                bool again, const quality::RunInfo& run) {
  const auto execute = [&](const std::string& sql, const std::vector<engine::Value>& values) {
    return connection.Execute(sql, values).status();
  };
  if (load.rows > 0) {
    SLUICE_TRY(execute(fmt::format("DELETE FROM {} WHERE {} = $1", QualifiedName(load.table),
                                   engine::QuoteName(kLoadColumn)),
                       {load.load_id}));
  }
  SLUICE_TRY(execute("DELETE FROM _sluice.quarantine WHERE load_id = $1 AND table_name = $2",
                     {load.load_id, load.table}));
  if (again) {
    SLUICE_TRY(ExpectMovedFiles(connection, load.ingest, "their load was taken back"));
    SLUICE_TRY(execute("DELETE FROM _sluice.files WHERE load_id = $1 AND table_name = $2",
                       {load.load_id, load.table}));
  } else {
    SLUICE_TRY(
        execute("UPDATE _sluice.files SET state = 'unloaded', reason = $1 WHERE load_id = "
                "$2 AND table_name = $3 AND state = 'loaded'",
                {reason, load.load_id, load.table}));
  }
  SLUICE_TRY(
      execute("UPDATE _sluice.loads SET unloaded_at = $1::TIMESTAMP, unload_reason = $2 "
              "WHERE load_id = $3 AND table_name = $4 AND unloaded_at IS NULL",
              {env::FormatUtc(run.now, true), reason, load.load_id, load.table}));
  return warehouse::BumpVersion(connection, load.table);
}

}  // namespace sluice::ingest
