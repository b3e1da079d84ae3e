#include "ingest/stage.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/check.h"
#include "base/text.h"
#include "env/file.h"
#include "format/cast_functions.h"
#include "format/json_normalise.h"
#include "format/read_csv.h"
#include "ingest/file_shape.h"
#include "ingest/json_files.h"
#include "ingest/readable_copy.h"
#include "ingest/reduce.h"
#include "ingest/row_fixes.h"
#include "ingest/second_look.h"
#include "ingest/sql.h"
#include "ingest/table_files.h"
#include "warehouse/dialect.h"

namespace sluice::ingest {
namespace {

using warehouse::QualifiedName;
using warehouse::QuoteName;
using warehouse::QuoteText;

// One statement reads at most so many files: its text and its bookkeeping stay bounded.
constexpr size_t kFilesPerStatement = 1000;

struct ShapedFile {
  size_t index = 0;  // into TableLoad::files
  FileShape shape;
  ReadableCopy copy;  // what the engine reads
};

// Files that one statement can read: neighbours in order, alike in everything.
struct Batch {
  std::vector<const ShapedFile*> files;
};

bool Alike(const TableLoad& load, const ShapedFile& a, const ShapedFile& b) {
  const LoadFile& x = load.files[a.index];
  const LoadFile& y = load.files[b.index];
  return a.shape == b.shape && a.copy.parallel == b.copy.parallel &&
         a.copy.compression == b.copy.compression && a.copy.header == b.copy.header &&
         x.load_id == y.load_id && x.pod == y.pod &&
         std::all_of(load.target.captured.begin(), load.target.captured.end(),
                     [&](const auto& column) {
                       return CapturedValue(x.captures, column.second) ==
                              CapturedValue(y.captures, column.second);
                     });
}

std::vector<Batch> MakeBatches(const TableLoad& load, const std::vector<ShapedFile>& files) {
  std::vector<Batch> batches;
  for (const ShapedFile& file : files) {
    if (batches.empty() || !Alike(load, *batches.back().files.front(), file) ||
        batches.back().files.size() >= kFilesPerStatement) {
      batches.emplace_back();
    }
    batches.back().files.push_back(&file);
  }
  return batches;
}

// The SELECT that reads a batch: text -> typed values, bad rows left out and counted.
class StageSelect {
 public:
  StageSelect(const TableLoad& load, const Batch& batch)
      : load_(load), target_(load.target), batch_(batch), shape_(batch.files.front()->shape) {}

  std::string Sql() {
    std::string outer;
    std::string inner;
    for (const DdlColumn& column : target_.columns) {
      AddColumn(column, outer, inner);
    }
    // A record is only found to be broken by the columns that are read: those that the table does not
    // have are read too, in a condition that nothing fulfils.
    for (size_t i = 0; i < shape_.columns.size(); ++i) {
      if (!shape_.columns[i].empty()) continue;
      inner += QuoteName(RawName(i)) + ", ";
      Or(too_long_, fmt::format("strlen({}) < 0", QuoteName(RawName(i))));
    }
    const LoadFile& first = load_.files[batch_.files.front()->index];
    if (target_.has_pod) {
      outer +=
          fmt::format("CAST({} AS VARCHAR) AS {}, ", QuoteText(first.pod), QuoteName(kPodColumn));
    }
    outer += fmt::format("CAST({} AS BIGINT) AS {}, sluice_file_id AS {}", first.load_id,
                         QuoteName(kLoadColumn), QuoteName(kFileColumn));
    inner += FileExpression(first) + " AS sluice_file_id";
    return fmt::format(
        "SELECT {} FROM (SELECT {} FROM {}) WHERE sluice_accept(sluice_file_id, {}, {})", outer,
        inner, format::ReadCsvCall(ReadOptions()), bad_.empty() ? "false" : bad_,
        too_long_.empty() ? "false" : too_long_);
  }

