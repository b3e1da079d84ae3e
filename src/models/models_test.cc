#include <gtest/gtest.h>

#include "models/graph.h"
#include "models/sql_template.h"

namespace sluice::models {
namespace {

config::Model Sql(const std::string& name, const std::string& sql) {
  config::Model model;
  model.name = name;
  model.sql = sql;
  model.where = {"sluice.yml", 10, 3};
  model.sql_where = {"models/" + name + ".sql", 1, 1};
  return model;
}

TEST(Template, FindsReferencesWithTheirPlace) {
  const std::string sql = "SELECT *\nFROM {{ ref('Orders') }} o JOIN {{ref(\"c\")}} c";
  const auto references = FindReferences(sql).value();
  ASSERT_EQ(references.size(), 2U);
  EXPECT_EQ(references[0].name, "orders");
  EXPECT_EQ(references[0].line, 2);
  EXPECT_EQ(references[0].column, 6);
  EXPECT_EQ(Render(sql, references, [](const std::string& n) { return "<" + n + ">"; }),
            "SELECT *\nFROM <orders> o JOIN <c> c");
}

TEST(Template, OtherBracesAreErrorsWithTheirPlace) {
  EXPECT_EQ(FindReferences("SELECT\n  {{ source('x') }}").status().message(),
            "2:3: expected {{ ref('name') }}, found {{ source('x') }}");
  EXPECT_EQ(FindReferences("SELECT {{ ref('x')").status().message(),
            "1:8: \"{{\" is not closed by \"}}\"");
}

TEST(Graph, ModelsComeAfterWhatTheyReferTo) {
  config::Project project;
  project.models = {Sql("a", "SELECT * FROM {{ ref('b') }}"),
                    Sql("b", "SELECT * FROM {{ ref('orders') }}")};
  const auto order = OrderModels(project, {"orders"}).value();
  ASSERT_EQ(order.size(), 2U);
  EXPECT_EQ(order[0].model->name, "b");
  EXPECT_EQ(order[1].model->name, "a");
}

TEST(Graph, AnUnknownNameIsAnErrorWithLineAndColumnAndTheNearest) {
  config::Project project;
  project.models = {Sql("a", "SELECT *\nFROM {{ ref('order') }}")};
  EXPECT_EQ(
      OrderModels(project, {"orders"}).status().message(),
      "models/a.sql:2:6: model a refers to order, which is no model and no table of an ingest "
      "(did you mean \"orders\"?)");
}

TEST(Graph, ACircleIsShownWhole) {
  config::Project project;
  project.models = {Sql("a", "SELECT * FROM {{ ref('b') }}"),
                    Sql("b", "SELECT * FROM {{ ref('c') }}"),
                    Sql("c", "SELECT 1,\n* FROM {{ ref('a') }}")};
  EXPECT_EQ(OrderModels(project, {}).status().message(),
            "models/c.sql:2:8: models refer to each other in a circle: a -> b -> c -> a");
}

TEST(Graph, PlainNamesOfTheProjectCountAsReferences) {
  config::Project project;
  project.models = {Sql("a", "SELECT * FROM main.B, elsewhere"), Sql("b", "FROM orders")};
  const auto order = OrderModels(project, {"orders"}).value();
  ASSERT_EQ(order.size(), 2U);
  EXPECT_EQ(order[0].model->name, "b");
  EXPECT_EQ(order[0].inputs, std::set<std::string>{"orders"});
  EXPECT_EQ(order[1].inputs, std::set<std::string>{"b"});
}

TEST(Graph, ACircleOfPlainNamesIsShownWhereItCloses) {
  config::Project project;
  project.models = {Sql("a", "SELECT * FROM {{ ref('b') }}"), Sql("b", "SELECT 1\nFROM a")};
  EXPECT_EQ(OrderModels(project, {}).status().message(),
            "models/b.sql:2:6: models refer to each other in a circle: a -> b -> a");
}

TEST(Graph, BrokenBracesNameTheFile) {
  config::Project project;
  project.models = {Sql("a", "SELECT\n {{ x }}")};
  EXPECT_EQ(OrderModels(project, {}).status().message(),
            "models/a.sql:2:2: expected {{ ref('name') }}, found {{ x }}");
}

TEST(Template, ASemicolonAtTheEndIsNoPartOfTheStatement) {
  EXPECT_EQ(WithoutSemicolon("SELECT 1 ; \n"), "SELECT 1");
}

}  // namespace
}  // namespace sluice::models
