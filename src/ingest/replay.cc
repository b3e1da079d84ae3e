#include "ingest/replay.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/text.h"
#include "env/file.h"
#include "format/csv_text.h"
#include "ingest/existing_table.h"
#include "ingest/fixed_upsert.h"
#include "ingest/late_files.h"
#include "ingest/ledger.h"
#include "ingest/load_checks.h"
#include "ingest/plan_changed.h"
#include "ingest/plan_late.h"
#include "ingest/publish.h"
#include "ingest/quarantine.h"
#include "ingest/reading.h"
#include "ingest/rebuild.h"
#include "ingest/restore_rows.h"
#include "ingest/row_fixes.h"
#include "ingest/schema_catalog.h"
#include "ingest/sql.h"
#include "ingest/stage.h"
#include "quality/holds.h"
#include "warehouse/dialect.h"
#include "warehouse/fence.h"

namespace sluice::ingest {
namespace {

using engine::ToInt;
using engine::ToText;
using warehouse::QualifiedName;

constexpr int64_t kMostRows = 1'000'000;  // of one table at once; the next call takes more

class TableReplay {
 public:
  TableReplay(const IngestContext& context, const warehouse::Fence& fence, std::string table,
              const FetchFile& fetch, const ListSources& list)
      : context_(context),
        connection_(context.session.connection()),
        fence_(fence),
        fetch_(fetch),
        list_(list),
        run_{context.run_id, context.clock.Now()} {
    outcome_.table = std::move(table);
  }

  Result<ReplayOutcome> Run() {
    const Status status = Replay();
    if (status.code() == Code::kCancelled || status.code() == Code::kFailed) return status;
    if (!status.ok()) {
      outcome_.outcome = status.code() == Code::kHeld ? "held" : "failed";
      outcome_.message = status.ToString();
    }
    SLUICE_TRY(DropStaleStages(connection_));
    SLUICE_TRY(env::RemoveTree(context_.spool_folder));
    return std::move(outcome_);
  }

 private:
  Status Replay() {
    SLUICE_ASSIGN(auto entries, ReadQuarantine(connection_,
                                               "x.raw IS NOT NULL AND q.ingest = $1 AND "
                                               "q.table_name = $2",
                                               {context_.ingest.name, outcome_.table}, kMostRows));
    SLUICE_TRY(PutAside(entries));
    outcome_.rows = static_cast<int64_t>(entries_.size());
    if (entries_.empty()) {
      SLUICE_TRY(SettleRest());
      SLUICE_TRY(TellLostFixes());
      if (outcome_.outcome.empty()) outcome_.outcome = "done";
      return Status::Ok();
    }
    SLUICE_ASSIGN(load_.target, TargetOf(connection_, context_.ingest, outcome_.table));
    SLUICE_ASSIGN(const std::string kind, warehouse::KindOf(connection_, outcome_.table));
    if (kind != "table") {
      return RejectedError("the table is not in the warehouse any more", "sluice run");
    }
    SLUICE_TRY(CheckExisting(connection_, context_.ingest, load_.target));
    SLUICE_TRY(CheckReadings());
    SLUICE_TRY(MakeLoad());
    SLUICE_TRY(StageRows());
    SLUICE_ASSIGN(const std::string obstacle, WhyNotQuick());
    if (!obstacle.empty()) {
      const Status rebuilt = DoRebuild(obstacle);
      if (rebuilt.ok()) return TellLostFixes();
      SLUICE_ASSIGN(const bool decides, CanDoWithout(rebuilt));
      if (!decides) return rebuilt;
    }
    SLUICE_TRY(Check());
    SLUICE_TRY(Publish());
    outcome_.outcome = "done";
    outcome_.counts = load_.Total();
    return TellLostFixes();
  }

  Result<bool> CanDoWithout(const Status& rebuilt) {
    // A rebuild that was begun has dropped the stage.
    if (load_.target.merge != Merge::kUpsert || rebuilt.code() != Code::kRejected ||
        !connection_.HasTable("main", load_.stage)) {
      return false;
    }
    return TableDecides(connection_, load_);
  }

  void Say(int64_t rows, std::string_view why) {
    if (!outcome_.message.empty()) outcome_.message += "; ";
    outcome_.message += fmt::format("{}: {}", Counted(static_cast<uint64_t>(rows), "row"), why);
  }