 private:
  void AddColumn(const DdlColumn& column, std::string& outer, std::string& inner) {
    const auto at = std::find(shape_.columns.begin(), shape_.columns.end(), column.name);
    const bool required = target_.MustNotBeNull(column.name);
    const auto captured = target_.captured.find(column.name);
    if (captured != target_.captured.end()) return AddCaptured(column, captured->second, outer);
    if (at == shape_.columns.end()) {
      outer +=
          fmt::format("CAST(NULL AS {}) AS {}, ", column.type.DuckDb(), QuoteName(column.name));
      if (required) Or(bad_, "true");
      return;
    }
    const auto position = static_cast<size_t>(at - shape_.columns.begin());
    const std::string raw = QuoteName(RawName(position));
    const std::string typed = QuoteName(fmt::format("v{}", position));
    outer += fmt::format("{} AS {}, ", typed, QuoteName(column.name));
    if (column.type.kind == format::SqlType::Kind::kText) {
      inner += fmt::format("{} AS {}, ", raw, typed);
      if (column.type.max_bytes > 0) {
        Or(too_long_, fmt::format("strlen({}) > {}", typed, column.type.max_bytes));
      }
    } else {
      inner += fmt::format("{} AS {}, {}, ", format::CastExpression(column.type, raw), typed, raw);
      if (!required) Or(bad_, fmt::format("({} IS NULL AND {} IS NOT NULL)", typed, raw));
    }
    if (required) Or(bad_, typed + " IS NULL");
  }

  // Files whose paths say something else are another batch. That the value fits was seen before.
  void AddCaptured(const DdlColumn& column, const std::string& capture, std::string& outer) const {
    const LoadFile& first = load_.files[batch_.files.front()->index];
    const auto value = CapturedValue(first.captures, capture);
    const std::string text = value ? QuoteText(*value) : "CAST(NULL AS VARCHAR)";
    outer += fmt::format("{} AS {}, ",
                         column.type.kind == format::SqlType::Kind::kText
                             ? fmt::format("CAST({} AS VARCHAR)", text)
                             : format::CastExpression(column.type, text),
                         QuoteName(column.name));
  }

  static void Or(std::string& condition, const std::string& more) {
    if (!condition.empty()) condition += " OR ";
    condition += more;
  }

  static std::string RawName(size_t position) { return fmt::format("r{}", position); }

  std::string FileExpression(const LoadFile& first) const {
    if (batch_.files.size() > 1) return "sluice_file(sluice_path)";
    return fmt::format("sluice_file(CAST({} AS BIGINT))", first.file_id);
  }

  format::ReadCsvOptions ReadOptions() const {
    const ShapedFile& first = *batch_.files.front();
    format::ReadCsvOptions options;
    for (const ShapedFile* file : batch_.files) options.paths.push_back(file->copy.path);
    for (size_t i = 0; i < shape_.columns.size(); ++i) options.columns.push_back(RawName(i));
    options.compression = first.copy.compression;
    options.dialect = DialectOf(target_.csv);
    if (shape_.format == config::FileFormat::kJson) {
      options.dialect = format::JsonCopyDialect();
      options.limits = format::JsonCopyLimits();
    }
    options.header = first.copy.header;
    options.parallel = first.copy.parallel;
    if (batch_.files.size() > 1) options.file_column = "sluice_path";
    return options;
  }

