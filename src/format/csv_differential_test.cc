// The engine against our own reader, over thousands of random files and the sample files of others:
// which records are accepted and what is in them. This is the proof of the
// table in README.md, for the version of the engine that is linked.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/engine.h"
#include "env/file.h"
#include "format/csv_census.h"
#include "format/csv_normalise.h"
#include "format/csv_random_for_tests.h"
#include "format/csv_reader.h"
#include "format/file_for_tests.h"
#include "format/read_csv.h"

namespace sluice::format {
namespace {

constexpr uint64_t kSeed = 20261121;

// Under the address sanitizer each buffer that the engine takes is slow, and the engine is not what it looks
// at: a tenth of the rounds goes over our own reader as well.
#ifdef __SANITIZE_ADDRESS__
constexpr int kFewer = 10;
#else
constexpr int kFewer = 1;
#endif

// What somebody made of a file. Rows have their cells joined, NULL told from everything else.
struct View {
  std::vector<std::string> rows;
  size_t broken = 0;  // records that are no rows; our reader only
  size_t Records() const { return rows.size() + broken; }
};

void AddCell(std::string& row, bool null, std::string_view text) {
  row += null ? "~" : "[" + std::string(text) + "]";
}

View Ours(const std::string& path, const CsvReaderOptions& options) {
  View view;
  const auto source = OpenByteSource(path);
  EXPECT_TRUE(source.ok()) << path;
  CsvReader reader(**source, options);
  while (true) {
    const auto more = reader.Next();
    EXPECT_TRUE(more.ok()) << path;
    if (!more.ok() || !*more) return view;
    const CsvRecord& record = reader.record();
    if (record.fault != CsvFault::kNone) {
      ++view.broken;
      continue;
    }
    std::string row;
    for (const CsvCell& cell : record.cells) AddCell(row, cell.null, cell.text);
    view.rows.push_back(std::move(row));
  }
}

class CsvDifferentialTest : public testing::Test {
 protected:
  void SetUp() override {
    engine::OpenOptions options;
    options.threads = 2;
    auto database = engine::Database::Open("", options);
    ASSERT_TRUE(database.ok()) << database.status().ToString();
    database_ = std::move(*database);
    connection_ = std::move(*database_->Connect());
  }

  // What the engine makes of the files of one call, by path.
  std::map<std::string, View> Theirs(ReadCsvOptions options) {
    std::map<std::string, View> views;
    options.file_column = "file of the row";
    auto rows = connection_->Rows("SELECT * FROM " + ReadCsvCall(options));
    EXPECT_TRUE(rows.ok()) << rows.status().ToString() << "\nof " << options.paths[0];
    if (!rows.ok()) return views;
    for (const auto& values : *rows) {
      std::string row;
      for (size_t i = 0; i + 1 < values.size(); ++i) {
        AddCell(row, engine::IsNull(values[i]), engine::ToText(values[i]));
      }
      views[engine::ToText(values.back())].rows.push_back(std::move(row));
    }
    return views;
  }

