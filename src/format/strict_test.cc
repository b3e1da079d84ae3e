#include "format/strict.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace sluice::format {
namespace {

constexpr int64_t kMin64 = std::numeric_limits<int64_t>::min();
constexpr int64_t kMax64 = std::numeric_limits<int64_t>::max();

std::optional<int64_t> Big(std::string_view text) {
  return ParseInteger(text, kMin64, kMax64);
}

// The digits of a decimal's scaled value, for comparisons beyond 64 bits.
std::string Decimal(std::string_view text, int width, int scale) {
  const auto value = ParseDecimal(text, width, scale);
  if (!value) return "refused";
  UInt128 n = *value < 0 ? -static_cast<UInt128>(*value) : static_cast<UInt128>(*value);
  std::string digits;
  do {
    digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(n % 10)));
    n /= 10;
  } while (n != 0);
  return *value < 0 ? "-" + digits : digits;
}

TEST(StrictInteger, TakesSignAndDigits) {
  EXPECT_EQ(Big("0"), 0);
  EXPECT_EQ(Big("-0"), 0);
  EXPECT_EQ(Big("+5"), 5);
  EXPECT_EQ(Big("-17"), -17);
  EXPECT_EQ(Big("007"), 7);
  EXPECT_EQ(Big("123456789012345678"), 123456789012345678);
  EXPECT_EQ(Big("000000000000000000000000000000000000000042"), 42);
  EXPECT_EQ(Big("-000000000000000000000000000000000000000042"), -42);
  EXPECT_EQ(Big("00000000000000000000000000000"), 0);
}

TEST(StrictInteger, KeepsToItsBorders) {
  EXPECT_EQ(Big("9223372036854775807"), kMax64);
  EXPECT_EQ(Big("9223372036854775808"), std::nullopt);
  EXPECT_EQ(Big("-9223372036854775808"), kMin64);
  EXPECT_EQ(Big("-9223372036854775809"), std::nullopt);
  EXPECT_EQ(Big("9999999999999999999"), std::nullopt);
  EXPECT_EQ(Big("18446744073709551616"), std::nullopt);  // 2^64 would wrap to 0
  EXPECT_EQ(Big("99999999999999999999999999999999999999"), std::nullopt);
  const SqlType integer{.kind = SqlType::Kind::kInteger};
  EXPECT_TRUE(Fits("2147483647", integer));
  EXPECT_FALSE(Fits("2147483648", integer));
  EXPECT_TRUE(Fits("-2147483648", integer));
  EXPECT_FALSE(Fits("-2147483649", integer));
  const SqlType small{.kind = SqlType::Kind::kSmallInt};
  EXPECT_TRUE(Fits("32767", small));
  EXPECT_FALSE(Fits("32768", small));
  EXPECT_TRUE(Fits("-32768", small));
  EXPECT_FALSE(Fits("-32769", small));
}

TEST(StrictInteger, RefusesEverythingElse) {
  for (const char* text : {"",      "+",   "-",   "--1",  "+-1",
                           "-+1",   " 1",  "1 ",  "1 2",  "1_000",
                           "1,000", "1e3", "1.0", "1.",   ".1",
                           "0x1A",  "1a",  "a",   "\t1",  "1\n",
                           "½",     "١",   "1-",  "NULL", "000000000000000000000000000000x",
                           "/",     ":"}) {
    EXPECT_EQ(Big(text), std::nullopt) << '"' << text << '"';
  }
  EXPECT_EQ(Big(std::string_view("1\0", 2)), std::nullopt);
}

