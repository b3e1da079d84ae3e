#include "config/secret.h"

#include <gmock/gmock.h>

#include "base/text.h"
#include "config/test_project.h"

namespace sluice::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

// A project with one secret, written as `api_key`.
std::string ProjectWith(const std::string& api_key) {
  return "project: p\nconnections:\n  it: { type: iterable, region: us, project_type: email, "
         "api_key: " +
         api_key + " }\n";
}

std::string SecretOf(const Project& project) {
  return project.FindConnection("it")->options.SecretOf("api_key").Reveal();
}

TEST(Secret, ComesFromTheEnvironmentOrDotenv) {
  TestProject project(ProjectWith("${KEY}"));
  EXPECT_EQ(SecretOf(project.Set("KEY", "k3y").Load()), "k3y");
  EXPECT_THAT(project.warnings(), IsEmpty());

  TestProject dotenv(ProjectWith("${KEY}"));
  EXPECT_EQ(SecretOf(dotenv.Write(".env", "KEY='k4y'\n").Load()), "k4y");
}

TEST(Secret, IsNeverPartOfTheTextOfAnOption) {
  TestProject project(ProjectWith("${KEY}"));
  const Project loaded = project.Set("KEY", "k3y").Load();
  EXPECT_EQ(loaded.FindConnection("it")->options.Text("api_key"), "");
}

TEST(Secret, ComesFromAFileWhenItIsNeeded) {
  TestProject project(ProjectWith("{ secret: { file: keys/it } }"));
  project.Write("keys/it", "  k3y \nnotes of the password manager\n");
  EXPECT_EQ(SecretOf(project.Load()), "");
  EXPECT_EQ(SecretOf(project.ResolveSecrets().Load()), "k3y");
  EXPECT_THAT(project.warnings(), IsEmpty());
}

TEST(Secret, ComesFromACommandWhenItIsNeeded) {
  TestProject project(ProjectWith("{ secret: { command: pass show it } }"));
  EXPECT_EQ(SecretOf(project.Load()), "");
  EXPECT_THAT(project.commands(), IsEmpty());
  EXPECT_EQ(SecretOf(project.ResolveSecrets().Load()), "from-command");
  EXPECT_THAT(project.commands(), ElementsAre("pass show it"));
}

TEST(Secret, InTheProjectFileIsWarnedOf) {
  TestProject project(ProjectWith("hunter2"));
  EXPECT_EQ(SecretOf(project.Load()), "hunter2");
  EXPECT_THAT(project.warnings(),
              ElementsAre("sluice.yml:3:67: connections.it.api_key: a secret stands in the project "
                          "file; write ${NAME} and put it into .env or the environment, or "
                          "{ secret: { file: … } }"));
}

TEST(Secret, FileThatOthersMayReadIsWarnedOf) {
  TestProject project(ProjectWith("{ secret: { file: keys/it } }"));
  project.Write("keys/it", "k3y", 0644).ResolveSecrets().Load();
  EXPECT_THAT(
      project.warnings(),
      ElementsAre("sluice.yml:3:85: connections.it.api_key.secret.file: others may read this "
                  "file; chmod 600 FOLDER/keys/it"));
}

TEST(Secret, DotenvThatOthersMayReadIsWarnedOf) {
  TestProject project(ProjectWith("${KEY}"));
  project.Write(".env", "KEY=k3y\n", 0640).Load();
  EXPECT_THAT(project.warnings(), ElementsAre(".env: others may read this file; chmod 600 .env"));
}

TEST(Secret, FileThatIsMissingOrEmptyIsAnError) {
  TestProject project(ProjectWith("{ secret: { file: keys/it } }"));
  EXPECT_THAT(project.ResolveSecrets().Errors(),
              ElementsAre("sluice.yml:3:85: connections.it.api_key.secret.file: cannot get the "
                          "secret: cannot open FOLDER/keys/it: No such file or directory"));
  EXPECT_THAT(project.Write("keys/it", " \n").Errors(),
              ElementsAre("sluice.yml:3:85: connections.it.api_key.secret.file: cannot get the "
                          "secret: it is empty"));
}

TEST(Secret, CommandThatFailsIsAnErrorWithoutItsOutput) {
  TestProject project(ProjectWith("{ secret: { command: false } }"));
  project.CommandGives(FailedError("the command failed with exit code 1"));
  EXPECT_THAT(project.ResolveSecrets().Errors(),
              ElementsAre("sluice.yml:3:88: connections.it.api_key.secret.command: cannot get the "
                          "secret: the command failed with exit code 1"));
}

TEST(Secret, OfAnotherShapeIsAnError) {
  const std::vector<std::string> expected = {
      "sluice.yml:3:67: connections.it.api_key: expected { secret: { file: … } } or { secret: "
      "{ command: … } }"};
  for (const char* wrong :
       {"{ file: x }", "{ secret: x }", "{ secret: { fil: x } }",
        "{ secret: { file: x, command: y } }", "{ secret: { file: x }, a: b }"}) {
    EXPECT_EQ(TestProject(ProjectWith(wrong)).Errors(), expected) << wrong;
  }
  EXPECT_THAT(
      TestProject(ProjectWith("[x]")).Errors(),
      ElementsAre("sluice.yml:3:67: connections.it.api_key: expected a secret: \"${NAME}\" or "
                  "{ secret: { file: … } }, found a list"));
}

TEST(Secret, ThatIsEmptyIsAnError) {
  TestProject project(ProjectWith("${KEY}"));
  EXPECT_THAT(project.Set("KEY", "").Errors(),
              ElementsAre("sluice.yml:3:67: connections.it.api_key: the secret is empty"));
}

