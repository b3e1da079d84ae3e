#include "format/csv_normalise.h"

#include <string_view>

#include "env/file.h"

namespace sluice::format {
namespace {

constexpr size_t kFlushBytes = 256 * 1024;
constexpr uint64_t kRecordsBetweenLooks = 4096;  // at the cancellation

bool NeedsQuotes(const CsvCell& cell, const CsvDialect& dialect) {
  if (cell.quoted || cell.text.empty()) return true;
  // Only a blank directly before a quote means anything, but nothing is lost by being careful. The
  // last is a byte order mark, which would be dropped at the beginning of the file.
  const char first = cell.text.front();
  if (first == ' ' || first == dialect.quote || first == '\xEF') return true;
  const char special[] = {'\n', '\r', dialect.delimiter};
  return cell.text.find_first_of(std::string_view(special, sizeof special)) != cell.text.npos;
}

void AppendCell(std::string& out, const CsvCell& cell, const CsvDialect& dialect) {
  if (cell.null) return;
  if (!NeedsQuotes(cell, dialect)) {
    out += cell.text;
    return;
  }
  out += dialect.quote;
  for (const char c : cell.text) {
    if (c == dialect.quote || c == dialect.escape) out += dialect.escape;
    out += c;
  }
  out += dialect.quote;
}

void AppendRecord(std::string& out, const CsvRecord& record, const CsvDialect& dialect) {
  for (size_t i = 0; i < record.cells.size(); ++i) {
    if (i > 0) out += dialect.delimiter;
    AppendCell(out, record.cells[i], dialect);
  }
  out += '\n';
}

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
      counts.unclosed_quote |= record.fault == CsvFault::kUnterminatedQuote;
      continue;
    }
    ++counts.accepted;
    AppendRecord(out, record, options.dialect);
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
  SLUICE_ASSIGN(const auto source, OpenByteSource(from));
  SLUICE_TRY(env::RemoveFile(to));
  SLUICE_ASSIGN(auto file, env::AppendFile::Open(to));
  auto counts = Rewrite(*source, options, file, cancel);
  if (!counts.ok()) (void)env::RemoveFile(to);  // the first error is the one to tell
  return counts;
}

}  // namespace sluice::format
