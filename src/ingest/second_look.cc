#include "ingest/second_look.h"

#include <algorithm>
#include <condition_variable>
#include <limits>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "env/parallel.h"
#include "format/byte_source.h"
#include "format/text_source.h"
#include "ingest/json_files.h"

namespace sluice::ingest {
namespace {

constexpr size_t kValueLimit = 200;  // bytes of a value that are kept; `raw` holds more

// A column that must not be NULL and that the file does not have at all makes every row of it bad.
std::string MissingColumn(const TargetTable& target, const FileShape& shape, bool* is_void) {
  const auto missing = [&](const std::string& name) {
    return target.captured.count(name) == 0 &&
           std::find(shape.columns.begin(), shape.columns.end(), name) == shape.columns.end();
  };
  *is_void = false;
  const auto key = std::find_if(target.key.begin(), target.key.end(), missing);
  if (key != target.key.end()) return *key;
  *is_void = !target.void_column.empty() && target.MustNotBeNull(target.void_column) &&
             missing(target.void_column);
  return *is_void ? target.void_column : std::string();
}

}  // namespace

void SayIsNull(bool is_void, QuarantinedRow& row) {
  row.rule = is_void ? "void" : "key";
  row.reason = is_void ? "void is NULL: neither a deletion nor a row" : "the key is NULL";
}

RowJudge::RowJudge(const TargetTable& target, const FileShape& shape, std::string encoding)
    : shape_(shape), encoding_(std::move(encoding)) {
  std::map<std::string, const DdlColumn*> by_name;
  for (const DdlColumn& column : target.columns) by_name[column.name] = &column;
  for (const std::string& name : shape.columns) {
    Expected& cell = expected_.emplace_back();
    if (name.empty()) continue;
    cell.column = by_name.at(name);
    cell.required = target.MustNotBeNull(name);
    cell.is_void = cell.required && name == target.void_column;
    cell.form = FormOf(target, *cell.column, shape);
  }
  missing_ = MissingColumn(target, shape, &missing_is_void_);
}

// The first cell that does not fit, described in `row`; false when all fit.
bool RowJudge::FindBadCell(std::span<const format::CsvCell> cells, QuarantinedRow& row) const {
  for (size_t i = 0; i < expected_.size(); ++i) {
    const Expected& want = expected_[i];
    if (want.column == nullptr || i >= cells.size()) continue;
    const format::CsvCell& cell = cells[i];
    if (cell.null ? !want.required : format::Fits(cell.text, want.column->type, want.form)) {
      continue;
    }
    row.column = want.column->name;
    if (cell.null) {
      SayIsNull(want.is_void, row);
    } else {
      row.rule = "type";
      row.value = std::string(cell.text.substr(0, kValueLimit));
      row.reason = "expected " + format::Expectation(want.column->type, want.form);
      if (want.form.date == "auto" && format::IsAmbiguousDate(cell.text, want.column->type)) {
        row.rule = "ambiguous_date";
        row.reason = "which is the day and which the month, no date of this column shows";
      }
    }
    return true;
  }
  return false;
}

bool RowJudge::LacksColumn(QuarantinedRow& row) const {
  if (missing_.empty()) return false;
  row.column = missing_;
  row.rule = missing_is_void_ ? "void" : "key";
  row.reason = "the file lacks the column, which must not be NULL";
  return true;
}

namespace {

// Behind a quote that is not closed, or a record that never ends, stand lines that nobody has read as rows. A field of
// several lines in a record that is broken otherwise is none of that.
int64_t SwallowedLines(const format::CsvRecord& record) {
  switch (record.fault) {
    case format::CsvFault::kTextAfterQuote:
    case format::CsvFault::kUnterminatedQuote:
    case format::CsvFault::kLoneReturn:
    case format::CsvFault::kTooLong:
      return static_cast<int64_t>(record.breaks);
    default:
      return 0;
  }
}

}  // namespace

bool RowJudge::IsBad(const format::CsvRecord& record, QuarantinedRow& row) const {
  if (record.fault != format::CsvFault::kNone) {
    row.reason = std::string(format::CsvFaultText(record.fault));
    row.rule = "record_shape";
    row.swallowed = SwallowedLines(record);
    if (row.swallowed > 0) {
      row.reason += fmt::format(" (field {}): {} in this row", record.fault_column + 1,
                                Counted(static_cast<uint64_t>(row.swallowed), "more line") +
                                    (row.swallowed == 1 ? " is" : " are"));
    }
    // Broken bytes stand in one cell; what else breaks a record concerns all of it.
    if (record.fault == format::CsvFault::kInvalidUtf8) {
      row.rule = "encoding";
      row.reason = "not valid " + encoding_;
      if (record.fault_column < shape_.columns.size()) {
        row.column = shape_.columns[record.fault_column];
      }
    }
    return true;
  }
  return LacksColumn(row) || FindBadCell(record.cells, row);
}

bool RowJudge::IsBad(const format::JsonRecord& record, QuarantinedRow& row) const {
  if (record.fault == format::JsonFault::kNone) {
    return LacksColumn(row) || FindBadCell(record.cells, row);
  }
  row.reason = record.reason;
  row.rule = "record_shape";
  if (record.fault == format::JsonFault::kInvalidUtf8) row.rule = "encoding";
  if (record.fault == format::JsonFault::kNoObject) row.rule = "type";
  if (record.fault_column < shape_.columns.size()) row.column = shape_.columns[record.fault_column];
  return true;
}

namespace {

// Bad rows that are found ahead of their turn: of a stretch that is read, and of all that are read already.
constexpr size_t kAheadBytes = 2 << 20;
constexpr size_t kReadyBytes = 8 << 20;

// What one reader goes through: a file, or the stretch of one between two marks.
struct Stretch {
  size_t file = 0;
  uint64_t begin = 0;
  uint64_t end = 0;  // 0: the whole file
};

std::vector<Stretch> StretchesOf(const std::vector<SuspectFile>& files) {
  std::vector<Stretch> stretches;
  for (size_t i = 0; i < files.size(); ++i) {
    uint64_t begin = 0;
    for (const uint64_t mark : files[i].marks) {
      stretches.push_back({i, begin, mark});
      begin = mark;
    }
    stretches.push_back({i, begin, begin > 0 ? std::numeric_limits<uint64_t>::max() : 0});
  }
  return stretches;
}

// What a reader has found in a stretch. Records and lines count from where the stretch begins.
struct Found {
  std::vector<QuarantinedRow> rows;  // that were not handed on yet
  size_t bytes = 0;                  // of these
  int64_t kept = 0;                  // rows that are or were among them
  int64_t bad = 0;
  int64_t records = 0;
  int64_t lines = 0;
};

// Hands on the rows of all stretches in their order, whichever thread finds them when. Thread-safe.
class InOrder {
 public:
  InOrder(const std::vector<SuspectFile>& files, const std::vector<Stretch>& stretches,
          const TakeBadRowOf& take)
      : files_(files), stretches_(stretches), take_(take), bad_(files.size()) {}

