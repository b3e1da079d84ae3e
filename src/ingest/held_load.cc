#include "ingest/held_load.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "ingest/column_changes.h"
#include "ingest/earlier_files.h"
#include "ingest/existing_table.h"
#include "ingest/plan.h"
#include "ingest/publish.h"
#include "ingest/quarantine.h"
#include "ingest/row_fixes.h"
#include "ingest/sql.h"
#include "quality/checks.h"
#include "warehouse/dialect.h"

namespace sluice::ingest {
namespace {

using engine::ToInt;
using engine::ToText;
using warehouse::QualifiedName;

// The ledger's "held" entries of the files of a hold, in the order in which they count.
Result<std::vector<LoadFile>> HeldFiles(engine::Connection& connection,
                                        const quality::HoldRecord& hold) {
  SLUICE_ASSIGN(
      const auto rows,
      connection.Rows(
          fmt::format(
              "SELECT {}, load_id, rows_read, inserted, updated, unchanged, delete_matched, "
              "delete_unmatched, superseded, skipped, quarantined, key_collisions, too_long, "
              "file_columns, reading, forgotten FROM _sluice.files WHERE ingest = $1 AND "
              "table_name = $2 AND "
              "state = 'held' ORDER BY rowid",
              kFileColumns),
          {hold.owner, hold.table}));
  const std::set<std::string> addresses(hold.files.begin(), hold.files.end());
  std::vector<LoadFile> files;
  for (const auto& row : rows) {
    if (addresses.count(ToText(row[5])) == 0) continue;
    // The file may have been loaded before under its group, and be held for something else now.
    if (hold.kind == "late" && ToInt(row[10]) != hold.load_id) continue;
    LoadFile& file = files.emplace_back(FileOfEntry(row));
    file.load_id = ToInt(row[10]);
    file.counts = {ToInt(row[11]), ToInt(row[12]), ToInt(row[13]), ToInt(row[14]),
                   ToInt(row[15]), ToInt(row[16]), ToInt(row[17]), ToInt(row[18]),
                   ToInt(row[19]), ToInt(row[20]), ToInt(row[21])};
    file.columns = ParseFileColumns(ToText(row[22]));
    if (!engine::IsNull(row[23])) file.reading = ToInt(row[23]);
    file.counts.forgotten = ToInt(row[24]);
  }
  return files;
}

Status DropHeldTables(engine::Connection& connection, const quality::HoldRecord& hold) {
  if (hold.stage.empty()) return Status::Ok();
  SLUICE_TRY(connection.Execute("DROP TABLE IF EXISTS " + QualifiedName(hold.stage)).status());
  return connection.Execute("DROP TABLE IF EXISTS " + QualifiedName(GoneName(hold.load_id)))
      .status();
}

Status RemoveHeldEntries(engine::Connection& connection, const quality::HoldRecord& hold,
                         bool with_quarantine) {
  SLUICE_ASSIGN(const auto files, HeldFiles(connection, hold));
  for (const LoadFile& file : files) {
    if (with_quarantine) {
      SLUICE_TRY(connection
                     .Execute("DELETE FROM _sluice.quarantine WHERE load_id = $1 AND file_id = $2",
                              {file.load_id, file.file_id})
                     .status());
    }
    SLUICE_TRY(connection
                   .Execute("DELETE FROM _sluice.files WHERE file_id = $1 AND state = 'held'",
                            {file.file_id})
                   .status());
  }
  return Status::Ok();
}

// A stage may have waited while the declaration changed. Whatever it holds that the table can take
// goes in; what would lose values in it is kConfig, to be read again.
Status FitHeldStage(engine::Connection& connection, const config::Ingest& ingest,
                    const quality::HoldRecord& hold, TargetTable& target) {
  SLUICE_TRY(CheckExisting(connection, ingest, target).WithContext(target.name));
  SLUICE_ASSIGN(const auto present, warehouse::ColumnsOf(connection, target.name));
  SLUICE_ASSIGN(const auto staged, warehouse::ColumnsOf(connection, hold.stage));
  TakeColumnsOfTable(present, target);
  // Columns that its files brought, and those that were declared then and are in the table still.
  std::vector<warehouse::ColumnInfo> taken = staged;
  if (target.schema_changes != config::SchemaChanges::kEvolve) {
    std::erase_if(taken, [&](const warehouse::ColumnInfo& column) {
      return std::find(present.begin(), present.end(), column) == present.end();
    });
  }
  TakeColumns(taken, target);
  for (const ColumnChange& change : CompareColumns(target, staged)) {
    // Read again it has the very texts of its files.
    if (change.kind != ColumnChange::Kind::kMismatch && !change.BecomesText()) continue;
    return ConfigError(
        fmt::format("the rows of hold {} were read when column {} was {}, and it is {} now",
                    hold.id, change.column, change.old_type, change.type),
        fmt::format("Type sluice gate reject {}: the next run reads the files again", hold.id));
  }
  return ChangeColumns(connection, target, hold.stage);
}

// Layout files: what is sent again under a name takes the place of what was there.
bool LeavesFiles(const config::Ingest& ingest, const std::string& table) {
  return std::any_of(ingest.tables.begin(), ingest.tables.end(), [&](const config::Table& t) {
    return ingest.layout == "files" && t.name == table &&
           t.after_loading == config::Table::AfterLoading::kLeave;
  });
}

Result<bool> HasCursor(engine::Connection& connection, const quality::HoldRecord& hold,
                       const std::string& pod) {
  SLUICE_ASSIGN(const auto n,
                connection.Scalar("SELECT count(*) FROM _sluice.cursors WHERE ingest = $1 AND "
                                  "connection = $2 AND pod = $3 AND table_name = $4",
                                  {hold.owner, hold.connection, pod, hold.table}));
  return ToInt(n) > 0;
}

}  // namespace

Result<TableLoad> PublishHeld(engine::Connection& connection, const config::Ingest& ingest,
                              const quality::HoldRecord& hold, const quality::RunInfo& run) {
  TableLoad load;
  load.ingest = ingest.name;
  SLUICE_ASSIGN(load.target, TargetOf(connection, ingest, hold.table));
  load.label = fmt::format("{}.{} {}/{}", ingest.name, hold.table, hold.pod, hold.group);
  SLUICE_ASSIGN(load.files, HeldFiles(connection, hold));
  if (load.files.empty()) {
    return FailedError(fmt::format("the files of hold {} are not in the ledger any more", hold.id));
  }
  for (LoadFile& file : load.files) {
    SLUICE_ASSIGN(const bool known, HasCursor(connection, hold, file.pod));
    file.replaces = LeavesFiles(ingest, hold.table);
    file.full = !known && (ingest.layout != "zenoti" ||
                           BeginsWithFullLoad(ingest, file.connection, file.pod));
  }
  load.stage = hold.stage;
  load.late = ingest.layout == "zenoti";  // it may be of a group of which more was loaded before
  const std::string gone = GoneName(hold.load_id);
  SLUICE_ASSIGN(const std::string kind, warehouse::KindOf(connection, gone));
  if (!kind.empty()) load.gone = gone;
  SLUICE_TRY(FitHeldStage(connection, ingest, hold, load.target));
  SLUICE_TRY(FindEarlierVersions(connection, load));
  SLUICE_TRY(AlterTarget(connection, load));
  SLUICE_TRY(MergeStage(connection, load));
  SLUICE_TRY(RemoveHeldEntries(connection, hold, false));
  SLUICE_TRY(RecordPublished(connection, {&load}, run, hold.id));
  SLUICE_TRY(SettleFixes(connection, load.ingest, load.target.name, run));
  SLUICE_TRY(warehouse::BumpVersion(connection, load.target.name));
  return load;
}

Status ForgetHeld(engine::Connection& connection, const quality::HoldRecord& hold) {
  SLUICE_TRY(DropHeldTables(connection, hold));
  return RemoveHeldEntries(connection, hold, true);
}

Status SkipHeld(engine::Connection& connection, const config::Ingest& ingest,
                const quality::HoldRecord& hold, const std::vector<connector::StoredFile>& listing,
                const quality::RunInfo& run) {
  SLUICE_ASSIGN(std::vector<LoadFile> files, HeldFiles(connection, hold));
  SLUICE_TRY(DropHeldTables(connection, hold));
  // Of a file that was held for its bad rows they may not even be all.
  const bool bad_rows = hold.kind != "gate";
  SLUICE_TRY(RemoveHeldEntries(connection, hold, bad_rows));
  // Never staged: what the store says of them now is what is passed.
  for (const connector::StoredFile& stored : listing) {
    if (std::find(hold.files.begin(), hold.files.end(), stored.path) == hold.files.end()) continue;
    const bool known = std::any_of(files.begin(), files.end(), [&](const LoadFile& file) {
      return file.stored.path == stored.path;
    });
    if (known) continue;
    LoadFile& file = files.emplace_back();
    file.stored = stored;
    file.connection = hold.connection;
    file.pod = hold.pod;
    file.group = hold.group;
  }
  TableLoad load;
  load.ingest = ingest.name;
  load.target.name = hold.table;
  for (LoadFile& file : files) {
    // Whatever was in it is passed over, and counted so.
    const int64_t quarantined = bad_rows ? 0 : file.counts.quarantined;
    const int64_t read = file.counts.read;
    const int64_t forgotten = file.counts.forgotten;
    file.counts = {};
    file.counts.forgotten = forgotten;
    file.counts.read = read;
    file.counts.quarantined = quarantined;
    file.counts.skipped = read - quarantined;
  }
  load.files = std::move(files);
  return RecordSkipped(connection, load, hold.kind != "late", run, hold.id);
}

}  // namespace sluice::ingest
