#include "format/csv_normalise.h"

#include "env/file.h"
#include "format/csv_text.h"
#include "format/text_source.h"

namespace sluice::format {
namespace {

constexpr size_t kFlushBytes = 256 * 1024;
constexpr uint64_t kRecordsBetweenLooks = 4096;  // at the cancellation

Result<NormalisedCsv> Rewrite(ByteSource& source, const CsvReaderOptions& options,
                              env::AppendFile& file, const env::Cancel* cancel) {
  CsvReader reader(source, options);
  NormalisedCsv counts;
  // Settles the kind of line ends: the engine takes the first, and it could lie in quotes.
  std::string out = "sluice\n";
  while (true) {
    const bool look = (counts.accepted + counts.broken) % kRecordsBetweenLooks == 0;
    if (look && cancel != nullptr && cancel->is_set()) return CancelledError("cancelled");
    SLUICE_ASSIGN(const bool more, reader.Next());
    if (!more) break;
    const CsvRecord& record = reader.record();
    if (record.fault != CsvFault::kNone) {
      ++counts.broken;
      continue;
    }
    ++counts.accepted;
    AppendCsvRecord(out, record.cells, CanonicalDialect());
    out += '\n';
    if (out.size() >= kFlushBytes) {
      SLUICE_TRY(file.Append(out));
      out.clear();
    }
  }
  SLUICE_TRY(file.Append(out));
  counts.bytes = file.size();
  return counts;
}

}  // namespace

Result<NormalisedCsv> NormaliseCsv(const std::string& from, const CsvReaderOptions& options,
                                   const std::string& to, const env::Cancel* cancel) {
  SLUICE_TRY(options.dialect.Validate());
  SLUICE_ASSIGN(const auto source, OpenCsvText(from, options.dialect));
  SLUICE_TRY(env::RemoveFile(to));
  SLUICE_ASSIGN(auto file, env::AppendFile::Open(to));
  auto counts = Rewrite(*source, options, file, cancel);
  if (!counts.ok()) (void)env::RemoveFile(to);  // the first error is the one to tell
  return counts;
}

}  // namespace sluice::format