  const TableLoad& load_;
  const TargetTable& target_;
  const Batch& batch_;
  const FileShape& shape_;
  std::string bad_;
  std::string too_long_;
};

std::string EmptyStage(const TableLoad& load) {
  std::string columns;
  for (const DdlColumn& column : load.target.columns) {
    columns += fmt::format("{} {}, ", QuoteName(column.name), column.type.DuckDb());
  }
  if (load.target.has_pod) columns += fmt::format("{} VARCHAR, ", QuoteName(kPodColumn));
  return fmt::format("CREATE TABLE {} ({}{} BIGINT, {} BIGINT)", QualifiedName(load.stage), columns,
                     QuoteName(kLoadColumn), QuoteName(kFileColumn));
}

Status DropRejects(engine::Connection& connection) {
  SLUICE_TRY(connection.Execute("DROP TABLE IF EXISTS temp.reject_errors").status());
  return connection.Execute("DROP TABLE IF EXISTS temp.reject_scans").status();
}

// Broken records of the last statement, by the path that was read.
Result<std::map<std::string, int64_t>> TakeRejects(engine::Connection& connection) {
  SLUICE_ASSIGN(
      const auto rows,
      connection.Rows("SELECT s.file_path, count(DISTINCT (e.scan_id, e.file_id, e.line)) "
                      "FROM reject_errors e JOIN reject_scans s ON s.scan_id = e.scan_id "
                      "AND s.file_id = e.file_id GROUP BY s.file_path"));
  std::map<std::string, int64_t> rejects;
  for (const auto& row : rows) rejects[engine::ToText(row[0])] = engine::ToInt(row[1]);
  SLUICE_TRY(DropRejects(connection));
  return rejects;
}

// By its address on the store: the path of a local copy tells nobody anything.
Status AboutFile(const Status& status, const LoadFile& file) {
  const std::string local = file.local_path + ": ";
  const Status bare =
      StartsWith(status.message(), local)
          ? Status(status.code(), status.message().substr(local.size()), status.next())
          : status;
  return bare.WithContext(file.stored.path);
}

class Stager {
 public:
  // `own`: in a transaction of its own.
  Stager(const StageContext& context, TableLoad& load, bool own)
      : context_(context), load_(load), own_(own) {}

  // The engine's reader is exact for most files and quick with several threads. Where its rows do not
  // add up to the census the files are read again by one thread, and then as rewritten copies.
  Status Run() {
    Status status;
    for (const Care care : {Care::kQuick, Care::kOneThread, Care::kRewrite}) {
      mismatch_ = false;
      status = RunWith(care);
      // Whatever was done about rejects may have been rolled back.
      if (!status.ok()) context_.functions.RejectsAreUnknown();
      if (!mismatch_) break;
    }
    return status;
  }

 private:
  enum class Care { kQuick, kOneThread, kRewrite };

  Status RunWith(Care care) {
    files_.clear();
    load_.quarantined.clear();
    load_.warnings.clear();
    if (context_.with_fixes) {
      SLUICE_ASSIGN(fixes_, ReadRowFixes(context_.connection, load_.ingest, load_.target.name));
    }
    SLUICE_TRY(LookAtFiles(care));
    TellHowMuch();
    load_.stage = StageName(load_.files.front().load_id) + load_.stage_suffix;
    if (!own_) {
      const Status staged = FillStage();
      if (staged.code() == Code::kRejected) SLUICE_TRY(DropStage());
      return staged;
    }
    SLUICE_TRY(PrepareToStage(context_.connection, load_.target));
    SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(context_.connection));
    SLUICE_TRY(FillStage());
    return transaction->Commit();
  }

  Status DropStage() {
    SLUICE_TRY(Execute("DROP TABLE IF EXISTS " + QualifiedName(load_.stage)));
    if (!load_.gone.empty()) SLUICE_TRY(Execute("DROP TABLE " + QualifiedName(load_.gone)));
    load_.gone.clear();
    return Status::Ok();
  }

  Status FillStage() {
    if (context_.connection.HasTable("main", load_.stage)) SLUICE_TRY(DropStage());
    if (context_.functions.kept_rejects() >= kFilesPerStatement) {
      SLUICE_TRY(DropRejects(context_.connection));
      context_.functions.KeepRejects(0);
    }
    SLUICE_TRY(ReadBatches());
    SLUICE_TRY(FindBadRowsOfAll());
    SLUICE_TRY(CheckLimits());
    TellMissingColumns();
    return ReduceStage(context_.connection, load_);
  }

  Status Execute(const std::string& sql) { return context_.connection.Execute(sql).status(); }

