// Rows that never came into a table.
#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/trace_data.h"
#include "format/byte_source.h"
#include "format/csv_reader.h"
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
      if (!is(cells[position], parts[i])) return false;
    }
    return true;
  }

 private:
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

}  // namespace

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
  SLUICE_ASSIGN(
      auto rows,
      connection.Stream(
          "SELECT format('{:016x}', q.quarantine_id), q.ingest, q.table_name, q.address, "
          "q.line, q.column_name, q.reason, q.raw, coalesce(q.raw_cut, strlen(q.raw) >= "
          "4096), f.file_columns FROM _sluice.quarantine AS q LEFT JOIN _sluice.files AS f "
          "ON f.file_id = q.file_id AND f.load_id = q.load_id WHERE contains(q.raw, $1) "
          "AND ($2 = '' OR q.table_name = $2 OR q.ingest = $2) ORDER BY q.found_at DESC, "
          "q.address, q.byte_offset",
          {parts.front(), in}));
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
      if (const auto columns = text(9); !columns.empty()) entry.file_columns = Split(columns, '\n');
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
