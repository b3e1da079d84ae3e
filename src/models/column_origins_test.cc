#include "models/column_origins.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "engine/engine_fixture.h"

namespace sluice::models {
namespace {

class ColumnOriginsTest : public engine::EngineTest {
 protected:
  void SetUp() override {
    EngineTest::SetUp();
    Do("CREATE TABLE people (id INTEGER, email VARCHAR, city VARCHAR)");
    Do("CREATE TABLE staff (id INTEGER, mail VARCHAR)");
    Do("CREATE TABLE orders (nr INTEGER, person INTEGER)");
    Do("CREATE VIEW berliners AS SELECT id AS guest, email FROM people WHERE city = 'Berlin'");
  }
  static std::string TextOf(const std::set<TableColumn>& columns) {
    std::vector<std::string> names;
    for (const TableColumn& one : columns) names.push_back(one.table + "." + one.column);
    return Join(names, "+");
  }
  // "name=people.id made<people.city"; "?" when it is not told.
  std::string Of(const std::string& sql) {
    const auto origins = OriginsOf(*connection_, sql);
    if (!origins.ok()) {
      return origins.status().code() == Code::kNotFound ? "?" : origins.status().ToString();
    }
    std::string text;
    for (const ColumnOrigin& column : *origins) {
      text += (text.empty() ? "" : " ") + column.name + "=" + TextOf(column.same);
      if (!column.made_of.empty()) text += "<" + TextOf(column.made_of);
    }
    return text;
  }
};

TEST_F(ColumnOriginsTest, AreWhatIsShownWhateverItIsCalled) {
  EXPECT_EQ(Of("SELECT nr AS id, person FROM orders"), "id=orders.nr person=orders.person");
  EXPECT_EQ(Of("SELECT guest, lower(trim(email)) AS e FROM berliners"),
            "guest=people.id e=people.email");
  EXPECT_EQ(Of("SELECT o.nr, p.* FROM orders o LEFT JOIN people p ON p.id = o.person"),
            "nr=orders.nr id=people.id email=people.email city=people.city");
}

TEST_F(ColumnOriginsTest, OfAUnionAreThoseOfAllItsParts) {
  EXPECT_EQ(Of("SELECT id, email FROM people UNION ALL SELECT id, mail FROM staff"),
            "id=people.id+staff.id email=people.email+staff.mail");
  EXPECT_EQ(Of("SELECT id FROM people EXCEPT SELECT id FROM staff"), "id=people.id");
  EXPECT_EQ(Of("SELECT coalesce(p.id, s.id) AS id FROM people p FULL JOIN staff s ON false"),
            "id=people.id+staff.id");
}

TEST_F(ColumnOriginsTest, OfExpressionsAreWhatTheyAreMadeOf) {
  EXPECT_EQ(Of("SELECT id + 1 AS a, 'x' || email AS b FROM people"),
            "a=<people.id b=<people.email");
  EXPECT_EQ(Of("SELECT CASE WHEN id > 3 THEN email ELSE city END AS c FROM people"),
            "c=people.city+people.email");
  EXPECT_EQ(Of("SELECT id > 3 AS c, email IS NULL AS d FROM people"), "c= d=");
}

TEST_F(ColumnOriginsTest, CountsTellNobody) {
  EXPECT_EQ(Of("SELECT city, count(id) AS n, any_value(email) AS e, list(id) AS l FROM people "
               "GROUP BY ALL"),
            "city=people.city n= e=people.email l=<people.id");
  EXPECT_EQ(Of("SELECT row_number() OVER (ORDER BY id) AS r, first_value(email) OVER () AS f FROM "
               "people"),
            "r= f=people.email");
}

TEST_F(ColumnOriginsTest, SubqueriesAndCommonTableExpressionsAreFollowed) {
  EXPECT_EQ(Of("WITH a AS MATERIALIZED (SELECT id FROM people) SELECT x.id, (SELECT max(person) "
               "FROM orders o WHERE o.nr = x.id) AS m FROM a x JOIN a y USING (id)"),
            "id=people.id m=orders.person");
  EXPECT_EQ(Of("SELECT id FROM people p WHERE EXISTS (FROM orders o WHERE o.person = p.id) AND id "
               "NOT IN (SELECT id FROM staff)"),
            "id=people.id");
  EXPECT_EQ(Of("WITH RECURSIVE r AS (SELECT id, id AS top FROM people UNION ALL SELECT o.nr, r.top "
               "FROM r JOIN orders o ON o.person = r.id) SELECT * FROM r"),
            "id=orders.nr+people.id top=people.id");
  EXPECT_EQ(Of("SELECT DISTINCT ON (id) id::VARCHAR AS i, email FROM people ORDER BY id LIMIT 3"),
            "i=people.id email=people.email");
}

TEST_F(ColumnOriginsTest, RowsOfNoTableAreNobodys) {
  EXPECT_EQ(Of("SELECT a, id FROM (VALUES (1), (2)) AS v(a) JOIN people ON id = a"),
            "a= id=people.id");
  EXPECT_EQ(Of("SELECT range AS id FROM range(3)"), "id=");
}

TEST_F(ColumnOriginsTest, AStatementThatCannotBePreparedIsAnError) {
  EXPECT_FALSE(OriginsOf(*connection_, "SELECT * FROM nobody").ok());
  EXPECT_FALSE(OriginsOf(*connection_, "PIVOT people ON city USING count(*)").ok());
}

}  // namespace
}  // namespace sluice::models
