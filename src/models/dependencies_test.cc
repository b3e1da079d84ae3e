#include "models/dependencies.h"

#include <gtest/gtest.h>

#include "engine/engine_fixture.h"
#include "warehouse/dialect.h"
#include "warehouse/schema.h"

namespace sluice::models {
namespace {

class DependenciesTest : public engine::EngineTest {
 protected:
  void SetUp() override {
    EngineTest::SetUp();
    ASSERT_TRUE(warehouse::EnsureSchema(*connection_).ok());
    Do("CREATE TABLE people (id INTEGER, city VARCHAR, seen TIMESTAMP)");
    Do("CREATE TABLE visits (person INTEGER)");
    Do("CREATE TABLE strange (id INTEGER)");
    Do("CREATE VIEW berliners AS SELECT * FROM people WHERE city = 'Berlin'");
    Do("CREATE VIEW guests AS SELECT * FROM berliners JOIN visits ON person = id");
    Bump("people");
    Bump("visits");
  }
  void Bump(const std::string& table) {
    auto transaction = engine::Transaction::Begin(*connection_).value();
    ASSERT_TRUE(warehouse::BumpVersion(*connection_, table).ok());
    ASSERT_TRUE(transaction->Commit().ok());
  }
  Dependencies Of(const std::string& sql) {
    const auto found = DependenciesOf(*connection_, sql);
    EXPECT_TRUE(found.ok()) << found.status().ToString();
    return found.ok() ? found.value() : Dependencies();
  }
  bool IsKnown(const std::string& sql) { return !Of(sql).versions.empty(); }
};

using Names = std::set<std::string>;

TEST_F(DependenciesTest, AreTheTablesBehindViewsAndTheViewsThatAreNamed) {
  EXPECT_EQ(Of("SELECT * FROM guests").names, (Names{"guests", "people", "visits"}));
  EXPECT_EQ(Of("WITH p AS (FROM PEOPLE) SELECT count(*) FROM p").names, (Names{"people"}));
}

TEST_F(DependenciesTest, ATableBehindAViewChangesTheVersions) {
  const std::string before = Of("SELECT * FROM guests").versions;
  EXPECT_EQ(Of("SELECT * FROM guests").versions, before);
  Bump("people");
  EXPECT_NE(Of("SELECT * FROM guests").versions, before);
}

TEST_F(DependenciesTest, AViewThatIsDefinedAnewChangesTheVersions) {
  const std::string before = Of("SELECT * FROM guests").versions;
  Do("CREATE OR REPLACE VIEW berliners AS SELECT * FROM people WHERE city = 'Bern'");
  EXPECT_NE(Of("SELECT * FROM guests").versions, before);
}

TEST_F(DependenciesTest, AClockOrChanceMakesTheVersionsUnknown) {
  EXPECT_TRUE(IsKnown("SELECT date_trunc('month', seen), lower(city) FROM people"));
  for (const std::string expression :
       {"now()", "current_date", "current_timestamp", "localtimestamp", "localtime", "today()",
        "random()", "uuid()", "age(seen, now()::TIMESTAMP)", "current_setting('TimeZone')"}) {
    EXPECT_FALSE(IsKnown("SELECT id, " + expression + " FROM people")) << expression;
  }
  EXPECT_FALSE(IsKnown("SELECT * FROM people WHERE seen > now()::TIMESTAMP - INTERVAL 30 DAY"));
  EXPECT_FALSE(IsKnown("SELECT * FROM people USING SAMPLE 2"));
}

TEST_F(DependenciesTest, AClockInAViewOrAMacroIsFound) {
  Do("CREATE VIEW recent AS SELECT * FROM people WHERE seen > now()::TIMESTAMP - INTERVAL 1 DAY");
  Do("CREATE MACRO is_recent(t) AS t > now()::TIMESTAMP - INTERVAL 1 DAY");
  EXPECT_FALSE(IsKnown("SELECT * FROM recent"));
  EXPECT_FALSE(IsKnown("SELECT is_recent(seen) FROM people"));
}

TEST_F(DependenciesTest, WhatNobodyHereWritesHasNoVersion) {
  EXPECT_FALSE(IsKnown("SELECT * FROM people, strange"));
  EXPECT_FALSE(IsKnown("SELECT 1 AS id"));
  EXPECT_FALSE(IsKnown("SELECT * FROM _sluice.versions, people"));
  EXPECT_FALSE(IsKnown("SELECT * FROM people, duckdb_tables()"));
  EXPECT_TRUE(IsKnown("SELECT * FROM people, range(3)"));
}

TEST_F(DependenciesTest, ATableThatIsNotThereIsAnError) {
  EXPECT_NE(DependenciesOf(*connection_, "SELECT * FROM nobody").status().message().find("nobody"),
            std::string::npos);
}

}  // namespace
}  // namespace sluice::models