  TestFolder folder_;
  std::unique_ptr<engine::Database> database_;
  std::unique_ptr<engine::Connection> connection_;
};

struct Tally {
  int plain = 0;
  int broken = 0;
  int normalised = 0;
  int detected = 0;  // rows went missing, and the census told
};

// Options that every file of a batch shares, drawn at random.
ReadCsvOptions SomeOptions(RandomCsv& random, size_t columns) {
  ReadCsvOptions read;
  for (size_t i = 0; i < columns; ++i) read.columns.push_back("c" + std::to_string(i));
  if (random.OneIn(3)) read.dialect.null_words = {"N", "1x"};
  read.dialect.empty_quoted_is_null = random.OneIn(2);
  read.header = random.OneIn(2);
  return read;
}

class RandomCsvTest : public CsvDifferentialTest {
 protected:
  // Writes `files` files, sorts them into those for the engine and those to be rewritten, and compares.
  void Compare(RandomCsv& random, ReadCsvOptions read, size_t files, size_t max_records,
               Tally& tally) {
    const size_t columns = read.columns.size();
    const CsvReaderOptions options{.dialect = read.dialect,
                                   .columns = columns,
                                   .header = read.header,
                                   .max_record_bytes = read.limits.max_record_bytes};
    ReadCsvOptions rewritten = read;
    rewritten.header = true;
    std::map<std::string, std::string> original;
    std::map<std::string, CsvCensus> census;
    for (size_t i = 0; i < files; ++i) {
      const std::string path = folder_.Write(
          std::to_string(i),
          random.File({.columns = columns, .header = read.header, .max_records = max_records}));
      const auto counted = TakeCensus(path, read.dialect, read.limits);
      ASSERT_TRUE(counted.ok());
      if (counted->trap == CsvTrap::kNone) {
        read.paths.push_back(path);
        census[path] = *counted;
        continue;
      }
      ASSERT_TRUE(NormaliseCsv(path, options, path + ".new").ok());
      rewritten.paths.push_back(path + ".new");
      original[path + ".new"] = path;
    }
    if (!read.paths.empty()) ComparePlain(read, options, census, tally);
    if (!rewritten.paths.empty()) CompareRewritten(rewritten, options, original, tally);
  }

  void ComparePlain(const ReadCsvOptions& read, const CsvReaderOptions& options,
                    const std::map<std::string, CsvCensus>& census, Tally& tally) {
    auto theirs = Theirs(read);
    for (const std::string& path : read.paths) {
      const View ours = Ours(path, options);
      const View& engine = theirs[path];
      ++tally.plain;
      tally.broken += ours.broken > 0;
      const uint64_t rows = census.at(path).Rows(read.header, read.columns.size());
      ASSERT_EQ(rows, ours.Records()) << *env::ReadFile(path);
      if (read.parallel && engine.rows.size() + ours.broken != rows) {
        EXPECT_GT(ours.broken, 0U) << "a whole file with several threads:\n"
                                   << *env::ReadFile(path);
        ++tally.detected;
        continue;
      }
      ASSERT_EQ(engine.rows, ours.rows) << *env::ReadFile(path);
    }
  }

