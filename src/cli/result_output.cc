#include "cli/result_output.h"

#include <cmath>
#include <functional>
#include <ostream>

#include "base/text.h"
#include "cli/table.h"

namespace sluice::cli {
namespace {

using engine::Value;

// Widths are found block by block: people do not read more at once.
constexpr size_t kBlockRows = 2000;

bool IsNumber(engine::Type type) {
  return type == engine::Type::kInteger || type == engine::Type::kUnsigned ||
         type == engine::Type::kDouble || type == engine::Type::kDecimal;
}

// Calls `visit` with every row until the limit, the end, or `out` is gone.
Result<RowsWritten> ForEachRow(engine::QueryResult& result, RowLimits limits, std::ostream& out,
                               const std::function<void(const std::vector<Value>&)>& visit) {
  RowsWritten written;
  std::vector<Value> row;
  while (out.good()) {
    SLUICE_ASSIGN(const auto batch, result.Next());
    if (!batch) return written;
    for (size_t r = 0; r < batch->rows(); ++r) {
      if (limits.rows > 0 && written.rows == limits.rows) {
        written.complete = false;
        return written;
      }
      row.clear();
      for (size_t c = 0; c < batch->columns(); ++c) row.push_back(batch->value(c, r));
      visit(row);
      ++written.rows;
    }
  }
  return written;
}

class TableBlocks {
 public:
  TableBlocks(const std::vector<engine::Column>& columns, std::ostream& out,
              const Terminal& terminal)
      : out_(out), terminal_(terminal) {
    // Nothing is cut: values are exact here.
    terminal_.is_terminal = false;
    for (const engine::Column& column : columns) {
      columns_.push_back({column.name, IsNumber(column.type) ? Align::kRight : Align::kLeft});
    }
    Begin();
  }

  void Add(const std::vector<Value>& row) {
    std::vector<std::string> cells;
    for (const Value& value : row) {
      cells.push_back(engine::IsNull(value) ? "NULL" : engine::ToText(value));
    }
    table_->Row(std::move(cells));
    if (++rows_ == kBlockRows) Flush();
  }

  void Flush() {
    if (first_) {
      table_->Print(out_, terminal_);
    } else {
      table_->PrintRows(out_, terminal_);
    }
    first_ = false;
    Begin();
  }

  void Finish() {
    if (first_ || rows_ > 0) Flush();
  }

 private:
  void Begin() {
    table_.emplace(columns_, Table::Empty::kStay);
    rows_ = 0;
  }

  std::ostream& out_;
  Terminal terminal_;
  std::vector<TableColumn> columns_;
  std::optional<Table> table_;
  size_t rows_ = 0;
  bool first_ = true;
};

void WriteCsvLine(const std::vector<std::string>& fields, std::ostream& out) {
  for (size_t i = 0; i < fields.size(); ++i) out << (i == 0 ? "" : ",") << fields[i];
  out << '\n';
}

}  // namespace

std::string CsvField(const Value& value) {
  if (engine::IsNull(value)) return {};
  std::string text = engine::ToText(value);
  const bool plain = !text.empty() && text.find_first_of(",\"\r\n") == std::string::npos &&
                     text.front() != ' ' && text.back() != ' ';
  if (plain) return text;
  return "\"" + ReplaceAll(text, "\"", "\"\"") + "\"";
}

void WriteValue(JsonWriter& json, const Value& value) {
  if (engine::IsNull(value)) {
    json.Null();
  } else if (const auto* flag = std::get_if<bool>(&value)) {
    json.Boolean(*flag);
  } else if (const auto* number = std::get_if<int64_t>(&value)) {
    json.Number(*number);
  } else if (const auto* large = std::get_if<uint64_t>(&value)) {
    json.Raw(std::to_string(*large));
  } else if (const auto* real = std::get_if<double>(&value);
             real != nullptr && std::isfinite(*real)) {
    json.Number(*real);
  } else {
    json.Text(engine::ToText(value));
  }
}

Result<RowsWritten> WriteRows(engine::QueryResult& result, RowFormat format, RowLimits limits,
                              std::ostream& out, const Terminal& terminal) {
  if (format == RowFormat::kCsv) {
    std::vector<std::string> fields;
    for (const engine::Column& column : result.columns()) fields.push_back(CsvField(column.name));
    WriteCsvLine(fields, out);
    return ForEachRow(result, limits, out, [&](const std::vector<Value>& row) {
      fields.clear();
      for (const Value& value : row) fields.push_back(CsvField(value));
      WriteCsvLine(fields, out);
    });
  }
  if (format == RowFormat::kJson) {
    JsonWriter json(out);
    json.BeginObject();
    json.Field("version", int64_t{1});
    SLUICE_ASSIGN(const RowsWritten written, WriteRowsJson(result, limits, json, out));
    json.Field("complete", written.complete);
    json.EndObject();
    json.Finish();
    return written;
  }
  TableBlocks blocks(result.columns(), out, terminal);
  SLUICE_ASSIGN(
      const RowsWritten written,
      ForEachRow(result, limits, out, [&](const std::vector<Value>& row) { blocks.Add(row); }));
  blocks.Finish();
  return written;
}

Result<RowsWritten> WriteRowsJson(engine::QueryResult& result, RowLimits limits, JsonWriter& json,
                                  std::ostream& out) {
  json.Name("columns");
  json.BeginArray();
  for (const engine::Column& column : result.columns()) {
    json.BeginObject();
    json.Field("name", column.name);
    json.Field("type", column.sql_type);
    json.EndObject();
  }
  json.EndArray();
  json.Name("rows");
  json.BeginArray();
  SLUICE_ASSIGN(const RowsWritten written,
                ForEachRow(result, limits, out, [&](const std::vector<Value>& row) {
                  json.BeginArray();
                  for (const Value& value : row) WriteValue(json, value);
                  json.EndArray();
                }));
  json.EndArray();
  return written;
}

Result<RowsWritten> WriteObjects(engine::QueryResult& result, RowLimits limits, JsonWriter& json,
                                 std::ostream& out) {
  const std::vector<engine::Column> columns = result.columns();
  json.BeginArray();
  SLUICE_ASSIGN(const RowsWritten written,
                ForEachRow(result, limits, out, [&](const std::vector<Value>& row) {
                  json.BeginObject();
                  for (size_t i = 0; i < row.size(); ++i) {
                    json.Name(columns[i].name);
                    WriteValue(json, row[i]);
                  }
                  json.EndObject();
                }));
  json.EndArray();
  return written;
}

}  // namespace sluice::cli
