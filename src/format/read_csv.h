// The one place that knows how DuckDB is asked to read CSV.
//
// Every column comes as text (VARCHAR, NULL for what the dialect calls NULL): the strict casts of
// cast_functions.h make values of it. Broken records are left out: how many shows the census, and which our own reader.
// The engine's tables of rejects are not asked for: they take more than a kilobyte of memory for each, beyond any limit.
//
// What the engine makes of these options was measured with 1.5.6 (format/README.md): it is exact for
// files that the census of csv_census.h calls plain, with all columns read; others it may read wrongly
// without a word, so they go through csv_normalise.h first.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "format/byte_source.h"
#include "format/csv_dialect.h"

namespace sluice::format {

struct ReadCsvOptions {
  std::vector<std::string> paths = {};    // local files of the same kind; at least one
  std::vector<std::string> columns = {};  // names in the order of the files, none twice in any case
  Compression compression = Compression::kNone;  // of all of them; names do not matter
  CsvDialect dialect = {};
  bool header = false;  // the first line of each file is skipped, whatever it says
  // Several threads in one file; several files are always read at the same time. Only for files
  // without CsvCensus::quoted_breaks, and even then broken records may swallow others behind them: when
  // more rows are missing than are broken, read again without.
  bool parallel = false;
  std::string file_column = {};  // when not empty: a last column with the path as it was given
  CsvLimits limits = {};
};

// The path as the engine has to be given it: it takes every path for a pattern. In a pattern a backslash parts folders as
// a slash does, so that one with both would mean another file: kRejected.
Status CheckLiteralPath(std::string_view path);
std::string LiteralPath(std::string_view path);

// "read_csv([...], ...)", to stand behind FROM. The statement must read *all* of the columns, those that
// are not loaded too: DuckDB checks what it reads only, and a record with too many fields then ends the
// whole instance with an internal error.
std::string ReadCsvCall(const ReadCsvOptions& options);

}  // namespace sluice::format
