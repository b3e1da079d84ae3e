#include "ingest/column_changes.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "engine/engine.h"

namespace sluice::ingest {
namespace {

format::SqlType Type(const std::string& text) {
  return format::ParseSqlType(text).value();
}

bool Widens(const std::string& from, const std::string& to) {
  return IsWidening(Type(from), Type(to));
}

TEST(Widening, LosesNoValueOfATypeOfWholeNumbers) {
  EXPECT_TRUE(Widens("SMALLINT", "INTEGER"));
  EXPECT_TRUE(Widens("SMALLINT", "BIGINT"));
  EXPECT_TRUE(Widens("INTEGER", "BIGINT"));
  EXPECT_FALSE(Widens("BIGINT", "INTEGER"));
  EXPECT_TRUE(Widens("INTEGER", "DECIMAL(10,0)"));
  EXPECT_TRUE(Widens("INTEGER", "DECIMAL(12,2)"));
  EXPECT_FALSE(Widens("INTEGER", "DECIMAL(12,3)")) << "2,147,483,647 has ten digits";
  EXPECT_TRUE(Widens("BIGINT", "DECIMAL(19,0)"));
  EXPECT_FALSE(Widens("BIGINT", "DECIMAL(18,0)"));
  EXPECT_TRUE(Widens("INTEGER", "DOUBLE"));
  EXPECT_FALSE(Widens("BIGINT", "DOUBLE")) << "a double has 53 bits";
}

TEST(Widening, LosesNoDigitOfADecimal) {
  EXPECT_TRUE(Widens("DECIMAL(10,2)", "DECIMAL(12,2)"));
  EXPECT_TRUE(Widens("DECIMAL(10,2)", "DECIMAL(12,4)"));
  EXPECT_FALSE(Widens("DECIMAL(10,2)", "DECIMAL(11,4)"))
      << "seven digits before the point, not eight";
  EXPECT_FALSE(Widens("DECIMAL(10,2)", "DECIMAL(12,1)"));
  EXPECT_FALSE(Widens("DECIMAL(10,2)", "DOUBLE")) << "0.1 is none";
  EXPECT_TRUE(Widens("DECIMAL(18,0)", "BIGINT"));
  EXPECT_FALSE(Widens("DECIMAL(19,0)", "BIGINT"));
  EXPECT_TRUE(Widens("DECIMAL(15,0)", "DOUBLE"));
}

TEST(Widening, OfADayIsItsMidnight) {
  EXPECT_TRUE(Widens("DATE", "TIMESTAMP"));
  EXPECT_FALSE(Widens("DATE", "TIMESTAMPTZ")) << "of which zone?";
  EXPECT_FALSE(Widens("TIMESTAMP", "DATE"));
}

TEST(Widening, IsToTextWhereAValueHasOneText) {
  for (const char* type : {"SMALLINT", "INTEGER", "BIGINT"}) {
    EXPECT_TRUE(Widens(type, "VARCHAR")) << type;
    EXPECT_FALSE(Widens("VARCHAR", type)) << type;
  }
  for (const char* type : {"DATE", "BOOLEAN", "DOUBLE", "DECIMAL(10,2)", "DECIMAL(10,0)",
                           "TIMESTAMP", "TIMESTAMPTZ"}) {
    EXPECT_FALSE(Widens(type, "VARCHAR")) << type;
  }
}

// What the rules above call a widening, the engine must do without loss, extremes included.
TEST(Widening, IsExactInTheEngine) {
  const std::vector<std::pair<std::string, std::vector<std::string>>> values = {
      {"SMALLINT", {"-32768", "32767", "0"}},
      {"INTEGER", {"-2147483648", "2147483647", "0"}},
      {"BIGINT", {"-9223372036854775808", "9223372036854775807", "0"}},
      {"DECIMAL(4,0)", {"-9999", "9999"}},
      {"DECIMAL(10,2)", {"-99999999.99", "99999999.99", "0.01"}},
      {"DECIMAL(15,0)", {"999999999999999", "-999999999999999"}},
      {"DECIMAL(18,0)", {"999999999999999999", "-999999999999999999"}},
      {"DECIMAL(38,10)", {"9999999999999999999999999999.9999999999"}},
      {"DATE", {"0001-01-01", "9999-12-31"}}};
  const std::vector<std::string> targets = {"SMALLINT",      "INTEGER",        "BIGINT",
                                            "DECIMAL(10,0)", "DECIMAL(12,2)",  "DECIMAL(14,4)",
                                            "DECIMAL(19,0)", "DECIMAL(38,10)", "DECIMAL(38,0)",
                                            "DOUBLE",        "TIMESTAMP",      "VARCHAR"};
  auto database = engine::Database::Open("", {});
  ASSERT_TRUE(database.ok()) << database.status().ToString();
  auto connection = database.value()->Connect();
  ASSERT_TRUE(connection.ok()) << connection.status().ToString();
  int widenings = 0;
  for (const auto& [from, texts] : values) {
    for (const std::string& to : targets) {
      if (!Widens(from, to)) continue;
      ++widenings;
      for (const std::string& text : texts) {
        const std::string value = "CAST('" + text + "' AS " + from + ")";
        const auto same = connection.value()->Scalar("SELECT CAST(CAST(" + value + " AS " + to +
                                                     ") AS " + from + ") = " + value);
        ASSERT_TRUE(same.ok()) << same.status().ToString();
        EXPECT_EQ(engine::ToText(same.value()), "true") << text << " " << from << " " << to;
      }
    }
  }
  EXPECT_GT(widenings, 15);
}

std::string Changes(const TargetTable& target, const std::vector<warehouse::ColumnInfo>& present) {
  std::vector<std::string> texts;
  for (const ColumnChange& change : CompareColumns(target, present))
    texts.push_back(Describe(change));
  return Join(texts, "; ");
}

TEST(ColumnChanges, AreWhatTheTableLacksOrHasOtherwise) {
  TargetTable target;
  target.columns = {{"id", Type("BIGINT")},
                    {"email", Type("VARCHAR(200)"), {}, "e_mail"},
                    {"amount", Type("DECIMAL(10,2)")},
                    {"note", Type("TEXT")}};
  EXPECT_EQ(
      Changes(
          target,
          {{"id", "INTEGER"}, {"e_mail", "VARCHAR"}, {"amount", "DECIMAL(12,2)"}, {"old", "DATE"}}),
      "column id: INTEGER becomes BIGINT; column e_mail becomes email; column amount: "
      "DECIMAL(12,2) cannot become DECIMAL(10,2); column note is added");
  EXPECT_EQ(Changes(target, {{"id", "BIGINT"},
                             {"e_mail", "VARCHAR"},
                             {"email", "VARCHAR"},
                             {"amount", "DECIMAL(10,2)"},
                             {"note", "VARCHAR"}}),
            "")
      << "renamed long ago, and something has the old name again";
  EXPECT_EQ(
      Changes(target,
              {{"id", "HUGEINT"}, {"email", "VARCHAR"}, {"amount", "FLOAT"}, {"note", "VARCHAR"}}),
      "column id: HUGEINT cannot become BIGINT; column amount: FLOAT cannot become "
      "DECIMAL(10,2)");
}

}  // namespace
}  // namespace sluice::ingest
