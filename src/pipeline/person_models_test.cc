#include "pipeline/person_models.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "engine/engine_fixture.h"

namespace sluice::pipeline {
namespace {

class PersonModelsTest : public engine::EngineTest {
 protected:
  void SetUp() override {
    EngineTest::SetUp();
    Do("CREATE TABLE guests (id INTEGER, email VARCHAR, city VARCHAR)");
    Do("CREATE TABLE orders (nr INTEGER, person INTEGER)");
    Do("CREATE TABLE staff (id INTEGER, mail VARCHAR)");
    Do("CREATE TABLE leads (id INTEGER, email VARCHAR)");
    config::Ingest& ingest = project_.ingests.emplace_back();
    for (const char* name : {"guests", "orders", "staff", "leads"}) {
      ingest.tables.emplace_back().name = name;
    }
    config::Person guest;
    guest.name = "guest";
    guest.tables = {{"guests", {"id"}, {}}, {"orders", {"person"}, {}}};
    guest.identifiers = {{"email", {{"guests", {"email"}, {}}}}};
    project_.persons.push_back(guest);
    config::Person employee;
    employee.name = "employee";
    employee.tables = {{"staff", {"id"}, {}}};
    project_.persons.push_back(employee);
  }
  void AddModel(const std::string& name, const std::string& sql, bool as_table = false) {
    config::Model& model = project_.models.emplace_back();
    model.name = name;
    model.sql = sql;
    model.kind = config::Model::Kind::kSql;
    model.as_table = as_table;
    Do("CREATE " + std::string(as_table ? "TABLE " : "VIEW ") + name + " AS " + sql);
  }
  ModelScopes ScopesOf(const std::string& name) {
    const auto scopes = PersonModels(*connection_, project_).ScopesOf(*project_.FindModel(name));
    EXPECT_TRUE(scopes.ok()) << scopes.status().ToString();
    return scopes.ok() ? scopes.value() : ModelScopes();
  }
  // "guest key=id guest email=email"; what is only called so in brackets, why it is not told behind "?".
  std::string Of(const std::string& sql) {
    const std::string name = "m" + std::to_string(project_.models.size());
    AddModel(name, sql);
    return TextOf(ScopesOf(name));
  }
  static std::string TextOf(const ModelScopes& scopes) {
    std::vector<std::string> parts;
    const auto add = [&](const privacy::ScopedColumns& scoped, const char* open, const char* end) {
      const privacy::Scope& scope = scoped.scope;
      parts.push_back(open + scope.person + " " + (scope.IsKey() ? "key" : scope.identifier) + "=" +
                      Join(scoped.columns, ",") + end);
    };
    for (const auto& scoped : scopes.scopes) add(scoped, "", "");
    for (const auto& scoped : scopes.called_so) add(scoped, "(", ")");
    for (const auto& [person, why] : scopes.untold) parts.push_back(person + "?" + why);
    return Join(parts, " ");
  }

  config::Project project_;
};

TEST_F(PersonModelsTest, AKeyIsFoundByWhatIsReadAndNotByItsName) {
  EXPECT_EQ(Of("SELECT id, mail FROM staff"), "employee key=id");
  EXPECT_EQ(Of("SELECT nr AS id FROM orders JOIN guests ON id = person"), "");
  EXPECT_EQ(
      Of("SELECT person AS who, lower(email) AS address FROM orders JOIN guests ON id = person"),
      "guest key=who guest email=address");
}

TEST_F(PersonModelsTest, AnIdentifierIsTheSameWhoeverHasIt) {
  EXPECT_EQ(Of("SELECT id, email FROM leads"), "(guest email=email)");
}

TEST_F(PersonModelsTest, WhoHasAKeyOfAnotherKindIsNotFoundByTheNameOfAColumn) {
  AddModel("m", "SELECT s.id, l.email FROM staff s JOIN leads l ON l.id = s.id");
  EXPECT_TRUE(ScopesOf("m").Of("guest").empty());
}

TEST_F(PersonModelsTest, OtherModelsAreLookedThrough) {
  AddModel("spenders", "SELECT id AS k, email FROM guests", true);
  AddModel("top", "SELECT k AS n, email FROM spenders", true);
  EXPECT_EQ(Of("SELECT n FROM top"), "guest key=n");
}

TEST_F(PersonModelsTest, AColumnOfTwoKindsOfPeopleIsNotTold) {
  EXPECT_EQ(Of("SELECT id, city FROM guests UNION ALL SELECT id, mail FROM staff"),
            "employee?its column id shows guests.id and staff.id "
            "guest?its column id shows guests.id and staff.id");
  EXPECT_EQ(Of("SELECT id FROM guests UNION ALL SELECT person FROM orders"), "guest key=id");
}

TEST_F(PersonModelsTest, WhatIsDeclaredDecides) {
  project_.persons[0].tables.push_back({"all_people", {"id"}, {}});
  AddModel("all_people", "SELECT id FROM guests UNION ALL SELECT id FROM staff");
  EXPECT_EQ(TextOf(ScopesOf("all_people")), "guest key=id");
}

TEST_F(PersonModelsTest, WhoIsOnlyMadeIntoSomethingElseIsNotTold) {
  EXPECT_EQ(Of("SELECT md5(email) AS h, count(*) AS n FROM guests GROUP BY ALL"),
            "guest?its column h is made of guests.email");
  EXPECT_EQ(Of("SELECT city, count(id) AS n FROM guests GROUP BY ALL"), "");
  const Status told = PersonModels::CheckTold(ScopesOf("m0"), "guest", "m0");
  EXPECT_EQ(told.code(), Code::kHeld);
  EXPECT_NE(told.ToString().find("persons.guest.tables: { m0: COLUMN }"), std::string::npos);
}

}  // namespace
}  // namespace sluice::pipeline