  Status LookAtFiles(Care care) {
    for (size_t i = 0; i < load_.files.size(); ++i) {
      if (context_.cancel != nullptr && context_.cancel->is_set()) {
        return CancelledError("stopped");
      }
      LoadFile& file = load_.files[i];
      file.counts = {};
      file.columns.clear();
      file.rows_fixed = file.rows_discarded = 0;
      const Status captured = ReadCaptures(load_.target, file);
      if (!captured.ok()) return AboutFile(captured, file);
      std::vector<DdlColumn> added;
      auto shape = ShapeOf(file, load_.target, &added);
      if (!shape.ok()) return AboutFile(shape.status(), file);
      load_.target.columns.insert(load_.target.columns.end(), added.begin(), added.end());
      if (shape->empty) continue;
      ShapedFile shaped{i, std::move(shape).value(), {}};
      auto copy = Readable(file, shaped.shape, care == Care::kRewrite);
      if (!copy.ok()) return AboutFile(copy.status(), file);
      shaped.copy = std::move(copy).value();
      if (care != Care::kQuick) shaped.copy.parallel = false;
      if (!shaped.copy.warning.empty()) load_.warnings.push_back(shaped.copy.warning);
      files_.push_back(std::move(shaped));
    }
    return Status::Ok();
  }

  Result<ReadableCopy> Readable(LoadFile& file, const FileShape& shape, bool rewrite) {
    static const FixesOfFile kNoFixes;
    const FixesOfFile* fixes = fixes_.Of(file.content_hash);
    const bool json = shape.format == config::FileFormat::kJson;
    if (json && fixes == nullptr) fixes = &kNoFixes;
    if (fixes == nullptr) {
      return MakeReadable(file, shape, load_.target, context_.spool_folder, rewrite,
                          context_.cancel);
    }
    for (const auto& [offset, text] : *fixes) ++(text ? file.rows_fixed : file.rows_discarded);
    if (json) {
      return MakeReadableJson(file, shape, load_.target, *fixes, context_.spool_folder,
                              context_.cancel);
    }
    return MakeFixedReadable(file, shape, load_.target, *fixes, context_.spool_folder, rewrite,
                             context_.cancel);
  }

  // The rows are counted before they are read, so what is left can be told while they are.
  void TellHowMuch() const {
    report::Progress progress;
    for (const LoadFile& file : load_.files) progress.total_bytes += file.stored.size;
    progress.bytes = progress.total_bytes;  // they are here; what takes time is the reading
    for (const ShapedFile& file : files_) {
      progress.total_rows += static_cast<uint64_t>(file.copy.expected + file.copy.removed);
    }
    context_.reporter.StepAdvanced(load_.label, progress);
  }

  Status ReadBatches() {
    if (files_.empty()) return Execute(EmptyStage(load_));
    bool created = false;
    for (const Batch& batch : MakeBatches(load_, files_)) {
      if (context_.cancel != nullptr && context_.cancel->is_set()) {
        return CancelledError("stopped");
      }
      SLUICE_TRY(ReadBatch(batch, created));
      created = true;
    }
    return Status::Ok();
  }

  Status ReadBatch(const Batch& batch, bool created) {
    std::map<std::string, int64_t, std::less<>> ids;
    for (const ShapedFile* file : batch.files) {
      ids[file->copy.path] = load_.files[file->index].file_id;
    }
    context_.functions.Begin(std::move(ids));
    const std::string select = StageSelect(load_, batch).Sql();
    SLUICE_TRY(Execute(
        created ? fmt::format("INSERT INTO {} {}", QualifiedName(load_.stage), select)
                : fmt::format("CREATE TABLE {} AS {}", QualifiedName(load_.stage), select)));
    SLUICE_TRY(Count(batch));
    for (const ShapedFile* file : batch.files) {
      if (file->copy.is_copy) SLUICE_TRY(env::RemoveFile(file->copy.path));
    }
    return Status::Ok();
  }

