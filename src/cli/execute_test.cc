#include "cli/execute.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "cli/templates.h"
#include "env/file.h"
#include "env/random.h"

namespace sluice::cli {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class ExecuteTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = env::AbsolutePath(testing::TempDir() + "/execute_" +
                                std::to_string(env::SystemRandom().Next()));
    ASSERT_TRUE(env::CreateDirectories(folder_).ok());
  }
  void TearDown() override { ASSERT_TRUE(env::RemoveTree(folder_).ok()); }

  int Do(const std::vector<std::string>& words) {
    out_.str("");
    err_.str("");
    World world{{}, clock_, random_, in_, out_, err_, {}, "/opt/sluice/bin/sluice", folder_};
    return Execute(words, world);
  }
  void Write(const std::string& name, const std::string& text) {
    ASSERT_TRUE(env::WriteFileAtomically(env::JoinPath(folder_, name), text).ok());
  }

  std::string folder_;
  env::FakeClock clock_;
  env::SeededRandom random_{1};
  std::istringstream in_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(ExecuteTest, AnErrorSaysWhatToTypeNext) {
  EXPECT_EQ(Do({"rnu"}), 2);
  EXPECT_THAT(out_.str(), IsEmpty());
  EXPECT_EQ(err_.str(),
            "error: there is no command \"rnu\" (did you mean \"run\"?)\nnext:  sluice run\n");
}

TEST_F(ExecuteTest, WithJsonTheErrorIsTheDocument) {
  EXPECT_EQ(Do({"rnu", "--json"}), 2);
  EXPECT_THAT(err_.str(), IsEmpty());
  EXPECT_EQ(
      out_.str(),
      "{\"version\":1,\"error\":{\"code\":\"config\",\"message\":\"there is no command \\\"rnu\\\" "
      "(did you mean \\\"run\\\"?)\",\"next\":\"sluice run\",\"exit_code\":2}}\n");
}

TEST_F(ExecuteTest, WithoutAProjectEveryCommandSaysHowToMakeOne) {
  for (const char* command : {"validate", "plan", "run", "status", "tables", "runs", "discover"}) {
    EXPECT_EQ(Do({command}), 2) << command;
    EXPECT_THAT(err_.str(), HasSubstr("sluice init")) << command;
  }
}

TEST_F(ExecuteTest, InitMakesAProjectThatIsRight) {
  ASSERT_EQ(Do({"init", "shop"}), 0) << err_.str();
  for (const TemplateFile& file : TemplateFiles()) {
    const auto text = env::ReadFile(env::JoinPath(folder_, "shop/" + std::string(file.path)));
    ASSERT_TRUE(text.ok()) << file.path;
    EXPECT_EQ(*text, file.content);
  }
  EXPECT_EQ(Do({"validate", "--project", "shop"}), 0) << err_.str();
  EXPECT_THAT(out_.str(), StartsWith("ok: project shop, 1 ingest, 2 models, 1 sync\n"));
  EXPECT_THAT(err_.str(), IsEmpty());
}

TEST_F(ExecuteTest, InitOverwritesNothing) {
  Write("sluice.yml", "mine");
  EXPECT_EQ(Do({"init"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("sluice.yml"));
  EXPECT_FALSE(env::Exists(env::JoinPath(folder_, "models")));
  Write("other", "x");
  EXPECT_EQ(Do({"init", "other"}), 2);
  ASSERT_EQ(Do({"init", "new"}), 0);
  EXPECT_EQ(*env::ReadFile(env::JoinPath(folder_, "sluice.yml")), "mine");
}

TEST_F(ExecuteTest, ValidatePrintsCronLines) {
  Write("sluice.yml",
        "project: shop\n"
        "connections: { inbox: { type: file, path: in }, outbox: { type: file, path: out } }\n"
        "ingests:\n"
        "  files: { from: inbox, layout: files, schedule: daily at 03:00,\n"
        "           tables: { t: { pattern: \"*.csv\", columns: { id: BIGINT } } } }\n"
        "models: { m: t }\n"
        "syncs:\n"
        "  s: { model: m, to: outbox, object: t, key: id, fields: { id: id },\n"
        "       schedule: every 15 minutes }\n");
  ASSERT_EQ(Do({"validate"}), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("0 3 * * * /opt/sluice/bin/sluice --project " + folder_ +
                                    " run files --quiet --wait 10m\n"));
  EXPECT_THAT(out_.str(), HasSubstr("*/15 * * * * /opt/sluice/bin/sluice --project " + folder_ +
                                    " run +s --quiet --wait 10m\n"));
}

TEST_F(ExecuteTest, VersionIsAlsoADocument) {
  EXPECT_EQ(Do({"version"}), 0);
  EXPECT_THAT(out_.str(), StartsWith("sluice 0."));
  EXPECT_EQ(Do({"--version"}), 0);
  EXPECT_THAT(out_.str(), StartsWith("sluice 0."));
  EXPECT_EQ(Do({"version", "--json"}), 0);
  EXPECT_THAT(out_.str(), StartsWith("{\"version\":1,\"sluice\":\"0."));
}

}  // namespace
}  // namespace sluice::cli
