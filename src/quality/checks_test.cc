#include "quality/checks.h"

#include <gtest/gtest.h>

namespace sluice::quality {
namespace {

config::Check Volume(double at_least) {
  config::Check check;
  check.kind = config::Check::Kind::kVolume;
  check.volume.at_least = config::Percent{at_least};
  return check;
}

TEST(Volume, TooFewRowsFailAgainstTheMedian) {
  const CheckResult result = CompareVolume(Volume(60), 50, {100, 90, 110, 100, 5000}, "t");
  EXPECT_EQ(result.outcome, Outcome::kFail);
  EXPECT_EQ(result.message,
            "too few rows: 50, expected at least 60 (the median of the last 5 loads is 100)");
}

TEST(Volume, EnoughRowsPass) {
  EXPECT_EQ(CompareVolume(Volume(60), 60, {100, 90, 110, 100, 5000}, "t").outcome, Outcome::kPass);
}

TEST(Volume, AShortHistoryIsSaidAndNotPassedInSilence) {
  const CheckResult result = CompareVolume(Volume(60), 1, {100, 100, 100, 100}, "t");
  EXPECT_EQ(result.outcome, Outcome::kNotEnoughHistory);
  EXPECT_EQ(result.message, "t: not enough history: 4 loads of 5 needed");
}

TEST(Volume, NoRowsAtAllAlwaysFail) {
  config::Check check = Volume(0);
  check.volume.at_least.reset();
  EXPECT_EQ(CompareVolume(check, 0, {1, 1, 1, 1, 1}, "t").outcome, Outcome::kFail);
  EXPECT_EQ(CompareVolume(check, 0, {0, 0, 0, 0, 0}, "t").outcome, Outcome::kPass);
}

TEST(Volume, OnlyTheLastLoadsCount) {
  config::Check check = Volume(60);
  check.volume.last = 5;
  EXPECT_EQ(CompareVolume(check, 10, {10, 10, 10, 10, 10, 1000, 1000, 1000, 1000}, "t").outcome,
            Outcome::kPass);
}

TEST(Volume, TooManyIsAnotherFindingAndAWarningStaysOne) {
  config::Check check = Volume(60);
  check.volume.at_most = config::Percent{200};
  check.on_failure = config::OnFailure::kWarn;
  const CheckResult result = CompareVolume(check, 201, {100, 100, 100, 100, 100}, "t");
  EXPECT_EQ(result.outcome, Outcome::kWarn);
  EXPECT_NE(result.message.find("too many rows: 201, expected at most 200"), std::string::npos);
}

TEST(MedianTest, IsTheMiddle) {
  EXPECT_EQ(Median({}), 0);
  EXPECT_EQ(Median({3, 1, 2}), 2);
  EXPECT_EQ(Median({4, 1, 2, 3}), 2.5);
}

class ColumnChecks : public testing::Test {
 protected:
  void SetUp() override {
    database_ = std::move(engine::Database::Open("", {})).value();
    connection_ = std::move(database_->Connect()).value();
    ASSERT_TRUE(connection_
                    ->Execute("CREATE TABLE t AS FROM (VALUES (1, 'a', 0), (1, 'b', 1), (2, NULL, "
                              "7), (NULL, NULL, 9)) t(id, name, gender)")
                    .ok());
  }
  CheckResult Run(config::Check::Kind kind, std::vector<std::string> columns,
                  std::vector<std::string> values = {}) {
    config::Check check;
    check.kind = kind;
    check.columns = std::move(columns);
    check.values = std::move(values);
    return RunColumnCheck(*connection_, check, {"t", "t", "", {"id", "name", "gender"}}).value();
  }
  std::unique_ptr<engine::Database> database_;
  std::unique_ptr<engine::Connection> connection_;
};

TEST_F(ColumnChecks, NotNullNamesEachColumn) {
  const CheckResult result = Run(config::Check::Kind::kNotNull, {"id", "name", "gender"});
  EXPECT_EQ(result.outcome, Outcome::kFail);
  EXPECT_EQ(result.message, "id is NULL in 1 row; name is NULL in 2 rows");
  EXPECT_EQ(Run(config::Check::Kind::kNotNull, {"gender"}).outcome, Outcome::kPass);
}

TEST_F(ColumnChecks, UniqueCountsKeysAndRowsAndLeavesNullsOut) {
  const CheckResult result = Run(config::Check::Kind::kUnique, {"id"});
  EXPECT_EQ(result.outcome, Outcome::kFail);
  EXPECT_EQ(result.message, "1 value of (id) stands more than once, in 2 rows");
  EXPECT_EQ(Run(config::Check::Kind::kUnique, {"id", "name"}).outcome, Outcome::kPass);
  EXPECT_EQ(Run(config::Check::Kind::kUnique, {"name"}).outcome, Outcome::kPass);
}

TEST_F(ColumnChecks, AcceptedValuesTellHowManyAndNotWhich) {
  const CheckResult result = Run(config::Check::Kind::kAcceptedValues, {"gender"}, {"0", "1"});
  EXPECT_EQ(result.outcome, Outcome::kFail);
  EXPECT_EQ(result.message, "gender holds 2 values that are not accepted (2 rows)");
  EXPECT_EQ(Run(config::Check::Kind::kAcceptedValues, {"name"}, {"a"}).message,
            "name holds 1 value that is not accepted (1 row)");
}

TEST_F(ColumnChecks, AColumnThatIsNotThereIsNamedWithTheNearest) {
  const CheckResult result = Run(config::Check::Kind::kNotNull, {"gendr"});
  EXPECT_EQ(result.outcome, Outcome::kFail);
  EXPECT_NE(result.message.find("there is no column gendr (did you mean \"gender\"?)"),
            std::string::npos);
}

}  // namespace
}  // namespace sluice::quality