  // What was loaded and rejected must add up to what was counted apart from the engine.
  Status Count(const Batch& batch) {
    const auto tallies = context_.functions.Take();
    bool all = true;
    for (const ShapedFile* file : batch.files) {
      FileCounts& counts = load_.files[file->index].counts;
      const auto tally = tallies.find(load_.files[file->index].file_id);
      if (tally != tallies.end()) {
        counts.read += tally->second.accepted + tally->second.bad;
        counts.quarantined += tally->second.bad;
        counts.too_long += tally->second.too_long;
      }
      all = all && counts.read == file->copy.expected;
    }
    context_.functions.KeepRejects(batch.files.size());
    if (all) return Status::Ok();
    SLUICE_ASSIGN(const auto rejects, TakeRejects(context_.connection));
    context_.functions.KeepRejects(0);
    for (const ShapedFile* file : batch.files) {
      FileCounts& counts = load_.files[file->index].counts;
      if (counts.read == file->copy.expected) continue;
      const auto rejected = rejects.find(file->copy.path);
      if (rejected != rejects.end()) {
        counts.read += rejected->second;
        counts.quarantined += rejected->second;
      }
      if (counts.read == file->copy.expected) continue;
      mismatch_ = true;
      return RejectedError(
          fmt::format("{}: {} were counted in it, and {} read: such a file cannot be accounted for",
                      load_.files[file->index].stored.path,
                      Counted(static_cast<uint64_t>(file->copy.expected), "row"),
                      Thousands(static_cast<uint64_t>(counts.read))));
    }
    return Status::Ok();
  }

  // A rewritten copy has no broken records any more: they were taken out before, and are counted now.
  // So are rows that somebody discarded.
  Status FindBadRowsOfAll() {
    static const FixesOfFile kNoFixes;
    for (const ShapedFile& file : files_) {
      LoadFile& from = load_.files[file.index];
      FileCounts& counts = from.counts;
      counts.read += file.copy.removed + from.rows_discarded;
      counts.quarantined += file.copy.removed;
      counts.skipped += from.rows_discarded;
      if (counts.quarantined == 0) continue;
      from.columns = file.shape.columns;
      const FixesOfFile* fixes = fixes_.Of(from.content_hash);
      SLUICE_ASSIGN(auto rows, FindBadRows(load_, file.index, file.shape,
                                           fixes == nullptr ? kNoFixes : *fixes));
      if (static_cast<int64_t>(rows.size()) != counts.quarantined) {
        return RejectedError(fmt::format(
            "{}: the engine found {} and a second look {}: such a file cannot be accounted for",
            load_.files[file.index].stored.path,
            Counted(static_cast<uint64_t>(counts.quarantined), "bad row"), rows.size()));
      }
      load_.quarantined.insert(load_.quarantined.end(), std::make_move_iterator(rows.begin()),
                               std::make_move_iterator(rows.end()));
    }
    return Status::Ok();
  }

  // A file of which nothing is usable is another file than the project thinks, however short it is.
  // (Increments of a drop are often one row long, and their columns come from the vendor.)
  bool IsUseless(const FileCounts& counts) const {
    return !load_.target.has_pod && counts.read > 0 && counts.quarantined == counts.read;
  }

  Status Useless(const LoadFile& file) const {
    const auto first =
        std::find_if(load_.quarantined.begin(), load_.quarantined.end(),
                     [&](const QuarantinedRow& row) { return &load_.files[row.file] == &file; });
    SLUICE_CHECK(first != load_.quarantined.end(), "bad rows that nobody has seen");
    return RejectedError(
        fmt::format("{}: all of its rows are bad ({}); line {}: {}{}", file.stored.path,
                    Thousands(static_cast<uint64_t>(file.counts.read)), first->line,
                    first->column.empty() ? "" : "column " + first->column + ": ", first->reason),
        "Compare delimiter and columns with the project's");
  }