TEST(StrictDecimal, ScalesExactly) {
  EXPECT_EQ(Decimal("0", 19, 0), "0");
  EXPECT_EQ(Decimal("12.34", 12, 2), "1234");
  EXPECT_EQ(Decimal("12.3", 12, 2), "1230");
  EXPECT_EQ(Decimal("12", 12, 2), "1200");
  EXPECT_EQ(Decimal("-12.34", 12, 2), "-1234");
  EXPECT_EQ(Decimal("+12.34", 12, 2), "1234");
  EXPECT_EQ(Decimal("0012.34", 4, 2), "1234");
  EXPECT_EQ(Decimal("-0", 5, 2), "0");
  EXPECT_EQ(Decimal("-0.00", 5, 2), "0");
  EXPECT_EQ(Decimal(".5", 5, 2), "50");
  EXPECT_EQ(Decimal("-.5", 5, 2), "-50");
  EXPECT_EQ(Decimal(".5", 2, 2), "50");
  EXPECT_EQ(Decimal("0.05", 2, 2), "5");
}

TEST(StrictDecimal, GoesBeyondSixtyFourBits) {
  EXPECT_EQ(Decimal("9223372036854775808", 19, 0), "9223372036854775808");
  EXPECT_EQ(Decimal("9999999999999999999", 19, 0), "9999999999999999999");
  EXPECT_EQ(Decimal("-9999999999999999999", 19, 0), "-9999999999999999999");
  EXPECT_EQ(Decimal("10000000000000000000", 19, 0), "refused");
  EXPECT_EQ(Decimal("99999999999999999999999999999999999999", 38, 0),
            "99999999999999999999999999999999999999");
  EXPECT_EQ(Decimal("100000000000000000000000000000000000000", 38, 0), "refused");
  EXPECT_EQ(Decimal("9999999999999999999999999999.9999999999", 38, 10),
            "99999999999999999999999999999999999999");
  EXPECT_EQ(Decimal("12345678901234567890.0123456789", 38, 10), "123456789012345678900123456789");
  EXPECT_EQ(Decimal("1234567890123456789", 38, 19), "12345678901234567890000000000000000000");
  EXPECT_EQ(Decimal("0.00000000000000000000000000000000000001", 38, 38), "1");
  EXPECT_EQ(Decimal("1", 38, 37), "10000000000000000000000000000000000000");
  EXPECT_EQ(Decimal("10000000000000000000000000000.0", 38, 10), "refused");
  EXPECT_EQ(Decimal("10000000000000000000000000000000000001", 38, 0),
            "10000000000000000000000000000000000001");
}

TEST(StrictDecimal, NeverRounds) {
  EXPECT_EQ(Decimal("12.345", 12, 2), "refused");
  EXPECT_EQ(Decimal("12.340", 12, 2), "1234");
  EXPECT_EQ(Decimal("12.34000000000000000000000000000000000000000000000000", 12, 2), "1234");
  EXPECT_EQ(Decimal("12.34000000000000000000000000000000000000000000000001", 12, 2), "refused");
  EXPECT_EQ(Decimal("12.0", 19, 0), "12");
  EXPECT_EQ(Decimal("12.5", 19, 0), "refused");
  EXPECT_EQ(Decimal("999.99", 5, 2), "99999");
  EXPECT_EQ(Decimal("1000.00", 5, 2), "refused");
  EXPECT_EQ(Decimal("1", 2, 2), "refused");
  EXPECT_EQ(Decimal("0", 2, 2), "0");
}

TEST(StrictDecimal, RefusesEverythingElse) {
  for (const char* text :
       {"",    "+",     "-",    ".",    "-.",  "5.",  "-5.", "--1",  " 1",  "1 ",  "1_000", "1,5",
        "1e3", "1.2.3", "1..2", "1.-2", "0x1", "nan", "1.x", "1.0x", "x.1", "inf", "1.00 "}) {
    EXPECT_EQ(Decimal(text, 18, 3), "refused") << '"' << text << '"';
  }
}

