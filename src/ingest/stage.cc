#include "ingest/stage.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "base/check.h"
#include "base/hash.h"
#include "base/text.h"
#include "env/file.h"
#include "format/read_csv.h"
#include "ingest/bad_rows.h"
#include "ingest/forgotten_rows.h"
#include "ingest/json_files.h"
#include "ingest/load_text.h"
#include "ingest/missing_columns.h"
#include "ingest/parquet_files.h"
#include "ingest/reading.h"
#include "ingest/reduce.h"
#include "ingest/row_fixes.h"
#include "ingest/sql.h"
#include "ingest/stage_select.h"
#include "ingest/table_files.h"
#include "warehouse/dialect.h"

namespace sluice::ingest {
namespace {

using warehouse::QualifiedName;
using warehouse::QuoteName;
using warehouse::QuoteText;

// By its address on the store: the path of a local copy tells nobody anything.
Status AboutPart(const Status& status, const LoadFile& file, const FilePart& part) {
  const std::string local = part.path + ": ";
  const Status bare =
      StartsWith(status.message(), local)
          ? Status(status.code(), status.message().substr(local.size()), status.next())
          : status;
  return bare.WithContext(PartName(file, part.member));
}

Status AboutFile(const Status& status, const LoadFile& file) {
  return AboutPart(status, file, {"", file.local_path});
}

class Stager {
 public:
  // `own`: in a transaction of its own.
  Stager(const StageContext& context, TableLoad& load, bool own)
      : context_(context), load_(load), own_(own) {}
  ~Stager() { RemoveCopies(); }
  Stager(const Stager&) = delete;
  Stager& operator=(const Stager&) = delete;

  // Files that do not fit are left behind where the load goes file by file; the others are read again without them.
  Status Run() {
    const std::vector<DdlColumn> columns = load_.target.columns;
    load_.left.clear();
    while (true) {
      load_.too_many_bad_rows = false;
      const Status status = RunWithCare();
      if (status.code() != Code::kRejected || unfit_.empty()) return status;
      if (unfit_.size() == load_.files.size()) {
        load_.too_many_bad_rows = unfit_.front().check == kBadRows;
        return NoneFits();
      }
      LeaveUnfit();
      load_.target.columns = columns;
    }
  }

 private:
  enum class Care { kQuick, kOneThread, kRewrite };
  static constexpr const char* kBadRows = "bad_rows";

  struct Unfit {
    size_t index = 0;  // of load_.files
    std::string check;
    Status status;
  };

  // Whether others of the load can go on without this file.
  bool Spare(size_t index, const char* check, const Status& status) {
    if (!load_.file_by_file || status.code() != Code::kRejected) return false;
    if (unfit_.empty() || unfit_.back().index != index) unfit_.push_back({index, check, status});
    return true;
  }

  // Each file has a reason of its own.
  Status NoneFits() const {
    if (unfit_.size() == 1) return unfit_.front().status;
    constexpr size_t kMostTold = 20;
    std::vector<std::string> reasons;
    for (size_t i = 0; i < unfit_.size() && i < kMostTold; ++i) {
      reasons.push_back(HoldMessage(unfit_[i].status, unfit_[i].check == kBadRows));
    }
    if (unfit_.size() > kMostTold) {
      reasons.push_back(Counted(unfit_.size() - kMostTold, "more file"));
    }
    return RejectedError(fmt::format("none of {} can be loaded: {}", Counted(unfit_.size(), "file"),
                                     Join(reasons, "; ")));
  }

  void LeaveUnfit() {
    std::vector<LoadFile> fit;
    size_t next = 0;
    for (size_t i = 0; i < load_.files.size(); ++i) {
      if (next < unfit_.size() && unfit_[next].index == i) {
        const Unfit& unfit = unfit_[next++];
        LeftFile& left = load_.left.emplace_back();
        left.file = std::move(load_.files[i]);
        left.check = unfit.check;
        left.message = HoldMessage(unfit.status, unfit.check == kBadRows);
        if (unfit.check == kBadRows) left.rows = load_.quarantined;
        left.index = i;
      } else {
        fit.push_back(std::move(load_.files[i]));
      }
    }
    load_.files = std::move(fit);
    SetLoadId(load_);
  }

