#include "ingest/file_shape.h"

#include <algorithm>

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

Status ByPosition(const format::CsvHead& head, const TargetTable& target, FileShape& shape) {
  const size_t all = target.columns.size();
  if (head.columns < target.required_columns) {
    return RejectedError(fmt::format(
        "the file has {} and no header, the table {}: which ones are missing cannot be told",
        Counted(head.columns, "column"), target.required_columns));
  }
  if (head.columns > all && target.on_new_column != config::OnNewColumn::kIgnore) {
    return RejectedError(
        fmt::format("the file has {} and no header, the table only {}: the new ones have no name",
                    Counted(head.columns, "column"), all),
        "Set on_new_column: ignore, or wait for the vendor's schema file");
  }
  for (size_t i = 0; i < head.columns; ++i) {
    shape.columns.push_back(i < all ? target.columns[i].name : std::string());
  }
  return Status::Ok();
}

}  // namespace

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
