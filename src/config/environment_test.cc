#include "config/environment.h"

#include <gmock/gmock.h>

#include "base/text.h"
#include "config/test_project.h"

namespace sluice::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr const char* kProject = R"(project: p
connections:
  drop: { type: file, path: drop }
  out: { type: file, path: out }
ingests:
  load:
    from: drop
    layout: files
    tables: { t: { pattern: "t/*.csv", columns: { id: BIGINT } } }
models: { m: SELECT 1 }
syncs:
  send: { model: m, to: out, object: o, key: id, fields: { id: id } }
environments:
  prod:
    connections: { out: { path: out-prod } }
)";

std::string With(const std::string& from, const std::string& to) {
  const std::string text = ReplaceAll(kProject, from, to);
  EXPECT_NE(text, kProject) << from;
  return text;
}

std::vector<std::string> ErrorsWith(const std::string& from, const std::string& to) {
  return TestProject(With(from, to)).Errors();
}

TEST(Environment, IsDevUnlessNamed) {
  TestProject files(kProject);
  const Project project = files.Load();
  EXPECT_EQ(project.env, "dev");
  EXPECT_EQ(project.warehouse.path, files.folder() + "/warehouse.duckdb");
  EXPECT_EQ(project.FindConnection("out")->options.Text("path"), files.folder() + "/out");
}

TEST(Environment, MergesItsOverridesIntoTheProject) {
  TestProject files(kProject);
  const Project project = files.Env("prod").Load();
  EXPECT_EQ(project.warehouse.path, files.folder() + "/warehouse.prod.duckdb");
  EXPECT_EQ(project.StateFolder(), files.folder() + "/.sluice/prod");
  EXPECT_EQ(project.FindConnection("out")->type, "file");
  EXPECT_EQ(project.FindConnection("out")->options.Text("path"), files.folder() + "/out-prod");
  EXPECT_EQ(project.FindConnection("drop")->options.Text("path"), files.folder() + "/drop");
}

TEST(Environment, ReplacesAConnectionOfAnotherTypeWhole) {
  TestProject files(
      With("path: out-prod }", "path: out-prod }, drop: { type: s3, bucket: customer-folder }"));
  const Project project = files.Env("prod").Load();
  EXPECT_EQ(project.FindConnection("drop")->type, "s3");
  EXPECT_FALSE(project.FindConnection("drop")->options.Has("path"));
}

TEST(Environment, MayBringAConnectionOfItsOwn) {
  TestProject files(With("path: out-prod }", "path: out-prod }, more: { type: file, path: more }"));
  EXPECT_EQ(files.Load().FindConnection("more"), nullptr);
  EXPECT_NE(files.Env("prod").Load().FindConnection("more"), nullptr);
}

TEST(Environment, MayBeSpreadOverFiles) {
  TestProject files(With("path: out-prod }", "path: out-prod }\ninclude: prod.yml"));
  files.Write("sluice.yml", With("project: p\n", "project: p\ninclude: prod.yml\n"));
  files.Write("prod.yml", "environments: { prod: { warehouse: { path: p.duckdb } } }\n");
  EXPECT_EQ(files.Env("prod").Load().warehouse.path, files.folder() + "/p.duckdb");
}

TEST(Environment, ThatIsNotDeclaredIsAnError) {
  TestProject files(kProject);
  EXPECT_THAT(
      files.Env("prd").Errors(),
      ElementsAre("sluice.yml:13:1: environments: --env: no environment \"prd\" (did you mean "
                  "\"prod\"?)"));
}

TEST(Environment, CannotChangeOtherSections) {
  EXPECT_THAT(
      ErrorsWith("    connections: { out", "    models: { m: SELECT 2 }\n    connections: { out"),
      ElementsAre("sluice.yml:15:5: environments.prod: an environment cannot change "
                  "\"models\"; known: warehouse, connections"));
}

TEST(Environment, ChangesOnlyConnectionsThatThereAre) {
  EXPECT_THAT(ErrorsWith("connections: { out: { path: out-prod } }",
                         "connections: { outt: { path: out-prod }, out: { path: x } }"),
              ElementsAre("sluice.yml:15:20: environments.prod.connections: no connection \"outt\" "
                          "(did you mean \"out\"?)"));
}

TEST(Environment, IsCheckedEvenWhenAnotherOneRuns) {
  EXPECT_THAT(ErrorsWith("out: { path: out-prod }", "out: { path: out-prod, pth: y }"),
              ElementsAre("sluice.yml:15:43: connections.out: unknown option \"pth\" (did you mean "
                          "\"path\"?)"));
  EXPECT_THAT(ErrorsWith("  prod:\n    connections: { out: { path: out-prod } }", "  prod: [x]"),
              ElementsAre("sluice.yml:14:9: environments.prod: expected a map, found a list"));
  EXPECT_THAT(ErrorsWith("  prod:\n    connections: { out: { path: out-prod } }", "  - prod"),
              ElementsAre("sluice.yml:14:3: environments: expected a map, found a list"));
  EXPECT_THAT(ErrorsWith("connections: { out: { path: out-prod } }", "connections: out"),
              ElementsAre("sluice.yml:15:18: environments.prod.connections: expected a map, found "
                          "\"out\""));
}