  // The engine's reader is exact for most files and quick with several threads. Where more rows of the census are
  // missing than are broken the files are read again by one thread, and then as rewritten copies.
  Status RunWithCare() {
    Status status;
    for (const Care care : {Care::kQuick, Care::kOneThread, Care::kRewrite}) {
      mismatch_.reset();
      status = RunWith(care);
      if (!mismatch_) return status;
    }
    Spare(*mismatch_, "file", status);
    return status;
  }

  Status RunWith(Care care) {
    unfit_.clear();
    RemoveCopies();
    files_.clear();
    waiting_.clear();
    readable_.clear();
    parts_.assign(load_.files.size(), {});
    load_.quarantined = QuarantinedRows(context_.spool_folder);
    load_.warnings.clear();
    if (context_.fixes != ReadFixes::kNone) {
      SLUICE_ASSIGN(fixes_, ReadRowFixes(context_.connection, load_.ingest, load_.target.name,
                                         context_.fixes == ReadFixes::kApplied));
    }
    SLUICE_TRY(LookAtFiles(care));
    TellHowMuch();
    load_.stage = StageName(load_.files.front().load_id) + load_.stage_suffix;
    if (!own_) {
      const Status staged = FillStage();
      if (staged.code() == Code::kRejected) SLUICE_TRY(DropStage());
      return staged;
    }
    SLUICE_TRY(PrepareToStage(context_.connection, {&load_, 1}));
    SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(context_.connection));
    SLUICE_TRY(FillStage());
    return transaction->Commit();
  }

  void RemoveCopies() {
    // What cannot be removed now is when the spool is emptied.
    for (const ShapedFile& file : files_) {
      if (file.copy.is_copy) (void)env::RemoveFile(file.copy.path);
    }
    for (const std::string& path : unpacked_) (void)env::RemoveFile(path);
    unpacked_.clear();
  }

  Status DropStage() {
    SLUICE_TRY(Execute("DROP TABLE IF EXISTS " + QualifiedName(load_.stage)));
    if (!load_.gone.empty()) SLUICE_TRY(Execute("DROP TABLE " + QualifiedName(load_.gone)));
    load_.gone.clear();
    return Status::Ok();
  }

  Status FillStage() {
    SLUICE_ASSIGN(forgotten_, ForgottenRows::Of(context_.connection, context_.functions.persons(),
                                                load_.target));
    if (context_.connection.HasTable("main", load_.stage)) SLUICE_TRY(DropStage());
    SLUICE_TRY(ReadBatches());
    SLUICE_TRY(AccountForBadRows(context_.connection, load_, files_, context_.cancel, &mismatch_));
    SLUICE_TRY(forgotten_.LeaveOutBadRows(context_.connection, load_));
    SLUICE_TRY(CheckLimits());
    TellMissingColumns(files_, load_);
    TellOtherEncodings(load_);
    TellSwallowedLines(load_);
    TellFilesWithoutRows(load_);
    NoteReadings(parts_, load_);
    return ReduceStage(context_.connection, load_);
  }

  Status Execute(const std::string& sql) { return context_.connection.Execute(sql).status(); }

  Status LookAtFiles(Care care) {
    for (size_t i = 0; i < load_.files.size(); ++i) {
      if (context_.cancel != nullptr && context_.cancel->is_set()) {
        return CancelledError("stopped");
      }
      const Status looked = LookAtFile(i, care);
      if (!looked.ok() && !Spare(i, "file", looked)) return looked;
    }
    if (!unfit_.empty()) return unfit_.front().status;
    return PrepareWaiting(care);
  }

  Status LookAtFile(size_t index, Care care) {
    LoadFile& file = load_.files[index];
    file.counts = {};
    file.columns.clear();
    file.rows_fixed = file.rows_discarded = 0;
    file.reading = 0;
    const Status captured = ReadCaptures(load_.target, file);
    if (!captured.ok()) return AboutFile(captured, file);
    if (file.stored.size == 0) return AboutFile(CheckNoBytes(load_.target, file.stored.path), file);
    SLUICE_TRY(env::CreateDirectories(context_.spool_folder, 0700));
    auto parts = PartsOf(file.local_path, load_.target.csv,
                         env::JoinPath(context_.spool_folder, fmt::format("{:016x}", file.file_id)),
                         context_.cancel);
    if (!parts.ok()) return AboutFile(parts.status(), file);
    for (FilePart& part : *parts) {
      if (!part.member.empty()) unpacked_.push_back(part.path);
    }
    for (FilePart& part : *parts) SLUICE_TRY(LookAtPart(index, std::move(part), care));
    return Status::Ok();
  }