  void CompareRewritten(ReadCsvOptions read, const CsvReaderOptions& options,
                        const std::map<std::string, std::string>& original, Tally& tally) {
    read.dialect = CanonicalDialect();
    // Quotes make a record longer.
    read.limits = CsvLimits::ForRecords(3 * read.limits.max_record_bytes);
    auto theirs = Theirs(read);
    for (const std::string& path : read.paths) {
      ++tally.normalised;
      const View ours = Ours(original.at(path), options);
      ASSERT_EQ(theirs[path].rows, ours.rows) << *env::ReadFile(original.at(path));
    }
  }
};

TEST_F(RandomCsvTest, SmallFiles) {
  RandomCsv random(kSeed);
  Tally tally;
  for (int round = 0; round < 60 / kFewer && !HasFailure(); ++round) {
    Compare(random, SomeOptions(random, 1 + random.Below(4)), 100, 10, tally);
  }
  EXPECT_GT(tally.plain, 3'000 / kFewer);
  EXPECT_GT(tally.broken, 500 / kFewer);
  EXPECT_GT(tally.normalised, 500 / kFewer);
}

// Files that span several of the engine's buffers, with one thread each.
TEST_F(RandomCsvTest, BordersOfBuffers) {
  RandomCsv random(kSeed + 1);
  Tally tally;
  for (int round = 0; round < 60 / kFewer && !HasFailure(); ++round) {
    ReadCsvOptions read = SomeOptions(random, 1 + random.Below(4));
    read.limits = {.max_record_bytes = 400, .buffer_bytes = 64 * (26 + random.Below(20))};
    Compare(random, read, 30, 300, tally);
  }
  EXPECT_GT(tally.plain, 400 / kFewer);
  EXPECT_GT(tally.broken, 100 / kFewer);
  EXPECT_GT(tally.normalised, 100 / kFewer);
}

// Several threads in one file, where that is allowed: whole files come out right, and when broken
// records swallow others, more rows are missing than are broken.
TEST_F(RandomCsvTest, SeveralThreadsInOneFile) {
  RandomCsv random(kSeed + 2);
  Tally tally;
  for (int round = 0; round < 400 / kFewer && !HasFailure(); ++round) {
    ReadCsvOptions read = SomeOptions(random, 2 + random.Below(3));
    read.limits = {.max_record_bytes = 400, .buffer_bytes = 64 * (26 + random.Below(20))};
    read.parallel = true;
    const std::string path = folder_.Write(
        "p",
        random.File({.columns = read.columns.size(), .header = read.header, .max_records = 300}));
    const auto census = TakeCensus(path, read.dialect, read.limits);
    ASSERT_TRUE(census.ok());
    if (census->trap != CsvTrap::kNone || census->quoted_breaks) continue;
    const CsvReaderOptions options{.dialect = read.dialect,
                                   .columns = read.columns.size(),
                                   .header = read.header,
                                   .max_record_bytes = read.limits.max_record_bytes};
    read.paths = {path};
    ComparePlain(read, options, {{path, *census}}, tally);
  }
  EXPECT_GT(tally.plain, 60 / kFewer);
  RecordProperty("detected", tally.detected);
}

// Sample files of other projects. They are not part of the repository: SLUICE_SHARED names the folder
// that holds data/csv; without it ../shared beside the repository is meant.
class SampleCsvTest : public CsvDifferentialTest {};

TEST_F(SampleCsvTest, AgreesOnTheSamplesOfOthers) {
  const char* const named = std::getenv("SLUICE_SHARED");
  const std::filesystem::path root = named != nullptr
                                         ? std::filesystem::path(named)
                                         : std::filesystem::path(SLUICE_SOURCE_DIR) / "../shared";
  const auto folder = root / "data" / "csv";
  if (!std::filesystem::exists(folder)) {
    ASSERT_EQ(std::getenv("CI"), nullptr) << "the samples must be there in CI: " << folder;
    GTEST_SKIP() << "no sample files in " << folder << "; SLUICE_SHARED names the folder";
  }
  int compared = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    const std::string path = entry.path().string();
    if (!entry.is_regular_file() || path.find(".csv") == path.npos) continue;
    SCOPED_TRACE(path);
    const auto compression = DetectCompression(path);
    ASSERT_TRUE(compression.ok());
    // As many columns as most records have, so that samples are more than broken records.
    const auto source = OpenByteSource(path);
    ASSERT_TRUE(source.ok());
    const CsvDialect bytes{.encoding = "utf-8"};
    const auto census = TakeCensus(path, bytes);
    ASSERT_TRUE(census.ok());
    std::map<size_t, int> votes;
    CsvReader reader(**source, {});
    while (*reader.Next()) ++votes[reader.record().cells.size()];
    size_t columns = 1;
    for (const auto& [n, count] : votes) {
      if (n > 0 && count > votes[columns]) columns = n;
    }
    ReadCsvOptions read{.paths = {path}, .compression = *compression};
    for (size_t i = 0; i < columns; ++i) read.columns.push_back("c" + std::to_string(i));
    const CsvReaderOptions options{.dialect = bytes, .columns = columns};
    const View ours = Ours(path, options);
    ++compared;
    if (census->trap == CsvTrap::kNone) {
      const View engine = Theirs(read)[path];
      EXPECT_EQ(engine.rows, ours.rows);
      EXPECT_EQ(census->Rows(false, columns), ours.Records());
      continue;
    }
    const std::string rewritten = folder_.path() + "/new";
    ASSERT_TRUE(NormaliseCsv(path, options, rewritten).ok());
    read.paths = {rewritten};
    read.compression = Compression::kNone;
    read.header = true;
    EXPECT_EQ(Theirs(read)[rewritten].rows, ours.rows);
  }
  EXPECT_GT(compared, 80);
}

}  // namespace
}  // namespace sluice::format
