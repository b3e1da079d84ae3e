#include "ingest/readable_copy.h"

#include <fmt/format.h>

#include "env/file.h"
#include "format/csv_census.h"
#include "format/csv_normalise.h"

namespace sluice::ingest {

Result<ReadableCopy> MakeReadable(const LoadFile& file, const FileShape& shape,
                                  const TargetTable& target, const std::string& spool_folder,
                                  bool rewrite, const env::Cancel* cancel) {
  ReadableCopy copy;
  const format::CsvDialect dialect = DialectOf(target.csv);
  SLUICE_ASSIGN(const format::CsvCensus census,
                format::TakeCensus(file.local_path, dialect, {}, cancel));
  if (!rewrite && census.trap == format::CsvTrap::kNone) {
    copy.path = file.local_path;
    copy.compression = shape.compression;
    copy.parallel = !census.quoted_breaks;
    copy.header = shape.header;
    copy.expected = static_cast<int64_t>(census.Rows(shape.header, shape.columns.size()));
    return copy;
  }
  format::CsvReaderOptions options;
  options.dialect = dialect;
  options.columns = shape.columns.size();
  options.header = shape.header;
  SLUICE_TRY(env::CreateDirectories(spool_folder, 0700));
  copy.path = env::JoinPath(spool_folder, fmt::format("{:016x}.plain.csv", file.file_id));
  SLUICE_ASSIGN(const format::NormalisedCsv normalised,
                format::NormaliseCsv(file.local_path, options, copy.path, cancel));
  copy.is_copy = true;
  copy.parallel = false;
  copy.header = true;  // its first line only settles the line ends
  copy.removed = static_cast<int64_t>(normalised.broken);
  copy.expected = static_cast<int64_t>(normalised.accepted);
  if (normalised.unclosed_quote) {
    copy.warning = fmt::format(
        "{}: a quote is never closed: what follows it is in quarantine as one row, however many "
        "rows it was",
        file.stored.path);
  }
  return copy;
}

}  // namespace sluice::ingest
