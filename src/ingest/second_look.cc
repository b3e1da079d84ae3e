#include "ingest/second_look.h"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include <fmt/format.h>

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

RowJudge::RowJudge(const TargetTable& target, const FileShape& shape) : shape_(shape) {
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

bool RowJudge::IsBad(const format::CsvRecord& record, QuarantinedRow& row) const {
  if (record.fault != format::CsvFault::kNone) {
    row.reason = std::string(format::CsvFaultText(record.fault));
    row.rule = "record_shape";
    // Broken bytes stand in one cell; what else breaks a record concerns all of it.
    if (record.fault == format::CsvFault::kInvalidUtf8) {
      row.rule = "encoding";
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

// What one reader goes through: a file, or the stretch of one between two marks.
struct Stretch {
  size_t file = 0;
  uint64_t begin = 0;
  uint64_t end = 0;  // 0: the whole file
  // What was found. Records and lines count from where the stretch begins.
  std::vector<QuarantinedRow> rows;
  int64_t bad = 0;
  int64_t records = 0;
  int64_t lines = 0;
  Status status = CancelledError("stopped");
};

std::vector<Stretch> StretchesOf(const std::vector<SuspectFile>& files) {
  std::vector<Stretch> stretches;
  for (size_t i = 0; i < files.size(); ++i) {
    uint64_t begin = 0;
    for (const uint64_t mark : files[i].marks) {
      Stretch& stretch = stretches.emplace_back();
      stretch.file = i;
      stretch.begin = begin;
      stretch.end = begin = mark;
    }
    Stretch& last = stretches.emplace_back();
    last.file = i;
    last.begin = begin;
    if (begin > 0) last.end = std::numeric_limits<uint64_t>::max();
  }
  return stretches;
}

class Look {
 public:
  Look(const TargetTable& target, const SuspectFile& file, const env::Cancel* cancel)
      : file_(file),
        options_(ReaderOptions(target, *file.shape)),
        judge_(target, *file.shape),
        cancel_(cancel) {}

  Status Through(Stretch& stretch) {
    options_.begin = stretch.begin;
    SLUICE_ASSIGN(const auto source,
                  stretch.end == 0 ? format::OpenCsvText(file_.path, options_.dialect)
                                   : format::OpenStretch(file_.path, stretch.begin, stretch.end));
    format::CsvReader reader(*source, options_);
    for (;; ++stretch.records) {
      constexpr int64_t kLookEvery = 65'536;
      if (cancel_ != nullptr && stretch.records % kLookEvery == 0 && cancel_->is_set()) {
        return CancelledError("stopped");
      }
      SLUICE_ASSIGN(const bool more, reader.Next());
      if (!more) break;
      const format::CsvRecord& record = reader.record();
      QuarantinedRow row;
      SLUICE_ASSIGN(const bool bad, IsBad(record, row));
      if (!bad) continue;
      ++stretch.bad;
      if (stretch.rows.size() >= file_.most) continue;
      row.record = static_cast<int64_t>(record.number);
      row.line = static_cast<int64_t>(record.line);
      row.byte_offset = static_cast<int64_t>(record.offset);
      row.raw = std::string(record.raw);
      row.raw_cut = record.raw_cut;
      stretch.rows.push_back(std::move(row));
    }
    stretch.lines = static_cast<int64_t>(reader.line()) - 1;
    return Status::Ok();
  }

 private:
  Result<bool> IsBad(const format::CsvRecord& record, QuarantinedRow& row) const {
    const auto fix = file_.fixes->find(record.offset);
    if (fix == file_.fixes->end()) return judge_.IsBad(record, row);
    if (!fix->second) return false;
    SLUICE_ASSIGN(const bool bad, IsBadText(*fix->second, options_, judge_, row));
    if (bad) row.reason = "its fix does not fit any more: " + row.reason;
    return bad;
  }

  const SuspectFile& file_;
  format::CsvReaderOptions options_;
  const RowJudge judge_;
  const env::Cancel* cancel_;
};

void LookThrough(const TargetTable& target, const SuspectFile& file, const env::Cancel* cancel,
                 Stretch& stretch) {
  if (file.shape->format != config::FileFormat::kJson) {
    stretch.status = Look(target, file, cancel).Through(stretch);
    return;
  }
  auto found = FindBadJsonRows(target, file.path, *file.shape, *file.fixes, file.most);
  stretch.status = found.status();
  if (!found.ok()) return;
  stretch.rows = std::move(found->rows);
  stretch.bad = found->all;
}

}  // namespace

std::vector<Result<FoundRows>> FindBadRows(const TargetTable& target,
                                           const std::vector<SuspectFile>& files,
                                           const env::Cancel* cancel) {
  std::vector<Stretch> stretches = StretchesOf(files);
  env::OnAllCores(stretches.size(), [&](size_t i) {
    LookThrough(target, files[stretches[i].file], cancel, stretches[i]);
    return stretches[i].status.ok();
  });
  std::vector<Result<FoundRows>> found(files.size(), FoundRows());
  int64_t records = 0;  // of the file, before the stretch
  int64_t lines = 0;
  for (Stretch& stretch : stretches) {
    if (stretch.begin == 0) records = lines = 0;
    auto& of_file = found[stretch.file];
    if (of_file.ok() && !stretch.status.ok()) of_file = stretch.status;
    if (!of_file.ok()) continue;
    of_file->all += stretch.bad;
    for (QuarantinedRow& row : stretch.rows) {
      if (of_file->rows.size() >= files[stretch.file].most) break;
      row.record += records;
      row.line += lines;
      of_file->rows.push_back(std::move(row));
    }
    stretch.rows = {};
    records += stretch.records;
    lines += stretch.lines;
  }
  return found;
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