  // How many rows of a file are still wanted, as far as it is known.
  int64_t Wanted(size_t file) {
    const std::lock_guard lock(mutex_);
    const bool begun = next_ < stretches_.size() && stretches_[next_].file == file;
    return files_[file].most - (begun ? given_ : 0);
  }

  // While stretch `i` is read: waits for its turn, and takes its rows. kCancelled when another has failed.
  Status HandOn(size_t i, Found& found) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return failed_at_ || next_ == i; });
    if (failed_at_) return CancelledError("stopped");
    const Status status = Give(i, found);
    if (!status.ok()) Fail(i, status);
    return status;
  }

  // At the end of stretch `i`, which the reader came to with `status`. Waits only where much waits already.
  bool End(size_t i, Found found, const Status& status) {
    std::unique_lock lock(mutex_);
    if (!status.ok()) {
      Fail(i, status);
      return false;
    }
    changed_.wait(lock, [&] { return failed_at_ || next_ == i || ready_bytes_ < kReadyBytes; });
    if (failed_at_) return false;
    ready_bytes_ += found.bytes;
    ready_.emplace(i, std::move(found));
    for (auto at = ready_.begin(); at != ready_.end() && at->first == next_;) {
      ready_bytes_ -= at->second.bytes;
      const Status given = Give(next_, at->second);
      if (!given.ok()) {
        Fail(next_, given);
        return false;
      }
      Close(at->second);
      at = ready_.erase(at);
    }
    changed_.notify_all();
    return true;
  }

  // Once all have ended.
  Result<std::vector<int64_t>> Counts() {
    const std::lock_guard lock(mutex_);
    if (failed_at_) return failure_;
    return bad_;
  }

 private:
  // Whoever was stopped by another's failure is none.
  void Fail(size_t i, const Status& status) {
    if (!failed_at_ || (i < *failed_at_ && status.code() != Code::kCancelled)) {
      failed_at_ = i;
      failure_ = status;
    }
    changed_.notify_all();
  }

  Status Give(size_t i, Found& found) {
    const size_t file = stretches_[i].file;
    for (QuarantinedRow& row : found.rows) {
      if (given_ >= files_[file].most) break;
      row.record += records_;
      row.line += lines_;
      SLUICE_TRY(take_(file, row));
      ++given_;
    }
    found.rows.clear();
    found.bytes = 0;
    return Status::Ok();
  }

  // The stretch whose turn it is.
  void Close(const Found& found) {
    const size_t file = stretches_[next_].file;
    bad_[file] += found.bad;
    records_ += found.records;
    lines_ += found.lines;
    ++next_;
    if (next_ < stretches_.size() && stretches_[next_].file == file) return;
    records_ = lines_ = given_ = 0;
  }

  const std::vector<SuspectFile>& files_;
  const std::vector<Stretch>& stretches_;
  const TakeBadRowOf& take_;
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t next_ = 0;  // the stretch whose turn it is
  // Of its file, before it.
  int64_t records_ = 0;
  int64_t lines_ = 0;
  int64_t given_ = 0;
  std::map<size_t, Found> ready_;
  size_t ready_bytes_ = 0;
  std::vector<int64_t> bad_;  // by file
  std::optional<size_t> failed_at_;
  Status failure_;
};

