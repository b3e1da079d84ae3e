#include "pipeline/plan_deep.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "env/copy_file.h"
#include "env/lock.h"

namespace sluice::pipeline {
namespace {

using testing::HasSubstr;

// Lists one file of a gigabyte, and gives nobody a byte of it.
class OneLargeFile : public connector::Store {
 public:
  std::string Describe() const override { return "a large file"; }
  Result<connector::Listing> List(std::string_view, const env::Cancel*) override {
    return connector::Listing{{{"people.csv", 1'000'000'000, 0, "tag"}}};
  }
  Result<connector::FetchedFile> Fetch(const connector::StoredFile&, const std::string&,
                                       const std::function<void(uint64_t)>&,
                                       const env::Cancel*) override {
    return FailedError("it was asked for");
  }
  Result<std::string> ReadSmall(const connector::StoredFile&, uint64_t,
                                const env::Cancel*) override {
    return FailedError("it was asked for");
  }
  Status Probe(const env::Cancel*) override { return Status::Ok(); }
};

class PlanDeepTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "sluice_deep_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    project_.name = "shop";
    project_.folder = pattern;
    project_.warehouse.path = env::JoinPath(pattern, "warehouse.duckdb");
  }
  void TearDown() override { EXPECT_TRUE(env::RemoveTree(project_.folder).ok()); }

  std::unique_ptr<Runtime> Live() {
    Factories factories;
    factories.make_store = [](const config::Connection&,
                              const config::Project&) -> Result<std::unique_ptr<connector::Store>> {
      return std::unique_ptr<connector::Store>(std::make_unique<OneLargeFile>());
    };
    return std::make_unique<Runtime>(project_, factories, env::SystemClock(),
                                     RuntimeOptions{"sluice plan", "1.0"});
  }
  Status Plan(Runtime& runtime, uint64_t free) {
    DeepOptions options;
    options.free_space = [free](const std::string&) { return Result<uint64_t>(free); };
    return PlanDeep(runtime, {}, options, reporter_).status();
  }
  std::string Copy() const { return env::JoinPath(project_.StateFolder(), "plan-deep"); }

  config::Project project_;
  report::SilentReporter reporter_;
};

TEST_F(PlanDeepTest, WithoutRoomForTheCopyItRefusesAndLeavesNothing) {
  const auto runtime = Live();
  ASSERT_TRUE(runtime->warehouse().Open(true, std::chrono::seconds(1), nullptr).ok());
  const std::string other = project_.warehouse.path + ".clone";
  if (*env::CloneFile(project_.warehouse.path, other)) {
    GTEST_SKIP() << "this file system shares blocks: a copy takes no room";
  }
  const Status refused = Plan(*runtime, 1000);
  EXPECT_EQ(refused.code(), Code::kFailed);
  EXPECT_THAT(refused.message(), HasSubstr("the copy of the warehouse takes "));
  EXPECT_THAT(refused.message(), HasSubstr(project_.StateFolder() + " has 1.0 kB free"));
  EXPECT_THAT(refused.next(), HasSubstr("sluice plan"));
  EXPECT_FALSE(env::Exists(Copy()));
  EXPECT_TRUE(Plan(*runtime, 10ULL << 30).ok());
  EXPECT_FALSE(env::Exists(Copy()));
}

TEST_F(PlanDeepTest, WithoutRoomForWhatWaitsItRefusesBeforeItReads) {
  project_.connections.push_back({"inbox", "large", {}, false, {}});
  config::Ingest ingest;
  ingest.name = "shop";
  ingest.from = {"inbox"};
  ingest.layout = "files";
  ingest.settle = std::chrono::milliseconds(0);
  config::Table people;
  people.name = "people";
  people.pattern = "people.csv";
  people.columns = {{"id", "INTEGER", {}}};
  people.mode = config::Table::Mode::kReplace;
  ingest.tables = {people};
  project_.ingests = {ingest};
  const auto runtime = Live();
  const Status refused = Plan(*runtime, 900'000'000);
  EXPECT_THAT(refused.message(), HasSubstr("1.0 GB wait to be loaded into the copy"));
  EXPECT_FALSE(env::Exists(project_.warehouse.path));
  EXPECT_FALSE(env::Exists(Copy()));
}

TEST_F(PlanDeepTest, ALeftoverGoesUnlessSomebodyWorksInIt) {
  const auto runtime = Live();
  EXPECT_FALSE(*RemoveDeepLeftover(*runtime, false));
  ASSERT_TRUE(env::CreateDirectories(Copy()).ok());
  std::ofstream(Copy() + "/warehouse.duckdb") << "rows";
  {
    const auto lock = env::FileLock::TryAcquire(Copy() + ".lock", "sluice plan");
    ASSERT_TRUE(lock.ok());
    EXPECT_FALSE(*RemoveDeepLeftover(*runtime, false));
    EXPECT_EQ(Plan(*runtime, 10ULL << 30).code(), Code::kBusy);
    EXPECT_TRUE(env::Exists(Copy()));
  }
  EXPECT_TRUE(*RemoveDeepLeftover(*runtime, true));
  EXPECT_TRUE(env::Exists(Copy()));
  EXPECT_TRUE(*RemoveDeepLeftover(*runtime, false));
  EXPECT_FALSE(env::Exists(Copy()));
}

}  // namespace
}  // namespace sluice::pipeline