  Status TellLostFixes() {
    SLUICE_ASSIGN(const auto lost,
                  FindLostFixes(connection_, context_.ingest.name, outcome_.table));
    for (const LostFix& one : lost) {
      if (outcome_.outcome.empty()) outcome_.outcome = "waiting";
      Say(one.rows,
          fmt::format("the fix waits, for {} {}: it is read when that content comes again",
                      one.address, one.why));
    }
    return Status::Ok();
  }

  // A fix stands among the other rows of its file, and is read as they were.
  Status CheckReadings() {
    if (context_.ingest.from.empty()) return Status::Ok();  // by hand: told apart by the caller
    std::set<int64_t> readings;
    for (const QuarantineEntry& entry : entries_) readings.insert(entry.reading);
    SLUICE_ASSIGN(const std::string otherwise,
                  TellReadOtherwise(connection_, load_.target, readings, ReadFor::kFixes));
    if (otherwise.empty()) return Status::Ok();
    return RejectedError(otherwise, "Write it in sluice.yml as it was, and do it again");
  }

  // Rows of loads that are held or passed over, or whose file was replaced since, cannot come in.
  Status PutAside(std::vector<QuarantineEntry>& entries) {
    SLUICE_ASSIGN(const auto newest, NewestLoads());
    int64_t held = 0;
    int64_t gone = 0;
    for (QuarantineEntry& entry : entries) {
      if (entry.file_state == "held") {
        ++held;
      } else if (entry.file_state != "loaded" ||
                 newest.count({entry.load_id, entry.file_id}) == 0) {
        ++gone;
      } else {
        entries_.push_back(std::move(entry));
      }
    }
    outcome_.held = held;
    const auto say = [&](int64_t n, std::string_view why) {
      if (n == 0) return;
      outcome_.outcome = "waiting";
      Say(n, why);
    };
    say(held, "the load is held (sluice gate list): rejected, it is read again with the fix");
    say(gone, "the file was replaced or passed over since: nothing to bring in");
    return Status::Ok();
  }

  // (load, file) of what the table is made of: of each address its newest entry (all, where files move away, and of an
  // upsert, which keeps what only an earlier version had), of a table that is replaced its newest load.
  Result<std::set<std::pair<int64_t, int64_t>>> NewestLoads() {
    SLUICE_ASSIGN(const TargetTable target, TargetOf(connection_, context_.ingest, outcome_.table));
    const std::string last_load =
        target.merge == Merge::kReplace
            ? "AND load_id = (SELECT load_id FROM _sluice.loads WHERE ingest = $1 AND table_name = "
              "$2 ORDER BY rowid DESC LIMIT 1)"
            : "";
    // Where files move away a later one under a name takes nothing back of those before it.
    const auto table = std::find_if(
        context_.ingest.tables.begin(), context_.ingest.tables.end(),
        [&](const config::Table& declared) { return declared.name == outcome_.table; });
    const bool moves_away = table != context_.ingest.tables.end() &&
                            table->after_loading != config::Table::AfterLoading::kLeave;
    const bool all =
        target.merge == Merge::kUpsert || (target.merge != Merge::kReplace && moves_away);
    const std::string newest_of_name = all ? ""
                                           : "QUALIFY row_number() OVER (PARTITION BY connection, "
                                             "address ORDER BY rowid DESC) = 1";
    SLUICE_ASSIGN(
        const auto rows,
        connection_.Rows(fmt::format("SELECT load_id, file_id FROM _sluice.files WHERE ingest = $1 "
                                     "AND table_name = $2 AND state <> 'held' {} {}",
                                     last_load, newest_of_name),
                         {context_.ingest.name, outcome_.table}));
    std::set<std::pair<int64_t, int64_t>> newest;
    for (const auto& row : rows) newest.emplace(ToInt(row[0]), ToInt(row[1]));
    return newest;
  }

