#include "ingest/ledger.h"

#include <algorithm>
#include <unordered_set>

#include <fmt/format.h>

#include "base/hash.h"
#include "base/text.h"
#include "ingest/bad_rows.h"
#include "ingest/earlier_files.h"
#include "ingest/held_load.h"
#include "ingest/plan.h"
#include "ingest/reading.h"
#include "ingest/row_fixes.h"
#include "ingest/second_look.h"

namespace sluice::ingest {
namespace {

using engine::ToInt;
using engine::ToText;
using engine::Value;

std::string TimestampText(env::Micros time) {
  return env::FormatUtc(time, true);
}

std::vector<Value> CountValues(const FileCounts& c) {
  return {c.read,           c.inserted,         c.updated,    c.unchanged,
          c.delete_matched, c.delete_unmatched, c.superseded, c.skipped,
          c.quarantined,    c.key_collisions,   c.too_long};
}

Status AppendFiles(engine::Appender& appender, const TableLoad& load, const std::string& state) {
  for (const LoadFile& file : load.files) {
    std::vector<Value> row = {file.file_id,
                              load.ingest,
                              file.connection,
                              load.target.name,
                              file.pod,
                              file.group,
                              file.log_id,
                              file.stored.path,
                              static_cast<int64_t>(file.stored.size),
                              file.stored.tag,
                              TimestampText(file.stored.modified),
                              file.content_hash,
                              state,
                              std::string(),
                              file.load_id};
    for (const Value& count : CountValues(file.counts)) row.push_back(count);
    row.push_back(file.columns.empty() ? Value() : Value(FileColumnsText(file.columns)));
    row.push_back(file.reading == 0 ? Value() : Value(file.reading));
    row.emplace_back();  // still there
    row.emplace_back(file.counts.forgotten);
    SLUICE_TRY(appender.Row(row));
  }
  return Status::Ok();
}

Status AppendFiles(engine::Connection& connection, const TableLoad& load,
                   const std::string& state) {
  SLUICE_TRY(RecordReadings(connection, load.readings));
  SLUICE_ASSIGN(const auto appender, engine::Appender::Open(connection, "_sluice", "files"));
  SLUICE_TRY(AppendFiles(*appender, load, state));
  return appender->Close();
}

Status AppendQuarantine(engine::Connection& connection, const TableLoad& load, const RunInfo& run,
                        const LedgerTables& tables = {}, int64_t most = kAllBadRows) {
  if (load.quarantined.empty()) return Status::Ok();
  SLUICE_ASSIGN(const auto appender,
                engine::Appender::Open(connection, tables.schema, tables.quarantine));
  const std::string now = TimestampText(run.now);
  SLUICE_TRY(load.quarantined.ForEach([&](const QuarantinedRow& bad) -> Status {
    if (most-- <= 0) return Status::Ok();
    const LoadFile& file = load.files[bad.file];
    // Known by the content of its file and its place in it, wherever the file lies.
    const int64_t id = StableId({PartHash(file, bad.member), std::to_string(bad.byte_offset)});
    return appender->Row({id, file.load_id, file.file_id, load.ingest, load.target.name, file.pod,
                          PartName(file, bad.member), PartHash(file, bad.member), bad.record,
                          bad.line, bad.byte_offset, bad.column.empty() ? Value() : bad.column,
                          bad.value.empty() ? Value() : StoredText(bad.value), bad.reason,
                          StoredText(bad.raw), now, bad.rule, bad.raw_cut});
  }));
  return appender->Close();
}

// The files of `load` by load id: one record each, for several pods may be published in one step.
std::map<int64_t, std::vector<const LoadFile*>> ByLoad(const TableLoad& load) {
  std::map<int64_t, std::vector<const LoadFile*>> by_load;
  for (const LoadFile& file : load.files) by_load[file.load_id].push_back(&file);
  return by_load;
}

bool HasFixes(const TableLoad& load) {
  return std::any_of(load.files.begin(), load.files.end(),
                     [](const LoadFile& file) { return file.rows_fixed > 0; });
}

// Where a table of one pod stands after a load.
struct NewCursor {
  const TableLoad* load = nullptr;
  const LoadFile* last = nullptr;
  int64_t rows = 0;
};

// Of several for one table and pod the highest group counts.
Status MoveCursors(engine::Connection& connection, const std::vector<NewCursor>& cursors,
                   const RunInfo& run) {
  std::map<std::tuple<std::string, std::string, std::string, std::string>, const NewCursor*> newest;
  for (const NewCursor& cursor : cursors) {
    const NewCursor*& known = newest[{cursor.load->ingest, cursor.last->connection,
                                      cursor.last->pod, cursor.load->target.name}];
    if (known == nullptr || known->last->group <= cursor.last->group) known = &cursor;
  }
  std::string places;
  std::vector<Value> names;
  for (const auto& [key, cursor] : newest) {
    const auto& [ingest, connection_name, pod, table] = key;
    const size_t n = names.size();
    places += fmt::format("{}(${}, ${}, ${}, ${})", n == 0 ? "" : ", ", n + 1, n + 2, n + 3, n + 4);
    names.insert(names.end(), {ingest, connection_name, pod, table});
  }
  if (names.empty()) return Status::Ok();
  SLUICE_TRY(connection
                 .Execute("DELETE FROM _sluice.cursors WHERE (ingest, connection, pod, "
                          "table_name) IN (" +
                              places + ")",
                          names)
                 .status());
  SLUICE_ASSIGN(const auto appender, engine::Appender::Open(connection, "_sluice", "cursors"));
  for (const auto& [key, cursor] : newest) {
    const auto& [ingest, connection_name, pod, table] = key;
    SLUICE_TRY(appender->Row({ingest, connection_name, pod, table, cursor->last->group,
                              cursor->last->log_id, TimestampText(run.now), cursor->rows}));
  }
  return appender->Close();
}

constexpr const char* kCountNames[] = {
    "rows_read",  "inserted", "updated",     "unchanged",      "delete_matched", "delete_unmatched",
    "superseded", "skipped",  "quarantined", "key_collisions", "too_long"};

// Late files of a load that is published already.
struct Extension {
  const TableLoad* load = nullptr;
  int64_t load_id = 0;
  const LoadFile* last = nullptr;
  FileCounts more;
};

Result<bool> HasLoad(engine::Connection& connection, int64_t load_id) {
  SLUICE_ASSIGN(
      const auto there,
      connection.Scalar("SELECT count(*) FROM _sluice.loads WHERE load_id = $1", {load_id}));
  return ToInt(there) > 0;
}

// A late file never takes the cursor back; in the last group it may have the highest log id.
Status ExtendCursor(engine::Connection& connection, const Extension& one) {
  const LoadFile& last = *one.last;
  return connection
      .Execute(
          "UPDATE _sluice.cursors SET log_id = greatest(log_id, $6), rows = rows + $7 WHERE ingest "
          "= $1 AND connection = $2 AND pod = $3 AND table_name = $4 AND group_id = $5",
          {one.load->ingest, last.connection, last.pod, one.load->target.name, last.group,
           last.log_id, one.more.read})
      .status();
}

// The counts of late files come to the record of their load.
Status ExtendLoad(engine::Connection& connection, const Extension& one) {
  std::string sets;
  std::vector<Value> values = {one.load_id};
  for (const Value& count : CountValues(one.more)) {
    const char* name = kCountNames[values.size() - 1];
    values.push_back(count);
    sets += fmt::format("{}{} = {} + ${}", sets.empty() ? "" : ", ", name, name, values.size());
  }
  values.emplace_back(one.more.forgotten);
  sets += fmt::format(", forgotten = coalesce(forgotten, 0) + ${}", values.size());
  SLUICE_TRY(connection.Execute("UPDATE _sluice.loads SET " + sets + " WHERE load_id = $1", values)
                 .status());
  return ExtendCursor(connection, one);
}

Status SettleLateHolds(engine::Connection& connection, const TableLoad& load, const RunInfo& run) {
  std::vector<LateKey> files;
  for (const LoadFile& file : load.files) files.push_back({file.connection, file.stored.path});
  return SettleLate(connection, load.ingest, load.target.name, files, run);
}

// One a line.
std::set<std::string> Addresses(const Value& text) {
  const std::vector<std::string> lines = Split(ToText(text), '\n');
  return {lines.begin(), lines.end()};
}

OpenHold HoldOf(const std::vector<Value>& row) {
  OpenHold hold{ToText(row[0]), ToText(row[1]), ToText(row[2]),  ToText(row[3]), ToInt(row[4]),
                ToText(row[5]), ToText(row[7]), ToText(row[10]), ToInt(row[8]),  {}};
  if (!ToText(row[9]).empty()) hold.files = Addresses(row[9]);
  return hold;
}

}  // namespace

Status SettleLate(engine::Connection& connection, const std::string& ingest,
                  const std::string& table, const std::vector<LateKey>& files, const RunInfo& run) {
  SLUICE_ASSIGN(const auto open, quality::ListHolds(connection, false));
  for (const quality::HoldRecord& hold : open) {
    if (hold.kind != "late" || hold.owner != ingest || hold.table != table) continue;
    const bool all = std::all_of(hold.files.begin(), hold.files.end(), [&](const auto& path) {
      return std::find(files.begin(), files.end(), LateKey{hold.connection, path}) != files.end();
    });
    if (!all) continue;
    SLUICE_TRY(ForgetHeld(connection, hold));
    SLUICE_TRY(quality::SettleHold(connection, hold, "accepted", "it was loaded", run.now));
  }
  return Status::Ok();
}

namespace {

// Which entries planning can ask for.
class Wanted {
 public:
  Wanted(const config::Ingest& ingest, const std::vector<Source>& sources) {
    for (const config::Table& table : ingest.tables) {
      if (!table.manifest.empty()) whole_.insert(table.name);
    }
    for (const Source& source : sources) {
      auto& listed = listed_[source.connection];
      for (const connector::StoredFile& file : source.listing.files) listed.insert(file.path);
    }
  }
  bool Has(std::string_view connection, std::string_view address, std::string_view table) const {
    if (whole_.find(table) != whole_.end()) return true;
    const auto listed = listed_.find(connection);
    return listed != listed_.end() && listed->second.count(address) > 0;
  }