  Status LookAtPart(size_t index, FilePart part, Care care) {
    LoadFile& file = load_.files[index];
    SLUICE_TRY(format::CheckLiteralPath(context_.spool_folder));
    const Status named = format::CheckLiteralPath(part.path);
    if (!named.ok()) return named.WithContext(PartName(file, part.member));
    std::vector<DdlColumn> added;
    auto shape = ShapeOfPart(part, PartName(file, part.member), &added);
    if (!shape.ok()) return AboutPart(shape.status(), file, part);
    load_.target.columns.insert(load_.target.columns.end(), added.begin(), added.end());
    parts_[index].Add(*shape, !part.member.empty());
    if (shape->empty) return Status::Ok();
    ShapedFile& shaped = files_.emplace_back();
    shaped.index = index;
    shaped.part = std::move(part);
    shaped.shape = std::move(shape).value();
    return Prepare(file, shaped, care);
  }

  Result<FileShape> ShapeOfPart(const FilePart& part, const std::string& name,
                                std::vector<DdlColumn>* added) {
    if (FormatOf(load_.target, name) != config::FileFormat::kParquet) {
      return ShapeOf(part.path, name, load_.target, added, context_.cancel);
    }
    SLUICE_CHECK(context_.database != nullptr, "Parquet without a database to look into it");
    return ShapeOfParquet(*context_.database, part.path, load_.target, added);
  }

  // What the engine reads in place of the file. Most files only have to be counted for it: they wait until all
  // were looked at.
  Status Prepare(LoadFile& file, ShapedFile& shaped, Care care) {
    const std::string& member = shaped.part.member;
    ReadableFile readable{shaped.part.path, file.file_id, PartName(file, member),
                          ReaderOptions(load_.target, shaped.shape)};
    // One statement reads no two members, but all copies are made before.
    if (!member.empty()) readable.file_id = StableId({PartHash(file, member)});
    static const FixesOfFile kNoFixes;
    const FixesOfFile* fixes = fixes_.Of(PartHash(file, member));
    const bool json = shaped.shape.format == config::FileFormat::kJson;
    const bool parquet = shaped.shape.format == config::FileFormat::kParquet;
    shaped.fixes = fixes;
    if ((json || parquet) && fixes == nullptr) fixes = &kNoFixes;
    if (fixes == nullptr) {
      waiting_.push_back(files_.size() - 1);
      readable_.push_back(std::move(readable));
      return Status::Ok();
    }
    for (const auto& [offset, text] : *fixes) {
      ++(text ? file.rows_fixed : shaped.discarded);
    }
    file.rows_discarded += shaped.discarded;
    if (parquet) {
      return TakeCopy(shaped, MakeReadableParquet(*context_.database, shaped.part.path, *fixes),
                      care);
    }
    if (json) {
      return TakeCopy(shaped,
                      MakeReadableJson(readable, shaped.shape, load_.target, *fixes,
                                       context_.spool_folder, context_.cancel),
                      care);
    }
    return TakeCopy(shaped,
                    MakeFixedReadable(readable, *fixes, context_.spool_folder,
                                      care == Care::kRewrite, context_.cancel),
                    care);
  }

  Status TakeCopy(ShapedFile& shaped, Result<ReadableCopy> copy, Care care) {
    if (!copy.ok()) return AboutPart(copy.status(), load_.files[shaped.index], shaped.part);
    shaped.copy = std::move(copy).value();
    if (care != Care::kQuick) shaped.copy.parallel = false;
    return Status::Ok();
  }

  Status PrepareWaiting(Care care) {
    auto copies =
        MakeAllReadable(readable_, context_.spool_folder, care == Care::kRewrite, context_.cancel);
    for (size_t i = 0; i < copies.size(); ++i) {
      ShapedFile& file = files_[waiting_[i]];
      const Status taken = TakeCopy(file, std::move(copies[i]), care);
      if (!taken.ok() && !Spare(file.index, "file", taken)) return taken;
    }
    return unfit_.empty() ? Status::Ok() : unfit_.front().status;
  }

