#include "ingest/readable_copy.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <string_view>
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

std::string SpoolName(const ReadableFile& file, const std::string& spool_folder,
                      std::string_view ending) {
  return env::JoinPath(spool_folder, fmt::format("{:016x}.{}.csv", file.file_id, ending));
}

// Writes what passes by into a file.
class CopyingSource : public format::ByteSource {
 public:
  // `room`: how many bytes may be written, by all who share it; nullptr: any number.
  CopyingSource(std::unique_ptr<format::ByteSource> from, const std::string& to,
                std::atomic<int64_t>* room)
      : from_(std::move(from)), room_(room) {
    status_ = env::RemoveFile(to);
    if (!status_.ok()) return;
    auto file = env::AppendFile::Open(to);
    status_ = file.status();
    if (file.ok()) to_ = std::move(*file);
  }

  // Why there is no copy. Not an error of this source: what only passes by is whole without it.
  const Status& status() const { return status_; }

  Result<size_t> Read(char* to, size_t size) override {
    SLUICE_ASSIGN(const size_t n, from_->Read(to, size));
    if (n > 0 && status_.ok()) Write({to, n});
    return n;
  }

 private:
  void Write(std::string_view bytes) {
    if (Take(static_cast<int64_t>(bytes.size()))) {
      status_ = to_->Append(bytes);
      if (status_.ok()) return;
      if (room_ != nullptr) *room_ += taken_;
    } else {
      status_ = FailedError("no room for a copy");
    }
    (void)to_->Truncate(0);  // it is not used
  }

  // What does not fit gives back in the same moment what it took before: else two that each have a part of the last
  // room would both fail, where there was enough for one.
  bool Take(int64_t size) {
    if (room_ == nullptr) return true;
    int64_t left = *room_;
    bool fits = false;
    do {
      fits = left >= size;
    } while (!room_->compare_exchange_weak(left, fits ? left - size : left + taken_));
    taken_ += size;
    return fits;
  }

  std::unique_ptr<format::ByteSource> from_;
  std::optional<env::AppendFile> to_;
  std::atomic<int64_t>* room_;
  int64_t taken_ = 0;
  Status status_;
};

// Counts the records, and on the way makes the copy that the engine reads: of what it does not read itself, and of
// gzip as long as there is `room` (nullptr: none). The engine would unpack that once more, and with one thread.
Result<format::CsvCensus> Count(const ReadableFile& file, const std::string& spool_folder,
                                std::atomic<int64_t>* room, const env::Cancel* cancel,
                                ReadableCopy& copy) {
  SLUICE_ASSIGN(copy.compression, format::DetectCompression(file.path));
  SLUICE_ASSIGN(const bool utf8, format::IsUtf8(file.path, file.options.dialect));
  const bool gzip = copy.compression == format::Compression::kGzip;
  const bool packed = copy.compression != format::Compression::kNone;
  if (utf8 && (!packed || (gzip && room == nullptr))) {
    return format::TakeCensus(file.path, copy.dialect, copy.limits, cancel);
  }
  const bool needed = !utf8 || !gzip;
  SLUICE_ASSIGN(auto text, format::OpenCsvText(file.path, file.options.dialect));
  copy.path = SpoolName(file, spool_folder, "utf8");
  copy.is_copy = true;
  CopyingSource source(std::move(text), copy.path, needed ? nullptr : room);
  auto census = format::TakeCensus(source, copy.dialect, copy.limits, cancel);
  if (source.status().ok()) {
    copy.compression = format::Compression::kNone;
    copy.unpacked = packed;
    return census;
  }
  if (needed) return source.status();
  SLUICE_TRY(env::RemoveFile(copy.path));
  copy.path = file.path;
  copy.is_copy = false;
  return census;
}

// The file, or its decoded copy, as the engine reads it; nothing when there is a trap in it.
Result<std::optional<ReadableCopy>> AsItIs(const ReadableFile& file,
                                           const std::string& spool_folder,
                                           std::atomic<int64_t>* room, const env::Cancel* cancel) {
  ReadableCopy copy;
  copy.path = file.path;
  copy.dialect = file.options.dialect;
  copy.dialect.encoding = "utf-8";
  copy.limits = format::CsvLimits::ForRecords(file.options.max_record_bytes);
  copy.header = file.options.header;
  auto census = Count(file, spool_folder, room, cancel, copy);
  if (census.ok() && census->trap == format::CsvTrap::kNone) {
    copy.parallel = !census->quoted_breaks;
    copy.expected = static_cast<int64_t>(census->Rows(copy.header, file.options.columns));
    if (copy.compression == format::Compression::kNone) copy.marks = std::move(census->marks);
    return std::optional(std::move(copy));
  }
  if (copy.is_copy) (void)env::RemoveFile(copy.path);  // the first error is the one to tell
  if (!census.ok()) return census.status();
  return std::optional<ReadableCopy>();
}

Result<ReadableCopy> MakeOne(const ReadableFile& file, const std::string& spool_folder,
                             bool rewrite, std::atomic<int64_t>* room, const env::Cancel* cancel) {
  SLUICE_TRY(env::CreateDirectories(spool_folder, 0700));
  if (!rewrite && file.options.dialect.EngineReads()) {
    SLUICE_ASSIGN(auto as_it_is, AsItIs(file, spool_folder, room, cancel));
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
  return copy;
}

// What copies of gzip files may take of the disk: half of what is free, for the warehouse grows as well.
int64_t RoomForCopies(const std::string& spool_folder, uint64_t most) {
  if (!env::CreateDirectories(spool_folder, 0700).ok()) return 0;
  const auto free = env::FreeSpace(spool_folder);
  return free.ok() ? static_cast<int64_t>(std::min(most, *free / 2)) : 0;
}

}  // namespace

Result<ReadableCopy> MakeReadable(const ReadableFile& file, const std::string& spool_folder,
                                  bool rewrite, const env::Cancel* cancel) {
  return MakeOne(file, spool_folder, rewrite, nullptr, cancel);
}

std::vector<Result<ReadableCopy>> MakeAllReadable(const std::vector<ReadableFile>& files,
                                                  const std::string& spool_folder, bool rewrite,
                                                  const env::Cancel* cancel,
                                                  uint64_t most_unpacked) {
  std::vector<Result<ReadableCopy>> copies(files.size(), CancelledError("stopped"));
  std::atomic<int64_t> room = RoomForCopies(spool_folder, most_unpacked);
  env::OnAllCores(files.size(), [&](size_t i) {
    copies[i] = MakeOne(files[i], spool_folder, rewrite, &room, cancel);
    return copies[i].ok() || copies[i].status().code() == Code::kRejected;
  });
  return copies;
}

}  // namespace sluice::ingest