// Reads one stretch.
class Look {
 public:
  Look(const TargetTable& target, const SuspectFile& file, const env::Cancel* cancel,
       InOrder& order, size_t number)
      : target_(target), file_(file), cancel_(cancel), order_(order), number_(number) {}

  Status Through(const Stretch& stretch) {
    wanted_ = order_.Wanted(stretch.file);
    if (file_.shape->format == config::FileFormat::kJson) {
      return FindBadJsonRows(target_, file_.path, *file_.shape, *file_.fixes, cancel_,
                             [&](QuarantinedRow& row) { return Keep(row); });
    }
    format::CsvReaderOptions options = ReaderOptions(target_, *file_.shape);
    SLUICE_ASSIGN(std::string encoding, format::EncodingOf(file_.path, options.dialect));
    const RowJudge judge(target_, *file_.shape, std::move(encoding));
    options.begin = stretch.begin;
    SLUICE_ASSIGN(const auto source,
                  stretch.end == 0 ? format::OpenCsvText(file_.path, options.dialect)
                                   : format::OpenStretch(file_.path, stretch.begin, stretch.end));
    format::CsvReader reader(*source, options);
    for (;; ++found_.records) {
      constexpr int64_t kLookEvery = 65'536;
      if (cancel_ != nullptr && found_.records % kLookEvery == 0 && cancel_->is_set()) {
        return CancelledError("stopped");
      }
      SLUICE_ASSIGN(const bool more, reader.Next());
      if (!more) break;
      const format::CsvRecord& record = reader.record();
      QuarantinedRow row;
      SLUICE_ASSIGN(const bool bad, IsBad(record, options, judge, row));
      if (!bad) continue;
      row.record = static_cast<int64_t>(record.number);
      row.line = static_cast<int64_t>(record.line);
      row.byte_offset = static_cast<int64_t>(record.offset);
      if (Keeps()) row.raw = std::string(record.raw);
      row.raw_cut = record.raw_cut;
      SLUICE_TRY(Keep(row));
    }
    found_.lines = static_cast<int64_t>(reader.line()) - 1;
    return Status::Ok();
  }

  Found& found() { return found_; }

 private:
  bool Keeps() const { return found_.kept < wanted_; }

  Status Keep(QuarantinedRow& row) {
    ++found_.bad;
    if (!Keeps()) return Status::Ok();
    ++found_.kept;
    found_.bytes += sizeof row + row.raw.size() + row.value.size() + row.reason.size();
    found_.rows.push_back(std::move(row));
    return found_.bytes < kAheadBytes ? Status::Ok() : order_.HandOn(number_, found_);
  }

  Result<bool> IsBad(const format::CsvRecord& record, const format::CsvReaderOptions& options,
                     const RowJudge& judge, QuarantinedRow& row) const {
    const auto fix = file_.fixes->find(record.offset);
    if (fix == file_.fixes->end()) return judge.IsBad(record, row);
    if (!fix->second) return false;
    SLUICE_ASSIGN(const bool bad, IsBadText(*fix->second, options, judge, row));
    if (bad) row.reason = "its fix does not fit any more: " + row.reason;
    return bad;
  }

  const TargetTable& target_;
  const SuspectFile& file_;
  const env::Cancel* cancel_;
  InOrder& order_;
  const size_t number_;
  int64_t wanted_ = 0;
  Found found_;
};

}  // namespace

Result<std::vector<int64_t>> FindBadRows(const TargetTable& target,
                                         const std::vector<SuspectFile>& files,
                                         const env::Cancel* cancel, const TakeBadRowOf& take) {
  const std::vector<Stretch> stretches = StretchesOf(files);
  InOrder order(files, stretches, take);
  env::OnAllCores(stretches.size(), [&](size_t i) {
    Look look(target, files[stretches[i].file], cancel, order, i);
    const Status status = look.Through(stretches[i]);
    return order.End(i, std::move(look.found()), status);
  });
  return order.Counts();
}

Result<bool> IsBadText(const std::string& text, format::CsvReaderOptions options,
                       const RowJudge& judge, QuarantinedRow& row) {
  options.header = false;
  options.begin = 0;
  options.dialect.skip_lines = 0;
  const auto source = format::MemorySource(text);
  format::CsvReader reader(*source, options);
  SLUICE_ASSIGN(const bool any, reader.Next());
  if (!any) {
    row.rule = "record_shape";
    row.reason = "there is no row in it";
    return true;
  }
  if (judge.IsBad(reader.record(), row)) return true;
  SLUICE_ASSIGN(const bool more, reader.Next());
  if (!more) return false;
  row.rule = "record_shape";
  row.reason = "it is more than one row";
  return true;
}

}  // namespace sluice::ingest
