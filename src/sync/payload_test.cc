#include "sync/payload.h"

#include <gtest/gtest.h>

#include "engine/engine.h"
#include "sync/field_sql.h"
#include "sync/functions.h"

namespace sluice::sync {
namespace {

using connector::NumberStyle;
using connector::TimestampStyle;

Result<std::string> NoExpression(const std::string&) {
  return FailedError("no expression was expected");
}

class PayloadTest : public testing::Test {
 protected:
  void SetUp() override {
    database_ = std::move(engine::Database::Open("", {})).value();
    connection_ = std::move(database_->Connect()).value();
    ASSERT_TRUE(functions_.Register(*connection_).ok());
  }
  // The payload of the one row of `select`, all of whose columns are mapped to fields of their
  // names.
  std::string Of(const std::string& select, TimestampStyle style = TimestampStyle::kIso,
                 const std::string& timezone = "UTC",
                 NumberStyle numbers = NumberStyle::kShortest) {
    config::Sync sync;
    sync.timezone = timezone;
    std::vector<warehouse::ColumnInfo> columns;
    const auto rows =
        connection_->Rows("SELECT column_name, column_type FROM (DESCRIBE " + select + ")");
    EXPECT_TRUE(rows.ok()) << rows.status().ToString();
    for (const auto& row : rows.value()) {
      columns.push_back({engine::ToText(row[0]), engine::ToText(row[1])});
      config::Field field;
      field.to = columns.back().name;
      field.column = columns.back().name;
      sync.fields.push_back(field);
    }
    const auto plan = PlanFields(sync, columns, NoExpression);
    if (!plan.ok()) return plan.status().ToString();
    auto builder = PayloadBuilder::Create(plan->fields, {style, numbers});
    if (!builder.ok()) return builder.status().ToString();
    const auto bound = functions_.Bind({std::move(builder).value(), nullptr, ChangedFieldsRules()});
    std::string call = "SELECT _sluice_payload(" + std::to_string(bound.number());
    for (const std::string& expression : plan->expressions) call += ", " + expression;
    const auto payload = connection_->Scalar(call + ") FROM (" + select + ") AS src");
    return payload.ok() ? engine::ToText(payload.value()) : payload.status().ToString();
  }
  std::unique_ptr<engine::Database> database_;
  std::unique_ptr<engine::Connection> connection_;
  SyncFunctions functions_;
};

TEST_F(PayloadTest, NamesAreSortedAndNestedByDots) {
  EXPECT_EQ(Of("SELECT 1 AS \"b\", 2 AS \"a.y\", 3 AS \"a.x\", 4 AS \"Z\", 5 AS \"a b\""),
            R"({"Z":4,"a":{"x":3,"y":2},"a b":5,"b":1})");
}

TEST_F(PayloadTest, NullsAreLeftOutAndEmptyTextsAreNot) {
  EXPECT_EQ(Of("SELECT NULL::INTEGER AS a, '' AS b, NULL::VARCHAR AS \"c.x\", 1 AS \"d.y\", "
               "NULL::DATE AS \"d.z\""),
            R"({"b":"","d":{"y":1}})");
  EXPECT_EQ(Of("SELECT NULL::INTEGER AS a"), "{}");
}

TEST_F(PayloadTest, NumbersTextsAndBooleansDiffer) {
  EXPECT_EQ(Of("SELECT 1 AS a, '1' AS b, true AS c, false AS d, 'true' AS e"),
            R"({"a":1,"b":"1","c":true,"d":false,"e":"true"})");
}

TEST_F(PayloadTest, DecimalsAndLargeNumbersNeverGoThroughAFloat) {
  EXPECT_EQ(
      Of("SELECT 12.50::DECIMAL(9,2) AS a, 0.00::DECIMAL(4,2) AS b, -0.05::DECIMAL(4,2) AS c, "
         "12345678901234567890.123456789::DECIMAL(38,9) AS d, 100::DECIMAL(18,0) AS e"),
      R"({"a":12.5,"b":0,"c":-0.05,"d":12345678901234567890.123456789,"e":100})");
  EXPECT_EQ(Of("SELECT 18446744073709551615::UBIGINT AS a, (-128)::TINYINT AS b, "
               "170141183460469231731687303715884105727::HUGEINT AS c, 9223372036854775807 AS d"),
            "{\"a\":18446744073709551615,\"b\":-128,"
            "\"c\":170141183460469231731687303715884105727,\"d\":9223372036854775807}");
}

TEST_F(PayloadTest, FloatsAreTheShortestTextThatReadsBackTheSame) {
  EXPECT_EQ(Of("SELECT 0.1::DOUBLE AS a, 0.1::FLOAT AS b, 1e20::DOUBLE AS c, 5::DOUBLE AS d, "
               "(-0.0)::DOUBLE AS e, 1e-7::DOUBLE AS f, 123456.789::DOUBLE AS g"),
            R"({"a":0.1,"b":0.1,"c":1e20,"d":5,"e":0,"f":1e-07,"g":123456.789})");
}

TEST_F(PayloadTest, WhatCanHaveAFractionShowsItWhereTheDestinationAsksForIt) {
  const std::string select =
      "SELECT 12.00::DECIMAL(9,2) AS a, 12.50::DECIMAL(9,2) AS b, 0::DECIMAL(4,2) AS c, "
      "12::DECIMAL(9,0) AS d, 12::BIGINT AS e, 12::DOUBLE AS f, (-3)::FLOAT AS g, 1e22::DOUBLE "
      "AS h, [1.0::DOUBLE, 2.5] AS i, {'x': 7::DECIMAL(5,1), 'y': 7} AS j, (-0.0)::DOUBLE AS k";
  EXPECT_EQ(Of(select, TimestampStyle::kIso, "UTC", NumberStyle::kTyped),
            R"({"a":12.0,"b":12.5,"c":0.0,"d":12,"e":12,"f":12.0,"g":-3.0,"h":1e22,)"
            R"("i":[1.0,2.5],"j":{"x":7.0,"y":7},"k":0.0})");
  EXPECT_EQ(Of(select), R"({"a":12,"b":12.5,"c":0,"d":12,"e":12,"f":12,"g":-3,"h":1e22,)"
                        R"("i":[1,2.5],"j":{"x":7,"y":7},"k":0})");
}

TEST_F(PayloadTest, AnIdentifierIsNoMeasure) {
  PayloadField id{"userId", FieldKind::kConstant, "12.0", true};
  PayloadField measure{"points", FieldKind::kConstant, "12.0", false};
  std::string payload;
  PayloadBuilder::Create(std::vector{id, measure}, {TimestampStyle::kIso, NumberStyle::kTyped})
      .value()
      .Build({}, 0, payload);
  EXPECT_EQ(payload, R"({"points":12.0,"userId":12})");
}

TEST_F(PayloadTest, WhatIsNoNumberIsAProblemThatNamesTheField) {
  EXPECT_EQ(Of("SELECT 'nan'::DOUBLE AS score"), "!the field \"score\" is not a finite number");
  EXPECT_EQ(Of("SELECT 1 AS a, '-inf'::FLOAT AS \"b.c\""),
            "!the field \"b.c\" is not a finite number");
  EXPECT_EQ(Of("SELECT 'infinity'::TIMESTAMP AS t").substr(0, 2), "!t");
  EXPECT_EQ(Of("SELECT '-infinity'::DATE AS t").substr(0, 2), "!t");
  EXPECT_EQ(Of("SELECT 'infinity'::TIMESTAMP AS t", TimestampStyle::kIso, "Asia/Tokyo"),
            "!the field \"t\" is not within the years 0000 to 9999");
  EXPECT_EQ(Of("SELECT DATE '10000-01-01' AS t").substr(0, 2), "!t");
}

TEST_F(PayloadTest, TextIsEscapedOnlyWhereItMustBe) {
  EXPECT_EQ(Of("SELECT 'O''Brien \"é\" \\ / ' || chr(10) || chr(1) AS a"),
            R"({"a":"O'Brien \"é\" \\ / \n\u0001"})");
}

TEST_F(PayloadTest, TimestampsAreUtcInTheStyleOfTheDestination) {
  const std::string select =
      "SELECT TIMESTAMP '2026-11-21 14:03:07.5' AS a, TIMESTAMP '1969-12-31 23:59:59' AS b, "
      "DATE '2026-02-28' AS c, TIMESTAMPTZ '2026-11-21 14:03:07+02' AS d, TIMESTAMP_S '2026-01-01 "
      "00:00:00' AS e, DATE '0001-01-01' AS f, DATE '2000-02-29' AS g";
  EXPECT_EQ(Of(select),
            "{\"a\":\"2026-11-21T14:03:07.5Z\",\"b\":\"1969-12-31T23:59:59Z\",\"c\":\"2026-02-28\","
            "\"d\":\"2026-11-21T12:03:07Z\",\"e\":\"2026-01-01T00:00:00Z\",\"f\":\"0001-01-01\","
            "\"g\":\"2000-02-29\"}");
  EXPECT_EQ(Of(select, TimestampStyle::kIterable),
            "{\"a\":\"2026-11-21 14:03:07 +00:00\",\"b\":\"1969-12-31 23:59:59 +00:00\","
            "\"c\":\"2026-02-28 00:00:00 +00:00\",\"d\":\"2026-11-21 12:03:07 +00:00\","
            "\"e\":\"2026-01-01 00:00:00 +00:00\",\"f\":\"0001-01-01 00:00:00 +00:00\","
            "\"g\":\"2000-02-29 00:00:00 +00:00\"}");
}

TEST_F(PayloadTest, ANaiveTimestampIsWhatTheTimezoneOfTheSyncSays) {
  const std::string select =
      "SELECT TIMESTAMP '2026-01-15 12:00:00' AS winter, TIMESTAMP '2026-07-15 12:00:00' AS "
      "summer, "
      "TIMESTAMPTZ '2026-07-15 12:00:00+00' AS known, DATE '2026-07-15' AS day";
  EXPECT_EQ(Of(select, TimestampStyle::kIso, "Europe/Berlin"),
            "{\"day\":\"2026-07-15\",\"known\":\"2026-07-15T12:00:00Z\","
            "\"summer\":\"2026-07-15T10:00:00Z\",\"winter\":\"2026-01-15T11:00:00Z\"}");
}

// Every day of 800 years against the engine's own calendar.
TEST_F(PayloadTest, TheCalendarIsTheEngines) {
  config::Sync sync;
  config::Field field;
  field.to = field.column = "d";
  sync.fields = {field};
  const std::vector<warehouse::ColumnInfo> columns = {{"d", "DATE"}};
  const auto plan = PlanFields(sync, columns, NoExpression).value();
  const auto bound =
      functions_.Bind({PayloadBuilder::Create(plan.fields, {TimestampStyle::kIso, {}}).value(),
                       nullptr, ChangedFieldsRules()});
  const auto wrong = connection_->Scalar(
      "SELECT count(*) FROM (SELECT DATE '1600-01-01' + CAST(range AS INTEGER) AS d FROM "
      "range(292194)) AS src WHERE _sluice_payload(" +
      std::to_string(bound.number()) +
      ", src.\"d\") <> '{\"d\":\"' || CAST(d AS VARCHAR) || '\"}'");
  ASSERT_TRUE(wrong.ok()) << wrong.status().ToString();
  EXPECT_EQ(engine::ToInt(wrong.value()), 0);
}

TEST_F(PayloadTest, NestedColumnsAreCanonicalJson) {
  EXPECT_EQ(Of("SELECT {'b': 12.50::DECIMAL(5,2), 'a': [1, NULL]} AS s, MAP {'k': 'v'} AS m, "
               "'{\"z\": 1.0, \"a\":[ ]}'::JSON AS j, [['x']] AS l, 'null'::JSON AS n"),
            R"({"j":{"a":[],"z":1},"l":[["x"]],"m":{"k":"v"},"s":{"a":[1,null],"b":12.5}})");
  EXPECT_EQ(Of("SELECT ['nan'::DOUBLE] AS l"), "!the field \"l\" holds what is no valid JSON");
}

TEST_F(PayloadTest, OtherTypesGoAsText) {
  EXPECT_EQ(Of("SELECT uuid '00000000-0000-0000-0000-000000000001' AS u, TIME '12:30:00' AS t, "
               "'\\xAA\\x00'::BLOB AS b, 'x'::ENUM('x', 'y') AS e"),
            "{\"b\":\"qgA=\",\"e\":\"x\",\"t\":\"12:30:00\","
            "\"u\":\"00000000-0000-0000-0000-000000000001\"}");
}

TEST_F(PayloadTest, ManyRowsAtOnce) {
  config::Sync sync;
  config::Field field;
  field.to = field.column = "n";
  sync.fields = {field};
  const std::vector<warehouse::ColumnInfo> columns = {{"n", "BIGINT"}};
  const auto plan = PlanFields(sync, columns, NoExpression).value();
  const auto bound =
      functions_.Bind({PayloadBuilder::Create(plan.fields, {TimestampStyle::kIso, {}}).value(),
                       nullptr, ChangedFieldsRules()});
  const auto wrong = connection_->Scalar(
      "SELECT count(*) FROM (SELECT CASE WHEN range % 3 > 0 THEN range END AS n FROM range(10000)) "
      "AS src WHERE _sluice_payload(" +
      std::to_string(bound.number()) +
      ", src.n) <> CASE WHEN n IS NULL THEN '{}' ELSE '{\"n\":' || n || '}' END");
  ASSERT_TRUE(wrong.ok()) << wrong.status().ToString();
  EXPECT_EQ(engine::ToInt(wrong.value()), 0);
}

TEST(PayloadBuilder, ConstantsAndImpossibleMappings) {
  const auto create = [](std::vector<PayloadField> fields) {
    return PayloadBuilder::Create(fields, {TimestampStyle::kIso, {}}).status().ToString();
  };
  std::vector<PayloadField> constants = {{"a", FieldKind::kConstant, " \"x\" "},
                                         {"b.c", FieldKind::kConstant, "{\"y\": 1, \"x\": 2}"},
                                         {"n", FieldKind::kConstant, "null"}};
  std::string payload;
  PayloadBuilder::Create(constants, {TimestampStyle::kIso, {}}).value().Build({}, 0, payload);
  EXPECT_EQ(payload, R"({"a":"x","b":{"c":{"x":2,"y":1}}})");
  EXPECT_EQ(create({{"a", {}, ""}, {"a", {}, ""}}), "the field \"a\" is mapped twice");
  EXPECT_EQ(create({{"a", {}, ""}, {"a.b", {}, ""}}),
            "the field \"a\" cannot be both a value and an object");
  EXPECT_EQ(create({{"a.b", {}, ""}, {"a", {}, ""}}),
            "the field \"a\" cannot be both a value and an object");
  EXPECT_EQ(create({{"a..b", {}, ""}}), "the field \"a..b\" has an empty name");
  EXPECT_EQ(create({{"a", FieldKind::kConstant, "{"}}).substr(0, 27),
            "the constant of the field \"");
}

// Stored for years: these may never change. Another form of payload needs another kDigestKind.
TEST(PayloadDigest, KnownAnswers) {
  const auto digest = [](std::string_view payload) {
    return PayloadDigest(connector::OperationKind::kUpsert, payload).Hex();
  };
  EXPECT_EQ(kDigestKind, "xxh3-128/payload-2");
  EXPECT_EQ(digest("{}"), "81fe2a4bad9f52dc0e002984474cfe85");
  EXPECT_EQ(digest(R"({"city":"Ulm","email":"a@x","visits":1})"),
            "9176ba8867391afb76a03e32a07d08bc");
  EXPECT_NE(digest(R"({"a":1})"), digest(R"({"a":"1"})"));
}

TEST_F(PayloadTest, TheEngineComputesTheSameDigest) {
  const auto digest = connection_->Scalar("SELECT _sluice_digest('{}')");
  EXPECT_EQ(std::get<Hash128>(digest.value()),
            PayloadDigest(connector::OperationKind::kUpsert, "{}"));
  EXPECT_TRUE(engine::IsNull(connection_->Scalar("SELECT _sluice_digest(NULL)").value()));
}

TEST(FieldSql, AMissingColumnIsNamedWithItsPlace) {
  config::Sync sync;
  sync.model = "guests";
  config::Field field;
  field.to = "city";
  field.column = "ctiy";
  field.where = {"sluice.yml", 12, 5};
  sync.fields = {field};
  const std::vector<warehouse::ColumnInfo> columns = {{"city", "VARCHAR"}};
  EXPECT_EQ(PlanFields(sync, columns, NoExpression).status().message(),
            "sluice.yml:12:5: the model guests has no column \"ctiy\" (did you mean \"city\"?)");
}

}  // namespace
}  // namespace sluice::sync
