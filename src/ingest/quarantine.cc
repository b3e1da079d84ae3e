#include "ingest/quarantine.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/json_text.h"
#include "base/text.h"
#include "format/csv_text.h"
#include "format/json_normalise.h"
#include "ingest/json_files.h"
#include "ingest/plan.h"
#include "ingest/second_look.h"

namespace sluice::ingest {
namespace {

using engine::ToInt;
using engine::ToText;
using engine::Value;

constexpr size_t kIdsPerStatement = 10'000;
// Of a list ($3) in one value: as numbers in the statement they cost more than all the rest of it.
constexpr const char* kIdsOfList = "SELECT CAST(unnest(string_split($3, ', ')) AS BIGINT)";

std::string Place(const QuarantineEntry& entry) {
  return fmt::format("{}:{}", entry.address, entry.line);
}

// "1, 2, 3" of at most so many numbers.
std::string IdList(const std::vector<QuarantineEntry>& entries, size_t from, size_t to) {
  std::set<int64_t> ids;
  for (size_t i = from; i < to; ++i) ids.insert(entries[i].id);
  std::string list;
  for (const int64_t id : ids) list += (list.empty() ? "" : ", ") + std::to_string(id);
  return list;
}

// Calls `work(list of ids, an entry of the table)` in portions; entries of one table stand together.
template <typename Work>
Status InPortions(const std::vector<QuarantineEntry>& entries, Work work) {
  for (size_t from = 0; from < entries.size();) {
    size_t to = from;
    while (to < entries.size() && to - from < kIdsPerStatement &&
           entries[to].table == entries[from].table && entries[to].ingest == entries[from].ingest) {
      ++to;
    }
    SLUICE_TRY(work(IdList(entries, from, to), entries[from]));
    from = to;
  }
  return Status::Ok();
}

// `texts` is empty for discarded rows.
Status Store(engine::Connection& connection, const std::vector<QuarantineEntry>& entries,
             const std::vector<std::string>& texts, const std::string& reason,
             const quality::RunInfo& run) {
  SLUICE_TRY(
      InPortions(entries, [&](const std::string& ids, const QuarantineEntry& first) -> Status {
        return connection
            .Execute(fmt::format("DELETE FROM _sluice.quarantine_fixes WHERE ingest = $1 AND "
                                 "table_name = $2 AND quarantine_id IN ({})",
                                 kIdsOfList),
                     {first.ingest, first.table, ids})
            .status();
      }));
  const std::string now = env::FormatUtc(run.now, true);
  const bool discard = texts.empty();
  SLUICE_ASSIGN(const auto appender,
                engine::Appender::Open(connection, "_sluice", "quarantine_fixes"));
  std::set<std::pair<std::string, int64_t>>
      stored;  // the same content under two names is one place
  for (size_t i = 0; i < entries.size(); ++i) {
    const QuarantineEntry& entry = entries[i];
    if (!stored.emplace(entry.table, entry.id).second) continue;
    const auto text = [](const std::string& value) {
      return value.empty() ? Value() : Value(value);
    };
    SLUICE_TRY(appender->Row({entry.id, entry.ingest, entry.table, entry.content_hash,
                              entry.byte_offset, std::string(discard ? "discard" : "fix"),
                              discard ? Value() : Value(texts[i]), entry.raw, text(entry.column),
                              text(entry.rule), entry.reason, entry.address, entry.line,
                              text(reason), std::string(discard ? "applied" : "open"), now,
                              discard ? Value(now) : Value()}));
  }
  return appender->Close();
}

}  // namespace

std::string QuarantineEntry::IdText() const {
  return HexEncode(static_cast<uint64_t>(id));
}

Result<std::vector<QuarantineEntry>> ReadQuarantine(engine::Connection& connection,
                                                    const std::string& where,
                                                    const std::vector<Value>& parameters,
                                                    int64_t limit) {
  SLUICE_ASSIGN(
      const auto rows,
      connection.Rows(
          fmt::format(
              "SELECT q.quarantine_id, q.load_id, q.file_id, q.ingest, q.table_name, q.pod, "
              "q.address, q.content_hash, q.line, q.byte_offset, q.column_name, q.value, q.reason, "
              "q.rule, q.raw, coalesce(q.raw_cut, strlen(q.raw) >= 4096), f.file_columns, f.state, "
              "f.connection, x.raw, coalesce(f.reading, 0) FROM _sluice.quarantine AS q LEFT JOIN "
              "_sluice.files AS f ON "
              "f.file_id = q.file_id AND f.load_id = q.load_id LEFT JOIN _sluice.quarantine_fixes "
              "AS x ON x.quarantine_id = q.quarantine_id AND x.ingest = q.ingest AND x.table_name "
              "= q.table_name AND x.state = 'open' WHERE {} ORDER BY q.ingest, q.table_name, "
              "f.rowid, q.byte_offset LIMIT {}",
              where, limit),
          parameters));
  std::vector<QuarantineEntry> entries;
  for (const auto& row : rows) {
    QuarantineEntry& entry = entries.emplace_back();
    entry.id = ToInt(row[0]);
    entry.load_id = ToInt(row[1]);
    entry.file_id = ToInt(row[2]);
    entry.ingest = ToText(row[3]);
    entry.table = ToText(row[4]);
    entry.pod = ToText(row[5]);
    entry.address = ToText(row[6]);
    entry.content_hash = ToText(row[7]);
    entry.line = ToInt(row[8]);
    entry.byte_offset = ToInt(row[9]);
    entry.column = ToText(row[10]);
    entry.value = ToText(row[11]);
    entry.reason = ToText(row[12]);
    entry.rule = ToText(row[13]);
    entry.raw = ToText(row[14]);
    entry.raw_cut = ToInt(row[15]) != 0;
    entry.file_columns = ColumnsOfRow(ToText(row[16]), entry.content_hash);
    entry.file_state = ToText(row[17]);
    entry.connection = ToText(row[18]);
    entry.fix = ToText(row[19]);
    entry.reading = ToInt(row[20]);
  }
  return entries;
}

Result<std::vector<QuarantineEntry>> FindQuarantined(engine::Connection& connection,
                                                     const std::string& id,
                                                     const std::string& table) {
  constexpr int64_t kMost = 1000;
  const std::string typed = Lower(id);
  const bool hex = !typed.empty() && typed.size() <= 16 &&
                   typed.find_first_not_of("0123456789abcdef") == std::string::npos;
  std::vector<QuarantineEntry> entries;
  if (hex) {
    SLUICE_ASSIGN(entries,
                  ReadQuarantine(connection,
                                 "starts_with(format('{:016x}', q.quarantine_id), $1) AND ($2 = "
                                 "'' OR q.table_name = $2)",
                                 {typed, Lower(table)}, kMost));
  }
  if (entries.empty()) {
    return NotFoundError(
        fmt::format("there is no row {} in quarantine", hex ? typed : "of that id"),
        "sluice quarantine list --rows");
  }
  for (const QuarantineEntry& other : entries) {
    const QuarantineEntry& first = entries.front();
    if (other.id != first.id) {
      return ConfigError(
          fmt::format("several rows begin with {}: {}, {}", typed, first.IdText(), other.IdText()),
          "Type more of the id");
    }
    if (other.table != first.table) {
      return ConfigError(fmt::format("the row {} is in quarantine for {} and for {}", typed,
                                     first.table, other.table),
                         fmt::format("--in {}", first.table));
    }
  }
  return entries;
}

Result<TargetTable> TargetOf(engine::Connection& connection, const config::Ingest& ingest,
                             const std::string& table) {
  if (ingest.layout == "files") return FilesTarget(ingest, table);
  SLUICE_ASSIGN(const SchemaCatalog catalog, SchemaCatalog::Load(connection, ingest.name));
  return ZenotiTarget(ingest, catalog, table);
}

FileShape RowEditor::ShapeOf(const QuarantineEntry& entry) const {
  FileShape shape;
  shape.format = FormatOf(target_, entry.address);
  for (const std::string& name : entry.file_columns) {
    const bool known = std::any_of(target_.columns.begin(), target_.columns.end(),
                                   [&](const DdlColumn& column) { return column.name == name; });
    const bool taken = known || target_.schema_changes == config::SchemaChanges::kEvolve;
    shape.columns.push_back(taken ? name : std::string());
  }
  return shape;
}

// Columns that files brought (schema_changes: evolve) are text.
TargetTable RowEditor::WithBroughtColumns(const FileShape& shape) const {
  TargetTable target = target_;
  for (const std::string& name : shape.columns) {
    const bool known = std::any_of(target.columns.begin(), target.columns.end(),
                                   [&](const DdlColumn& column) { return column.name == name; });
    if (!known && !name.empty()) target.columns.push_back({name, format::SqlType{}});
  }
  return target;
}

namespace {

using Cells = std::vector<std::optional<std::string>>;

Status CellsHaveNoNames(const QuarantineEntry& entry) {
  return RejectedError(fmt::format("{}: {}: its cells cannot be named", Place(entry), entry.reason),
                       "Give the whole row: --raw TEXT");
}

Result<Cells> CellsOfJson(const QuarantineEntry& entry, const TargetTable& target,
                          const FileShape& shape) {
  const format::JsonText json(entry.raw, JsonOptionsOf(target, shape));
  if (json.record().fault != format::JsonFault::kNone) return CellsHaveNoNames(entry);
  Cells cells;
  for (const format::CsvCell& cell : json.record().cells) {
    cells.push_back(cell.null ? std::optional<std::string>() : std::string(cell.text));
  }
  return cells;
}

// A value as it is written into a record: plain where the type is no text and JSON has such values.
std::string JsonLiteral(const std::optional<std::string>& value, const format::SqlType& type) {
  using Kind = format::SqlType::Kind;
  if (!value) return "null";
  const bool text = type.kind == Kind::kText || type.kind == Kind::kDate ||
                    type.kind == Kind::kTimestamp || type.kind == Kind::kTimestampTz;
  const bool plain = type.kind == Kind::kBoolean ? *value == "true" || *value == "false"
                                                 : !text && format::IsJsonNumber(*value);
  if (plain) return *value;
  std::string quoted;
  AppendJsonString(quoted, *value);
  return quoted;
}

struct JsonChange {
  size_t offset = 0;  // in the record
  size_t size = 0;    // 0: a new member before the last bracket
  std::string text;
};

// The record with values put in the places of others; everything else stays as it stands.
std::string Spliced(const std::string& raw, std::vector<JsonChange> changes) {
  std::sort(changes.begin(), changes.end(),
            [](const JsonChange& a, const JsonChange& b) { return a.offset > b.offset; });
  std::string text = raw;
  for (const JsonChange& change : changes) text.replace(change.offset, change.size, change.text);
  return text;
}

}  // namespace

Result<Cells> RowEditor::CellsOf(const QuarantineEntry& entry) const {
  if (entry.raw_cut) {
    return RejectedError(fmt::format("{}: only the beginning of the row is kept", Place(entry)),
                         "Give the whole row: --raw TEXT");
  }
  const FileShape shape = ShapeOf(entry);
  // What is kept of a row of Parquet is JSON.
  if (shape.format != config::FileFormat::kCsv) {
    return CellsOfJson(entry, WithBroughtColumns(shape), shape);
  }
  format::CsvReaderOptions options = ReaderOptions(target_, shape);
  options.dialect.skip_lines = 0;
  const auto source = format::MemorySource(entry.raw);
  format::CsvReader reader(*source, options);
  SLUICE_ASSIGN(const bool any, reader.Next());
  // (Of what is padded or cut there are always as many as columns.)
  const size_t found = any ? reader.record().cells.size() : 0;
  if (found != entry.file_columns.size() || reader.record().fault != format::CsvFault::kNone) {
    return CellsHaveNoNames(entry);
  }
  Cells cells;
  for (const format::CsvCell& cell : reader.record().cells) {
    cells.push_back(cell.null ? std::optional<std::string>() : std::string(cell.text));
  }
  return cells;
}

Result<std::string> RowEditor::ChangedJson(const QuarantineEntry& entry,
                                           const Changes& changes) const {
  if (entry.raw_cut) return CellsOf(entry).status();
  const FileShape shape = ShapeOf(entry);
  const TargetTable target = WithBroughtColumns(shape);
  const format::JsonReaderOptions options = JsonOptionsOf(target, shape);
  const format::JsonText json(entry.raw, options);
  if (json.record().fault != format::JsonFault::kNone) return CellsHaveNoNames(entry);
  std::vector<JsonChange> splices;
  std::string members;
  for (const auto& [name, value] : changes) {
    const auto at = std::find(shape.columns.begin(), shape.columns.end(), name);
    if (name.empty() || at == shape.columns.end()) {
      return ConfigError(fmt::format("{} has no column {}{}", entry.address, name,
                                     DidYouMean(name, entry.file_columns)));
    }
    const auto i = static_cast<size_t>(at - shape.columns.begin());
    const auto column =
        std::find_if(target.columns.begin(), target.columns.end(),
                     [&](const DdlColumn& candidate) { return candidate.name == name; });
    const std::string literal = JsonLiteral(value, column->type);
    const format::JsonPlace& place = json.record().places[i];
    if (place.size > 0) {
      splices.push_back({place.offset, place.size, literal});
      continue;
    }
    // Under its whole name: a key with points in it is found as a path would be.
    members += members.empty() ? "" : ",";
    AppendJsonString(members, options.columns[i].names.front());
    members += ":" + literal;
  }
  if (!members.empty()) {
    const size_t end = entry.raw.rfind('}');
    const size_t last = entry.raw.find_last_not_of(" \t\r\n", end - 1);
    splices.push_back({end, 0, (entry.raw[last] == '{' ? "" : ",") + members});
  }
  return Spliced(entry.raw, std::move(splices));
}

Result<std::string> RowEditor::Changed(const QuarantineEntry& entry, const Changes& changes) const {
  if (FormatOf(target_, entry.address) != config::FileFormat::kCsv) {
    return ChangedJson(entry, changes);
  }
  SLUICE_ASSIGN(auto cells, CellsOf(entry));
  for (const auto& [name, value] : changes) {
    const auto at = std::find(entry.file_columns.begin(), entry.file_columns.end(), name);
    if (name.empty() || at == entry.file_columns.end()) {
      return ConfigError(fmt::format("{} has no column {}{}", entry.address, name,
                                     DidYouMean(name, entry.file_columns)));
    }
    cells[static_cast<size_t>(at - entry.file_columns.begin())] = value;
  }
  std::vector<format::CsvCell> written;
  for (const auto& cell : cells) {
    written.push_back({cell ? std::string_view(*cell) : std::string_view(), false, !cell});
  }
  std::string text;
  format::AppendCsvRecord(text, written, DialectOf(target_.csv));
  // Some dialects cannot write everything.
  QuarantineEntry again = entry;
  again.raw = text;
  again.raw_cut = false;
  const auto read = CellsOf(again);
  if (read.ok() && read.value() == cells) return text;
  return RejectedError(
      fmt::format("{}: the values cannot be written as the file's rows are", Place(entry)),
      "They hold what separates fields there: leave it out, or give the whole row: --raw TEXT");
}

Status RowEditor::Judge(const QuarantineEntry& entry, const std::string& text) const {
  if (entry.file_columns.empty()) {
    return RejectedError(
        fmt::format("{}: which columns the file has was not noted when it was loaded",
                    Place(entry)),
        "Have the file sent again");
  }
  if (FormatOf(target_, entry.address) == config::FileFormat::kParquet) {
    return RejectedError(
        fmt::format("{}: a row of a Parquet file cannot be read otherwise", Place(entry)),
        "Have the file sent again, or leave the row out: sluice quarantine discard");
  }
  // Whatever follows an open quote is in that row: a fix of one row would lose the others.
  const bool swallowed =
      entry.rule == "record_shape" &&
      (entry.raw_cut || entry.raw.find('\n') != std::string::npos) &&
      StartsWith(entry.reason, format::CsvFaultText(format::CsvFault::kUnterminatedQuote));
  if (swallowed) {
    return RejectedError(
        fmt::format("{}: a quote is never closed, and the lines behind it are in this one row",
                    Place(entry)),
        "Have the file sent again");
  }
  if (!IsValidUtf8(text) || text.find('\0') != std::string::npos) {
    return RejectedError(fmt::format("{}: the text is not valid UTF-8", Place(entry)));
  }
  const FileShape shape = ShapeOf(entry);
  const TargetTable target = WithBroughtColumns(shape);
  const RowJudge judge(target, shape);
  QuarantinedRow bad;
  bool is_bad = false;
  if (shape.format == config::FileFormat::kJson) {
    is_bad = IsBadJsonText(text, target, shape, judge, bad);
  } else {
    SLUICE_ASSIGN(is_bad, IsBadText(text, ReaderOptions(target, shape), judge, bad));
  }
  if (!is_bad) return Status::Ok();
  return RejectedError(fmt::format("{}: {}{}", Place(entry),
                                   bad.column.empty() ? "" : "column " + bad.column + ": ",
                                   bad.reason));
}

Status StoreFixes(engine::Connection& connection, const std::vector<QuarantineEntry>& entries,
                  const std::vector<std::string>& texts, const std::string& reason,
                  const quality::RunInfo& run) {
  return entries.empty() ? Status::Ok() : Store(connection, entries, texts, reason, run);
}

Status DiscardRows(engine::Connection& connection, const std::vector<QuarantineEntry>& entries,
                   const std::string& reason, const quality::RunInfo& run) {
  std::map<std::pair<int64_t, int64_t>, int64_t> rows;
  for (const QuarantineEntry& entry : entries) ++rows[{entry.load_id, entry.file_id}];
  for (const auto& [file, n] : rows) {
    FileCounts counts;
    counts.quarantined = -n;
    counts.skipped = n;
    SLUICE_TRY(AmendCounts(connection, file.first, file.second, counts));
  }
  SLUICE_TRY(RemoveFromQuarantine(connection, entries));
  return Store(connection, entries, {}, reason, run);
}

Status RemoveFromQuarantine(engine::Connection& connection,
                            const std::vector<QuarantineEntry>& entries) {
  // By load and file too: the same content may be in quarantine for a load that is held.
  std::set<std::string> files;
  for (const QuarantineEntry& entry : entries) {
    files.insert(fmt::format("({}, {})", entry.load_id, entry.file_id));
  }
  const std::string of_files = Join(std::vector<std::string>(files.begin(), files.end()), ", ");
  return InPortions(entries, [&](const std::string& ids, const QuarantineEntry& first) -> Status {
    return connection
        .Execute(fmt::format("DELETE FROM _sluice.quarantine WHERE ingest = $1 AND table_name = $2 "
                             "AND quarantine_id IN ({}) AND (load_id, file_id) IN ({})",
                             kIdsOfList, of_files),
                 {first.ingest, first.table, ids})
        .status();
  });
}

Status AmendCounts(engine::Connection& connection, int64_t load_id, int64_t file_id,
                   const FileCounts& counts) {
  const std::string set =
      "SET inserted = inserted + $1, updated = updated + $2, unchanged = unchanged + $3, "
      "delete_matched = delete_matched + $4, delete_unmatched = delete_unmatched + $5, superseded "
      "= superseded + $6, skipped = skipped + $7, quarantined = quarantined + $8, key_collisions = "
      "key_collisions + $9, too_long = too_long + $10, forgotten = coalesce(forgotten, 0) + $11 "
      "WHERE load_id = $12";
  std::vector<Value> values = {
      counts.inserted,         counts.updated,    counts.unchanged, counts.delete_matched,
      counts.delete_unmatched, counts.superseded, counts.skipped,   counts.quarantined,
      counts.key_collisions,   counts.too_long,   counts.forgotten, load_id};
  SLUICE_TRY(connection.Execute("UPDATE _sluice.loads " + set + " AND unloaded_at IS NULL", values)
                 .status());
  values.emplace_back(file_id);
  return connection.Execute("UPDATE _sluice.files " + set + " AND file_id = $13", values).status();
}

}  // namespace sluice::ingest
