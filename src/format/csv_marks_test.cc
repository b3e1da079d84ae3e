// A file read from the middle, and many bytes at a time, is the same file.
#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "format/csv_census.h"
#include "format/csv_random_for_tests.h"
#include "format/csv_reader.h"
#include "format/file_for_tests.h"

namespace sluice::format {
namespace {

constexpr uint64_t kSeed = 20261129;

struct Seen {
  uint64_t number = 0, line = 0, offset = 0, size = 0;
  CsvFault fault = CsvFault::kNone;
  size_t fault_column = 0;
  std::string raw;
  std::vector<std::string> cells;
  bool operator==(const Seen&) const = default;
};

// Gives `step` bytes at a time.
class InSteps : public ByteSource {
 public:
  InSteps(std::string_view content, size_t step) : rest_(content), step_(step) {}
  Result<size_t> Read(char* to, size_t size) override {
    const size_t n = std::min({size, step_, rest_.size()});
    rest_.copy(to, n);
    rest_.remove_prefix(n);
    return n;
  }

 private:
  std::string_view rest_;
  size_t step_;
};

// Adds what a reader of `source` finds to `seen`, with numbers and lines going on from what is there already.
void ReadOn(ByteSource& source, const CsvReaderOptions& options, uint64_t& lines,
            std::vector<Seen>& seen) {
  const uint64_t before = seen.size();
  CsvReader reader(source, options);
  while (true) {
    const auto more = reader.Next();
    ASSERT_TRUE(more.ok());
    if (!*more) break;
    const CsvRecord& record = reader.record();
    Seen& one = seen.emplace_back();
    one = {before + record.number, lines + record.line, record.offset,           record.size,
           record.fault,           record.fault_column, std::string(record.raw), {}};
    for (const CsvCell& cell : record.cells) {
      one.cells.push_back((cell.null ? "~" : cell.quoted ? "'" : "") + std::string(cell.text));
    }
  }
  lines += reader.line() - 1;
}

struct RandomFile {
  std::string text;
  CsvReaderOptions options;
};

RandomFile Draw(RandomCsv& random) {
  RandomFile file;
  file.options.columns = 1 + random.Below(4);
  file.options.header = random.OneIn(2);
  file.options.max_record_bytes = random.OneIn(4) ? 30 : 400;
  if (random.OneIn(3)) file.options.dialect.null_words = {"N", "1x"};
  file.text = random.File({.columns = file.options.columns,
                           .header = file.options.header,
                           .max_records = 10 + 30 * random.Below(3)});
  return file;
}

TEST(CsvMarks, RecordsTakenAtOnceAreThoseTakenByteByByte) {
  RandomCsv random(kSeed);
  for (int round = 0; round < 4000 && !HasFailure(); ++round) {
    const RandomFile file = Draw(random);
    SCOPED_TRACE(testing::Message() << "round " << round << ":\n" << file.text);
    std::vector<Seen> expected;
    uint64_t lines = 0;
    InSteps one_by_one(file.text, 1);
    ReadOn(one_by_one, file.options, lines, expected);
    for (const size_t step : {size_t{17}, 20 + random.Below(100), size_t{100'000}}) {
      std::vector<Seen> seen;
      uint64_t lines_too = 0;
      InSteps source(file.text, step);
      ReadOn(source, file.options, lines_too, seen);
      ASSERT_EQ(seen.size(), expected.size());
      EXPECT_TRUE(seen == expected) << "in steps of " << step;
      EXPECT_EQ(lines_too, lines);
    }
  }
}

TEST(CsvMarks, AFileReadInStretchesIsTheWholeFile) {
  RandomCsv random(kSeed + 1);
  TestFolder folder;
  size_t stretches = 0;
  for (int round = 0; round < 1500 && !HasFailure(); ++round) {
    const RandomFile file = Draw(random);
    SCOPED_TRACE(testing::Message() << "round " << round << ":\n" << file.text);
    const auto source = MemorySource(file.text);
    const CsvLimits limits{.max_record_bytes = file.options.max_record_bytes};
    const auto census = TakeCensus(*source, file.options.dialect, limits, nullptr,
                                   /*mark_every=*/1 + random.Below(60));
    ASSERT_TRUE(census.ok());
    if (census->trap != CsvTrap::kNone) continue;
    std::vector<Seen> whole;
    uint64_t lines = 0;
    InSteps all(file.text, 100'000);
    ReadOn(all, file.options, lines, whole);
    EXPECT_EQ(census->Rows(file.options.header, file.options.columns), whole.size());

    const std::string path = folder.Write("f", file.text);
    std::vector<uint64_t> begins = {0};
    begins.insert(begins.end(), census->marks.begin(), census->marks.end());
    std::vector<Seen> seen;
    uint64_t lines_too = 0;
    for (size_t i = 0; i < begins.size(); ++i) {
      const uint64_t end = i + 1 < begins.size() ? begins[i + 1] : UINT64_MAX;
      const auto stretch = OpenStretch(path, begins[i], end);
      ASSERT_TRUE(stretch.ok());
      CsvReaderOptions options = file.options;
      options.begin = begins[i];
      ReadOn(**stretch, options, lines_too, seen);
      ++stretches;
    }
    ASSERT_EQ(seen.size(), whole.size());
    EXPECT_TRUE(seen == whole);
    EXPECT_EQ(lines_too, lines);
  }
  EXPECT_GT(stretches, 5000U);
}

}  // namespace
}  // namespace sluice::format
