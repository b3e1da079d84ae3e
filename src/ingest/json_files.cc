#include "ingest/json_files.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/text.h"
#include "env/file.h"
#include "format/json_normalise.h"

namespace sluice::ingest {
namespace {

using format::JsonReader;
using format::JsonRecord;
using format::UnknownKey;

constexpr size_t kMaxNameBytes = 100;

bool HoldsUnknown(const TargetTable& target) {
  return target.schema_changes == config::SchemaChanges::kDeclared ||
         target.schema_changes == config::SchemaChanges::kFreeze;
}

std::vector<std::string> KnownNames(const TargetTable& target) {
  std::vector<std::string> names;
  for (const DdlColumn& column : target.columns) {
    if (target.captured.count(column.name) > 0) continue;
    if (column.from.empty()) names.push_back(column.name);
    names.insert(names.end(), column.from.begin(), column.from.end());
  }
  return names;
}

// What keeps the key from being passed over or added; "" when nothing does.
std::string WhyNotPassedOver(const UnknownKey& key, const TargetTable& target) {
  const auto captured = target.captured.find(Lower(key.path));
  if (captured == target.captured.end()) return {};
  return fmt::format("the record has a key {}, which takes its value from {{{}}} of the path",
                     key.path, captured->second);
}

Status NotDeclared(const UnknownKey& key, const TargetTable& target) {
  const std::string captured = WhyNotPassedOver(key, target);
  if (!captured.empty()) {
    return RejectedError(fmt::format("line {}: {}", key.line, captured),
                         "Call the capture or the column otherwise, or leave one of them out");
  }
  return RejectedError(fmt::format("line {}: the record has a key {} that is not declared{}",
                                   key.line, key.path, DidYouMean(key.path, KnownNames(target))),
                       "Declare it, or set schema_changes: evolve or ignore");
}

// Why no column can be called so; "" when one can.
std::string WhyNoName(const std::string& name) {
  if (name.size() > kMaxNameBytes) return "it is too long for a column";
  if (StartsWith(name, "_sluice_")) return "such names are Sluice's own";
  const std::vector<std::string> parts = Split(name, '.');
  const bool empty = std::any_of(parts.begin(), parts.end(),
                                 [](const std::string& part) { return Trim(part).empty(); });
  const bool control = std::any_of(name.begin(), name.end(), [](char c) {
    return static_cast<unsigned char>(c) < ' ' || c == '\x7f';
  });
  return empty || control ? "it cannot be the name of a column" : "";
}

Status AddKey(const UnknownKey& key, const TargetTable& target, std::vector<DdlColumn>* added) {
  const std::string name = Lower(key.path);
  const auto has = [&](const std::vector<DdlColumn>& columns) {
    return std::any_of(columns.begin(), columns.end(),
                       [&](const DdlColumn& column) { return column.name == name; });
  };
  if (has(*added)) return Status::Ok();  // the same in another case
  if (!WhyNotPassedOver(key, target).empty()) return NotDeclared(key, target);
  const std::string why = WhyNoName(name);
  if (!why.empty()) {
    return RejectedError(
        fmt::format("line {}: a key cannot become a column: {}", key.line, why),
        "Declare the object that it is in as VARCHAR, or set schema_changes: ignore");
  }
  if (has(target.columns)) {
    return RejectedError(
        fmt::format(
            "line {}: the record has a key {}, and the table's column of that name is called "
            "otherwise in files",
            key.line, key.path),
        fmt::format("Name it in the `from` of column {}, or declare it under another name", name));
  }
  added->push_back({name, format::SqlType{}});
  return Status::Ok();
}

Status AddUnknownKeys(const std::string& path, const TargetTable& target,
                      const format::JsonReaderOptions& options, std::vector<DdlColumn>* added) {
  SLUICE_ASSIGN(const auto source, format::OpenByteSource(path));
  JsonReader reader(*source, options);
  while (true) {
    SLUICE_ASSIGN(const bool more, reader.Next());
    if (!more) break;
  }
  if (reader.unknown().size() > JsonReader::kMaxUnknownKeys) {
    return RejectedError(
        fmt::format("its records have more than {} keys that are not declared: values by key, it "
                    "seems, and no columns",
                    Thousands(JsonReader::kMaxUnknownKeys)),
        "Declare the object that they are in as VARCHAR, or set schema_changes: ignore");
  }
  for (const UnknownKey& key : reader.unknown()) SLUICE_TRY(AddKey(key, target, added));
  return Status::Ok();
}

// The place of a record, and what is kept of it.
void SetPlace(const JsonRecord& record, QuarantinedRow& row) {
  row.record = static_cast<int64_t>(record.number);
  row.line = static_cast<int64_t>(record.line);
  row.byte_offset = static_cast<int64_t>(record.offset);
  row.raw = std::string(record.raw);
  row.raw_cut = record.raw_cut;
}

}  // namespace

format::JsonReaderOptions JsonOptionsOf(const TargetTable& target, const FileShape& shape) {
  format::JsonReaderOptions options;
  options.empty_is_null = target.csv.empty_quoted_is_null;
  options.collect_unknown = HoldsUnknown(target);
  for (const std::string& name : shape.columns) {
    format::JsonColumn& column = options.columns.emplace_back();
    const auto declared =
        std::find_if(target.columns.begin(), target.columns.end(),
                     [&](const DdlColumn& candidate) { return candidate.name == name; });
    const bool renamed = declared != target.columns.end() && !declared->from.empty();
    if (renamed) {
      column.names = declared->from;
    } else if (!name.empty()) {
      column.names = {name};
    }
  }
  return options;
}

Result<FileShape> ShapeOfJson(const std::string& path, const TargetTable& target,
                              std::vector<DdlColumn>* added) {
  FileShape shape;
  shape.format = config::FileFormat::kJson;
  for (const DdlColumn& column : target.columns) {
    if (target.captured.count(column.name) == 0) shape.columns.push_back(column.name);
  }
  if (target.schema_changes == config::SchemaChanges::kEvolve) {
    format::JsonReaderOptions options = JsonOptionsOf(target, shape);
    options.collect_unknown = true;
    SLUICE_TRY(AddUnknownKeys(path, target, options, added));
    for (const DdlColumn& column : *added) shape.columns.push_back(column.name);
  }
  // A record is a row, also of a table whose columns all come from the paths.
  if (shape.columns.empty()) shape.columns.emplace_back();
  return shape;
}

Result<ReadableCopy> MakeReadableJson(const ReadableFile& file, const FileShape& shape,
                                      const TargetTable& target, const FixesOfFile& fixes,
                                      const std::string& spool_folder, const env::Cancel* cancel) {
  ReadableCopy copy;
  SLUICE_TRY(env::CreateDirectories(spool_folder, 0700));
  copy.path = env::JoinPath(spool_folder, fmt::format("{:016x}.json.csv", file.file_id));
  SLUICE_ASSIGN(const format::NormalisedJson normalised,
                format::NormaliseJson(file.path, JsonOptionsOf(target, shape), fixes,
                                      HoldsUnknown(target), copy.path, cancel));
  if (HoldsUnknown(target) && !normalised.unknown.empty()) {
    SLUICE_TRY(env::RemoveFile(copy.path));
    return NotDeclared(normalised.unknown.front(), target);
  }
  copy.is_copy = true;
  copy.dialect = format::JsonCopyDialect();
  copy.limits = format::JsonCopyLimits();
  copy.header = true;
  copy.parallel = !normalised.quoted;
  copy.removed = static_cast<int64_t>(normalised.broken);
  copy.expected = static_cast<int64_t>(normalised.accepted);
  for (size_t i = 0; i < shape.columns.size() && copy.expected > 0; ++i) {
    if (!normalised.seen[i] && !shape.columns[i].empty()) copy.missing.push_back(shape.columns[i]);
  }
  return copy;
}

Status FindBadJsonRows(const TargetTable& target, const std::string& path, const FileShape& shape,
                       const FixesOfFile& fixes, const env::Cancel* cancel,
                       const TakeBadRow& take) {
  SLUICE_ASSIGN(const auto source, format::OpenByteSource(path));
  JsonReader reader(*source, JsonOptionsOf(target, shape));
  const RowJudge judge(target, shape);
  for (uint64_t records = 0;; ++records) {
    constexpr uint64_t kLookEvery = 65'536;
    if (cancel != nullptr && records % kLookEvery == 0 && cancel->is_set()) {
      return CancelledError("stopped");
    }
    SLUICE_ASSIGN(const bool more, reader.Next());
    if (!more) return Status::Ok();
    const JsonRecord& record = reader.record();
    QuarantinedRow row;
    const auto fix = fixes.find(record.offset);
    if (fix == fixes.end()) {
      if (!judge.IsBad(record, row)) continue;
    } else {
      if (!fix->second) continue;
      if (!IsBadJsonText(*fix->second, target, shape, judge, row)) continue;
      row.reason = "its fix does not fit any more: " + row.reason;
    }
    SetPlace(record, row);
    SLUICE_TRY(take(row));
  }
}

bool IsBadJsonText(const std::string& text, const TargetTable& target, const FileShape& shape,
                   const RowJudge& judge, QuarantinedRow& row) {
  const format::JsonText json(text, JsonOptionsOf(target, shape));
  if (judge.IsBad(json.record(), row)) return true;
  if (json.reader().unknown().empty()) return false;
  row.rule = "record_shape";
  row.reason =
      fmt::format("it has a key {} that is not declared", json.reader().unknown().front().path);
  return true;
}

}  // namespace sluice::ingest