TEST(StrictDouble, TakesTheNearestValue) {
  EXPECT_EQ(ParseDouble("12.5"), 12.5);
  EXPECT_EQ(ParseDouble("+12.5"), 12.5);
  EXPECT_EQ(ParseDouble("-12.5"), -12.5);
  EXPECT_EQ(ParseDouble("1e3"), 1000.0);
  EXPECT_EQ(ParseDouble("1E+3"), 1000.0);
  EXPECT_EQ(ParseDouble("1e-3"), 0.001);
  EXPECT_EQ(ParseDouble(".5"), 0.5);
  EXPECT_EQ(ParseDouble("+.5e1"), 5.0);
  EXPECT_EQ(ParseDouble("0.1"), 0.1);
  EXPECT_EQ(ParseDouble("123456789012345678901234567890"), 123456789012345678901234567890.0);
  EXPECT_EQ(ParseDouble("9007199254740993"), 9007199254740992.0);
}

TEST(StrictDouble, KeepsToItsRange) {
  EXPECT_EQ(ParseDouble("1.7976931348623157e308"), std::numeric_limits<double>::max());
  EXPECT_EQ(ParseDouble("1.7976931348623159e308"), std::nullopt);
  EXPECT_EQ(ParseDouble("1e400"), std::nullopt);
  EXPECT_EQ(ParseDouble("-1e400"), std::nullopt);
  EXPECT_EQ(ParseDouble("1e99999999999999999999"), std::nullopt);
  EXPECT_EQ(ParseDouble("2.2250738585072014e-308"), std::numeric_limits<double>::min());
  EXPECT_EQ(ParseDouble("1e-310"), 1e-310);  // denormal
  EXPECT_EQ(ParseDouble("4.9e-324"), std::numeric_limits<double>::denorm_min());
  EXPECT_EQ(ParseDouble("2e-324"), std::nullopt);  // nothing but zero would be left
  EXPECT_EQ(ParseDouble("1e-400"), std::nullopt);
  EXPECT_EQ(ParseDouble("0e-400"), 0.0);
  EXPECT_EQ(ParseDouble("0.000e99999999999999999999"), 0.0);
  const auto negative_zero = ParseDouble("-0");
  ASSERT_TRUE(negative_zero.has_value());
  EXPECT_TRUE(*negative_zero == 0 && std::signbit(*negative_zero));
}

TEST(StrictDouble, RefusesEverythingElse) {
  for (const char* text :
       {"",         "+",         "-",     ".",    "5.",    "5.e1", "e1",    "1e",   "1e+",  "1e1.5",
        "--1",      "+-1",       " 1",    "1 ",   "1_000", "1,5",  "nan",   "NaN",  "-nan", "inf",
        "infinity", "-Infinity", "0x1p3", "0x1A", "1f",    "1d",   "1.2.3", "1e3e3"}) {
    EXPECT_EQ(ParseDouble(text), std::nullopt) << '"' << text << '"';
  }
}

TEST(StrictBoolean, TakesSixWordsInAnyCase) {
  for (const char* text : {"1", "t", "T", "true", "TRUE", "tRuE"})
    EXPECT_EQ(ParseBoolean(text), true) << text;
  for (const char* text : {"0", "f", "F", "false", "FALSE", "faLse"}) {
    EXPECT_EQ(ParseBoolean(text), false) << text;
  }
  for (const char* text : {"", "2", "y", "n", "yes", "no", "on", "off", "tru", "truee", "fals",
                           " 1", "1 ", "00", "-1", "true ", "falsy"}) {
    EXPECT_EQ(ParseBoolean(text), std::nullopt) << text;
  }
}

TEST(StrictDate, CountsDaysSince1970) {
  EXPECT_EQ(ParseDate("1970-01-01"), 0);
  EXPECT_EQ(ParseDate("1969-12-31"), -1);
  EXPECT_EQ(ParseDate("2000-03-01"), 11017);
  EXPECT_EQ(ParseDate("0001-01-01"), -719162);
  EXPECT_EQ(ParseDate("9999-12-31"), 2932896);
}

