#include "ingest/bad_rows.h"

#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/check.h"
#include "base/text.h"
#include "ingest/file_shape.h"
#include "ingest/hand.h"
#include "ingest/parquet_files.h"
#include "ingest/second_look.h"

namespace sluice::ingest {
namespace {

const FixesOfFile& FixesOf(const ShapedFile& file) {
  static const FixesOfFile kNoFixes;
  return file.fixes == nullptr ? kNoFixes : *file.fixes;
}

SuspectFile Suspect(const ShapedFile& file) {
  SuspectFile suspect{file.part.path, &file.shape, &FixesOf(file), {}};
  // Those of a copy are none of the file.
  if (file.copy.path == file.part.path) suspect.marks = file.copy.marks;
  return suspect;
}

Status TakeRow(TableLoad& load, const ShapedFile& file, QuarantinedRow& row) {
  row.file = file.index;
  row.member = file.part.member;
  return load.quarantined.Add(row);
}

Status CheckFound(const TableLoad& load, const ShapedFile& file, int64_t found,
                  std::optional<size_t>* mismatch) {
  if (found == file.quarantined) return Status::Ok();
  *mismatch = file.index;
  return RejectedError(fmt::format(
      "{}: {} did not come out of it, and {} are bad: such a file cannot be accounted for",
      PartName(load.files[file.index], file.part.member),
      Counted(static_cast<uint64_t>(file.quarantined), "row"),
      Thousands(static_cast<uint64_t>(found))));
}

// A file of which nothing is usable is another file than the project thinks, however short it is.
// (Increments of a drop are often one row long, and their columns come from the vendor.)
bool IsUseless(const TableLoad& load, const FileCounts& counts) {
  return !load.target.has_pod && counts.read > 0 && counts.quarantined == counts.read;
}

// With `sluice load`, where options are words of the command line.
bool IsByHand(const TableLoad& load, size_t index) {
  return StartsWith(load.files[index].connection, kHandConnection);
}

// What to write where rows are no UTF-8 and nobody has said what they are; "" otherwise. Windows-1252 is what such files
// mostly are, and has all of what else is called Latin.
std::string EncodingHint(const TableLoad& load, size_t index) {
  if (load.target.csv.encoding != "auto") return {};
  if (load.quarantined.Of(index).not_utf8 == 0 ||
      FormatOf(load.target, load.files[index].stored.path) != config::FileFormat::kCsv) {
    return {};
  }
  return IsByHand(load, index)
             ? "if it is written in another encoding, say so: --csv encoding=windows-1252"
             : "if it is written in another encoding, say so: csv: { encoding: windows-1252 }";
}

std::string AfterSemicolon(const std::string& text) {
  return text.empty() ? text : "; " + text;
}

// Never so short that it looks like what is allowed.
std::string ShortPercent(double percent) {
  return percent < 10 ? fmt::format("{:.3g}", percent) : fmt::format("{:.1f}", percent);
}

// The file's rows, and the bad ones: each line that a broken one has swallowed may be a row, and is counted for one.
struct BadOfRows {
  int64_t bad = 0;
  int64_t rows = 0;
};

BadOfRows Weigh(const TableLoad& load, size_t index) {
  const FileCounts& counts = load.files[index].counts;
  const int64_t swallowed = load.quarantined.Of(index).swallowed;
  return {counts.quarantined + swallowed, counts.read + swallowed};
}

// Whether the file is held for its bad rows. Before they have been looked at, as far as their number says.
bool HasTooMany(const TableLoad& load, size_t index) {
  const config::BadRowLimit& limit = load.target.bad_rows;
  if (load.files[index].any_bad_rows) return false;
  if (IsUseless(load, load.files[index].counts)) return true;
  const BadOfRows weight = Weigh(load, index);
  return weight.bad > limit.always_allowed &&
         static_cast<double>(weight.bad) > limit.percent / 100 * static_cast<double>(weight.rows);
}

// The broken row that has swallowed most lines; "" without one.
std::string Swallowing(const TableLoad& load, size_t index) {
  const RowsOfFile bad = load.quarantined.Of(index);
  if (bad.swallowed == 0) return {};
  return fmt::format(
      "line {}: {}; a quote inside quotes is doubled, and where quotes are plain characters write "
      "{}",
      bad.swallowed_line, bad.swallowed_reason,
      IsByHand(load, index) ? "--csv quote=none" : "csv: { quote: none }");
}

Status Useless(const TableLoad& load, size_t index) {
  const LoadFile& file = load.files[index];
  const RowsOfFile bad = load.quarantined.Of(index);
  SLUICE_CHECK(bad.rows > 0, "bad rows that nobody has seen");
  return RejectedError(
      fmt::format("{}: all of its rows are bad ({}); line {}: {}{}{}", file.stored.path,
                  Thousands(static_cast<uint64_t>(file.counts.read)), bad.line,
                  bad.column.empty() ? "" : "column " + bad.column + ": ", bad.reason,
                  AfterSemicolon(EncodingHint(load, index))),
      "Compare delimiter and columns with the project's");
}

}  // namespace

// A rewritten copy has no broken records any more: they were taken out before, and are counted now.
// So are rows that somebody discarded.
Status AccountForBadRows(engine::Connection& connection, TableLoad& load,
                         std::vector<ShapedFile>& files, const env::Cancel* cancel,
                         std::optional<size_t>* mismatch) {
  std::vector<const ShapedFile*> bad;
  for (ShapedFile& file : files) {
    LoadFile& from = load.files[file.index];
    file.quarantined += file.copy.removed;
    from.counts.read += file.read + file.copy.removed + file.discarded;
    from.counts.quarantined += file.quarantined;
    from.counts.skipped += file.discarded + file.forgotten;
    from.counts.forgotten += file.forgotten;
    if (file.quarantined == 0) continue;
    from.columns[file.part.member] = file.shape.columns;
    bad.push_back(&file);
  }
  std::vector<SuspectFile> suspects;
  std::vector<const ShapedFile*> looked_at;
  for (const ShapedFile* file : bad) {
    const bool too_many = HasTooMany(load, file->index);
    const int64_t most = too_many ? kMostHeldRows : kAllBadRows;
    if (file->shape.format != config::FileFormat::kParquet) {
      suspects.push_back(Suspect(*file));
      suspects.back().most = most;
      looked_at.push_back(file);
      continue;
    }
    SLUICE_ASSIGN(
        const int64_t found,
        FindBadParquetRows(connection, load.target, file->part.path, file->shape, FixesOf(*file),
                           most, [&](QuarantinedRow& row) { return TakeRow(load, *file, row); }));
    // Who looks at the first ones alone sees no others than were counted.
    if (found < most) SLUICE_TRY(CheckFound(load, *file, found, mismatch));
  }
  SLUICE_ASSIGN(const auto found,
                FindBadRows(load.target, suspects, cancel, [&](size_t i, QuarantinedRow& row) {
                  return TakeRow(load, *looked_at[i], row);
                }));
  for (size_t i = 0; i < found.size(); ++i)
    SLUICE_TRY(CheckFound(load, *looked_at[i], found[i], mismatch));
  return Status::Ok();
}

void TellOtherEncodings(TableLoad& load) {
  for (size_t i = 0; i < load.files.size(); ++i) {
    const std::string hint = EncodingHint(load, i);
    if (hint.empty()) continue;
    const int64_t rows = load.quarantined.Of(i).not_utf8;
    load.warnings.push_back(fmt::format(
        "{}.{}: {}: {} not valid UTF-8; {}", load.ingest, load.target.name,
        load.files[i].stored.path,
        Counted(static_cast<uint64_t>(rows), "row") + (rows == 1 ? " is" : " are"), hint));
    return;
  }
}

void TellSwallowedLines(TableLoad& load) {
  for (size_t i = 0; i < load.files.size(); ++i) {
    const std::string swallowing = Swallowing(load, i);
    if (swallowing.empty()) continue;
    load.warnings.push_back(fmt::format("{}.{}: {}: {}", load.ingest, load.target.name,
                                        load.files[i].stored.path, swallowing));
    return;
  }
}

Status CheckBadRows(const TableLoad& load, size_t index) {
  const config::BadRowLimit& limit = load.target.bad_rows;
  const LoadFile& file = load.files[index];
  if (!HasTooMany(load, index)) return Status::Ok();
  if (IsUseless(load, file.counts)) return Useless(load, index);
  const BadOfRows weight = Weigh(load, index);
  const double percent = 100 * static_cast<double>(weight.bad) / static_cast<double>(weight.rows);
  return RejectedError(
      fmt::format("{}: {} of {} ({}%) are bad, more than the {}% or {} that are allowed{}{}",
                  file.stored.path, Thousands(static_cast<uint64_t>(weight.bad)),
                  Counted(static_cast<uint64_t>(weight.rows), "row"), ShortPercent(percent),
                  limit.percent, Thousands(static_cast<uint64_t>(limit.always_allowed)),
                  AfterSemicolon(Swallowing(load, index)),
                  AfterSemicolon(EncodingHint(load, index))),
      "Look at them: sluice quarantine list. Have the file sent again, or raise bad_rows for this "
      "table");
}

}  // namespace sluice::ingest
