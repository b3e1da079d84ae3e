#include "format/csv_reader.h"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"

namespace sluice::format {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Gives its content one byte at a time, so that every border of a read falls everywhere.
class Trickle : public ByteSource {
 public:
  explicit Trickle(std::string_view content) : rest_(content) {}
  Result<size_t> Read(char* to, size_t) override {
    if (rest_.empty()) return size_t{0};
    *to = rest_[0];
    rest_.remove_prefix(1);
    return size_t{1};
  }

 private:
  std::string_view rest_;
};

// A record as "cell|cell", NULL as "~", quoted cells as "'cell'"; a broken one as "!fault@column".
std::string Show(const CsvRecord& record) {
  if (record.fault != CsvFault::kNone) {
    return "!" + std::string(CsvFaultText(record.fault)) + "@" +
           std::to_string(record.fault_column);
  }
  std::string out;
  for (const CsvCell& cell : record.cells) {
    if (!out.empty()) out += "|";
    if (cell.null) {
      out += "~";
    } else {
      out += cell.quoted ? "'" + std::string(cell.text) + "'" : std::string(cell.text);
    }
  }
  return out;
}

struct Place {
  uint64_t number, line, offset, size;
  bool operator==(const Place&) const = default;
};

std::vector<std::string> ReadFrom(ByteSource& source, const CsvReaderOptions& options,
                                  std::vector<Place>* places = nullptr) {
  CsvReader reader(source, options);
  std::vector<std::string> shown;
  while (true) {
    const auto more = reader.Next();
    EXPECT_TRUE(more.ok());
    if (!more.ok() || !*more) return shown;
    const CsvRecord& r = reader.record();
    shown.push_back(Show(r));
    if (places != nullptr) places->push_back({r.number, r.line, r.offset, r.size});
  }
}

std::vector<std::string> Read(std::string_view text, CsvReaderOptions options = {.columns = 2}) {
  const auto source = MemorySource(text);
  const auto whole = ReadFrom(*source, options);
  Trickle trickle(text);
  EXPECT_EQ(ReadFrom(trickle, options), whole) << "one byte at a time";
  return whole;
}

std::vector<Place> Places(std::string_view text, CsvReaderOptions options = {.columns = 2}) {
  std::vector<Place> places;
  Trickle trickle(text);
  ReadFrom(trickle, options, &places);
  return places;
}

TEST(CsvReader, ReadsRecords) {
  EXPECT_THAT(Read("1,2\n3,4\n"), ElementsAre("1|2", "3|4"));
  EXPECT_THAT(Read("1,2\r\n3,4\r\n"), ElementsAre("1|2", "3|4"));
  EXPECT_THAT(Read("1,2\r3,4\r"), ElementsAre("1|2", "3|4"));
  EXPECT_THAT(Read("1,2\n3,4"), ElementsAre("1|2", "3|4"));
  EXPECT_THAT(Read(""), IsEmpty());
  EXPECT_THAT(Read("\n\r\n\n"), IsEmpty());
  EXPECT_THAT(Read("1,2\n\n\r\n3,4\n\n"), ElementsAre("1|2", "3|4"));
  EXPECT_THAT(Read("\xEF\xBB\xBF"
                   "1,2\n"),
              ElementsAre("1|2"));
  EXPECT_THAT(Read("\xEF\xBB\xBF"), IsEmpty());
  EXPECT_THAT(Read("\xEF\xBB", {}), ElementsAre("!not valid UTF-8@0"));
}

TEST(CsvReader, TakesLfAndCrlfMixed) {
  EXPECT_THAT(Read("1,2\r\n3,4\n5,6\r\n"), ElementsAre("1|2", "3|4", "5|6"));
  EXPECT_THAT(Read("1,\"a\nb\"\r\n3,4\r\n"), ElementsAre("1|'a\nb'", "3|4"));
  EXPECT_THAT(Read("1,2\r\n3,4\r"), ElementsAre("1|2", "3|4"));  // cut between CR and LF
}

TEST(CsvReader, BreaksRecordsAtLoneReturns) {
  EXPECT_THAT(Read("1,2\n3\rx,4\n5,6\n"),
              ElementsAre("1|2", "!a carriage return outside quotes@0", "5|6"));
  EXPECT_THAT(Read("1,2\n3,\"4\"\r5\n5,6\n"),
              ElementsAre("1|2", "!a carriage return outside quotes@1", "5|6"));
  EXPECT_THAT(Read("1,2\n\r3,4\n"), ElementsAre("1|2", "!a carriage return outside quotes@0"));
  EXPECT_THAT(Read("1,2\n3,4\r\r\n"), ElementsAre("1|2", "!a carriage return outside quotes@1"));
  EXPECT_THAT(Read("1,2\n3,\"\r\"\n"), ElementsAre("1|2", "3|'\r'"));
  // In a file of lone returns they are line ends, and so is whatever else ends a line.
  EXPECT_THAT(Read("1,2\r3,4\n5,6\r\n\r7,8"), ElementsAre("1|2", "3|4", "5|6", "7|8"));
}

TEST(CsvReader, ReadsQuotes) {
  EXPECT_THAT(Read("1,\"a,b\"\n"), ElementsAre("1|'a,b'"));
  EXPECT_THAT(Read("1,\"a\"\"b\"\n"), ElementsAre("1|'a\"b'"));
  EXPECT_THAT(Read("\"\"\"\",\"\"\"a\"\"\"\n"), ElementsAre("'\"'|'\"a\"'"));
  EXPECT_THAT(Read("1,\"a\r\n\nb\"\n3,4\n"), ElementsAre("1|'a\r\n\nb'", "3|4"));
  EXPECT_THAT(Read("1,a\"b\"\n"), ElementsAre("1|a\"b\""));
  EXPECT_THAT(Read("1,a\"b\n\",4\n"), ElementsAre("1|a\"b", "!a quote is never closed@0"));
}

TEST(CsvReader, DropsBlanksAroundQuotesAsTheEngineDoes) {
  EXPECT_THAT(Read("1, \"a\"  \n"), ElementsAre("1|'a'"));
  EXPECT_THAT(Read(" \"a\" ,2\n"), ElementsAre("'a'|2"));
  EXPECT_THAT(Read("1,  \"a\"\n"), ElementsAre("1|  \"a\""));  // two blanks: an unquoted field
  EXPECT_THAT(Read(" 1 , 2 \n"), ElementsAre(" 1 | 2 "));
  EXPECT_THAT(Read("1, \n"), ElementsAre("1| "));
}

TEST(CsvReader, TellsNullFromEmpty) {
  EXPECT_THAT(Read(",\"\"\n"), ElementsAre("~|''"));
  EXPECT_THAT(Read(",\"\"\n", {.dialect = {.empty_quoted_is_null = true}, .columns = 2}),
              ElementsAre("~|~"));
  const CsvDialect words{.null_words = {"NULL", "-"}};
  EXPECT_THAT(Read("NULL,-\n\"NULL\",null\n,--\n", {.dialect = words, .columns = 2}),
              ElementsAre("~|~", "'NULL'|null", "~|--"));
}

TEST(CsvReader, FindsWrongNumbersOfColumns) {
  EXPECT_THAT(
      Read("1\n1,2\n1,2,3\n1,2,3,4\n"),
      ElementsAre("!too few columns@1", "1|2", "!too many columns@2", "!too many columns@2"));
  EXPECT_THAT(Read("1,2,\n1,2,,,\n1,2,,x\n1,2,\"\"\n"),
              ElementsAre("1|2", "1|2", "!too many columns@3", "!too many columns@2"));
  EXPECT_THAT(Read("1\n1,2,3\n", {}), ElementsAre("1", "1|2|3"));
}

TEST(CsvReader, ReadsBlankLinesOfOneColumnAsNull) {
  EXPECT_THAT(Read("1\n\n2\n\n", {.columns = 1}), ElementsAre("1", "~", "2", "~"));
  EXPECT_THAT(Read("1\r\n\r\n2", {.columns = 1}), ElementsAre("1", "~", "2"));
}

TEST(CsvReader, FindsTextBehindAClosingQuote) {
  EXPECT_THAT(Read("1,2\n\"a\"b,2\n3,4\n"),
              ElementsAre("1|2", "!text after a closing quote@0", "3|4"));
  EXPECT_THAT(Read("1,\"a\" b\n3,4\n"), ElementsAre("!text after a closing quote@1", "3|4"));
  EXPECT_THAT(Read("1,\"a\" \"b\"\n3,4\n"), ElementsAre("!text after a closing quote@1", "3|4"));
  EXPECT_THAT(Read("\"a\"b,\"c\nd\"\n3,4\n"), ElementsAre("!text after a closing quote@0", "3|4"));
}

TEST(CsvReader, ShowsTheCellsOfABrokenRecord) {
  const auto source = MemorySource("\"a\"b, 2,\"c\"\n");
  CsvReader reader(*source, {.columns = 2});
  ASSERT_TRUE(*reader.Next());
  ASSERT_EQ(reader.record().cells.size(), 3U);
  EXPECT_EQ(reader.record().cells[0].text, "\"a\"b");
  EXPECT_EQ(reader.record().cells[1].text, " 2");
  EXPECT_EQ(reader.record().cells[2].text, "c");
}

TEST(CsvReader, FindsAQuoteThatIsNeverClosed) {
  EXPECT_THAT(Read("1,2\n1,\"2\n3,4\n"), ElementsAre("1|2", "!a quote is never closed@1"));
  EXPECT_THAT(Read("1,\""), ElementsAre("!a quote is never closed@1"));
  // It outweighs what else is wrong: the rest of the file is in this record.
  EXPECT_THAT(Read("\"a\"b,\"2\n"), ElementsAre("!a quote is never closed@1"));
  EXPECT_THAT(Read("1,\"" + std::string(100, 'x'), {.columns = 2, .max_record_bytes = 10}),
              ElementsAre("!a quote is never closed@1"));
}

TEST(CsvReader, FindsBadBytes) {
  EXPECT_THAT(Read("1,\xFF\n\xC3\xBC,2\n"), ElementsAre("!not valid UTF-8@1", "ü|2"));
  EXPECT_THAT(Read("\xED\xA0\x80,1\n"), ElementsAre("!not valid UTF-8@0"));
  EXPECT_THAT(Read(std::string_view("1,a\0b\n", 6)), ElementsAre("!a NUL byte@1"));
}

TEST(CsvReader, BoundsARecord) {
  const CsvReaderOptions small{.columns = 2, .max_record_bytes = 10, .raw_limit = 4};
  EXPECT_THAT(
      Read("12345,7890\n12345,78901\n\"a\",\"b,\n\n\n\n\"\n3,4\n", small),
      ElementsAre("12345|7890", "!the record is too long@1", "!the record is too long@1", "3|4"));
  const auto source = MemorySource("12345,7890\n");
  CsvReader reader(*source, small);
  ASSERT_TRUE(*reader.Next());
  EXPECT_EQ(reader.record().raw, "1234");
  EXPECT_TRUE(reader.record().raw_cut);
  EXPECT_EQ(reader.record().size, 10U);
}

TEST(CsvReader, DoesNotCountDelimitersWithoutEnd) {
  EXPECT_THAT(Read(std::string(200'000, ',') + "\n1,2\n"),
              ElementsAre("!too many columns@100000", "1|2"));
}

TEST(CsvReader, TellsWhereRecordsStand) {
  EXPECT_EQ(Places("1,2\n3,4\n"), (std::vector<Place>{{1, 1, 0, 3}, {2, 2, 4, 3}}));
  EXPECT_EQ(Places("\xEF\xBB\xBF"
                   "1,2\r\n3,4"),
            (std::vector<Place>{{1, 1, 3, 3}, {2, 2, 8, 3}}));
  EXPECT_EQ(Places("\n\r\n1,\"a\r\nb\rc\nd\"\r\n\n3,4\n"),
            (std::vector<Place>{{1, 3, 3, 12}, {2, 8, 18, 3}}));
  EXPECT_EQ(Places("a,b\n1,2\n", {.columns = 2, .header = true}),
            (std::vector<Place>{{1, 2, 4, 3}}));
  EXPECT_EQ(Places("1,2\n3\rx,4\n5,6\n"),
            (std::vector<Place>{{1, 1, 0, 3}, {2, 2, 4, 5}, {3, 4, 10, 3}}));
}

TEST(CsvReader, SkipsTheHeaderOnly) {
  EXPECT_THAT(Read("\na,b\n1,2\n", {.columns = 2, .header = true}), ElementsAre("1|2"));
  EXPECT_THAT(Read("a\n\n1\n", {.columns = 1, .header = true}), ElementsAre("~", "1"));
  EXPECT_THAT(Read("a,b,c,d\n1,2\n", {.columns = 2, .header = true}), ElementsAre("1|2"));
  EXPECT_THAT(Read("a,b", {.columns = 2, .header = true}), IsEmpty());
}

TEST(CsvReader, FollowsItsDialect) {
  const CsvDialect odd{.delimiter = ";", .quote = '\'', .escape = '\\'};
  EXPECT_THAT(Read("1;'a\\'b;\\\\c\\n'\n'x'';2\n3;4\n", {.dialect = odd, .columns = 2}),
              ElementsAre("1|'a'b;\\cn'", "!text after a closing quote@0", "3|4"));
  EXPECT_THAT(Read("1;'a\\", {.dialect = odd, .columns = 2}),
              ElementsAre("!a quote is never closed@1"));
  EXPECT_THAT(Read("1\t2,\"\n", {.dialect = {.delimiter = "\t"}, .columns = 2}),
              ElementsAre("1|2,\""));
}

TEST(CsvReader, TakesLongDelimiters) {
  const CsvReaderOptions options{.dialect = {.delimiter = "||"}, .columns = 3};
  EXPECT_THAT(Read("a||b|c||\"d||e\"\n||  ||\n|||x||y\n", options),
              ElementsAre("a|b|c|'d||e'", "~|  |~", "~||x|y"));
  EXPECT_THAT(Read("a||b|", {.dialect = {.delimiter = "||"}, .columns = 2}), ElementsAre("a|b|"));
  EXPECT_THAT(Read("a\xC2\xA6"
                   "b\n",
                   {.dialect = {.delimiter = "\xC2\xA6"}, .columns = 2}),
              ElementsAre("a|b"));
}

TEST(CsvReader, KnowsFilesWithoutQuotes) {
  const CsvDialect bare{.quote = CsvDialect::kNone, .escape = CsvDialect::kNone};
  EXPECT_THAT(Read("\"a,b\"\nc\\,d\n", {.dialect = bare, .columns = 2}),
              ElementsAre("\"a|b\"", "c\\|d"));
  const CsvDialect escaped{.quote = CsvDialect::kNone, .escape = '\\', .null_words = {"\\N"}};
  EXPECT_THAT(Read("a\\,b,\\N\nc\\\nd,\\\\\n", {.dialect = escaped, .columns = 2}),
              ElementsAre("a,b|~", "c\nd|\\"));
  std::vector<Place> places;
  Trickle source("a\\\nb,c\nd,e\n");
  ReadFrom(source, {.dialect = escaped, .columns = 2}, &places);
  EXPECT_EQ(places[1].line, 3U) << "an escaped line end ends a line, but no record";
}

TEST(CsvReader, PassesOverCommentsAndPreambles) {
  const CsvReaderOptions options{
      .dialect = {.comment = "#", .skip_lines = 2}, .columns = 2, .header = true};
  std::vector<Place> places;
  Trickle source("\xEF\xBB\xBFReport, \"of 2026\r\n\r\n#x\na,b\n1,2\n#3,4\n5,#6\n\"#7\",8\n#");
  EXPECT_THAT(ReadFrom(source, options, &places), ElementsAre("1|2", "5|#6", "'#7'|8"));
  EXPECT_EQ(places[1].line, 7U);
  EXPECT_THAT(Read("only one", {.dialect = {.skip_lines = 5}, .columns = 1}), IsEmpty());
}

TEST(CsvReader, PadsAndCutsWhereItMay) {
  const CsvReaderOptions pad{.dialect = {.pad_short = true}, .columns = 3};
  EXPECT_THAT(Read("1\n1,2,3,4\n\"a\"x\n", pad),
              ElementsAre("1|~|~", "!too many columns@3", "!text after a closing quote@0"));
  const CsvReaderOptions cut{.dialect = {.cut_long = true}, .columns = 2};
  EXPECT_THAT(Read("1\n1,2,3,4\n", cut), ElementsAre("!too few columns@1", "1|2"));
}

TEST(CsvReader, PassesOnTheErrorsOfItsSource) {
  class Failing : public ByteSource {
    Result<size_t> Read(char*, size_t) override { return FailedError("the disk is gone"); }
  } source;
  CsvReader reader(source, {.columns = 2});
  EXPECT_EQ(reader.Next().status().message(), "the disk is gone");
}

TEST(CsvDialect, IsChecked) {
  EXPECT_TRUE(CsvDialect{}.Validate().ok());
  EXPECT_TRUE((CsvDialect{.delimiter = "\t", .null_words = {"\\N", "N/A", "-"}}).Validate().ok());
  EXPECT_FALSE((CsvDialect{.delimiter = "\""}).Validate().ok());
  EXPECT_FALSE((CsvDialect{.delimiter = " "}).Validate().ok());
  EXPECT_FALSE((CsvDialect{.delimiter = "\n"}).Validate().ok());
  EXPECT_TRUE((CsvDialect{.delimiter = "||"}).Validate().ok());
  EXPECT_FALSE((CsvDialect{.delimiter = "\"x"}).Validate().ok());
  EXPECT_FALSE((CsvDialect{.delimiter = "123456789"}).Validate().ok());
  EXPECT_FALSE((CsvDialect{.quote = ' '}).Validate().ok());
  EXPECT_FALSE((CsvDialect{.comment = ","}).Validate().ok());
  EXPECT_FALSE((CsvDialect{.encoding = "klingon"}).Validate().ok());
  EXPECT_TRUE((CsvDialect{.encoding = "windows-1252"}).Validate().ok());
  EXPECT_FALSE((CsvDialect{.null_words = {"a,b"}}).Validate().ok());
}

TEST(CsvReader, CountsTheLinesThatARecordGoesOver) {
  const auto breaks = [](std::string_view text, size_t most = 1000) {
    const auto source = MemorySource(text);
    CsvReaderOptions options;
    options.max_record_bytes = most;
    CsvReader reader(*source, options);
    std::string all;
    while (reader.Next().value()) all += std::to_string(reader.record().breaks) + " ";
    return all;
  };
  EXPECT_EQ(breaks("1,a\n2,\"b\nb\r\nb\"\n3,c"), "0 2 0 ");
  EXPECT_EQ(breaks("1,\"a\n2,b\n3,c\n"), "2 ");
  EXPECT_EQ(breaks("1,\"a\n2,b\n3,c"), "2 ");
  EXPECT_EQ(breaks("1,\"a\n"), "0 ");
  EXPECT_EQ(breaks("1,\"a\n2,b\n3,\"c\"\n4,d\n"), "2 0 ");
  EXPECT_EQ(breaks("1,\"a\n2,b\n3,c\n4,d\"\n5,e\n", 10), "3 0 ");
}

}  // namespace
}  // namespace sluice::format
