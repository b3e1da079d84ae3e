// The rows of a statement, as a table for people, as CSV or as JSON. Streams: memory stays flat.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "cli/json_writer.h"
#include "cli/terminal.h"
#include "engine/engine.h"

namespace sluice::cli {

enum class RowFormat { kTable, kCsv, kJson };

struct RowLimits {
  int64_t rows = 0;  // 0: all
};

struct RowsWritten {
  int64_t rows = 0;
  bool complete = true;  // false: there were more than the limit
};

// Values are exact in every format. Ends early, without an error, when `out` takes nothing more. JSON
// is the two members "columns" and "rows" of an object that the caller has begun.
Result<RowsWritten> WriteRows(engine::QueryResult& result, RowFormat format, RowLimits limits,
                              std::ostream& out, const Terminal& terminal);
Result<RowsWritten> WriteRowsJson(engine::QueryResult& result, RowLimits limits, JsonWriter& json,
                                  std::ostream& out);

// Columns as JSON objects with their names, for results whose columns are known.
Result<RowsWritten> WriteObjects(engine::QueryResult& result, RowLimits limits, JsonWriter& json,
                                 std::ostream& out);

// One field of a CSV line: NULL is nothing, an empty text "".
std::string CsvField(const engine::Value& value);
// Whole numbers to 64 bits, floats and booleans as such; everything else as text.
void WriteValue(JsonWriter& json, const engine::Value& value);

}  // namespace sluice::cli
