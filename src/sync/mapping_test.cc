// Fields of a sync: where their values come from, what is made of them, what NULL and what a mapping
// that changes mean.
#include <gtest/gtest.h>

#include "base/json_text.h"
#include "sync/field_sql.h"
#include "sync/sync_fixture_for_tests.h"

namespace sluice::sync {
namespace {

using config::Field;
using config::NullPolicy;
using connector::MemoryFault;

class MappingTest : public testing::Test, public SyncWorld {
 protected:
  MappingTest() { sync_.fields = {Column("email", "email")}; }

  Field& Add(const std::string& to, const std::string& column = "") {
    sync_.fields.push_back(Column(to, column));
    sync_.fields.back().where = {"sluice.yml", 9, 3};
    return sync_.fields.back();
  }
  Field& AddSql(const std::string& to, const std::string& sql) {
    Field& field = Add(to);
    field.from = Field::From::kSql;
    field.sql = sql;
    return field;
  }
  // The table `people` of (id, email, and `type` x), with one row for each of `values`.
  void Values(const std::string& type, const std::vector<std::string>& values) {
    Do("CREATE OR REPLACE TABLE people (id VARCHAR, email VARCHAR, x " + type + ")");
    int id = 0;
    for (const std::string& value : values) {
      ++id;
      Do("INSERT INTO people VALUES ('" + std::to_string(id) + "', 'p" + std::to_string(id) +
         "@x', " + value + ")");
    }
  }
  // What is sent of field x, one value a row, and the message of rows that are left out.
  std::string SentX() {
    Do("DELETE FROM _sluice.sync_delivered");
    const size_t before = world_.applied.size();
    MustRun();
    std::string out;
    for (size_t i = before; i < world_.applied.size(); ++i) {
      const auto value = JsonMemberValue(world_.applied[i].payload, "x");
      out += (out.empty() ? "" : " ") + (value.empty() ? "-" : std::string(value));
    }
    const std::string problems =
        Ask("SELECT string_agg(key || ': ' || message, '; ' ORDER BY key) FROM "
            "_sluice.sync_findings");
    return problems == "NULL" ? out : out + " | " + problems;
  }
};

TEST_F(MappingTest, ExpressionsAndTemplatesMakeValues) {
  Do("INSERT INTO people VALUES ('1', 'a@x', 'O''Brien', 3), ('2', 'b@x', NULL, 4)");
  AddSql("double", "visits * 2 -- twice");
  Field& greeting = Add("greeting");
  greeting.from = Field::From::kTemplate;
  greeting.parts = {{"It's ", false}, {"city", true}, {" {", false}, {"VISITS", true}};
  MustRun();
  EXPECT_EQ(Sent(),
            "1 {\"double\":6,\"email\":\"a@x\",\"greeting\":\"It's O'Brien {3\"}\n"
            "2 {\"double\":8,\"email\":\"b@x\"}\n");
  EXPECT_EQ(MustRun().delivery_id, 0);
}

TEST_F(MappingTest, WhatDoesNotFitNamesTheFieldAndItsPlace) {
  const auto error = [&](const std::string& sql) {
    sync_.fields.resize(1);
    AddSql("x", sql);
    return RunSync().status().message();
  };
  EXPECT_NE(error("nonsense + 1").find("sluice.yml:9:3: syncs.people_to_memory.fields.x: "),
            std::string::npos);
  EXPECT_NE(error("nonsense + 1").find("nonsense"), std::string::npos);
  EXPECT_NE(error("1), (2").find("is not one SQL expression"), std::string::npos);
  EXPECT_NE(error("sum(visits)").find("fields.x: "), std::string::npos);
  EXPECT_EQ(Sent(), "");
  sync_.fields.resize(1);
  Field& field = Add("x");
  field.from = Field::From::kTemplate;
  field.parts = {{"town", true}};
  EXPECT_NE(RunSync().status().message().find("has no column \"town\""), std::string::npos);
  field = Column("x", "visits");
  field.cast = Field::Cast::kDate;
  EXPECT_NE(RunSync().status().message().find("`cast: date` takes text"), std::string::npos);
}

TEST_F(MappingTest, CastsAreExactOrLeaveTheRowOutWithoutItsValue) {
  Field& x = Add("x", "x");
  x.cast = Field::Cast::kInteger;
  Values("VARCHAR", {"' 12 '", "'-7'", "NULL", "'1.5'", "'secret'"});
  EXPECT_EQ(SentX(),
            "12 -7 - | 4: the field \"x\" is no whole number; 5: the field \"x\" is no "
            "whole number");
  Values("DOUBLE", {"3", "3.5"});
  EXPECT_EQ(SentX(), "3 | 2: the field \"x\" is no whole number");
  x.cast = Field::Cast::kDecimal;
  Values("VARCHAR", {"'12345678901234567890.120'", "'007'", "'1e5'"});
  EXPECT_EQ(SentX(),
            "12345678901234567890.12 | 2: the field \"x\" is no decimal number; 3: the "
            "field \"x\" is no decimal number");
  x.cast = Field::Cast::kBoolean;
  Values("VARCHAR", {"'true'", "'f'", "'maybe'"});
  EXPECT_EQ(SentX(), "true false | 3: the field \"x\" is not true or false");
  x.cast = Field::Cast::kText;
  Values("DECIMAL(9,2)", {"1.50"});
  EXPECT_EQ(SentX(), "\"1.50\"");
}

TEST_F(MappingTest, DatesAreReadAndWrittenInTheFormatOfTheField) {
  Field& x = Add("x", "x");
  x.cast = Field::Cast::kDate;
  x.format = "%d.%m.%Y";
  Values("VARCHAR", {"'24.12.2026'", "'2026-12-24'"});
  EXPECT_EQ(SentX(), "\"2026-12-24\" | 2: the field \"x\" is no date");
  x.cast = Field::Cast::kTimestamp;
  x.format = "%d.%m.%Y %H:%M";
  x.timezone = "Europe/Berlin";
  Values("VARCHAR", {"'24.12.2026 18:00'"});
  EXPECT_EQ(SentX(), "\"2026-12-24T17:00:00Z\"");
  x.cast = Field::Cast::kText;
  x.format = "%Y/%m %H h";
  Values("TIMESTAMPTZ", {"'2026-12-31 23:30:00+00'"});
  EXPECT_EQ(SentX(), "\"2027/01 00 h\"");
  x.format = "";
  x.cast = Field::Cast::kDate;
  EXPECT_EQ(SentX(), "\"2027-01-01\"");
}

TEST_F(MappingTest, JsonAndNestedColumnsBecomeObjectsAndLists) {
  Field& x = Add("x", "x");
  x.cast = Field::Cast::kJson;
  Values("VARCHAR", {"'[1, {\"b\": 2.50, \"a\": null}]'", "'{broken'"});
  EXPECT_EQ(SentX(), "[1,{\"a\":null,\"b\":2.5}] | 2: the field \"x\" holds what is no valid JSON");
  Values("STRUCT(b INTEGER, a VARCHAR[])", {"{'b': 1, 'a': ['x', 'y']}"});
  EXPECT_EQ(SentX(), "{\"a\":[\"x\",\"y\"],\"b\":1}");
}

TEST_F(MappingTest, TransformsRunInTheirOrderAndTheHashIsLast) {
  Field& x = Add("x", "x");
  x.transforms = {Field::Transform::kTrim, Field::Transform::kLower};
  Values("VARCHAR", {"' Ann@X.de\t'", "NULL", "''"});
  EXPECT_EQ(SentX(), "\"ann@x.de\" - \"\"");
  x.sha256 = true;
  // printf ann@x.de | sha256sum
  EXPECT_EQ(SentX().substr(0, 66),
            "\"49b768c9f07f390474472905d9fa79ca0b401c291ec78b680f835aaecd4ec7b9\"");
}

TEST_F(MappingTest, NullIsClearedSentOrSkipped) {
  Add("cleared", "city").null = NullPolicy::kClear;
  Add("sent", "city").null = NullPolicy::kSend;
  Add("skipped", "city").null = NullPolicy::kSkip;
  Put("1", "a@x", "NULL", 1);
  MustRun();
  EXPECT_EQ(Sent(), "1 {\"email\":\"a@x\",\"sent\":null}\n");
  Put("1", "a@x", "Ulm", 1);
  MustRun();
  Sent();
  Put("1", "a@x", "NULL", 1);
  MustRun();
  EXPECT_EQ(Sent(), "1 {\"cleared\":null,\"email\":\"a@x\",\"sent\":null}\n");
  // It is known that the destination holds the skipped value: when it comes back nothing goes of it.
  EXPECT_EQ(Ask("SELECT payload FROM _sluice.sync_delivered"),
            R"({"email":"a@x","sent":null,"skipped":"Ulm"})");
  EXPECT_EQ(MustRun().delivery_id, 0);
  Put("1", "a@x", "Ulm", 1);
  MustRun();
  EXPECT_EQ(Sent(), "1 {\"cleared\":\"Ulm\",\"email\":\"a@x\",\"sent\":\"Ulm\"}\n");
}

TEST_F(MappingTest, WhatWasSkippedIsClearedWhenTheMappingSaysSo) {
  sync_.null = NullPolicy::kSkip;
  inputs_ = "people:1";
  Add("city", "city");
  Put("1", "a@x", "Ulm", 1);
  MustRun();
  Put("1", "a@x", "NULL", 1);
  inputs_ = "people:2";
  EXPECT_EQ(MustRun().delivery_id, 0);
  Sent();
  sync_.null = NullPolicy::kClear;
  MustRun();
  EXPECT_EQ(Sent(), "1 {\"city\":null,\"email\":\"a@x\"}\n");
  EXPECT_EQ(MustRun().delivery_id, 0);
}

TEST_F(MappingTest, AFieldThatIsMappedNoMoreStaysUnlessItIsToBeCleared) {
  inputs_ = "people:1";
  Add("city", "city");
  Add("visits", "visits");
  Put("1", "a@x", "Ulm", 1);
  MustRun();
  Sent();
  sync_.fields.pop_back();
  EXPECT_EQ(MustRun().delivery_id, 0);
  EXPECT_EQ(world_.Person("a@x"), R"({"city":"Ulm","email":"a@x","visits":1})");
  // What stayed is remembered: mapped again it is not sent, and it can be cleared later.
  Add("visits", "visits");
  EXPECT_EQ(MustRun().delivery_id, 0);
  sync_.fields.pop_back();
  MustRun();
  sync_.clear_unmapped = true;
  MustRun();
  EXPECT_EQ(Sent(), "1 {\"email\":\"a@x\",\"visits\":null}\n");
  EXPECT_EQ(world_.Person("a@x"), R"({"city":"Ulm","email":"a@x"})");
  EXPECT_EQ(MustRun().delivery_id, 0);
}

TEST_F(MappingTest, AClearingThatWasCutShortGoesOn) {
  Add("city", "city");
  for (int i = 0; i < 3; ++i) Put(std::to_string(i), std::to_string(i) + "@x", "Ulm", 1);
  inputs_ = "people:1";
  MustRun();
  Sent();
  sync_.fields.pop_back();
  MustRun();
  sync_.clear_unmapped = true;
  limit_ = 1;
  MustRun();
  limit_ = 0;
  MustRun();
  EXPECT_EQ(Sent(),
            "0 {\"city\":null,\"email\":\"0@x\"}\n1 {\"city\":null,\"email\":\"1@x\"}\n"
            "2 {\"city\":null,\"email\":\"2@x\"}\n");
}

TEST_F(MappingTest, WhatDecidesHowRowsGoIsPartOfIt) {
  const std::string before = MappingDigest(sync_, *destination_);
  for (bool config::Sync::*option : {&config::Sync::create_new_fields,
                                     &config::Sync::prefer_user_id, &config::Sync::allow_shared}) {
    sync_.*option = !(sync_.*option);
    EXPECT_NE(MappingDigest(sync_, *destination_), before);
    sync_.*option = !(sync_.*option);
  }
  EXPECT_EQ(MappingDigest(sync_, *destination_), before);
}

TEST_F(MappingTest, AutoMapsWhatNoFieldNames) {
  Field upper = Column("town", "city");
  sync_.fields = {upper};
  sync_.map_auto = true;
  const std::vector<std::string> identifiers = {"userId", "email"};
  const std::vector<warehouse::ColumnInfo> columns = {
      {"user_id", "VARCHAR"}, {"EMAIL", "VARCHAR"}, {"city", "VARCHAR"},
      {"Town", "VARCHAR"},    {"town", "VARCHAR"},  {"_sluice_pod", "VARCHAR"}};
  std::string mapped;
  for (const Field& field : WithAutoFields(sync_, columns, identifiers).fields) {
    mapped += field.to + "=" + field.column + " ";
  }
  EXPECT_EQ(mapped, "town=city userId=user_id email=email Town=town ");
}

TEST_F(MappingTest, RenamedAndReorderedColumnsSendNothing) {
  Add("city", "city");
  Put("1", "a@x", "Ulm", 1);
  MustRun();
  Sent();
  Do("CREATE TABLE moved AS SELECT city AS town, visits, id, email FROM people");
  Do("DROP TABLE people");
  Do("ALTER TABLE moved RENAME TO people");
  sync_.fields.back().column = "town";
  std::swap(sync_.fields.front(), sync_.fields.back());
  EXPECT_EQ(MustRun().delivery_id, 0);
  EXPECT_EQ(Sent(), "");
}

}  // namespace
}  // namespace sluice::sync