  // The rows are counted before they are read, so what is left can be told while they are.
  void TellHowMuch() const {
    report::Progress progress;
    progress.phase = report::Phase::kRead;
    progress.total_bytes = load_.bytes();
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
    SLUICE_ASSIGN(const std::string select, StageSelect(load_, batch, forgotten_));
    const std::string statement =
        created ? fmt::format("INSERT INTO {} {}", QualifiedName(load_.stage), select)
                : fmt::format("CREATE TABLE {} AS {}", QualifiedName(load_.stage), select);
    const Status read = MayLoseOrder(batch)
                            ? context_.connection.InAnyOrder([&] { return Execute(statement); })
                            : Execute(statement);
    if (!read.ok()) return CannotRead(read, *batch.files.front());
    SLUICE_TRY(Count(batch));
    for (ShapedFile* file : batch.files) {
      if (!file->copy.is_copy) continue;
      SLUICE_TRY(env::RemoveFile(file->copy.path));
      file->copy.is_copy = false;
    }
    return Status::Ok();
  }

  // Packed files are read by one thread each. Kept in the order of the files, their rows lie in scraps of row
  // groups, which the first checkpoint writes all over again: 3.9 s instead of 1.9 s for 10 million rows. Only
  // modes that choose among rows of one key ask for the order.
  bool MayLoseOrder(const Batch& batch) const {
    const Merge merge = load_.target.merge;
    return batch.files.size() > 1 &&
           (batch.files.front()->copy.compression != format::Compression::kNone ||
            batch.files.front()->copy.unpacked) &&
           (merge == Merge::kAppend || merge == Merge::kReplace);
  }

  // A Parquet file may be damaged where only reading it shows. The transaction is lost with the statement:
  // its own when there is one, so that the file is held; else the caller tries again, table by table.
  Status CannotRead(const Status& status, const ShapedFile& file) {
    if (file.shape.format != config::FileFormat::kParquet || !own_) return status;
    const Status about =
        AboutPart(UnreadableParquet(status, file.part.path), load_.files[file.index], file.part);
    Spare(file.index, "file", about);
    return about;
  }

  // What was counted apart from the engine and did not come was broken: whether that is so shows the second look.
  Status Count(const Batch& batch) {
    const auto tallies = context_.functions.Take();
    for (ShapedFile* file : batch.files) {
      LoadFile& from = load_.files[file->index];
      const auto tally = tallies.find(from.file_id);
      if (tally != tallies.end()) {
        file->read = tally->second.accepted + tally->second.bad + tally->second.forgotten;
        file->forgotten = tally->second.forgotten;
        file->quarantined = tally->second.bad;
        from.counts.too_long += tally->second.too_long;
      }
      const int64_t missing = file->copy.expected - file->read;
      if (missing < 0 || (missing > 0 && file->shape.format == config::FileFormat::kParquet)) {
        mismatch_ = file->index;
        return RejectedError(fmt::format(
            "{}: {} were counted in it, and {} read: such a file cannot be accounted for",
            PartName(from, file->part.member),
            Counted(static_cast<uint64_t>(file->copy.expected), "row"),
            Thousands(static_cast<uint64_t>(file->read))));
      }
      file->read += missing;
      file->quarantined += missing;
    }
    return Status::Ok();
  }

  Status CheckLimits() {
    for (size_t i = 0; i < load_.files.size(); ++i) {
      const Status status = CheckBadRows(load_, i);
      if (status.ok() || Spare(i, kBadRows, status)) continue;
      load_.too_many_bad_rows = true;
      return status;
    }
    return unfit_.empty() ? Status::Ok() : unfit_.front().status;
  }

  const StageContext& context_;
  TableLoad& load_;
  const bool own_;
  std::vector<ShapedFile> files_;
  std::vector<std::string> unpacked_;  // members of archives
  std::vector<ReadParts> parts_;       // one for each of load_.files
  RowFixes fixes_;
  ForgottenRows forgotten_;
  std::vector<ReadableFile> readable_;  // files that wait for PrepareWaiting()
  std::vector<size_t> waiting_;         // and where each stands in files_
  std::optional<size_t> mismatch_;      // the file whose rows do not add up
  std::vector<Unfit> unfit_;            // files that the load goes on without, ascending
};

}  // namespace

Status Stage(const StageContext& context, TableLoad& load) {
  return Stager(context, load, true).Run();
}

Status PrepareToStage(engine::Connection& connection, std::span<const TableLoad> loads) {
  SLUICE_TRY(privacy::ForgottenList::Prepare(connection));
  for (const TableLoad& load : loads) {
    SLUICE_TRY(format::RegisterCasts(connection, FormsOf(load.target)));
  }
  return Status::Ok();
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
