#include "ingest/second_look.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "format/csv_reader.h"

namespace sluice::ingest {
namespace {

constexpr size_t kValueLimit = 200;  // bytes of a value that are kept; `raw` holds more

// What a cell has to be: its type, and whether it may be NULL.
struct Expected {
  const DdlColumn* column = nullptr;  // nullptr: passed over
  bool required = false;
  bool is_void = false;
};

std::vector<Expected> Expectations(const TargetTable& target, const FileShape& shape) {
  std::map<std::string, const DdlColumn*> by_name;
  for (const DdlColumn& column : target.columns) by_name[column.name] = &column;
  std::vector<Expected> expected;
  for (const std::string& name : shape.columns) {
    Expected& cell = expected.emplace_back();
    if (name.empty()) continue;
    cell.column = by_name.at(name);
    cell.is_void = target.merge == Merge::kDeleteInsert && name == target.void_column;
    cell.required =
        cell.is_void || std::find(target.key.begin(), target.key.end(), name) != target.key.end();
  }
  return expected;
}

// The first cell that does not fit, described in `row`; false when all fit.
bool FindBadCell(const format::CsvRecord& record, const std::vector<Expected>& expected,
                 QuarantinedRow& row) {
  for (size_t i = 0; i < expected.size(); ++i) {
    const Expected& want = expected[i];
    if (want.column == nullptr || i >= record.cells.size()) continue;
    const format::CsvCell& cell = record.cells[i];
    if (cell.null ? !want.required : format::Fits(cell.text, want.column->type)) continue;
    row.column = want.column->name;
    if (cell.null) {
      row.reason = want.is_void ? "void is NULL: neither a deletion nor a row" : "the key is NULL";
    } else {
      row.value = std::string(cell.text.substr(0, kValueLimit));
      row.reason = fmt::format("expected {}", want.column->type.Expectation());
    }
    return true;
  }
  return false;
}

// A column that must not be NULL and that the file does not have at all makes every row of it bad.
const std::string* MissingColumn(const TargetTable& target, const FileShape& shape) {
  const auto missing = [&](const std::string& name) {
    return std::find(shape.columns.begin(), shape.columns.end(), name) == shape.columns.end();
  };
  const auto key = std::find_if(target.key.begin(), target.key.end(), missing);
  if (key != target.key.end()) return &*key;
  const bool needs_void = target.merge == Merge::kDeleteInsert && !target.void_column.empty();
  return needs_void && missing(target.void_column) ? &target.void_column : nullptr;
}

}  // namespace

Result<std::vector<QuarantinedRow>> FindBadRows(const TableLoad& load, size_t file,
                                                const FileShape& shape) {
  const LoadFile& from = load.files[file];
  SLUICE_ASSIGN(const auto source, format::OpenByteSource(from.local_path));
  format::CsvReaderOptions options;
  options.dialect = DialectOf(load.target.csv);
  options.columns = shape.columns.size();
  options.header = shape.header;
  format::CsvReader reader(*source, options);
  const std::vector<Expected> expected = Expectations(load.target, shape);
  const std::string* missing = MissingColumn(load.target, shape);
  std::vector<QuarantinedRow> rows;
  while (true) {
    SLUICE_ASSIGN(const bool more, reader.Next());
    if (!more) return rows;
    const format::CsvRecord& record = reader.record();
    QuarantinedRow row;
    if (record.fault != format::CsvFault::kNone) {
      row.reason = std::string(format::CsvFaultText(record.fault));
      // Broken bytes stand in one cell; what else breaks a record concerns all of it.
      if (record.fault == format::CsvFault::kInvalidUtf8 &&
          record.fault_column < shape.columns.size()) {
        row.column = shape.columns[record.fault_column];
      }
    } else if (missing != nullptr) {
      row.column = *missing;
      row.reason = "the file lacks the column, which must not be NULL";
    } else if (!FindBadCell(record, expected, row)) {
      continue;
    }
    row.file = file;
    row.record = static_cast<int64_t>(record.number);
    row.line = static_cast<int64_t>(record.line);
    row.byte_offset = static_cast<int64_t>(record.offset);
    row.raw = std::string(record.raw);
    rows.push_back(std::move(row));
  }
}

}  // namespace sluice::ingest