TEST(StrictDate, KnowsLeapYears) {
  EXPECT_TRUE(ParseDate("2024-02-29").has_value());
  EXPECT_FALSE(ParseDate("2023-02-29").has_value());
  EXPECT_TRUE(ParseDate("2000-02-29").has_value());
  EXPECT_FALSE(ParseDate("1900-02-29").has_value());
  EXPECT_FALSE(ParseDate("2024-02-30").has_value());
  EXPECT_FALSE(ParseDate("2024-04-31").has_value());
  EXPECT_TRUE(ParseDate("2024-12-31").has_value());
}

TEST(StrictDate, RefusesEverythingElse) {
  for (const char* text : {"",
                           "0000-01-01",
                           "2024-00-10",
                           "2024-13-01",
                           "2024-01-00",
                           "2024-01-32",
                           "2024-1-1",
                           "24-01-01",
                           "20240101",
                           "2024/01/01",
                           "01-02-2024",
                           "2024-01-01 ",
                           " 2024-01-01",
                           "2024-01-01T",
                           "10000-01-01",
                           "2024-01-01 00:00:00",
                           "-024-01-01",
                           "202a-01-01",
                           "2024-01-0a",
                           "infinity",
                           "epoch"}) {
    EXPECT_EQ(ParseDate(text), std::nullopt) << '"' << text << '"';
  }
}

constexpr int64_t kSecond = 1'000'000;