TEST(Environment, MayUseVariablesThatOnlyItsOwnMachineHas) {
  TestProject files(With("path: out-prod", "path: ${PROD_OUT}"));
  EXPECT_EQ(files.Load().env, "dev");
  EXPECT_THAT(files.warnings(), IsEmpty());
  EXPECT_THAT(
      files.Env("prod").Errors(),
      ElementsAre("sluice.yml:15:33: connections.out.path: the variable PROD_OUT is not set, "
                  "neither in the environment nor in .env"));
}

TEST(Environments, MayNotShareADestination) {
  EXPECT_THAT(ErrorsWith("path: out-prod", "path: ./out"),
              ElementsAre("sluice.yml:14:3: environments.prod: shares the destination out with the "
                          "environment dev; give it one of its own, or say there `shared: true`"));
  EXPECT_THAT(ErrorsWith("  prod:\n    connections: { out: { path: out-prod } }", "  prod: {}"),
              ElementsAre("sluice.yml:14:3: environments.prod: shares the destination out with the "
                          "environment dev; give it one of its own, or say there `shared: true`"));
}

TEST(Environments, MayShareADestinationThatSaysSo) {
  TestProject files(With("path: out }", "path: out, shared: true }"));
  files.Write("sluice.yml",
              ReplaceAll(With("path: out }", "path: out, shared: true }"), "out-prod", "out"));
  EXPECT_TRUE(files.Env("prod").Load().FindConnection("out")->shared);
}

TEST(Environments, MustBothSayThatTheyShare) {
  EXPECT_THAT(ErrorsWith("path: out-prod", "path: out, shared: true"),
              ElementsAre("sluice.yml:14:3: environments.prod: shares the destination out with the "
                          "environment dev; give it one of its own, or say there `shared: true`"));
}

TEST(Environments, MayReadFromOneStore) {
  // `drop` is the same in both, and nothing is sent there.
  EXPECT_EQ(TestProject(kProject).Load().FindConnection("drop")->shared, false);
}

TEST(Environments, MayNotShareAWarehouse) {
  EXPECT_THAT(
      ErrorsWith("project: p", "project: p\nwarehouse: { path: w.duckdb }"),
      ElementsAre("sluice.yml:15:3: environments.prod: shares the warehouse w.duckdb with the "
                  "environment dev; give it one of its own, or say there `shared: true`"));
  EXPECT_THAT(ErrorsWith("    connections: { out",
                         "    warehouse: { path: ./warehouse.duckdb }\n"
                         "    connections: { out"),
              ElementsAre("sluice.yml:14:3: environments.prod: shares the warehouse "
                          "./warehouse.duckdb with the environment dev; give it one of its own, or "
                          "say there `shared: true`"));
}

TEST(Environments, MayShareAWarehouseThatSaysSo) {
  TestProject files(With("project: p", "project: p\nwarehouse: { path: w.duckdb, shared: true }"));
  EXPECT_EQ(files.Env("prod").Load().warehouse.path, files.folder() + "/w.duckdb");
}

TEST(Environments, AreComparedWithEachOtherAndNotOnlyWithDev) {
  EXPECT_THAT(ErrorsWith("out: { path: out-prod } }",
                         "out: { path: out-prod } }\n  test:\n    connections: { out: { path: "
                         "out-prod } }"),
              ElementsAre("sluice.yml:16:3: environments.test: shares the destination out with the "
                          "environment prod; give it one of its own, or say there `shared: true`"));
}

TEST(Environments, AreTheSameIterableProjectWhenTheKeyIs) {
  const std::string iterable =
      With("out: { type: file, path: out }",
           "out: { type: iterable, region: us, project_type: email, api_key: \"${KEY}\" }");
  const std::string users = ReplaceAll(iterable, "object: o", "object: users");
  const std::string other_key = ReplaceAll(users, "path: out-prod", "api_key: \"${PROD_KEY}\"");
  EXPECT_EQ(TestProject(other_key).Set("KEY", "a").Set("PROD_KEY", "b").Load().name, "p");
  // Not known here, and written differently: taken for different.
  EXPECT_EQ(TestProject(other_key).Set("KEY", "a").Load().name, "p");
  const std::vector<std::string> shares = {
      "sluice.yml:14:3: environments.prod: shares the destination out with the environment dev; "
      "give "
      "it one of its own, or say there `shared: true`"};
  EXPECT_EQ(TestProject(other_key).Set("KEY", "a").Set("PROD_KEY", "a").Errors(), shares);
  const std::string other_type = ReplaceAll(users, "path: out-prod", "project_type: userid");
  EXPECT_EQ(TestProject(other_type).Errors(), shares);
}

}  // namespace
}  // namespace sluice::config
