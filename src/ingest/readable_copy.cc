#include "ingest/readable_copy.h"

#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "env/file.h"
#include "env/parallel.h"
#include "format/csv_census.h"
#include "format/csv_normalise.h"
#include "format/text_source.h"

namespace sluice::ingest {
namespace {

constexpr size_t kChunkBytes = 256 * 1024;

std::string SpoolName(const ReadableFile& file, const std::string& spool_folder,
                      std::string_view ending) {
  return env::JoinPath(spool_folder, fmt::format("{:016x}.{}.csv", file.file_id, ending));
}

Status CopyAll(format::ByteSource& source, env::AppendFile& to, const env::Cancel* cancel) {
  std::vector<char> chunk(kChunkBytes);
  while (true) {
    if (cancel != nullptr && cancel->is_set()) return CancelledError("cancelled");
    SLUICE_ASSIGN(const size_t n, source.Read(chunk.data(), chunk.size()));
    if (n == 0) return Status::Ok();
    SLUICE_TRY(to.Append(std::string_view(chunk.data(), n)));
  }
}

// The text in UTF-8, not compressed.
Status Decode(const ReadableFile& file, const std::string& to, const env::Cancel* cancel) {
  SLUICE_ASSIGN(const auto source, format::OpenCsvText(file.path, file.options.dialect));
  SLUICE_TRY(env::RemoveFile(to));
  SLUICE_ASSIGN(auto out, env::AppendFile::Open(to));
  const Status status = CopyAll(*source, out, cancel);
  if (!status.ok()) (void)env::RemoveFile(to);  // the first error is the one to tell
  return status;
}

// The file, or its decoded copy, as the engine reads it; nothing when there is a trap in it.
Result<std::optional<ReadableCopy>> AsItIs(const ReadableFile& file,
                                           const std::string& spool_folder,
                                           const env::Cancel* cancel) {
  ReadableCopy copy;
  copy.dialect = file.options.dialect;
  copy.dialect.encoding = "utf-8";
  copy.limits = format::CsvLimits::ForRecords(file.options.max_record_bytes);
  copy.header = file.options.header;
  copy.path = file.path;
  SLUICE_ASSIGN(copy.compression, format::DetectCompression(file.path));
  SLUICE_ASSIGN(const bool utf8, format::IsUtf8(file.path, file.options.dialect));
  const bool gzip = copy.compression == format::Compression::kGzip;
  if (!utf8 || (copy.compression != format::Compression::kNone && !gzip)) {
    copy.path = SpoolName(file, spool_folder, "utf8");
    copy.compression = format::Compression::kNone;
    copy.is_copy = true;
    SLUICE_TRY(Decode(file, copy.path, cancel));
  }
  auto census = format::TakeCensus(copy.path, copy.dialect, copy.limits, cancel);
  if (census.ok() && census->trap == format::CsvTrap::kNone) {
    copy.parallel = !census->quoted_breaks;
    copy.expected = static_cast<int64_t>(census->Rows(copy.header, file.options.columns));
    if (!gzip) copy.marks = std::move(census->marks);
    return std::optional(std::move(copy));
  }
  if (copy.is_copy) SLUICE_TRY(env::RemoveFile(copy.path));
  if (!census.ok()) return census.status();
  return std::optional<ReadableCopy>();
}

}  // namespace

Result<ReadableCopy> MakeReadable(const ReadableFile& file, const std::string& spool_folder,
                                  bool rewrite, const env::Cancel* cancel) {
  SLUICE_TRY(env::CreateDirectories(spool_folder, 0700));
  if (!rewrite && file.options.dialect.EngineReads()) {
    SLUICE_ASSIGN(auto as_it_is, AsItIs(file, spool_folder, cancel));
    if (as_it_is) return std::move(*as_it_is);
  }
  ReadableCopy copy;
  copy.path = SpoolName(file, spool_folder, "plain");
  SLUICE_ASSIGN(const format::NormalisedCsv normalised,
                format::NormaliseCsv(file.path, file.options, copy.path, cancel));
  copy.dialect = format::CanonicalDialect();
  // Quotes make a record longer, at most by as much again; and what was missing at its end comes to it.
  constexpr size_t kRoom = 3;
  copy.limits = format::CsvLimits::ForRecords(kRoom * file.options.max_record_bytes);
  copy.is_copy = true;
  copy.parallel = false;
  copy.header = true;  // its first line only settles the line ends
  copy.removed = static_cast<int64_t>(normalised.broken);
  copy.expected = static_cast<int64_t>(normalised.accepted);
  if (normalised.unclosed_quote) {
    copy.warning = fmt::format(
        "{}: a quote is never closed: what follows it is in quarantine as one row, however many "
        "rows it was",
        file.name);
  }
  return copy;
}

std::vector<Result<ReadableCopy>> MakeAllReadable(const std::vector<ReadableFile>& files,
                                                  const std::string& spool_folder, bool rewrite,
                                                  const env::Cancel* cancel) {
  std::vector<Result<ReadableCopy>> copies(files.size(), CancelledError("stopped"));
  env::OnAllCores(files.size(), [&](size_t i) {
    copies[i] = MakeReadable(files[i], spool_folder, rewrite, cancel);
    return copies[i].ok();
  });
  return copies;
}

}  // namespace sluice::ingest
