#include "config/units.h"

#include <gtest/gtest.h>

#include "config/schedule.h"

namespace sluice::config {
namespace {

TEST(Bytes, CountByThousandsOrByPowersOfTwo) {
  EXPECT_EQ(ParseBytes("4 MB"), 4'000'000);
  EXPECT_EQ(ParseBytes("4MiB"), 4 << 20);
  EXPECT_EQ(ParseBytes("1.5 GB"), 1'500'000'000);
  EXPECT_EQ(ParseBytes("1500"), 1500);
  EXPECT_EQ(ParseBytes("2 kb"), 2000);
}

TEST(Bytes, ThatDoNotComeOutWholeOrFitAreRefused) {
  EXPECT_EQ(ParseBytes("1.5 B"), std::nullopt);
  EXPECT_EQ(ParseBytes("0.0005 kB"), std::nullopt);
  EXPECT_EQ(ParseBytes("9223372036854775808"), std::nullopt);
  EXPECT_EQ(ParseBytes("10000000 TB"), std::nullopt);
  EXPECT_EQ(ParseBytes("-1"), std::nullopt);
  EXPECT_EQ(ParseBytes("4 M"), std::nullopt);
  EXPECT_EQ(ParseBytes("4. MB"), std::nullopt);
  EXPECT_EQ(ParseBytes(""), std::nullopt);
}

TEST(Duration, TakesUnitsInWordsAndLetters) {
  EXPECT_EQ(ParseDuration("10s"), 10'000);
  EXPECT_EQ(ParseDuration("15 minutes"), 900'000);
  EXPECT_EQ(ParseDuration("1 h 30 min"), 5'400'000);
  EXPECT_EQ(ParseDuration("1h30m"), 5'400'000);
  EXPECT_EQ(ParseDuration("250 ms"), 250);
  EXPECT_EQ(ParseDuration("2 days"), 172'800'000);
}

TEST(Duration, WithoutUnitIsAGuessExceptForZero) {
  EXPECT_EQ(ParseDuration("0"), 0);
  EXPECT_EQ(ParseDuration("15"), std::nullopt);
  EXPECT_EQ(ParseDuration("15 fortnights"), std::nullopt);
  EXPECT_EQ(ParseDuration("minutes"), std::nullopt);
  EXPECT_EQ(ParseDuration(""), std::nullopt);
  EXPECT_EQ(ParseDuration("999999999999999999 days"), std::nullopt);
}

TEST(Percentage, NeedsItsSign) {
  EXPECT_EQ(ParsePercent("60%"), 60);
  EXPECT_EQ(ParsePercent("0.5 %"), 0.5);
  EXPECT_EQ(ParsePercent("60"), std::nullopt);
  EXPECT_EQ(ParsePercent("%"), std::nullopt);
  EXPECT_EQ(ParsePercent("-5%"), std::nullopt);
  EXPECT_EQ(ParsePercent("1e2%"), std::nullopt);
  EXPECT_EQ(ParsePercent("nan%"), std::nullopt);
}

TEST(Whole, IsExactlyANumber) {
  EXPECT_EQ(ParseWhole("-9223372036854775808"), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(ParseWhole("9223372036854775808"), std::nullopt);
  EXPECT_EQ(ParseWhole("1,000"), std::nullopt);
  EXPECT_EQ(ParseWhole("5.0"), std::nullopt);
  EXPECT_EQ(ParseWhole(" 5"), std::nullopt);
  EXPECT_EQ(ParseWhole(""), std::nullopt);
}

TEST(YamlBoolean, IsAWordInAnyCase) {
  EXPECT_EQ(ParseYamlBoolean("True"), true);
  EXPECT_EQ(ParseYamlBoolean("no"), false);
  EXPECT_EQ(ParseYamlBoolean("1"), std::nullopt);
}

TEST(Constant, KeepsTheTypeOfWhatIsNotQuoted) {
  EXPECT_EQ(ConstantAsJson("42", false), "42");
  EXPECT_EQ(ConstantAsJson("-1.50", false), "-1.50");
  EXPECT_EQ(ConstantAsJson("TRUE", false), "true");
  EXPECT_EQ(ConstantAsJson("42", true), "\"42\"");
  EXPECT_EQ(ConstantAsJson("007", false), "\"007\"");
  EXPECT_EQ(ConstantAsJson("1.", false), "\"1.\"");
  EXPECT_EQ(ConstantAsJson("1e5", false), "1e5");
  EXPECT_EQ(ConstantAsJson("spa", false), "\"spa\"");
}

TEST(Constant, IsEscapedAsJson) {
  EXPECT_EQ(ConstantAsJson("a\"b\\c\n\x01", true), "\"a\\\"b\\\\c\\n\\u0001\"");
}

std::string Cron(std::string_view text) {
  const Result<std::string> cron = ScheduleToCron(text);
  return cron.ok() ? *cron : cron.status().message();
}

TEST(Schedule, InWordsBecomesACronLine) {
  EXPECT_EQ(Cron("every 15 minutes"), "*/15 * * * *");
  EXPECT_EQ(Cron("every minute"), "* * * * *");
  EXPECT_EQ(Cron("every 60 minutes"), "0 * * * *");
  EXPECT_EQ(Cron("every 2 hours"), "0 */2 * * *");
  EXPECT_EQ(Cron("every 24 hours"), "0 0 * * *");
  EXPECT_EQ(Cron("every 1 day"), "0 0 * * *");
  EXPECT_EQ(Cron("Hourly"), "0 * * * *");
  EXPECT_EQ(Cron("daily"), "0 0 * * *");
  EXPECT_EQ(Cron("daily  at 03:05"), "5 3 * * *");
}

TEST(Schedule, ThatIsACronLineStaysOne) {
  EXPECT_EQ(Cron("*/15 8-18 * * MON-FRI"), "*/15 8-18 * * mon-fri");
  EXPECT_EQ(Cron("0 3 1,15 jan *"), "0 3 1,15 jan *");
}

TEST(Schedule, ThatCronCannotKeepIsRefused) {
  EXPECT_EQ(Cron("every 45 minutes"), "every 45 minutes does not divide the hour evenly");
  EXPECT_EQ(Cron("every 90 minutes"), "every 90 minutes does not divide the hour evenly");
  EXPECT_EQ(Cron("every 5 hours"), "every 5 hours does not divide the day evenly");
  EXPECT_EQ(Cron("every 3 days"), "cron cannot run something every 3 days");
}

TEST(Schedule, ThatIsNoneSaysSo) {
  EXPECT_EQ(Cron("sometimes"), "\"sometimes\" is not a schedule");
  EXPECT_EQ(Cron("every 0 minutes"), "\"every 0 minutes\" is not a schedule");
  EXPECT_EQ(Cron("every 2 weeks"), "\"every 2 weeks\" is not a schedule");
  EXPECT_EQ(Cron("every"), "\"every\" is not a schedule");
  EXPECT_EQ(Cron(""), "\"\" is not a schedule");
  EXPECT_EQ(Cron("daily at 24:00"), "\"24:00\" is not a time of the day");
  EXPECT_EQ(Cron("daily at 3"), "\"3\" is not a time of the day");
  EXPECT_EQ(Cron("daily at 3:5"), "\"3:5\" is not a time of the day");
  EXPECT_EQ(Cron("*/15 * * *"), "\"*/15 * * *\" has 4 fields; a cron line has 5");
  EXPECT_EQ(Cron("61 * * * *"), "\"61\" is not a minute of a cron line (0 to 59)");
  EXPECT_EQ(Cron("0 18-8 * * *"), "\"18-8\" is not a hour of a cron line (0 to 23)");
  EXPECT_EQ(Cron("*/0 * * * *"), "\"*/0\" is not a minute of a cron line (0 to 59)");
}

}  // namespace
}  // namespace sluice::config
