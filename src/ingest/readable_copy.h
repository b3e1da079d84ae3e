// What the engine is given to read: the file itself, or, where the engine would read it wrongly without
// a word (format/csv_census.h), a copy rewritten by our own reader.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "env/clock.h"
#include "format/byte_source.h"
#include "format/csv_dialect.h"
#include "format/csv_reader.h"

namespace sluice::ingest {

struct ReadableCopy {
  std::string path;
  format::Compression compression = format::Compression::kNone;
  format::CsvDialect dialect = {};
  format::CsvLimits limits = {};
  bool parallel = true;              // several threads may read one file
  bool header = false;               // the first line is no data
  bool is_copy = false;              // to be removed after reading
  bool unpacked = false;             // the file is compressed, and `path` is not
  int64_t removed = 0;               // broken records that are not in the copy
  int64_t expected = 0;              // rows that the engine must find in `path`, broken ones too
  std::vector<std::string> missing;  // JSON: columns that no record of the file has
  // CsvCensus::marks of `path`; none where reading cannot begin in the middle of it.
  std::vector<uint64_t> marks;
};

// A file as it lies here, and how its rows are read.
struct ReadableFile {
  std::string path;
  int64_t file_id = 0;  // gives the copies their name
  std::string name;     // for people
  format::CsvReaderOptions options = {};
};

// The file itself where the engine reads its compression, encoding and dialect, and the census finds no trap.
// Else a copy in `spool_folder`: decoded, which the engine then reads with several threads; or, for a dialect or a
// trap that is not for the engine, and when `rewrite`, written anew by our own reader.
Result<ReadableCopy> MakeReadable(const ReadableFile& file, const std::string& spool_folder,
                                  bool rewrite, const env::Cancel* cancel);

inline constexpr uint64_t kMostUnpackedBytes = 8ULL << 30;

// The same for each of `files`, by as many threads as there are cores: unpacking a file to count its rows keeps
// one of them busy. What is unpacked of gzip files is kept for the engine, which would unpack it with one thread for
// each file: at most `most_unpacked` of it, and half of the free disk. In the order of `files`; one that is kRejected
// stops no other, after any other failure those behind it may be kCancelled.
std::vector<Result<ReadableCopy>> MakeAllReadable(const std::vector<ReadableFile>& files,
                                                  const std::string& spool_folder, bool rewrite,
                                                  const env::Cancel* cancel,
                                                  uint64_t most_unpacked = kMostUnpackedBytes);

}  // namespace sluice::ingest
