#include "format/value_form.h"

#include <gtest/gtest.h>

namespace sluice::format {
namespace {

const SqlType kDate = *ParseSqlType("date");
const SqlType kTimestamp = *ParseSqlType("timestamp");
const SqlType kMoney = *ParseSqlType("decimal(12,2)");

// What strict.h would read, or "-".
std::string Strict(std::string_view text, const SqlType& type, const ValueForm& form) {
  std::string out;
  const bool written = ToStrict(text, type, form, out) && Fits(out, type);
  EXPECT_EQ(Fits(text, type, form), written) << text;
  return written ? out : "-";
}

TEST(ValueForm, ReadsNumbersAsTheyAreDeclaredAndNoOther) {
  const ValueForm german{.decimal = ',', .thousands = "."};
  EXPECT_EQ(Strict("1.234.567,89", kMoney, german), "1234567.89");
  EXPECT_EQ(Strict("-1234567,8", kMoney, german), "-1234567.8");
  EXPECT_EQ(Strict("+,5", kMoney, german), "+.5");
  EXPECT_EQ(Strict("1.234", kMoney, german), "1234");
  for (const char* bad : {"1.23", "12.34,5", "1234.567", "1,234.50", "1.2345", "1,5,0", ".5", "",
                          "1.", "1 000", "--1", "1,50 EUR", "0.123", "00.123", "-0.123,5"}) {
    EXPECT_EQ(Strict(bad, kMoney, german), "-") << bad;
  }
  EXPECT_EQ(Strict("1.5", kMoney, {.decimal = ','}), "-") << "a point is nothing there";
  EXPECT_EQ(Strict("1,234.50", kMoney, {.thousands = ","}), "1234.50");
  EXPECT_EQ(Strict("1'000'000", *ParseSqlType("int"), {.thousands = "'"}), "1000000");
  EXPECT_EQ(Strict("1\xC2\xA0"
                   "000,5",
                   kMoney, {.decimal = ',', .thousands = "\xC2\xA0"}),
            "1000.5");
  EXPECT_EQ(Strict("1,5e3", *ParseSqlType("double"), {.decimal = ','}), "1.5e3");
}

TEST(ValueForm, ReadsDatesInTheDeclaredOrder) {
  EXPECT_EQ(Strict("01/02/2023", kDate, {.date = "dmy"}), "2023-02-01");
  EXPECT_EQ(Strict("01/02/2023", kDate, {.date = "mdy"}), "2023-01-02");
  EXPECT_EQ(Strict("1.2.2023", kDate, {.date = "dmy"}), "2023-02-01");
  EXPECT_EQ(Strict("2023/2/1", kDate, {.date = "ymd"}), "2023-02-01");
  EXPECT_EQ(Strict("20230201", kDate, {.date = "ymd"}), "2023-02-01");
  EXPECT_EQ(Strict("2023-02-01", kDate, {.date = "mdy"}), "2023-02-01") << "a year in front";
  for (const char* bad : {"13/13/2023", "1/2/23", "1/2-2023", "1 2 2023", "31.02.2023", "1/2/2023x",
                          "001/2/2023", "1/2", ""}) {
    EXPECT_EQ(Strict(bad, kDate, {.date = "dmy"}), "-") << bad;
  }
  EXPECT_EQ(Strict("01/02/2023", kDate, {}), "-") << "nobody said which";
}

TEST(ValueForm, ReadsTimesBehindDates) {
  const ValueForm us{.date = "mdy"};
  EXPECT_EQ(Strict("2/1/2023 3:05 PM", kTimestamp, us), "2023-02-01 15:05");
  EXPECT_EQ(Strict("2/1/2023 12:00:00 am", kTimestamp, us), "2023-02-01 00:00:00");
  EXPECT_EQ(Strict("2/1/2023T09:05:06.25", kTimestamp, us), "2023-02-01 09:05:06.25");
  EXPECT_EQ(Strict("2/1/2023 13:00 PM", kTimestamp, us), "-");
  EXPECT_EQ(Strict("2/1/2023 25:00", kTimestamp, us), "-");
  EXPECT_EQ(Strict("2/1/2023 9:05+02", *ParseSqlType("timestamptz"), us), "2023-02-01 09:05+02");
  EXPECT_EQ(Strict("2/1/2023 00:00:00", kDate, us), "2023-02-01") << "midnight is a day";
  EXPECT_EQ(Strict("2/1/2023 00:00:01", kDate, us), "-") << "a time would be lost";
}

TEST(ValueForm, NeverGuessesAnOrder) {
  const ValueForm any{.date = "auto"};
  EXPECT_EQ(Strict("13/02/2023", kDate, any), "2023-02-13");
  EXPECT_EQ(Strict("02/13/2023", kDate, any), "2023-02-13");
  EXPECT_EQ(Strict("01/02/2023", kDate, any), "-");
  EXPECT_EQ(Strict("05/05/2023", kDate, any), "2023-05-05") << "both say the same";
  EXPECT_TRUE(IsAmbiguousDate("01/02/2023", kDate));
  EXPECT_FALSE(IsAmbiguousDate("13/02/2023", kDate));
  EXPECT_FALSE(IsAmbiguousDate("05/05/2023", kDate));
}

TEST(ValueForm, FindsTheOrderOfAColumn) {
  const auto order = [](std::initializer_list<const char*> values) {
    DateOrderTrial trial;
    for (const char* value : values) trial.Add(value, kDate);
    return trial.Order();
  };
  EXPECT_EQ(order({"01/02/2023", "13/02/2023", "rubbish"}), "dmy");
  EXPECT_EQ(order({"01/02/2023", "02/13/2023"}), "mdy");
  EXPECT_EQ(order({"01/02/2023", "03/04/2023"}), "auto") << "nothing shows it";
  EXPECT_EQ(order({"13/02/2023", "02/13/2023"}), "auto") << "both cannot be";
  EXPECT_EQ(order({"2023-01-02"}), "auto");
}

TEST(ValueForm, FollowsPatterns) {
  EXPECT_EQ(Strict("3 Feb 2023", kDate, {.date = "%d %b %Y"}), "2023-02-03");
  EXPECT_EQ(Strict("FEBRUARY 03, 2023", kDate, {.date = "%B %d, %Y"}), "2023-02-03");
  EXPECT_EQ(Strict("20230203T040506", kTimestamp, {.date = "%Y%m%dT%H%M%S"}),
            "2023-02-03 04:05:06");
  EXPECT_EQ(Strict("03.02.2023 04:05 PM", kTimestamp, {.date = "%d.%m.%Y %I:%M %p"}),
            "2023-02-03 16:05");
  EXPECT_EQ(Strict("2023-02-03 04:05:06.789 +0100", *ParseSqlType("timestamptz"),
                   {.date = "%Y-%m-%d %H:%M:%S.%f %z"}),
            "2023-02-03 04:05:06.789+0100");
  EXPECT_EQ(Strict("23-02-03", kDate, {.date = "%Y-%m-%d"}), "-") << "a year has four digits";
  EXPECT_EQ(Strict("2023-2-3", kDate, {.date = "%Y-%m-%d"}), "2023-02-03");
  EXPECT_EQ(Strict("2023-02-03 ", kDate, {.date = "%Y-%m-%d"}), "-");
  EXPECT_EQ(Strict("2023-02-30", kDate, {.date = "%Y-%m-%d"}), "-");
}

TEST(ValueForm, IsChecked) {
  for (const char* good : {"", "iso", "dmy", "mdy", "ymd", "auto", "%d.%m.%Y", "%Y%m%d %H%M"}) {
    EXPECT_TRUE((ValueForm{.date = good}).Validate().ok()) << good;
  }
  for (const char* bad :
       {"dym", "%d.%m.%y", "%d.%m", "%q%d%m%Y", "%Y-%m-%d %I:%M", "%z %Y-%m-%d", "%Y-%m-%d %"}) {
    EXPECT_FALSE((ValueForm{.date = bad}).Validate().ok()) << bad;
  }
  EXPECT_FALSE((ValueForm{.decimal = ';'}).Validate().ok());
  EXPECT_FALSE((ValueForm{.decimal = ',', .thousands = ","}).Validate().ok());
  EXPECT_FALSE((ValueForm{.thousands = "0"}).Validate().ok());
}

}  // namespace
}  // namespace sluice::format