 private:
  std::set<std::string, std::less<>> whole_;
  std::map<std::string, std::unordered_set<std::string_view>, std::less<>> listed_;
};

}  // namespace

LoadFile FileOfEntry(const std::vector<engine::Value>& row) {
  LoadFile file;
  file.file_id = ToInt(row[0]);
  file.connection = ToText(row[1]);
  file.pod = ToText(row[2]);
  file.group = ToInt(row[3]);
  file.log_id = ToInt(row[4]);
  file.stored.path = ToText(row[5]);
  file.stored.size = static_cast<uint64_t>(ToInt(row[6]));
  file.stored.tag = ToText(row[7]);
  file.stored.modified = ToInt(row[8]);
  file.content_hash = ToText(row[9]);
  return file;
}

namespace {

// Not of a table whose last load was of another mode or ingest: then nobody knows what it is made of. Without files
// whose content of today was passed over or taken back: what the table has of them is not there any more.
Status ReadMadeOf(engine::Connection& connection, const config::Ingest& ingest,
                  LedgerState& state) {
  for (const config::Table& table : ingest.tables) {
    if (table.mode != config::Table::Mode::kReplace ||
        table.after_loading != config::Table::AfterLoading::kLeave) {
      continue;
    }
    SLUICE_ASSIGN(
        const auto rows,
        connection.Rows("SELECT f.load_id, f.connection, f.address FROM _sluice.files AS f JOIN "
                        "(SELECT load_id, ingest, mode FROM _sluice.loads WHERE table_name = $2 "
                        "AND unloaded_at IS NULL ORDER BY rowid DESC LIMIT 1) AS l ON l.load_id = "
                        "f.load_id AND l.ingest = f.ingest WHERE f.ingest = $1 AND f.table_name = "
                        "$2 AND f.state = 'loaded' AND l.mode = 'replace' AND NOT EXISTS (FROM "
                        "_sluice.files AS o WHERE o.ingest = f.ingest AND o.table_name = "
                        "f.table_name AND o.connection = f.connection AND o.address = f.address "
                        "AND o.rowid > f.rowid AND o.state IN ('skipped', 'unloaded') AND "
                        "o.content_hash <> f.content_hash)",
                        {ingest.name, table.name}));
    for (const auto& row : rows) {
      LastReplace& last = state.made_of[table.name];
      last.load_id = ToInt(row[0]);
      last.files.emplace(ToText(row[1]), ToText(row[2]));
    }
  }
  return Status::Ok();
}

}  // namespace

Result<LedgerState> ReadLedger(engine::Connection& connection, const config::Ingest& of,
                               const std::vector<Source>& sources) {
  const std::string& ingest = of.name;
  LedgerState state;
  const Wanted wanted(of, sources);
  // The newest entry of an address is the one that counts; entries are only ever added.
  SLUICE_ASSIGN(
      auto files,
      connection.Query("SELECT connection, address, table_name, tag, state, quarantined, "
                       "epoch_us(modified), (finished_at IS NOT NULL)::BIGINT FROM _sluice.files "
                       "WHERE ingest = $1 AND NOT " +
                           std::string(kIsHeldLate) + " ORDER BY rowid",
                       {ingest}));
  while (true) {
    SLUICE_ASSIGN(const auto batch, files.Next());
    if (!batch) break;
    for (size_t r = 0; r < batch->rows(); ++r) {
      state.fed.emplace(batch->text(2, r));
      if (!wanted.Has(batch->text(0, r), batch->text(1, r), batch->text(2, r))) continue;
      KnownFile& known =
          state.files[{std::string(batch->text(0, r)), std::string(batch->text(1, r)),
                       std::string(batch->text(2, r))}];
      known.tag = std::string(batch->text(3, r));
      known.state = std::string(batch->text(4, r));
      known.quarantined = batch->integer(5, r);
      known.modified = batch->integer(6, r);
      known.gone = batch->integer(7, r) != 0;
      known.loaded = known.loaded || known.state == "loaded";
      if (known.state == "loaded" || known.state == "unloaded") ++known.deliveries;
    }
  }
  SLUICE_TRY(ReadMadeOf(connection, of, state));
  SLUICE_ASSIGN(const auto cursors,
                connection.Rows("SELECT connection, pod, table_name, group_id, log_id FROM "
                                "_sluice.cursors WHERE ingest = $1",
                                {ingest}));
  for (const auto& row : cursors) {
    state.cursors[{ToText(row[0]), ToText(row[1]), ToText(row[2])}] = {ToInt(row[3]),
                                                                       ToInt(row[4])};
  }
  SLUICE_ASSIGN(
      const auto holds,
      connection.Rows(
          "SELECT hold_id, kind, table_name, pod, group_id, message, state, "
          "check_name, load_id, files, connection FROM _sluice.holds WHERE owner = $1 ORDER BY "
          "created_at, "
          "hold_id",
          {ingest}));
  for (const auto& row : holds) {
    if (ToText(row[6]) == "open") {
      state.holds.push_back(HoldOf(row));
    } else if (ToText(row[6]) == "accepted" && ToText(row[1]) == "late") {
      state.late_accepted.push_back(HoldOf(row));
    } else if (ToText(row[6]) == "accepted" && ToText(row[7]) == "bad_rows") {
      state.limits_lifted.push_back({ToText(row[2]), ToInt(row[8]), Addresses(row[9])});
    }
  }
  SLUICE_ASSIGN(const auto pods,
                connection.Rows("SELECT DISTINCT connection, pod FROM _sluice.files WHERE ingest = "
                                "$1 AND pod <> ''",
                                {ingest}));
  for (const auto& row : pods) state.pods.insert({ToText(row[0]), ToText(row[1])});
  SLUICE_ASSIGN(const auto tables,
                connection.Rows("SELECT table_name FROM duckdb_tables() WHERE database_name = "
                                "current_database() AND schema_name = 'main'"));
  for (const auto& row : tables) state.tables.insert(ToText(row[0]));
  return state;
}

Status RecordPublished(engine::Connection& connection,
                       const std::vector<const TableLoad*>& published, const RunInfo& run,
                       const std::string& hold_id, const LedgerTables& tables) {
  std::map<int64_t, std::string> readings;
  for (const TableLoad* load : published) {
    if (tables.cursors) SLUICE_TRY(CloseQuarantine(connection, *load));
    SLUICE_TRY(RecordReplaced(connection, *load));
    readings.insert(load->readings.begin(), load->readings.end());
  }
  SLUICE_TRY(RecordReadings(connection, readings));
  SLUICE_ASSIGN(const auto files, engine::Appender::Open(connection, tables.schema, tables.files));
  for (const TableLoad* load : published) SLUICE_TRY(AppendFiles(*files, *load, "loaded"));
  SLUICE_TRY(files->Close());
  std::vector<NewCursor> cursors;
  std::vector<Extension> extended;
  SLUICE_ASSIGN(const auto loads, engine::Appender::Open(connection, tables.schema, tables.loads));
  for (const TableLoad* load : published) {
    for (const auto& [load_id, load_files] : ByLoad(*load)) {
      FileCounts total;
      env::Micros newest = 0;
      for (const LoadFile* file : load_files) {
        total += file->counts;
        newest = std::max(newest, file->stored.modified);
      }
      const LoadFile& first = *load_files.front();
      if (load->late) {
        SLUICE_ASSIGN(const bool there, HasLoad(connection, load_id));
        if (there) {
          extended.push_back({load, load_id, load_files.back(), total});
          continue;
        }
      }
      std::vector<Value> row = {
          load_id,
          run.run_id,
          load->ingest,
          first.connection,
          load->target.name,
          first.pod,
          first.group,
          load->kind.empty() ? std::string(first.full ? "full" : "increment") : load->kind,
          load->kind.empty() ? std::string(MergeName(load->target.merge)) : load->kind,
          env::FormatDate(newest),
          TimestampText(run.now),
          hold_id.empty() ? Value() : Value(hold_id)};
      for (const Value& count : CountValues(total)) row.push_back(count);
      row.insert(row.end(), {Value(), Value()});  // not taken back
      row.emplace_back(total.forgotten);
      SLUICE_TRY(loads->Row(row));
      cursors.push_back({load, load_files.back(), total.read});
    }
  }
  SLUICE_TRY(loads->Close());
  for (const Extension& one : extended) SLUICE_TRY(ExtendLoad(connection, one));
  for (const TableLoad* load : published) {
    SLUICE_TRY(AppendQuarantine(connection, *load, run, tables));
    // What is recorded beside the ledger is not visible yet.
    if (tables.cursors && HasFixes(*load)) {
      SLUICE_TRY(SettleFixes(connection, load->ingest, load->target.name, run));
    }
    if (load->late) SLUICE_TRY(SettleLateHolds(connection, *load, run));
  }
  return tables.cursors ? MoveCursors(connection, cursors, run) : Status::Ok();
}

Status RecordSkipped(engine::Connection& connection, const TableLoad& load, bool moves_cursor,
                     const RunInfo& run, const std::string& hold_id) {
  SLUICE_TRY(AppendFiles(connection, load, "skipped"));
  SLUICE_TRY(
      connection
          .Execute("UPDATE _sluice.files SET reason = $1 WHERE state = 'skipped' AND reason = "
                   "'' AND ingest = $2 AND table_name = $3",
                   {"skipped by a decision on hold " + hold_id, load.ingest, load.target.name})
          .status());
  if (!moves_cursor) return Status::Ok();
  std::vector<NewCursor> cursors;
  for (const LoadFile& file : load.files) cursors.push_back({&load, &file, 0});
  return MoveCursors(connection, cursors, run);
}

Status RecordHeldFiles(engine::Connection& connection, const TableLoad& load, const RunInfo& run) {
  SLUICE_TRY(AppendFiles(connection, load, "held"));
  const int64_t most = load.too_many_bad_rows ? kMostHeldRows : kAllBadRows;
  return AppendQuarantine(connection, load, run, {}, most);
}

Result<std::vector<double>> LoadHistory(engine::Connection& connection, const std::string& ingest,
                                        const std::string& table, const std::string& pod,
                                        const std::string& kind, int64_t before, int64_t limit) {
  SLUICE_ASSIGN(
      const auto rows,
      connection.Rows("SELECT rows_read FROM _sluice.loads WHERE ingest = $1 AND "
                      "table_name = $2 AND pod = $3 AND kind = $4 AND hold_id IS "
                      "NULL AND unloaded_at IS NULL AND group_id < $5 ORDER BY group_id DESC, "
                      "published_at DESC, load_id LIMIT $6",
                      {ingest, table, pod, kind, before, limit}));
  std::vector<double> history;
  for (const auto& row : rows) history.push_back(static_cast<double>(ToInt(row[0])));
  return history;
}

}  // namespace sluice::ingest
