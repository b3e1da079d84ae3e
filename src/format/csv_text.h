// Cells as the text of a CSV record, for those who write what CsvReader and the engine read.
#pragma once

#include <span>
#include <string>

#include "format/csv_dialect.h"
#include "format/csv_reader.h"

namespace sluice::format {

// Appends the cells in quotes where they need them, without a line end. NULL comes out as an empty
// field, an empty text as quotes with nothing between: read back, each cell is what it was. Not in every
// dialect: without quotes an empty text becomes NULL, and without an escape either a delimiter, a quote or a line
// end in a cell cannot be told from a real one. Whoever writes such a dialect reads it back and compares.
void AppendCsvRecord(std::string& out, std::span<const CsvCell> cells, const CsvDialect& dialect);

}  // namespace sluice::format