  Status CheckLimits() {
    const config::BadRowLimit& limit = load_.target.bad_rows;
    for (const LoadFile& file : load_.files) {
      const FileCounts& counts = file.counts;
      if (file.any_bad_rows) continue;
      if (IsUseless(counts)) {
        load_.too_many_bad_rows = true;
        return Useless(file);
      }
      if (counts.quarantined <= limit.always_allowed) continue;
      if (static_cast<double>(counts.quarantined) <=
          limit.percent / 100 * static_cast<double>(counts.read)) {
        continue;
      }
      load_.too_many_bad_rows = true;
      return RejectedError(
          fmt::format("{}: {} of {} are bad, more than the {}% or {} that are allowed",
                      file.stored.path, Thousands(static_cast<uint64_t>(counts.quarantined)),
                      Counted(static_cast<uint64_t>(counts.read), "row"), limit.percent,
                      Thousands(static_cast<uint64_t>(limit.always_allowed))),
          "Have the file sent again, or raise bad_rows for this table");
    }
    return Status::Ok();
  }

  // A record of JSON need not have a key: only one that no file of the load has is worth telling.
  std::vector<std::string> MissingKeys() const {
    std::map<std::string, size_t> lacking;
    size_t files = 0;
    for (const ShapedFile& file : files_) {
      if (file.shape.format != config::FileFormat::kJson || file.copy.expected == 0) continue;
      ++files;
      for (const std::string& name : file.copy.missing) ++lacking[name];
    }
    std::vector<std::string> missing;
    for (const auto& [name, times] : lacking) {
      if (times == files) missing.push_back(name);
    }
    return missing;
  }

  // Files whose header lacks a column are loaded with NULL in it: told once for all that lack the same.
  void TellMissingColumns() {
    struct Told {
      std::vector<std::string> files;
      int64_t rows = 0;
    };
    std::map<std::vector<std::string>, Told> told;
    const std::vector<std::string> missing_keys = MissingKeys();
    for (const ShapedFile& file : files_) {
      const bool json = file.shape.format == config::FileFormat::kJson && file.copy.expected > 0;
      if (!file.shape.header && !json) continue;
      std::vector<std::string> missing =
          json ? missing_keys : MissingColumns(load_.target, file.shape);
      if (missing.empty()) continue;
      Told& entry = told[std::move(missing)];
      entry.files.push_back(load_.files[file.index].stored.path);
      entry.rows += load_.files[file.index].counts.read;
    }
    for (const auto& [columns, entry] : told) {
      const std::string more =
          entry.files.size() > 1
              ? fmt::format(" and {}", Counted(entry.files.size() - 1, "more file"))
              : std::string();
      load_.warnings.push_back(
          fmt::format("{}: {}{} without {} {}: NULL in {}", load_.label, entry.files.front(), more,
                      columns.size() == 1 ? "column" : "columns", Join(columns, ", "),
                      Counted(static_cast<uint64_t>(entry.rows), "row")));
    }
  }

  const StageContext& context_;
  TableLoad& load_;
  const bool own_;
  std::vector<ShapedFile> files_;
  RowFixes fixes_;
  bool mismatch_ = false;
};

}  // namespace

Status Stage(const StageContext& context, TableLoad& load) {
  return Stager(context, load, true).Run();
}

Status PrepareToStage(engine::Connection& connection, const TargetTable& target) {
  std::vector<format::SqlType> types;
  for (const DdlColumn& column : target.columns) types.push_back(column.type);
  return format::RegisterCasts(connection, types);
}

Status StageInTransaction(const StageContext& context, TableLoad& load) {
  return Stager(context, load, false).Run();
}

Status DropStaleStages(engine::Connection& connection) {
  SLUICE_ASSIGN(
      const auto rows,
      connection.Rows(fmt::format(
          "SELECT table_name FROM duckdb_tables() WHERE database_name = current_database() AND "
          "schema_name = 'main' AND (starts_with(table_name, {0}) OR starts_with(table_name, {1})) "
          "AND replace(table_name, {1}, {0}) NOT IN (SELECT stage FROM _sluice.holds WHERE state = "
          "'open' AND stage IS NOT NULL)",
          QuoteText(kStagePrefix), QuoteText(kGonePrefix))));
  if (rows.empty()) return Status::Ok();
  SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(connection));
  for (const auto& row : rows) {
    SLUICE_TRY(connection.Execute("DROP TABLE " + QualifiedName(engine::ToText(row[0]))).status());
  }
  return transaction->Commit();
}

}  // namespace sluice::ingest
