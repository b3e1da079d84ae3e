#include "format/csv_head.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "format/file_for_tests.h"
#include "format/gzip_for_tests.h"

namespace sluice::format {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::vector<std::string> kKnown = {"id", "name", "born", "void"};

Result<CsvHead> Look(std::string_view text, HeaderRule rule = HeaderRule::kAuto) {
  const auto source = MemorySource(text);
  return LookAtHead(*source, {}, kKnown, rule);
}

TEST(CsvHead, KnowsAHeaderByItsNames) {
  const auto head = *Look("Void, ID ,\"name\"\n1,2,3\n");
  EXPECT_TRUE(head.header);
  EXPECT_EQ(head.columns, 3U);
  EXPECT_THAT(head.names, ElementsAre("void", "id", "name"));
  EXPECT_THAT(head.unknown, IsEmpty());
  EXPECT_TRUE(Look("\xEF\xBB\xBFid,name\r\n")->header);
  EXPECT_TRUE(Look("\n\nid,name\n")->header);
}

TEST(CsvHead, WantsHalfOfTheNamesAndNoneTwice) {
  EXPECT_TRUE(Look("id,void\n")->header);
  EXPECT_FALSE(Look("id\n")->header);
  EXPECT_FALSE(Look("id,name,ID\n").ok());
  const std::vector<std::string> six = {"a", "b", "c", "d", "e", "f"};
  EXPECT_TRUE(LookAtHead(*MemorySource("a,b,c\n"), {}, six, HeaderRule::kAuto)->header);
  EXPECT_FALSE(LookAtHead(*MemorySource("a,b\n"), {}, six, HeaderRule::kAuto)->header);
  EXPECT_FALSE(Look("id,name,\n1,2,3\n")->names.size() == 3);
  EXPECT_TRUE(Look("id,name,\n")->header);  // a delimiter at the end of the line
  EXPECT_EQ(Look("id,name,\n")->columns, 2U);
}

TEST(CsvHead, TakesNewNamesBesideKnownOnes) {
  const auto head = *Look("id,name,born,loyalty_tier\n");
  EXPECT_TRUE(head.header);
  EXPECT_THAT(head.unknown, ElementsAre("loyalty_tier"));
  EXPECT_FALSE(Look("id,name,2024-01-01\n")->header);
  EXPECT_FALSE(Look("id,name,anna,berta\n")->header);
  // All that are known, and more new ones.
  EXPECT_THAT(Look("id,name,born,void,a,b,c,d,e\n")->unknown, testing::SizeIs(5));
  EXPECT_TRUE(Look("a,b,c,d,e,id,name,born,void\n")->header);
  EXPECT_FALSE(Look("id,name,born,void,12,b,c,d,e\n")->header) << "one is no name";
  EXPECT_FALSE(Look("id,name,born,a,b,c,d,e\n")->header);
  const std::vector<std::string> one = {"id"};
  EXPECT_FALSE(LookAtHead(*MemorySource("id,anna\n"), {}, one, HeaderRule::kAuto)->header);
}

TEST(CsvHead, TellsTheNamesOfALineThatIsNoHeaderAllTheSame) {
  const auto head = *Look("name,city,ID,zip,id\n");
  EXPECT_FALSE(head.header);
  EXPECT_THAT(head.half_known, ElementsAre("name", "id"));
  EXPECT_EQ(head.fields, 5U);
  EXPECT_EQ(head.line, 1U);
  EXPECT_EQ(Look("\n\n1,Name\n")->line, 3U);
  EXPECT_THAT(Look("1,Anna,2001-01-01,0\n")->half_known, IsEmpty());
  EXPECT_THAT(Look("id,name\n")->half_known, IsEmpty());  // a header
  EXPECT_THAT(Look("name,city,ID,zip,id\n", HeaderRule::kNo)->half_known, IsEmpty());
}

TEST(CsvHead, SaysWhetherALineIsNothingButWhatCouldBeNames) {
  EXPECT_TRUE(Look("id,guestid,notes,amount,city\n")->all_could_be_names);
  EXPECT_FALSE(Look("id,Anna B,notes,amount,city\n")->all_could_be_names);
  EXPECT_FALSE(Look("id,7,notes,amount,city\n")->all_could_be_names);
  EXPECT_FALSE(Look("id,city,notes,city,zip\n")->all_could_be_names) << "one is there twice";
  EXPECT_FALSE(Look("id\n")->all_could_be_names) << "one word may be a value";
}

TEST(CsvHead, SeesThatTheDelimiterMayBeAnotherOne) {
  EXPECT_EQ(Look("1;Ann, the first\n2;Ben\n")->other_delimiter, "");
  EXPECT_EQ(Look("1;Ann\n2;Ben\n")->other_delimiter, ";");
  EXPECT_EQ(Look("1\tAnn\n")->other_delimiter, "\t");
  EXPECT_EQ(Look("1\n2\n")->other_delimiter, "");
  EXPECT_EQ(Look("\"1;2\"\n")->other_delimiter, "");
}

TEST(CsvHead, SeesADelimiterAtTheEndOfEachLine) {
  EXPECT_TRUE(Look("1,2,\n3,4,\n")->ends_empty);
  EXPECT_EQ(Look("1,2,\n3,4,\n")->columns, 3U);
  EXPECT_FALSE(Look("1,2,\n3,4,5\n")->ends_empty);
  EXPECT_FALSE(Look("1,2,\"\"\n")->ends_empty);
}

TEST(CsvHead, CountsColumnsWithoutAHeader) {
  const auto head = *Look("1,Anna,2001-01-01,0\n2,Ben,,0\n");
  EXPECT_FALSE(head.header);
  EXPECT_EQ(head.columns, 4U);
  EXPECT_THAT(head.names, IsEmpty());
  EXPECT_EQ(Look("1,\"a,b\nc\",3\n")->columns, 3U);
  EXPECT_EQ(Look("1,2\n1,2,3\n1,2,3\n")->columns, 3U);  // a damaged first record
  EXPECT_EQ(Look("1,\"2\"x\n1,2,3\n")->columns, 3U);
  EXPECT_EQ(Look("1,\"2\n1,2,3\n1,2,3\n")->columns, 2U);  // nothing is whole
  EXPECT_EQ(Look("1,2\n1,2,3\n")->columns, 2U);
}

TEST(CsvHead, ObeysTheRule) {
  EXPECT_FALSE(Look("id,name\n", HeaderRule::kNo)->header);
  EXPECT_EQ(Look("id,name\n", HeaderRule::kNo)->columns, 2U);
  const auto head = *Look("foo,Bar baz\n1,2\n", HeaderRule::kYes);
  EXPECT_TRUE(head.header);
  EXPECT_THAT(head.names, ElementsAre("foo", "bar baz"));
  EXPECT_THAT(head.unknown, ElementsAre("foo", "bar baz"));
  EXPECT_EQ(Look("a,b,A\n", HeaderRule::kYes).status().code(), Code::kRejected);
  EXPECT_EQ(Look("a,,b\n", HeaderRule::kYes).status().code(), Code::kRejected);
}

TEST(CsvHead, NamesTheColumnsThatAHeaderHasTwice) {
  for (const HeaderRule rule : {HeaderRule::kYes, HeaderRule::kAuto}) {
    const auto head = Look("id,name,more,Name ,more\n1,2,3,4,5\n", rule);
    ASSERT_FALSE(head.ok());
    EXPECT_EQ(head.status().message(),
              "the header has name twice (columns 2 and 4), more twice (columns 3 and 5)");
  }
  EXPECT_TRUE(Look("1,a,a\n").ok()) << "data";
}

TEST(CsvHead, FindsADelimiterThatTheRecordsHaveInCommon) {
  const auto common = [](std::string_view text) {
    const auto head = Look(text);
    return head->common_delimiter + (head->common_in_all ? " in all" : "");
  };
  EXPECT_EQ(common("1;Ann\n2;Ben\n"), "; in all");
  EXPECT_EQ(common("1;\"a;b\";x\n2;c;y\n"), "; in all") << "what is quoted is one value";
  EXPECT_EQ(common("1;2|3\n1|2\n"), "| in all");
  EXPECT_EQ(common("1;2;3\n1;2\n1\n"), ";") << "ragged";
  EXPECT_EQ(common("one;two\nthree\nfour\n"), "") << "a text may have one";
  EXPECT_EQ(common("1,2\n3,4\n"), "");
  EXPECT_EQ(common("\"1;2\"\n\"3;4\"\n"), "") << "quoted";
}

TEST(CsvHead, KnowsAnEmptyFile) {
  for (const char* text : {"", "\xEF\xBB\xBF", "\n", "\r\n\r\n", "\xEF\xBB\xBF\n"}) {
    const auto head = Look(text);
    ASSERT_TRUE(head.ok());
    EXPECT_TRUE(head->empty) << '"' << text << '"';
  }
  EXPECT_FALSE(Look("id,name\n")->empty);
  EXPECT_FALSE(Look(" \n")->empty);
}

TEST(CsvHead, RefusesEncodingsThatNobodyTold) {
  for (const std::string_view text :
       {std::string_view("i\0d\0,\0n\0", 8), std::string_view("\0\0\0i\0\0\0d", 8)}) {
    const auto head = Look(text);
    ASSERT_FALSE(head.ok());
    EXPECT_EQ(head.status().code(), Code::kRejected);
    EXPECT_THAT(head.status().message(), HasSubstr("UTF-16"));
  }
  EXPECT_TRUE(
      Look(std::string_view("1,2,3,4,5,6,a\0b\n", 16)).ok());  // one NUL breaks a record only
}

TEST(CsvHead, LooksIntoFiles) {
  const TestFolder folder;
  const auto head =
      LookAtHead(folder.Write("a.csv", Gzip("id,name\n1,2\n")), {}, kKnown, HeaderRule::kAuto);
  EXPECT_TRUE(head->header);
  EXPECT_EQ(head->compression, Compression::kGzip);
  const std::string_view sixteen("\xFE\xFF\0i\0d\0,\0n\0a\0m\0e\0\n", 18);
  EXPECT_TRUE(LookAtHead(folder.Write("s.csv", sixteen), {}, kKnown, HeaderRule::kAuto)->header);
  const auto bad =
      LookAtHead(folder.Write("b.csv", sixteen.substr(2)), {}, kKnown, HeaderRule::kAuto);
  EXPECT_THAT(bad.status().message(), HasSubstr("b.csv: it is full of NUL bytes"));
  EXPECT_EQ(LookAtHead(folder.path() + "/none", {}, kKnown, HeaderRule::kAuto).status().code(),
            Code::kNotFound);
}

TEST(CsvHead, TakesNoNamesThatAreNoText) {
  const auto message = [](std::string_view text, HeaderRule rule) {
    const auto head = Look(text, rule);
    return head.ok() ? std::string("taken") : head.status().message();
  };
  EXPECT_THAT(message("id,Stra\xDF"
                      "e\n1,b\n",
                      HeaderRule::kYes),
              testing::AllOf(HasSubstr("column 2 (Stra\\xdfe)"), HasSubstr("windows-1252")));
  EXPECT_THAT(message("id,\xED\xA0\x80\n1,b\n", HeaderRule::kYes), HasSubstr("(\\xed\\xa0\\x80)"));
  EXPECT_THAT(message("id,\xF4\x90\x80\x80\n1,b\n", HeaderRule::kYes), HasSubstr("\\xf4\\x90"));
  EXPECT_THAT(message(std::string_view("id,s,a\0b,d,e\n1,b,c,d,e\n", 23), HeaderRule::kYes),
              HasSubstr("column 3 (a\\x00b) in the header has a NUL byte"));
  EXPECT_THAT(message("id,\"s\n1,b\n2,c\n", HeaderRule::kYes),
              HasSubstr("line 1, column 2: the header is broken: a quote is never closed"));
  EXPECT_THAT(message(",,\n1,b,c\n", HeaderRule::kYes), HasSubstr("no column of the header"));
  // Without a word of the project it is no header.
  EXPECT_FALSE(Look("id,name,Stra\xDF"
                    "e\n1,b,c\n",
                    HeaderRule::kAuto)
                   ->header);
  CsvDialect german;
  german.encoding = "windows-1252";
  const TestFolder folder;
  const std::string path = folder.Write("a.csv",
                                        "id,Stra\xDF"
                                        "e\n1,b\n");
  EXPECT_THAT(LookAtHead(path, german, {}, HeaderRule::kYes)->names, ElementsAre("id",
                                                                                 "stra\xC3\x9F"
                                                                                 "e"));
}

TEST(CsvHead, TakesNoNamesOutOfAHeaderLongerThanARow) {
  const std::string text = "id," + std::string(2'100'000, 'x') + "\n1,b\n";
  const auto look = [&](HeaderRule rule, size_t most) {
    return LookAtHead(*MemorySource(text), {}, kKnown, rule, 0, most);
  };
  EXPECT_THAT(look(HeaderRule::kYes, 2'000'000).status().message(),
              testing::AllOf(HasSubstr("the header has 2.1 MB"), HasSubstr("2.0 MB")));
  EXPECT_EQ(look(HeaderRule::kYes, 3'000'000)->columns, 2U);
  EXPECT_EQ(look(HeaderRule::kNo, 2'000'000)->columns, 2U);  // the next row tells
  const std::string_view alone = std::string_view(text).substr(0, text.size() - 4);
  EXPECT_THAT(LookAtHead(*MemorySource(alone), {}, kKnown, HeaderRule::kNo).status().message(),
              HasSubstr("longer than a row may be"));
}

}  // namespace
}  // namespace sluice::format
