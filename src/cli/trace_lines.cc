// Where a row stands in its file: nobody stored it, so the file is read again.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/connected.h"
#include "cli/deadline.h"
#include "cli/trace_data.h"
#include "env/file.h"
#include "format/csv_reader.h"
#include "format/json_reader.h"
#include "format/text_source.h"
#include "ingest/file_parts.h"
#include "ingest/file_shape.h"
#include "ingest/hand.h"
#include "ingest/json_files.h"
#include "ingest/plan.h"
#include "ingest/schema_catalog.h"

namespace sluice::cli {
namespace {

constexpr uint64_t kCheapFile = 256ULL << 20;
constexpr std::chrono::milliseconds kDeadline{20'000};
constexpr size_t kMostFiles = 5;   // that are read for one trace
constexpr size_t kMostLines = 10;  // that are shown

using format::SqlType;

// One column of the key: where it stands in the file, and what must stand there.
struct Wanted {
  size_t position = 0;
  SqlType type;
  format::ValueForm form;
  std::string text;
};

Result<std::vector<Wanted>> WantedOf(const TracedRow& row, const ingest::TargetTable& target,
                                     const ingest::FileShape& shape) {
  std::vector<Wanted> wanted;
  for (const std::string& name : row.key) {
    const auto value = std::find_if(row.values.begin(), row.values.end(),
                                    [&](const auto& pair) { return Lower(pair.first) == name; });
    const auto column = std::find_if(target.columns.begin(), target.columns.end(),
                                     [&](const ingest::DdlColumn& c) { return c.name == name; });
    const auto position = std::find(shape.columns.begin(), shape.columns.end(), name);
    if (value == row.values.end() || column == target.columns.end() ||
        position == shape.columns.end()) {
      return NotFoundError(fmt::format("the file has no column {}", name));
    }
    wanted.push_back({static_cast<size_t>(position - shape.columns.begin()), column->type,
                      ingest::FormOf(target, *column, shape), value->second});
  }
  if (wanted.empty()) return NotFoundError("the table has no key");
  return wanted;
}

// Lines of the records that have the wanted values. `reader` is one of either format.
template <typename Reader>
Result<std::vector<uint64_t>> ScanWith(Reader& reader, const std::vector<Wanted>& wanted,
                                       const env::Cancel* cancel) {
  std::vector<uint64_t> lines;
  constexpr uint64_t kLookEvery = 4096;
  for (uint64_t records = 0;; ++records) {
    if (records % kLookEvery == 0 && cancel->is_set()) return CancelledError("it takes too long");
    SLUICE_ASSIGN(const bool more, reader.Next());
    if (!more) return lines;
    const auto& record = reader.record();
    if (record.fault != decltype(record.fault)::kNone) continue;
    const bool hit = std::all_of(wanted.begin(), wanted.end(), [&](const Wanted& want) {
      const format::CsvCell& cell = record.cells[want.position];
      std::string strict;
      return !cell.null && format::ToStrict(cell.text, want.type, want.form, strict) &&
             SameValue(want.type, strict, want.text);
    });
    if (hit && lines.size() <= kMostLines) lines.push_back(record.line);
  }
}

Result<std::vector<uint64_t>> Scan(const std::string& path, const ingest::TargetTable& target,
                                   const ingest::FileShape& shape,
                                   const std::vector<Wanted>& wanted, const env::Cancel* cancel) {
  if (shape.format == config::FileFormat::kJson) {
    SLUICE_ASSIGN(const auto source, format::OpenByteSource(path));
    format::JsonReader reader(*source, ingest::JsonOptionsOf(target, shape));
    return ScanWith(reader, wanted, cancel);
  }
  const format::CsvReaderOptions options = ingest::ReaderOptions(target, shape);
  SLUICE_ASSIGN(const auto source, format::OpenCsvText(path, options.dialect));
  format::CsvReader reader(*source, options);
  return ScanWith(reader, wanted, cancel);
}

Result<ingest::TargetTable> TargetOf(const ReadContext& context, const TracedRow& row) {
  const config::Ingest* ingest = context.runtime.project().FindIngest(row.ingest);
  if (ingest == nullptr) return NotFoundError("the ingest is not in the project any more");
  if (ingest->layout == "files") return ingest::FilesTarget(*ingest, row.table);
  SLUICE_ASSIGN(const auto catalog,
                ingest::SchemaCatalog::Load(context.connection(), ingest->name));
  return ingest::ZenotiTarget(*ingest, catalog, row.table);
}

// Where the rows of a key are, in the first part that has any.
struct Place {
  std::string member;
  std::vector<uint64_t> lines;
};

Result<Place> FindIn(const std::vector<ingest::FilePart>& parts, const TracedRow& row,
                     const ingest::TargetTable& target, const env::Cancel* cancel) {
  Place place;
  for (const ingest::FilePart& part : parts) {
    std::vector<ingest::DdlColumn> added;
    SLUICE_ASSIGN(const ingest::FileShape shape,
                  ingest::ShapeOf(part.path, part.member.empty() ? row.address : part.member,
                                  target, &added, cancel));
    if (shape.empty) continue;
    SLUICE_ASSIGN(const auto wanted, WantedOf(row, target, shape));
    SLUICE_ASSIGN(place.lines, Scan(part.path, target, shape, wanted, cancel));
    place.member = part.member;
    if (!place.lines.empty()) break;
  }
  return place;
}

Result<Place> LinesOf(const ReadContext& context, pipeline::Runtime& runtime, const TracedRow& row,
                      const env::Cancel* cancel) {
  if (row.address.empty()) return NotFoundError("the file is not in the ledger");
  if (row.file_size > kCheapFile) {
    return FailedError(
        fmt::format("the file has {}: too much to look into it", HumanBytes(row.file_size)));
  }
  SLUICE_ASSIGN(const ingest::TargetTable target, TargetOf(context, row));
  SLUICE_ASSIGN(connector::Store * store, runtime.StoreOf(row.connection));
  SLUICE_TRY(runtime.MakeStateFolder());
  const std::string spool =
      runtime.StatePath(fmt::format("trace-{:016x}", context.world.random.Next()));
  connector::StoredFile file;
  file.path = row.address;
  file.size = row.file_size;
  file.tag = row.file_tag;
  const auto fetched = store->Fetch(file, spool, {}, cancel);
  auto place = [&]() -> Result<Place> {
    if (fetched.status().code() == Code::kNotFound)
      return NotFoundError("the file is not there any more");
    if (fetched.status().code() == Code::kRetry)
      return NotFoundError("the file is another one by now");
    if (!fetched.ok()) return fetched.status();
    if (fetched->content_hash != row.content_hash) {
      return NotFoundError("the file has another content by now");
    }
    SLUICE_ASSIGN(const auto parts,
                  ingest::PartsOf(fetched->local_path, target.csv, spool, cancel));
    auto found = FindIn(parts, row, target, cancel);
    for (const ingest::FilePart& part : parts) {
      if (!part.member.empty()) (void)env::RemoveFile(part.path);
    }
    return found;
  }();
  SLUICE_TRY(env::RemoveFile(spool));
  return place;
}

}  // namespace

bool SameValue(const SqlType& type, std::string_view cell, std::string_view text) {
  using Kind = SqlType::Kind;
  const auto same = [](const auto& a, const auto& b) { return a && b && *a == *b; };
  switch (type.kind) {
    case Kind::kBoolean:
      return same(format::ParseBoolean(cell), format::ParseBoolean(text));
    case Kind::kSmallInt:
    case Kind::kInteger:
    case Kind::kBigInt:
      return same(format::ParseInteger(cell, INT64_MIN, INT64_MAX),
                  format::ParseInteger(text, INT64_MIN, INT64_MAX));
    case Kind::kDecimal:
      return same(format::ParseDecimal(cell, type.width, type.scale),
                  format::ParseDecimal(text, type.width, type.scale));
    case Kind::kDouble:
      return same(format::ParseDouble(cell), format::ParseDouble(text));
    case Kind::kDate:
      return same(format::ParseDate(cell), format::ParseDate(text));
    case Kind::kTimestamp:
      return same(format::ParseTimestamp(cell), format::ParseTimestamp(text));
    case Kind::kTimestampTz:
      return same(format::ParseTimestampTz(cell), format::ParseTimestampTz(text));
    case Kind::kText:
      break;
  }
  return cell == text;
}

void FindLines(const ReadContext& context, TraceResult& result) {
  if (result.rows.empty()) return;
  Connected connected(context);
  const DeadlineCancel deadline(kDeadline, context.world.cancel);
  for (size_t i = 0; i < result.rows.size(); ++i) {
    TracedRow& row = result.rows[i];
    if (i >= kMostFiles) {
      row.lines_unknown = fmt::format("only the first {} files are looked into", kMostFiles);
    } else {
      // Files that were loaded by hand lie here, and need no credentials.
      const bool by_hand = StartsWith(row.connection, ingest::kHandConnection);
      const auto runtime =
          by_hand ? Result<pipeline::Runtime*>(&context.runtime) : connected.To({row.connection});
      if (!runtime.ok()) {
        row.lines_unknown = runtime.status().message();
        continue;
      }
      auto place = LinesOf(context, *runtime.value(), row, deadline.get());
      if (place.ok()) {
        row.member = std::move(place->member);
        row.lines = std::move(place->lines);
        if (row.lines.empty() && row.fixed_line > 0) {
          row.lines.push_back(static_cast<uint64_t>(row.fixed_line));
        }
        if (row.lines.empty()) row.lines_unknown = "no line of the file has this key";
      } else {
        row.lines_unknown = place.status().message();
      }
    }
  }
}

}  // namespace sluice::cli
