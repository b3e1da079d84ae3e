#include "format/json_reader.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "format/file_for_tests.h"
#include "format/gzip_for_tests.h"

namespace sluice::format {
namespace {

// A few bytes at a time, so that everything lies across some border.
class Trickle : public ByteSource {
 public:
  Trickle(std::string_view content, size_t step) : rest_(content), step_(step) {}
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

std::vector<JsonColumn> Columns(std::string_view names) {
  std::vector<JsonColumn> columns;
  for (const std::string& name : Split(names, ',')) columns.push_back({Split(name, '|')});
  return columns;
}

std::string Text(const JsonRecord& record) {
  if (record.fault != JsonFault::kNone) return "<" + record.reason + ">";
  std::string text;
  for (const CsvCell& cell : record.cells) {
    if (!text.empty()) text += '|';
    text += cell.null ? "NULL" : std::string(cell.text);
  }
  return text;
}

// The records, one a line; the error at the end, if there is one.
std::string ReadFrom(ByteSource& source, JsonReaderOptions options) {
  JsonReader reader(source, std::move(options));
  std::string all;
  while (true) {
    const auto more = reader.Next();
    if (!more.ok()) return all + "error: " + more.status().message();
    if (!*more) return all;
    all += Text(reader.record()) + "\n";
  }
}

std::string Read(std::string_view content, std::string_view columns = "a,b",
                 JsonReaderOptions options = {}) {
  options.columns = Columns(columns);
  const auto source = MemorySource(content);
  const std::string all = ReadFrom(*source, options);
  for (const size_t step : {1, 2, 7}) {
    Trickle trickle(content, step);
    EXPECT_EQ(ReadFrom(trickle, options), all) << "in steps of " << step;
  }
  return all;
}

TEST(JsonReader, ReadsRecordsHoweverTheyStand) {
  EXPECT_EQ(Read("{\"a\":1,\"b\":\"x\"}\n{\"b\":\"y\",\"a\":2}"), "1|x\n2|y\n");
  EXPECT_EQ(Read("\xEF\xBB\xBF{\"a\":1}\r\n\r\n \t\n{\"a\":2}\r\n"), "1|NULL\n2|NULL\n");
  EXPECT_EQ(Read("[{\"a\":1},\n {\"a\":2}\n]\n"), "1|NULL\n2|NULL\n");
  EXPECT_EQ(Read(" [ {\n  \"a\" : 1 ,\n \"b\":[1, 2]\n} , {\"a\":\"],}\"} ] \n"),
            "1|[1,2]\n],}|NULL\n");
  EXPECT_EQ(Read("{\n  \"a\": 1\n}\n{\n  \"a\": \"}\"\n} {\"a\":3}\n"), "1|NULL\n}|NULL\n3|NULL\n");
}

TEST(JsonReader, FindsNoRecordsInEmptyFiles) {
  for (const char* text : {"", "\xEF\xBB\xBF", " \r\n\n", "[]", " [\n] \n"}) {
    EXPECT_EQ(Read(text), "") << text;
  }
}

TEST(JsonReader, KeepsNumbersDigitForDigit) {
  EXPECT_EQ(Read("{\"a\":12.70,\"b\":1e3}\n"
                 "{\"a\":123456789012345678901234567890123456789,\"b\":-0}\n"
                 "{\"a\":1E400,\"b\":0.1000000000000000055511151231257827}\n"),
            "12.70|1e3\n"
            "123456789012345678901234567890123456789|-0\n"
            "1E400|0.1000000000000000055511151231257827\n");
}

TEST(JsonReader, RefusesNumbersThatAreNone) {
  for (const char* text : {"01", "1.", ".5", "+1", "1e", "0x1A", "--1", "1.5.2", "NaN", "-",
                           "1_000", "Infinity", "1e+"}) {
    const std::string found = Read("{\"a\":" + std::string(text) + "}");
    EXPECT_EQ(found.rfind("<broken JSON at byte 5: ", 0), 0) << text << " " << found;
  }
}

TEST(JsonReader, TellsNullFromEmpty) {
  EXPECT_EQ(Read("{\"a\":null,\"b\":\"\"}\n{}\n"), "NULL|\nNULL|NULL\n");
  EXPECT_EQ(Read("{\"a\":null,\"b\":\"\"}\n", "a,b", {.empty_is_null = true}), "NULL|NULL\n");
  EXPECT_EQ(Read("{\"a\":\"null\",\"b\":true}\n"), "null|true\n");
}

TEST(JsonReader, ResolvesEscapesAndSurrogates) {
  EXPECT_EQ(Read(R"({"a":"\"\\\/\b\f\n\r\t","b":"\u00e9\u20AC\ud83d\ude00"})"),
            "\"\\/\b\f\n\r\t|é€😀\n");
  EXPECT_EQ(Read(R"({"\u0061":"x"})"), "x|NULL\n");
  for (const char* text : {R"("\ud83d")", R"("\ude00")", R"("\ud83dx")", R"("\ud83d\u0041")",
                           R"("\x41")", R"("\u12")", R"("\ud83d\ud83d")"}) {
    const std::string found = Read("{\"z\":" + std::string(text) + "}\n{\"a\":1}");
    EXPECT_NE(found.find("surrogate"), std::string::npos) << text << " " << found;
    EXPECT_TRUE(EndsWith(found, "\n1|NULL\n")) << found;
  }
}

TEST(JsonReader, GivesNestedValuesAsTheyStandWithoutBlanks) {
  EXPECT_EQ(Read("[{\"a\": { \"x\" : [ 1.50 , \"a b\\\" {\" ,null ] , \"y\":{} },\n\"b\": [\n]}]"),
            "{\"x\":[1.50,\"a b\\\" {\",null],\"y\":{}}|[]\n");
  EXPECT_EQ(Read(R"({"a":[{"k":1,"k":2}],"b":"\u00e9"})"), "[{\"k\":1,\"k\":2}]|é\n");
}

TEST(JsonReader, FollowsPaths) {
  EXPECT_EQ(
      Read(R"({"address":{"city":"Rome","geo":{"lat":1.0}}})", "address.city,address.geo.lat"),
      "Rome|1.0\n");
  EXPECT_EQ(Read(R"({"address":{"city":{"x":1}}})", "address,address.city"),
            "{\"city\":{\"x\":1}}|{\"x\":1}\n");
  EXPECT_EQ(Read(R"({"address.city":"flat"})", "address.city"), "flat\n");
  EXPECT_EQ(Read("{\"address\":null}\n{}\n{\"address\":{}}\n", "address.city"),
            "NULL\nNULL\nNULL\n");
  EXPECT_EQ(Read("{\"address\":\"Rome\"}\n{\"address\":[1]}", "address.city"),
            "<a text stands where an object was expected>\n"
            "<an array stands where an object was expected>\n");
}

TEST(JsonReader, MatchesKeysInEitherCaseAndByAnyOfTheirNames) {
  EXPECT_EQ(Read("{\"ID\":1,\"E_Mail\":\"x\"}\n{\"id\":2,\"mail\":\"y\",\"e_mail\":null}",
                 "id,e_mail|mail"),
            "1|x\n2|y\n");
  EXPECT_EQ(Read("{\"mail\":\"y\",\"e_mail\":\"x\"}\n{\"id\":1,\"ID\":2}", "id,e_mail|mail"),
            "<two of the keys that the column goes by have a value>\n"
            "<two of the keys that the column goes by have a value>\n");
}

TEST(JsonReader, RefusesKeysThatAreThereTwice) {
  EXPECT_EQ(Read("{\"a\":1,\"a\":1}\n{\"z\":1,\"\\u007a\":null}\n{\"a\":1,\"b\":2}"),
            "<the key a is there twice>\n<the key z is there twice>\n1|2\n");
  EXPECT_EQ(Read("{\"p\":{\"a\":1,\"a\":2}}", "p.a"), "<the key p.a is there twice>\n");
}

TEST(JsonReader, BreaksNoOtherRecordOfLines) {
  EXPECT_EQ(Read("{\"a\":1\n{\"a\":\"x}\n{\"a\" 1}\n{\"a\":1,}\n{\"a\":1}}\n{\"a\":1} x\n{a:1}\n"
                 "{\"a\":tru}\n[1]\n7\nx\n{\"a\":\"\t\"}\n{\"a\":9}"),
            "<broken JSON at byte 6: a bracket is never closed>\n"
            "<broken JSON at byte 5: a text is never closed>\n"
            "<broken JSON at byte 5: a comma, a colon, a bracket or a value is missing, or one too "
            "many>\n"
            "<broken JSON at byte 7: a comma, a colon, a bracket or a value is missing, or one too "
            "many>\n"
            "<broken JSON at byte 7: a comma, a colon, a bracket or a value is missing, or one too "
            "many>\n"
            "<broken JSON at byte 9: a bracket is never closed>\n"
            "<broken JSON at byte 1: a comma, a colon, a bracket or a value is missing, or one too "
            "many>\n"
            "<broken JSON at byte 5: true, false or null was expected>\n"
            "<not an object, but an array>\n<not an object, but a number>\n"
            "<broken JSON at byte 0: an object begins with {>\n"
            "<broken JSON at byte 6: a control character inside a text>\n9|NULL\n");
}

TEST(JsonReader, BreaksNoOtherElementOfAnArray) {
  EXPECT_EQ(Read("[{\"a\":1},{\"a\":},,{\"a\":\"x\n},{\"a\":1]},{\"a\":2}]"),
            "1|NULL\n"
            "<broken JSON at byte 5: a comma, a colon, a bracket or a value is missing, or one too "
            "many>\n"
            "<broken JSON at byte 0: a comma with no value before or behind it>\n"
            "<broken JSON at byte 5: a text is never closed>\n"
            "<broken JSON at byte 6: a comma, a colon, a bracket or a value is missing, or one too "
            "many>\n"
            "2|NULL\n");
  EXPECT_EQ(Read("[{\"a\":1},7,{\"a\":2},]"),
            "1|NULL\n<not an object, but a number>\n2|NULL\n"
            "<broken JSON at byte 0: a comma with no value before or behind it>\n");
}

TEST(JsonReader, RefusesFilesThatWereCutOff) {
  EXPECT_EQ(
      Read("[{\"a\":1},{\"a\":2"),
      "1|NULL\nerror: the file ends inside the record that begins at line 1 (byte 9): it was cut "
      "off, or that record lacks a bracket");
  EXPECT_EQ(Read("[{\"a\":1},\n"),
            "1|NULL\nerror: the array is never closed: the file was cut off after line 2");
  EXPECT_EQ(Read("["), "error: the array is never closed: the file was cut off after line 1");
  EXPECT_EQ(
      Read("[{\"a\":1}\n"),
      "error: the file ends inside the record that begins at line 1 (byte 1): it was cut off, or "
      "that record lacks a bracket");
  EXPECT_EQ(
      Read("{\n\"a\":1\n"),
      "error: the file ends inside the record that begins at line 1 (byte 0): it was cut off, or "
      "that record lacks a bracket");
  EXPECT_EQ(Read("[{\"a\":1}]\n[{\"a\":2}]\n"),
            "1|NULL\nerror: something stands behind the end of the array, at line 2 (byte 10)");
}

TEST(JsonReader, RefusesOtherEncodings) {
  const std::string utf16("\xFF\xFE{\0\"\0", 6);
  EXPECT_EQ(Read(utf16).rfind("error: it is not UTF-8", 0), 0);
  EXPECT_EQ(Read(std::string("\0{\0\"", 4)).rfind("error: it is not UTF-8", 0), 0);
  EXPECT_EQ(Read("{\"a\":\"\xE9\"}\n{\"a\":2}"), "<not valid UTF-8>\n2|NULL\n");
}

TEST(JsonReader, RefusesWhatNoTableHolds) {
  EXPECT_EQ(Read(R"({"a":"x\u0000","b":1})"), "<a NUL character in a text>\n");
  EXPECT_EQ(Read(R"({"z":"x\u0000","b":["\u0000"]})"), "NULL|[\"\\u0000\"]\n");
  const std::string deep = std::string(300, '[') + std::string(300, ']');
  EXPECT_EQ(Read("{\"z\":" + deep + "}\n{\"a\":1}"), "<nested more than 200 deep>\n1|NULL\n");
}

TEST(JsonReader, BoundsRecords) {
  const std::string text(1000, 'x');
  JsonReaderOptions options{.max_record_bytes = 100, .raw_limit = 10};
  EXPECT_EQ(Read("{\"a\":\"" + text + "\"}\n{\"a\":1}", "a", options),
            "<the record is longer than 100 bytes>\n1\n");
  EXPECT_EQ(Read("[{\"a\":\"" + text + "\"},{\"a\":1}]", "a", options),
            "<the record is longer than 100 bytes>\n1\n");
  const std::string big(1'500'000, 'x');
  EXPECT_EQ(Read("{\"a\":\"" + big + "\"}", "a,a,a"),
            "<the values of the record have more than 3,900,000 bytes>\n");
}

TEST(JsonReader, TellsWhereRecordsStand) {
  const std::string text = "\xEF\xBB\xBF\n  {\"a\":1} \r\n[\"x\nbroken\"]\n{\"a\":2}";
  const auto source = MemorySource(text);
  JsonReader reader(*source, {.columns = Columns("a"), .raw_limit = 6});
  std::string all;
  while (*reader.Next()) {
    const JsonRecord& record = reader.record();
    all += std::to_string(record.number) + ":" + std::to_string(record.line) + "@" +
           std::to_string(record.offset) + "+" + std::to_string(record.size) + " " +
           std::string(record.raw) + (record.raw_cut ? "…" : "") + "\n";
    EXPECT_EQ(text.substr(record.offset, record.raw.size()), record.raw);
  }
  EXPECT_EQ(all, "1:2@6+7 {\"a\":1…\n2:3@16+3 [\"x\n3:4@20+8 broken…\n4:5@29+7 {\"a\":2…\n");
}

TEST(JsonReader, CollectsKeysThatNobodyAsksFor) {
  const std::string text =
      "{\"a\":1}\n{\"a\":1,\"new\":2,\"p\":{\"c\":1,\"d\":2},\"q\":{\"e\":1,\"f\":1}}\n{\"broken\":"
      "1\n"
      "{\"new\":1,\"last\":null}\n";
  const auto source = MemorySource(text);
  JsonReader reader(*source, {.columns = Columns("a,p.c,q,q.e,gone"), .collect_unknown = true});
  while (*reader.Next()) {
  }
  std::string all;
  for (const UnknownKey& key : reader.unknown())
    all += key.path + ":" + std::to_string(key.line) + " ";
  EXPECT_EQ(all, "new:2 p.d:2 last:4 ");
  EXPECT_EQ(reader.seen(), (std::vector<bool>{true, true, true, true, false}));
}

// A key for each customer: memory must not grow with them.
TEST(JsonReader, CollectsOnlySoManyKeys) {
  std::string text;
  for (int i = 0; i < 20'000; ++i)
    text += "{\"k" + std::to_string(i) + "\":1,\"a\":" + std::to_string(i) + "}\n";
  text += "{\"" + std::string(5000, 'k') + "\":1,\"a\":1}";
  const auto source = MemorySource(text);
  JsonReader reader(*source, {.columns = Columns("a"), .collect_unknown = true});
  uint64_t whole = 0;
  while (*reader.Next()) whole += reader.record().cells[0].null ? 0 : 1;
  EXPECT_EQ(whole, 20'001U);
  EXPECT_EQ(reader.unknown().size(), JsonReader::kMaxUnknownKeys + 1);
}

TEST(JsonReader, ReadsRecordsAcrossBordersOfItsBuffer) {
  std::string lines;
  std::string array = "[";
  std::string expected;
  for (int i = 0; i < 3000; ++i) {
    const std::string value(static_cast<size_t>(i % 97), static_cast<char>('a' + i % 26));
    const std::string record = "{\"a\":" + std::to_string(i) + ",\"b\":\"" + value + "\\n,]}\"}";
    lines += record + (i % 3 == 0 ? "\r\n" : "\n");
    array += (i > 0 ? "," : "") + record;
    expected += std::to_string(i) + "|" + value + "\n,]}\n";
  }
  const JsonReaderOptions options{.columns = Columns("a,b")};
  for (const std::string& text : {lines, array + "]"}) {
    const auto source = MemorySource(text);
    EXPECT_EQ(ReadFrom(*source, options), expected);
    Trickle trickle(text, 4099);
    EXPECT_EQ(ReadFrom(trickle, options), expected);
  }
}

TEST(JsonReader, ReadsGzip) {
  const TestFolder folder;
  const auto source = OpenByteSource(folder.Write("a", Gzip("{\"a\":1}\n{\"a\":2}\n")));
  EXPECT_EQ(ReadFrom(**source, {.columns = Columns("a")}), "1\n2\n");
}

}  // namespace
}  // namespace sluice::format