TEST(Variable, ThatIsNotSetIsAnErrorWithItsPlaceAndTheNearestName) {
  TestProject project("project: p\nconnections:\n  a: { type: file, path: \"x/${DORP}/y\" }\n");
  EXPECT_THAT(
      project.Set("DROP", "z").Errors(),
      ElementsAre("sluice.yml:3:29: connections.a.path: the variable DORP is not set, neither "
                  "in the environment nor in .env (did you mean \"DROP\"?)"));
}

TEST(Variable, ThatOnlyConnectingNeedsIsAWarningUntilThen) {
  TestProject project(ProjectWith("${KEY}"));
  EXPECT_EQ(SecretOf(project.Load()), "");
  const std::string unset =
      "sluice.yml:3:67: connections.it.api_key: the variable KEY is not set, neither in the "
      "environment nor in .env";
  EXPECT_THAT(project.warnings(), ElementsAre(unset + "; it is needed to connect"));
  EXPECT_THAT(project.ResolveSecrets().Errors(), ElementsAre(unset));
}

TEST(Variable, ThatIsWrittenWronglyIsAnError) {
  TestProject project("project: p\nconnections:\n  a: { type: file, path: \"${1X}\" }\n");
  EXPECT_THAT(
      project.Errors(),
      ElementsAre("sluice.yml:3:27: connections.a.path: expected ${NAME} or "
                  "${NAME:-default}, with letters, digits and _ (write $${ for the characters "
                  "themselves)"));
}

TEST(Variable, IsReplacedInEveryKindOfOption) {
  TestProject project(
      "project: ${P}\nconnections:\n  it: { type: iterable, region: ${R}, project_type: email, "
      "api_key: ${KEY}, requests_per_second: ${N:-3}, timeout: ${T} }\n");
  project.Set("P", "shop").Set("R", "eu").Set("KEY", "k").Set("T", "2 minutes");
  const Project loaded = project.Load();
  const Options& options = loaded.FindConnection("it")->options;
  EXPECT_EQ(loaded.name, "shop");
  EXPECT_EQ(options.Text("region"), "eu");
  EXPECT_EQ(options.Number("requests_per_second"), 3);
  EXPECT_EQ(options.Duration("timeout"), std::chrono::minutes(2));
}

TEST(Variable, NeverShowsItsValueInAMessage) {
  TestProject project(ReplaceAll(ProjectWith("x"), "region: us", "region: ${SECRET}"));
  EXPECT_THAT(
      project.Set("SECRET", "hunter2").Errors(),
      ElementsAre("sluice.yml:3:33: connections.it.region: expected \"us\" or \"eu\", found "
                  "the value of \"${SECRET}\""));
  TestProject schedule(
      "project: p\nmodels: { m: SELECT 1 }\nsyncs:\n  s: { model: m, to: o, object: x, "
      "key: k, fields: { a: a }, schedule: ${SECRET} }\n"
      "connections: { o: { type: file, path: o } }\n");
  EXPECT_THAT(
      schedule.Set("SECRET", "every hunter2").Errors(),
      ElementsAre("sluice.yml:4:72: syncs.s.schedule: expected a schedule such as \"every 15 "
                  "minutes\", \"daily at 03:00\" or a cron line, found the value of "
                  "\"${SECRET}\""));
}

TEST(Variable, StaysAsItIsInSql) {
  TestProject project("project: p\nmodels:\n  m: SELECT '${X}' AS x\n");
  EXPECT_EQ(project.Load().FindModel("m")->sql, "SELECT '${X}' AS x");
}

TEST(SecretText, IsTheFirstLineWithoutBlanks) {
  EXPECT_EQ(SecretFromText("\n  a b \r\nmore\n")->Reveal(), "a b");
  EXPECT_FALSE(SecretFromText(" \n\n").ok());
}

// ---- the real commands ----

Result<std::string> OutputOf(const std::string& command, int deadline_ms = 20'000) {
  return RunSecretCommand(command, ::testing::TempDir(), std::chrono::milliseconds(deadline_ms),
                          env::SystemClock());
}

TEST(SecretCommand, GivesWhatItWrites) {
  EXPECT_EQ(*OutputOf("printf 'a\\nb'"), "a\nb");
}

TEST(SecretCommand, RunsInTheProjectsFolderWithoutInput) {
  TestProject project;
  project.Write("key", "k3y");
  const auto output = RunSecretCommand("cat; cat key", project.folder(), std::chrono::seconds(20),
                                       env::SystemClock());
  EXPECT_EQ(*output, "k3y");
}

TEST(SecretCommand, ThatFailsTellsHowButNotWhatItWrote) {
  EXPECT_EQ(OutputOf("echo hunter2; exit 3").status().message(),
            "the command failed with exit code 3");
  EXPECT_EQ(OutputOf("echo hunter2; kill -9 $$").status().message(),
            "the command was ended by signal 9");
  EXPECT_EQ(OutputOf("head -c 100000 /dev/zero").status().message(),
            "the command wrote more than 64 KB");
}

TEST(SecretCommand, TakesItsChildrenWithItAtTheDeadline) {
  TestProject project;
  const auto output = RunSecretCommand("(sleep 0.4; touch survived) & sleep 60", project.folder(),
                                       std::chrono::milliseconds(50), env::SystemClock());
  EXPECT_FALSE(output.ok());
  env::SystemClock().Sleep(std::chrono::milliseconds(800), nullptr);
  EXPECT_FALSE(env::Exists(project.folder() + "/survived"));
}

TEST(SecretCommand, IsKilledAtTheDeadline) {
  EXPECT_EQ(OutputOf("sleep 60 & sleep 60", 50).status().message(),
            "the command did not end within 0.1 s");
  EXPECT_EQ(OutputOf("exec >&-; sleep 60", 50).status().message(),
            "the command did not end within 0.1 s");
}

}  // namespace
}  // namespace sluice::config