  // A file of the fixed rows for each file that they come from, under its identity.
  Status MakeLoad() {
    SLUICE_TRY(env::RemoveTree(context_.spool_folder));
    SLUICE_TRY(env::CreateDirectories(context_.spool_folder, 0700));
    target_ = load_.target;
    load_.ingest = context_.ingest.name;
    load_.label = fmt::format("{}.{} fixes", load_.ingest, outcome_.table);
    // What is added to a replaced table is added; the rest of it stays.
    if (load_.target.merge == Merge::kReplace) load_.target.merge = Merge::kAppend;
    const RowEditor editor(target_);
    // The files made here are plain CSV under the columns' own names, whatever their files are; only values are
    // written as they were.
    load_.target.format = config::FileFormat::kCsv;
    for (DdlColumn& column : load_.target.columns) column.from.clear();
    config::CsvOptions plain;
    plain.header = config::CsvOptions::Header::kYes;
    plain.decimal = load_.target.csv.decimal;
    plain.thousands = load_.target.csv.thousands;
    plain.date_format = load_.target.csv.date_format;
    plain.max_row_bytes = load_.target.csv.max_row_bytes;
    load_.target.csv = std::move(plain);
    for (size_t from = 0; from < entries_.size();) {
      size_t to = from;
      while (to < entries_.size() && entries_[to].file_id == entries_[from].file_id &&
             entries_[to].load_id == entries_[from].load_id) {
        ++to;
      }
      SLUICE_TRY(AddFile(editor, from, to));
      from = to;
    }
    return Status::Ok();
  }

  Status AddFile(const RowEditor& editor, size_t from, size_t to) {
    const QuarantineEntry& first = entries_[from];
    LoadFile file;
    file.connection = first.connection;
    file.pod = first.pod;
    file.file_id = first.file_id;
    file.load_id = first.load_id;
    file.stored.path = first.address;
    file.full = true;          // no increment that a volume check could judge
    file.any_bad_rows = true;  // their limit was kept when the file was loaded
    file.local_path =
        env::JoinPath(context_.spool_folder, fmt::format("{}.rows.csv", load_.files.size()));
    SLUICE_ASSIGN(std::string content, RowsAsCsv(editor, from, to));
    file.stored.size = content.size();
    SLUICE_TRY(env::WriteFileAtomically(file.local_path, content, 0600));
    load_.files.push_back(std::move(file));
    return Status::Ok();
  }

  // With a header and without the columns that the table does not have. Members of an archive may each have others: what
  // one lacks is NULL, as it was when the archive was loaded.
  Result<std::string> RowsAsCsv(const RowEditor& editor, size_t from, size_t to) {
    const format::CsvDialect& dialect = format::CanonicalDialect();
    std::map<std::vector<std::string>, FileShape> shapes;
    std::vector<std::string> names;
    for (size_t row = from; row < to; ++row) {
      const auto [shape, is_new] = shapes.try_emplace(entries_[row].file_columns);
      if (!is_new) continue;
      shape->second = editor.ShapeOf(entries_[row]);
      for (const std::string& name : shape->second.columns) {
        const bool known = std::find(names.begin(), names.end(), name) != names.end();
        if (!name.empty() && !known) names.push_back(name);
      }
    }
    std::string content;
    std::vector<format::CsvCell> cells;
    for (const std::string& name : names) cells.push_back({name, true, false});
    format::AppendCsvRecord(content, cells, dialect);
    content += '\n';
    for (size_t row = from; row < to; ++row) {
      QuarantineEntry fixed = entries_[row];
      SLUICE_TRY(editor.Judge(fixed, fixed.fix));
      fixed.raw = fixed.fix;
      fixed.raw_cut = false;
      SLUICE_ASSIGN(const auto values, editor.CellsOf(fixed));
      const std::vector<std::string>& columns = shapes.at(fixed.file_columns).columns;
      for (size_t i = 0; i < names.size(); ++i) {
        const auto at = std::find(columns.begin(), columns.end(), names[i]);
        cells[i] = {{}, false, true};
        if (at == columns.end()) continue;
        const auto& value = values[static_cast<size_t>(at - columns.begin())];
        if (value) cells[i] = {*value, false, false};
      }
      format::AppendCsvRecord(content, cells, dialect);
      content += '\n';
    }
    return content;
  }

  StageContext Staging() const {
    return {connection_,           context_.functions, context_.reporter,           context_.cancel,
            context_.spool_folder, ReadFixes::kAll,    &context_.session.database()};
  }

  Status StageRows() {
    SLUICE_TRY(Stage(Staging(), load_));
    return load_.quarantined.ForEach([&](const QuarantinedRow& bad) {
      return RejectedError(fmt::format("{}: a fix does not fit: column {}: {}",
                                       load_.files[bad.file].stored.path, bad.column, bad.reason));
    });
  }

