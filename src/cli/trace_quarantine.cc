// Rows that never came into a table.
#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/trace_data.h"
#include "format/byte_source.h"
#include "format/csv_reader.h"
#include "format/value_form.h"
#include "ingest/ddl.h"
#include "ingest/file_shape.h"
#include "ingest/quarantine.h"

namespace sluice::cli {
namespace {

using engine::ToInt;
using engine::ToText;

constexpr size_t kMostHits = 100;

// The cells of a row that cannot be told apart by its file's columns: it is cut, or has too few or many.
std::vector<std::string> LooseCells(const std::string& raw, const config::CsvOptions& csv) {
  const auto source = format::MemorySource(raw);
  format::CsvReaderOptions options;
  options.dialect = ingest::DialectOf(csv);
  format::CsvReader reader(*source, options);
  const auto next = reader.Next();
  std::vector<std::string> cells;
  if (!next.ok() || !next.value()) return cells;
  for (const format::CsvCell& cell : reader.record().cells) cells.emplace_back(cell.text);
  return cells;
}

// One table, and how its quarantined rows are read.
class Reader {
 public:
  Reader(engine::Connection& connection, const config::Ingest* ingest, const std::string& table) {
    if (ingest == nullptr) return;
    csv_ = ingest->csv;
    for (const config::Table& declared : ingest->tables) {
      const bool zenoti = ingest->layout == "zenoti";
      if ((zenoti ? ingest::CanonicalTableName(declared.name) : declared.name) != table) continue;
      key_ = declared.key;
    }
    auto target = ingest::TargetOf(connection, *ingest, table);
    if (!target.ok()) return;
    csv_ = target->csv;
    editor_.emplace(std::move(target).value());
  }

  // Whether the key of the row begins with `parts`; of a table without a key, whether all are in it.
  bool IsMeant(const ingest::QuarantineEntry& entry, const std::vector<std::string>& parts) const {
    const std::vector<std::string> cells = CellsOf(entry);
    const auto is = [](const std::string& cell, const std::string& part) {
      return Trim(cell) == part;
    };
    const auto is_value = [&](const std::string& name, const std::string& cell,
                              const std::string& part) {
      return is(cell, part) || IsValue(name, Trim(cell), part);
    };
    if (key_.empty() || !editor_ || entry.file_columns.empty()) {
      return std::all_of(parts.begin(), parts.end(), [&](const std::string& part) {
        return std::any_of(cells.begin(), cells.end(),
                           [&](const std::string& cell) { return is(cell, part); });
      });
    }
    if (parts.size() > key_.size()) return false;
    const std::vector<std::string> columns = editor_->ShapeOf(entry).columns;
    for (size_t i = 0; i < parts.size(); ++i) {
      const auto at = std::find(columns.begin(), columns.end(), key_[i]);
      const auto position = static_cast<size_t>(at - columns.begin());
      if (at == columns.end() || position >= cells.size()) return false;
      if (!is_value(key_[i], cells[position], parts[i])) return false;
    }
    return true;
  }

 private:
  // Keys are compared as what their columns hold: 007 is 7 where these are numbers, and another text where they are not.
  bool IsValue(const std::string& name, std::string_view cell, const std::string& part) const {
    for (const ingest::DdlColumn& column : editor_->target().columns) {
      if (column.name != name) continue;
      std::string strict;
      return format::ToStrict(cell, column.type, ingest::FormOf(editor_->target(), column, {}),
                              strict) &&
             SameValue(column.type, strict, part);
    }
    return false;
  }

  std::vector<std::string> CellsOf(const ingest::QuarantineEntry& entry) const {
    if (!editor_) return LooseCells(entry.raw, csv_);
    const auto told = editor_->CellsOf(entry);
    if (!told.ok()) return LooseCells(entry.raw, csv_);
    std::vector<std::string> cells;
    for (const auto& cell : *told) cells.push_back(cell.value_or(""));
    return cells;
  }

