#include "ingest/file_shape.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "format/csv_head.h"

namespace sluice::ingest {
namespace {

std::vector<std::string> Names(const TargetTable& target) {
  std::vector<std::string> names;
  for (const DdlColumn& column : target.columns) names.push_back(column.name);
  return names;
}

format::HeaderRule RuleOf(const config::CsvOptions& options) {
  switch (options.header) {
    case config::CsvOptions::Header::kYes:
      return format::HeaderRule::kYes;
    case config::CsvOptions::Header::kNo:
      return format::HeaderRule::kNo;
    case config::CsvOptions::Header::kAuto:
      break;
  }
  return format::HeaderRule::kAuto;
}

Status ByHeader(const format::CsvHead& head, const TargetTable& target, FileShape& shape,
                std::vector<DdlColumn>* added) {
  const std::vector<std::string> known = Names(target);
  for (const std::string& name : head.names) {
    const auto captured = target.captured.find(name);
    if (captured != target.captured.end()) {
      return RejectedError(
          fmt::format("the header has a column {}, which takes its value from {{{}}} of the path",
                      name, captured->second),
          "Call the capture or the column otherwise, or leave one of them out");
    }
    if (std::find(known.begin(), known.end(), name) != known.end()) {
      shape.columns.push_back(name);
      continue;
    }
    switch (target.on_new_column) {
      case config::OnNewColumn::kIgnore:
        shape.columns.emplace_back();
        break;
      case config::OnNewColumn::kAdd:
        added->push_back({name, format::SqlType{}});
        shape.columns.push_back(name);
        break;
      case config::OnNewColumn::kFail:
        return RejectedError(
            fmt::format("the header has a column {} that the table does not have{}", name,
                        DidYouMean(name, known)),
            "Set on_new_column: add or ignore, or wait for the vendor's schema file");
    }
  }
  return Status::Ok();
}

using Lists = std::set<std::vector<std::string>>;

// The versions with exactly `width` columns; without one, what is left of longer ones when the columns
// that upgrades appended are taken off their ends.
Lists ListsOfWidth(const ColumnVersions& versions, size_t width) {
  Lists exact;
  Lists shortened;
  for (const std::vector<std::string>& list : versions.lists) {
    if (list.size() == width) exact.insert(list);
    if (list.size() <= width) continue;
    const auto rest = list.begin() + static_cast<ptrdiff_t>(width);
    const bool appended = std::all_of(rest, list.end(), [&](const std::string& name) {
      return versions.appended.count(name) > 0;
    });
    if (appended) shortened.insert({list.begin(), rest});
  }
  return exact.empty() ? shortened : exact;
}

Status TwoVersions(const Lists& lists) {
  const std::vector<std::string>& a = *lists.begin();
  const std::vector<std::string>& b = *std::next(lists.begin());
  size_t at = 0;
  while (a[at] == b[at]) ++at;
  return RejectedError(
      fmt::format("the file has {} and no header, and two versions of the table have so many: "
                  "column {} is {} in one and {} in the other",
                  Counted(a.size(), "column"), at + 1, a[at], b[at]),
      "Have the file sent with a header");
}

// By the version of the file's width. More columns than any has: by the widest one, where the project
// wants what is new left out.
Status ByPosition(const format::CsvHead& head, const TargetTable& target, FileShape& shape) {
  size_t widest = 0;
  size_t narrowest = std::numeric_limits<size_t>::max();
  for (const std::vector<std::string>& list : target.versions.lists) {
    widest = std::max(widest, list.size());
    narrowest = std::min(narrowest, list.size());
  }
  if (head.columns > widest && target.on_new_column != config::OnNewColumn::kIgnore) {
    return RejectedError(
        fmt::format("the file has {} and no header, the table only {}: the new ones have no name",
                    Counted(head.columns, "column"), widest),
        "Set on_new_column: ignore, or wait for the vendor's schema file");
  }
  const Lists lists = ListsOfWidth(target.versions, std::min(head.columns, widest));
  if (lists.size() > 1) return TwoVersions(lists);
  if (lists.empty()) {
    return RejectedError(
        head.columns < narrowest
            ? fmt::format("the file has {} and no header, the table {}: which ones are missing "
                          "cannot be told",
                          Counted(head.columns, "column"), narrowest)
            : fmt::format("the file has {} and no header, and no version of the table has so many",
                          Counted(head.columns, "column")));
  }
  shape.columns = *lists.begin();
  shape.columns.resize(head.columns);
  return Status::Ok();
}

}  // namespace

std::vector<std::string> MissingColumns(const TargetTable& target, const FileShape& shape) {
  const std::set<std::string> there(shape.columns.begin(), shape.columns.end());
  const auto is_there = [&](const std::string& name) { return there.count(name) > 0; };
  for (const std::vector<std::string>& list : target.versions.lists) {
    if (list.size() < target.columns.size() && std::all_of(list.begin(), list.end(), is_there)) {
      return {};
    }
  }
  std::vector<std::string> missing;
  for (const DdlColumn& column : target.columns) {
    const bool captured = target.captured.count(column.name) > 0;
    if (!captured && !is_there(column.name)) missing.push_back(column.name);
  }
  return missing;
}

format::CsvDialect DialectOf(const config::CsvOptions& options) {
  format::CsvDialect dialect;
  dialect.delimiter = options.delimiter;
  dialect.quote = options.quote;
  dialect.escape = options.quote;
  dialect.null_words = options.null_words;
  dialect.empty_quoted_is_null = options.empty_quoted_is_null;
  return dialect;
}

Result<FileShape> ShapeOf(const LoadFile& file, const TargetTable& target,
                          std::vector<DdlColumn>* added) {
  FileShape shape;
  if (file.stored.size == 0) {
    shape.empty = true;
    return shape;
  }
  SLUICE_ASSIGN(shape.compression, format::DetectCompression(file.local_path));
  SLUICE_ASSIGN(const format::CsvHead head,
                format::LookAtHead(file.local_path, DialectOf(target.csv), Names(target),
                                   RuleOf(target.csv)));
  shape.empty = head.empty;
  shape.header = head.header;
  if (head.empty) return shape;
  SLUICE_TRY(head.header ? ByHeader(head, target, shape, added) : ByPosition(head, target, shape));
  return shape;
}

}  // namespace sluice::ingest