  // Why adding the rows might not give what reading them in their place would give; "" when it does.
  Result<std::string> WhyNotQuick() {
    SLUICE_ASSIGN(const bool restored,
                  HasRestores(connection_, context_.ingest.name, outcome_.table));
    if (restored) return std::string("a month of the table was restored");
    const bool updates =
        load_.target.merge == Merge::kUpdateInsert || load_.target.merge == Merge::kUpsert;
    if (!updates && load_.target.merge != Merge::kDeleteInsert) return std::string();
    SLUICE_ASSIGN(std::string why, updates ? KeysInTable() : FilesBehind());
    if (!why.empty() && fetch_) {
      SLUICE_ASSIGN(why, KeysInLaterFiles(Staging(), load_, target_, updates, fetch_));
    }
    if (!why.empty() || load_.gone.empty()) return why;
    const TargetTable& target = load_.target;
    SLUICE_ASSIGN(const int64_t own,
                  Count(fmt::format("{} g JOIN {} t ON {} WHERE t.{} = g.file",
                                    QualifiedName(load_.gone), QualifiedName(target.name),
                                    Matches(target, "t", "g"), engine::QuoteName(kFileColumn))));
    return own == 0 ? std::string()
                    : std::string("a deletion meets a row of its own file, which it must leave");
  }

  Result<std::string> KeysInTable() {
    const TargetTable& target = load_.target;
    SLUICE_ASSIGN(const int64_t met,
                  Count(fmt::format("{} s WHERE EXISTS (SELECT 1 FROM {} t WHERE {})",
                                    QualifiedName(load_.stage), QualifiedName(target.name),
                                    Matches(target, "t", "s"))));
    return met == 0 ? std::string()
                    : fmt::format("{} in the table with the same key", HasHave(met));
  }

  Result<std::string> FilesBehind() {
    for (const LoadFile& file : load_.files) {
      SLUICE_ASSIGN(const int64_t later, LaterFiles(file));
      if (later > 0) {
        return fmt::format("{} loaded after {}", HasHaveFiles(later), file.stored.path);
      }
    }
    return std::string();
  }

  static std::string HasHave(int64_t n) {
    return n == 1 ? "a row is" : fmt::format("{} rows are", Thousands(static_cast<uint64_t>(n)));
  }
  static std::string HasHaveFiles(int64_t n) {
    return n == 1 ? "a file was"
                  : fmt::format("{} files were", Thousands(static_cast<uint64_t>(n)));
  }

  Result<int64_t> Count(const std::string& from) {
    SLUICE_ASSIGN(const auto n, connection_.Scalar("SELECT count(*) FROM " + from));
    return ToInt(n);
  }

  // Of this table, and of this pod where rows of another cannot meet.
  Result<int64_t> LaterFiles(const LoadFile& file) {
    SLUICE_ASSIGN(
        const auto n,
        connection_.Scalar(
            "SELECT count(*) FROM _sluice.files WHERE ingest = $1 AND table_name = "
            "$2 AND state = 'loaded' AND ($3 = '' OR pod = $3) AND rowid > (SELECT "
            "max(rowid) FROM _sluice.files WHERE file_id = $4 AND load_id = $5)",
            {load_.ingest, load_.target.name, load_.target.match_pod ? file.pod : std::string(),
             file.file_id, file.load_id}));
    return ToInt(n);
  }

  Result<std::vector<Rebuild>> RebuildsFor(const std::vector<Source>& sources,
                                           const LedgerState& ledger, const std::string& reason) {
    if (context_.ingest.layout == "files") {
      SLUICE_ASSIGN(Rebuild rebuild, PlanFilesRebuild(connection_, context_.ingest, sources, ledger,
                                                      outcome_.table, reason));
      std::vector<Rebuild> one;
      one.push_back(std::move(rebuild));
      return one;
    }
    SLUICE_ASSIGN(const SchemaCatalog catalog,
                  SchemaCatalog::Load(connection_, context_.ingest.name));
    return PlanRebuildFor(connection_, context_.ingest, sources, catalog, ledger, outcome_.table,
                          reason);
  }