  std::vector<std::string> key_;
  config::CsvOptions csv_;
  std::optional<ingest::RowEditor> editor_;
};

// What a row must contain to have this as (the first part of) its key; however many zeros stand before it.
std::string Needle(const std::string& part) {
  const size_t digits = part.find_first_not_of("+-0");
  const bool number = !part.empty() && part.find_first_not_of("+-0123456789.") == part.npos;
  if (!number || digits == std::string::npos) return number ? "0" : part;
  return part.substr(digits, part.find('.', digits) - digits);
}

}  // namespace

Status FindFixes(const ReadContext& context, TraceResult& result) {
  engine::Connection& connection = context.connection();
  for (TracedRow& row : result.rows) {
    if (row.content_hash.empty()) continue;
    std::vector<std::string> parts;
    for (const std::string& name : row.key) {
      for (const auto& [column, text] : row.values) {
        if (Lower(column) == name) parts.push_back(text);
      }
    }
    if (parts.empty()) continue;
    const Reader reader(connection, context.runtime.project().FindIngest(row.ingest), row.table);
    SLUICE_ASSIGN(
        const auto fixes,
        connection.Rows("SELECT x.line, x.raw, x.column_name, x.found_reason, "
                        "x.applied_at::VARCHAR, x.reason, (SELECT any_value(f.file_columns) FROM "
                        "_sluice.files AS f WHERE f.content_hash = $3 AND f.table_name = $2), "
                        "x.content_hash FROM "
                        "_sluice.quarantine_fixes AS x WHERE x.ingest = $1 AND x.table_name = $2 "
                        "AND starts_with(x.content_hash, $3) AND x.action = 'fix' AND x.state = "
                        "'applied' AND contains(x.raw, $4) ORDER BY x.line",
                        {row.ingest, row.table, row.content_hash, Needle(parts.front())}));
    for (const auto& fix : fixes) {
      ingest::QuarantineEntry entry;
      entry.ingest = row.ingest;
      entry.table = row.table;
      entry.address = row.address;
      entry.line = ToInt(fix[0]);
      entry.raw = ToText(fix[1]);
      entry.file_columns = ingest::ColumnsOfRow(ToText(fix[6]), ToText(fix[7]));
      if (!reader.IsMeant(entry, parts)) continue;
      row.fixed_line = entry.line;
      row.fixed_column = ToText(fix[2]);
      row.fixed_fault = ToText(fix[3]);
      row.fixed_at = ToText(fix[4]);
      row.fixed_why = ToText(fix[5]);
    }
  }
  return Status::Ok();
}

Status FindQuarantined(const ReadContext& context, const std::vector<std::string>& parts,
                       const std::string& in, TraceResult& result) {
  engine::Connection& connection = context.connection();
  // First, for while rows are streamed the connection does nothing else.
  SLUICE_ASSIGN(
      const auto tables,
      connection.Rows("SELECT DISTINCT ingest, table_name FROM _sluice.quarantine WHERE $1 "
                      "= '' OR table_name = $1 OR ingest = $1",
                      {in}));
  std::map<std::pair<std::string, std::string>, Reader> readers;
  for (const auto& row : tables) {
    const std::string ingest = ToText(row[0]);
    const std::string table = ToText(row[1]);
    readers.emplace(std::pair(ingest, table),
                    Reader(connection, context.runtime.project().FindIngest(ingest), table));
  }
  // All that may have the key: a limit here could leave out the one that has it.
  SLUICE_ASSIGN(auto rows,
                connection.Stream(
                    "SELECT format('{:016x}', q.quarantine_id), q.ingest, q.table_name, q.address, "
                    "q.line, q.column_name, q.reason, q.raw, coalesce(q.raw_cut, strlen(q.raw) >= "
                    "4096), f.file_columns, q.content_hash FROM _sluice.quarantine AS q LEFT JOIN "
                    "_sluice.files AS f "
                    "ON f.file_id = q.file_id AND f.load_id = q.load_id WHERE contains(q.raw, $1) "
                    "AND ($2 = '' OR q.table_name = $2 OR q.ingest = $2) ORDER BY q.found_at DESC, "
                    "q.address, q.byte_offset",
                    {Needle(parts.front()), in}));
  while (true) {
    SLUICE_ASSIGN(const auto batch, rows.Next());
    if (!batch) return Status::Ok();
    for (size_t r = 0; r < batch->rows(); ++r) {
      const auto text = [&](size_t column) { return ToText(batch->value(column, r)); };
      ingest::QuarantineEntry entry;
      entry.ingest = text(1);
      entry.table = text(2);
      entry.address = text(3);
      entry.line = ToInt(batch->value(4, r));
      entry.raw = text(7);
      entry.raw_cut = ToInt(batch->value(8, r)) != 0;
      entry.file_columns = ingest::ColumnsOfRow(text(9), text(10));
      const auto reader = readers.find({entry.ingest, entry.table});
      if (reader == readers.end()) continue;
      if (!reader->second.IsMeant(entry, parts)) continue;
      if (result.quarantined.size() == kMostHits) {
        result.notes.push_back(fmt::format(
            "more rows with this key are in quarantine: the newest {} are shown", kMostHits));
        return Status::Ok();
      }
      result.quarantined.push_back(
          {text(0), entry.table, entry.address, entry.line, text(5), text(6)});
    }
  }
}

}  // namespace sluice::cli