TEST(StrictTimestamp, CountsMicroseconds) {
  EXPECT_EQ(ParseTimestamp("1970-01-01"), 0);
  EXPECT_EQ(ParseTimestamp("1970-01-01 00:00:00"), 0);
  EXPECT_EQ(ParseTimestamp("1970-01-01T00:01"), 60 * kSecond);
  EXPECT_EQ(ParseTimestamp("1970-01-01 00:00:01.5"), 1'500'000);
  EXPECT_EQ(ParseTimestamp("1970-01-01 00:00:00.000001"), 1);
  EXPECT_EQ(ParseTimestamp("1970-01-01 00:00:00.0000010000000000000"), 1);
  EXPECT_EQ(ParseTimestamp("1969-12-31 23:59:59.999999"), -1);
  EXPECT_EQ(ParseTimestamp("2026-11-21 14:03:07.123"), 1'795'269'787'123'000);
  EXPECT_EQ(ParseTimestamp("0001-01-01 00:00:00"), -719162LL * 86400 * kSecond);
  EXPECT_EQ(ParseTimestamp("9999-12-31 23:59:59.999999"), 2932897LL * 86400 * kSecond - 1);
}

TEST(StrictTimestamp, RefusesEverythingElse) {
  for (const char* text : {"",
                           "2024-01-01 24:00",
                           "2024-01-01 24:00:00",
                           "2024-01-01 23:59:60",
                           "2024-01-01 23:60:00",
                           "2024-01-01 1:00",
                           "2024-01-01 01",
                           "2024-01-01 01:0",
                           "2024-01-01 01:00:0",
                           "2024-01-01 01:00:",
                           "2024-01-01 01:00:00.",
                           "2024-01-01 01:00:00.1234567",
                           "2024-01-01 01:00:00.12345600001",
                           "2024-01-01  01:00",
                           "2024-01-01t01:00",
                           "2024-01-01 01:00 ",
                           " 2024-01-01",
                           "2024-01-01 ",
                           "2024-01-01T",
                           "2024-01-01 01:00:00Z",
                           "2024-01-01 01:00:00+02",
                           "2024-01-01 01:00:00 PM",
                           "2024-02-30 00:00:00",
                           "0000-01-01 00:00:00",
                           "2024-01-01 01:00.5",
                           "2024-01-01 01-00-00",
                           "2024-01-01 01:00:00,5",
                           "2024-01-01 aa:00:00",
                           "2024-01-01 00:aa",
                           "2024-01-01 00:00:aa"}) {
    EXPECT_EQ(ParseTimestamp(text), std::nullopt) << '"' << text << '"';
  }
}

TEST(StrictTimestampTz, TakesZonesToUtc) {
  EXPECT_EQ(ParseTimestampTz("1970-01-01 00:00:00Z"), 0);
  EXPECT_EQ(ParseTimestampTz("1970-01-01T02:00+02"), 0);
  EXPECT_EQ(ParseTimestampTz("1970-01-01 02:00:00+0200"), 0);
  EXPECT_EQ(ParseTimestampTz("1970-01-01 05:30:00.000001+05:30"), 1);
  EXPECT_EQ(ParseTimestampTz("1969-12-31 20:30:00-03:30"), 0);
  EXPECT_EQ(ParseTimestampTz("1970-01-01 00:00:00.0000000 +00:00"), 0);
  EXPECT_EQ(ParseTimestampTz("1970-01-01 00:00-00:00"), 0);
  EXPECT_EQ(ParseTimestampTz("0001-01-01 15:59+15:59"), -719162LL * 86400 * kSecond);
}

TEST(StrictTimestampTz, RefusesEverythingElse) {
  for (const char* text : {"",
                           "2024-01-01",
                           "2024-01-01Z",
                           "2024-01-01 00:00:00",
                           "2024-01-01 00:00:00z",
                           "2024-01-01 00:00:00 UTC",
                           "2024-01-01 00:00:00+2",
                           "2024-01-01 00:00:00+020",
                           "2024-01-01 00:00:00+16",
                           "2024-01-01 00:00:00+02:60",
                           "2024-01-01 00:00:00+02:0",
                           "2024-01-01 00:00:00+02-00",
                           "2024-01-01 00:00:00+02:00:00",
                           "2024-01-01 00:00:00  +02",
                           "2024-01-01 00:00:00Z ",
                           "2024-01-01 00:00:00 ",
                           "0001-01-01 00:00:00+00:01",
                           "9999-12-31 23:59:59-00:01",
                           "2024-01-01 24:00:00Z",
                           "2024-01-01 00:00:00+aa"}) {
    EXPECT_EQ(ParseTimestampTz(text), std::nullopt) << '"' << text << '"';
  }
}

TEST(SqlType, IsReadFromUsualNames) {
  const auto name = [](std::string_view text) {
    auto type = ParseSqlType(text);
    return type.ok() ? type->DuckDb() : "refused";
  };
  EXPECT_EQ(name("int"), "INTEGER");
  EXPECT_EQ(name(" Int4 "), "INTEGER");
  EXPECT_EQ(name("bigint"), "BIGINT");
  EXPECT_EQ(name("SMALLINT"), "SMALLINT");
  EXPECT_EQ(name("Bool"), "BOOLEAN");
  EXPECT_EQ(name("DECIMAL(19,0)"), "DECIMAL(19,0)");
  EXPECT_EQ(name("numeric ( 38 , 10 )"), "DECIMAL(38,10)");
  EXPECT_EQ(name("numeric(5)"), "DECIMAL(5,0)");
  EXPECT_EQ(name("NUMERIC"), "DECIMAL(18,0)");
  EXPECT_EQ(name("float"), "DOUBLE");
  EXPECT_EQ(name("FLOAT(53)"), "DOUBLE");
  EXPECT_EQ(name("real"), "DOUBLE");
  EXPECT_EQ(name("double  precision"), "DOUBLE");
  EXPECT_EQ(name("nvarchar(144)"), "VARCHAR");
  EXPECT_EQ(name("character varying(10)"), "VARCHAR");
  EXPECT_EQ(name("text"), "VARCHAR");
  EXPECT_EQ(name("date"), "DATE");
  EXPECT_EQ(name("timestamp"), "TIMESTAMP");
  EXPECT_EQ(name("datetime"), "TIMESTAMP");
  EXPECT_EQ(name("timestamp without\n time zone"), "TIMESTAMP");
  EXPECT_EQ(name("timestamptz"), "TIMESTAMP WITH TIME ZONE");
  EXPECT_EQ(name("timestamp with time zone"), "TIMESTAMP WITH TIME ZONE");
  EXPECT_EQ(ParseSqlType("nvarchar(144)")->max_bytes, 144);
  EXPECT_EQ(ParseSqlType("varchar(max)")->max_bytes, 65535);
  EXPECT_EQ(ParseSqlType("varchar")->max_bytes, 0);
  for (const char* text :
       {"", "DECIMAL(39,0)", "DECIMAL(0,0)", "DECIMAL(5,6)", "DECIMAL(5,2,1)", "DECIMAL(-5,2)",
        "DECIMAL(5", "DECIMAL)5(", "DECIMAL()", "INT(4)", "VARCHAR(0)", "VARCHAR(x)",
        "VARCHAR(1,2)", "BLOB", "VARCHAR(1) NOT NULL"}) {
    EXPECT_EQ(name(text), "refused") << text;
  }
}

TEST(SqlType, SuggestsTheNearestName) {
  const auto type = ParseSqlType("INTERGER");
  ASSERT_FALSE(type.ok());
  EXPECT_EQ(type.status().code(), Code::kConfig);
  EXPECT_EQ(type.status().message(),
            "the type \"INTERGER\" is not known (did you mean \"INTEGER\"?)");
}

TEST(SqlType, SuggestsWhatTakesTheValuesOfATypeOfAnotherEngine) {
  const auto said = [](const char* text) { return ParseSqlType(text).status().message(); };
  EXPECT_EQ(said("uuid"), "the type \"uuid\" is not known (did you mean \"VARCHAR\"?)");
  EXPECT_EQ(said("NUMBER(10,2)"),
            "the type \"NUMBER(10,2)\" is not known (did you mean \"DECIMAL\"?)");
  EXPECT_EQ(said("UBIGINT"), "the type \"UBIGINT\" is not known (did you mean \"DECIMAL(20,0)\"?)");
  EXPECT_EQ(said("GEOMETRY"), "the type \"GEOMETRY\" is not known");
}

TEST(SqlType, SaysWhatItExpects) {
  EXPECT_EQ(ParseSqlType("decimal(19,0)")->Expectation(), "a whole number of at most 19 digits");
  EXPECT_EQ(ParseSqlType("decimal(12,2)")->Expectation(),
            "a number with at most 10 digits before and 2 behind the point");
  EXPECT_EQ(ParseSqlType("int")->Expectation(),
            "a whole number between -2147483648 and 2147483647");
}

TEST(Fits, DecidesByKind) {
  const auto fits = [](std::string_view text, std::string_view type) {
    return Fits(text, *ParseSqlType(type));
  };
  EXPECT_TRUE(fits("anything", "text"));
  EXPECT_TRUE(fits("", "nvarchar(1)"));
  EXPECT_TRUE(fits("T", "boolean"));
  EXPECT_FALSE(fits("2", "boolean"));
  EXPECT_TRUE(fits("1.5", "float"));
  EXPECT_FALSE(fits("1,5", "float"));
  EXPECT_TRUE(fits("2024-01-01", "date"));
  EXPECT_FALSE(fits("2024-01-01 00:00", "date"));
  EXPECT_TRUE(fits("2024-01-01 00:00", "timestamp"));
  EXPECT_FALSE(fits("2024-01-01 00:00", "timestamptz"));
  EXPECT_TRUE(fits("9.99", "decimal(3,2)"));
  EXPECT_FALSE(fits("10.00", "decimal(3,2)"));
  EXPECT_TRUE(fits("9223372036854775807", "bigint"));
  EXPECT_FALSE(fits("9223372036854775808", "bigint"));
}

}  // namespace
}  // namespace sluice::format