  Status DoRebuild(const std::string& why) {
    if (!list_) {
      return RejectedError(
          fmt::format("{}: the rows cannot be added, the table has to be rebuilt", why));
    }
    SLUICE_ASSIGN(const auto sources, list_());
    SLUICE_ASSIGN(LedgerState ledger, ReadLedger(connection_, context_.ingest, sources));
    SLUICE_TRY(RecogniseRetagged(connection_, context_.ingest.name, sources,
                                 env::JoinPath(context_.spool_folder, "compare"), context_.cancel,
                                 false, ledger));
    SLUICE_ASSIGN(auto rebuilds, RebuildsFor(sources, ledger, "rows of it were fixed"));
    for (Rebuild& rebuild : rebuilds) {
      SLUICE_ASSIGN(const RebuildOutcome made, RunRebuild(context_, fence_, run_, rebuild));
      SLUICE_TRY(made.status);
      for (const std::string& warning : made.warnings) {
        context_.reporter.Note(report::Level::kWarning, warning);
      }
    }
    SLUICE_TRY(SettleRest());
    outcome_.outcome = "rebuilt";
    outcome_.message = why;
    return Status::Ok();
  }

  Status Check() {
    SLUICE_ASSIGN(checks_, CheckLoad(connection_, context_.ingest, load_));
    std::vector<std::string> failures;
    for (const quality::CheckResult& result : checks_) {
      if (result.outcome == quality::Outcome::kPass) continue;
      const std::string text = fmt::format("{}: {}", result.check, result.message);
      if (result.outcome == quality::Outcome::kFail) {
        failures.push_back(text);
      } else {
        context_.reporter.Note(report::Level::kWarning, load_.label + ": " + text);
      }
    }
    if (failures.empty()) return Status::Ok();
    return HeldError(Join(failures, "; "), "Fix them otherwise, or change the check");
  }

  Status Publish() {
    SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(connection_));
    SLUICE_TRY(warehouse::CheckFence(connection_, fence_));
    SLUICE_TRY(AlterTarget(connection_, load_));
    SLUICE_TRY(MergeStage(connection_, load_));
    for (const LoadFile& file : load_.files) {
      FileCounts counts = file.counts;
      counts.quarantined = -counts.read;
      SLUICE_TRY(AmendCounts(connection_, file.load_id, file.file_id, counts));
    }
    SLUICE_TRY(RemoveFromQuarantine(connection_, entries_));
    SLUICE_TRY(MarkApplied());
    for (const quality::CheckResult& check : checks_) {
      SLUICE_TRY(quality::RecordCheck(
          connection_, {load_.ingest, load_.target.name, load_.files.back().pod, 0}, check, run_));
    }
    SLUICE_TRY(warehouse::BumpVersion(connection_, load_.target.name));
    return transaction->Commit();
  }

  Status MarkApplied() {
    return SettleFixes(connection_, context_.ingest.name, outcome_.table, run_);
  }

  Status SettleRest() {
    SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(connection_));
    SLUICE_TRY(warehouse::CheckFence(connection_, fence_));
    SLUICE_TRY(MarkApplied());
    return transaction->Commit();
  }

  const IngestContext& context_;
  engine::Connection& connection_;
  const warehouse::Fence& fence_;
  const FetchFile& fetch_;
  const ListSources& list_;
  const quality::RunInfo run_;
  std::vector<QuarantineEntry> entries_;
  TableLoad load_;
  TargetTable target_;  // as files are read into it
  std::vector<quality::CheckResult> checks_;
  ReplayOutcome outcome_;
};

}  // namespace

Result<std::vector<ReplayOutcome>> ReplayFixes(const IngestContext& context,
                                               const std::set<std::string>& tables,
                                               const FetchFile& fetch, const ListSources& list) {
  engine::Connection& connection = context.session.connection();
  SLUICE_ASSIGN(const warehouse::Fence fence,
                warehouse::TakeFence(connection, "ingest:" + context.ingest.name));
  SLUICE_TRY(DropStaleStages(connection));
  SLUICE_ASSIGN(const auto rows,
                connection.Rows("SELECT DISTINCT table_name FROM _sluice.quarantine_fixes WHERE "
                                "state = 'open' AND ingest = $1 ORDER BY 1",
                                {context.ingest.name}));
  std::vector<ReplayOutcome> outcomes;
  for (const auto& row : rows) {
    const std::string table = ToText(row[0]);
    if (!tables.empty() && tables.count(table) == 0) continue;
    if (context.cancel != nullptr && context.cancel->is_set()) return CancelledError("stopped");
    SLUICE_ASSIGN(ReplayOutcome outcome, TableReplay(context, fence, table, fetch, list).Run());
    outcomes.push_back(std::move(outcome));
  }
  return outcomes;
}

}  // namespace sluice::ingest
