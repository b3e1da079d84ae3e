#include "pipeline/run_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "base/text.h"
#include "env/file.h"
#include "env/random.h"
#include "pipeline/events.h"
#include "pipeline/sqlite.h"

namespace sluice::pipeline {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class RunRecordTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "/run_record_" + std::to_string(env::SystemRandom().Next());
    ASSERT_TRUE(env::CreateDirectories(folder_).ok());
  }
  void TearDown() override { ASSERT_TRUE(env::RemoveTree(folder_).ok()); }

  std::string Path(const std::string& name) const { return env::JoinPath(folder_, name); }
  void Write(const std::string& name, const std::string& text) const {
    ASSERT_TRUE(env::CreateDirectories(env::Dirname(Path(name))).ok());
    ASSERT_TRUE(env::WriteFileAtomically(Path(name), text).ok());
  }
  std::unique_ptr<RunStore> Store() const {
    auto store = RunStore::Open(Path("state"));
    EXPECT_TRUE(store.ok()) << store.status().ToString();
    return std::move(store).value();
  }
  static RunSummary Run(const std::string& id, const std::string& started_at) {
    RunSummary run;
    run.run_id = id;
    run.command = "run zenoti+";
    run.started_at = started_at;
    run.process = 4711;
    run.version = "0.1.0";
    run.git_commit = "abc";
    run.git_dirty = true;
    run.config_digest = "d1";
    run.sql_digests = "{}";
    return run;
  }

  std::string folder_;
};

TEST_F(RunRecordTest, ARunThatHasNotEndedIsKnownAndHasNoCode) {
  const auto store = Store();
  ASSERT_TRUE(store->Begin(Run("20261121-140307-3fa9", "2026-11-21 14:03:07.000001")).ok());
  const auto run = Store()->Find("latest");
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(run->run_id, "20261121-140307-3fa9");
  EXPECT_EQ(run->command, "run zenoti+");
  EXPECT_EQ(run->ended_at, "");
  EXPECT_EQ(run->exit_code, -1);
  EXPECT_EQ(run->process, 4711);
  EXPECT_EQ(run->git_dirty, std::optional<bool>(true));
}

TEST_F(RunRecordTest, EndingARunKeepsWhatItBeganWith) {
  const auto store = Store();
  ASSERT_TRUE(store->Begin(Run("a", "2026-11-21 14:03:07")).ok());
  ASSERT_TRUE(store->End("a", "2026-11-21 14:05:00", 3, R"({"loads":[]})").ok());
  const auto run = store->Find("a");
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(run->ended_at, "2026-11-21 14:05:00");
  EXPECT_EQ(run->exit_code, 3);
  EXPECT_EQ(run->summary, R"({"loads":[]})");
  EXPECT_EQ(run->git_commit, "abc");
}

TEST_F(RunRecordTest, TheNewestRunComesFirst) {
  const auto store = Store();
  ASSERT_TRUE(store->Begin(Run("20261121-1", "2026-11-21 10:00:00")).ok());
  ASSERT_TRUE(store->Begin(Run("20261122-1", "2026-11-22 10:00:00")).ok());
  ASSERT_TRUE(store->Begin(Run("20261120-1", "2026-11-20 10:00:00")).ok());
  const auto runs = store->List(2);
  ASSERT_TRUE(runs.ok());
  ASSERT_EQ(runs->size(), 2U);
  EXPECT_EQ((*runs)[0].run_id, "20261122-1");
  EXPECT_EQ((*runs)[1].run_id, "20261121-1");
}

TEST_F(RunRecordTest, ARunIsFoundByAUniquePrefix) {
  const auto store = Store();
  ASSERT_TRUE(store->Begin(Run("20261121-100000-aaaa", "2026-11-21 10:00:00")).ok());
  ASSERT_TRUE(store->Begin(Run("20261121-110000-bbbb", "2026-11-21 11:00:00")).ok());
  EXPECT_EQ(store->Find("20261121-10")->run_id, "20261121-100000-aaaa");
  const auto several = store->Find("20261121");
  EXPECT_EQ(several.status().code(), Code::kConfig);
  EXPECT_THAT(several.status().message(), HasSubstr("20261121-110000-bbbb"));
  EXPECT_EQ(store->Find("2027").status().code(), Code::kNotFound);
}

TEST_F(RunRecordTest, AnEmptyListSaysSo) {
  const auto run = Store()->Find("latest");
  EXPECT_EQ(run.status().code(), Code::kNotFound);
  EXPECT_EQ(run.status().message(), "there is no run yet");
}

TEST_F(RunRecordTest, AnOlderProgramRefusesANewerState) {
  {
    ASSERT_NE(Store(), nullptr);
    auto file = SqliteFile::Open(Path("state/state.db"));
    ASSERT_TRUE(file->Execute("PRAGMA user_version = 99").ok());
  }
  const auto store = RunStore::Open(Path("state"));
  EXPECT_EQ(store.status().code(), Code::kFailed);
  EXPECT_THAT(store.status().message(), HasSubstr("newer Sluice"));
}

TEST_F(RunRecordTest, AListThatCannotBeWrittenOrReadSaysWhatToDo) {
  ASSERT_TRUE(env::CreateDirectories(Path("state/state.db")).ok());
  const auto folder = RunStore::Open(Path("state"));
  EXPECT_EQ(folder.status().message(),
            Path("state/state.db") + " cannot be written: the list of runs is kept there");
  EXPECT_THAT(folder.status().next(), HasSubstr("Let this user write in " + Path("state")));
  Write("other/state.db", std::string(4096, 'x'));
  const auto damaged = RunStore::Open(Path("other"));
  EXPECT_THAT(damaged.status().message(), HasSubstr("is damaged"));
  EXPECT_THAT(damaged.status().next(), HasSubstr("mv "));
}

TEST_F(RunRecordTest, RunsThatWereKilledAreThoseWithoutAnEndAndAProcess) {
  const auto store = Store();
  RunSummary killed = Run("20261121-140307-aaaa", "2026-11-21 14:03:07");
  killed.process = 1 << 30;  // no system has so many
  RunSummary living = Run("20261121-140308-bbbb", "2026-11-21 14:03:08");
  living.process = getpid();
  RunSummary ended = killed;
  ended.run_id = "20261121-140309-cccc";
  for (const RunSummary& run : {killed, living, ended}) ASSERT_TRUE(store->Begin(run).ok());
  ASSERT_TRUE(store->End(ended.run_id, "2026-11-21 14:03:10", 0, "{}").ok());
  const auto found = store->Killed(10);
  ASSERT_TRUE(found.ok()) << found.status().ToString();
  ASSERT_EQ(found->size(), 1U);
  EXPECT_EQ(found->front().run_id, killed.run_id);
}

TEST_F(RunRecordTest, SeveralWritersLoseNothing) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this, t] {
      const auto store = Store();
      for (int i = 0; i < 5; ++i) {
        const std::string id = std::to_string(t) + "-" + std::to_string(i);
        EXPECT_TRUE(store->Begin(Run(id, "2026-11-21 10:00:00")).ok());
        EXPECT_TRUE(store->End(id, "2026-11-21 10:00:01", 0, "").ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Store()->List(100)->size(), 20U);
}

class RecordingReporter : public report::Reporter {
 public:
  void StepBegan(std::string_view id) override { heard.push_back("began " + std::string(id)); }
  void StepAdvanced(std::string_view id, const report::Progress&) override {
    heard.push_back("advanced " + std::string(id));
  }
  void StepEnded(std::string_view id, std::string_view outcome, std::string_view) override {
    heard.push_back(std::string(outcome) + " " + std::string(id));
  }
  void Note(report::Level, std::string_view text) override { heard.emplace_back(text); }
  std::vector<std::string> heard;
};

TEST_F(RunRecordTest, TheLogHasALineForEachEventAndPassesAllOn) {
  env::FakeClock clock(1'795'269'787'000'000);
  RecordingReporter inner;
  const std::string path = LogPath(Path("state"), "run1");
  {
    const auto log = MakeLoggingReporter(path, inner, clock);
    log->StepBegan("load a");
    log->StepAdvanced("load a", {1, 0, 0, 0});
    clock.Advance(std::chrono::seconds(11));
    log->StepAdvanced("load a", {7, 9, 70, 90});
    log->StepAdvanced("load a", {8, 9, 80, 90});
    log->Note(report::Level::kWarning, "a \"quote\"");
    log->StepEnded("load a", "done", "9 rows");
  }
  const auto text = env::ReadFile(path);
  ASSERT_TRUE(text.ok());
  EXPECT_EQ(
      *text,
      "{\"version\":1,\"event\":\"step_began\",\"at\":\"2026-11-21T14:03:07Z\",\"step\":\"load "
      "a\"}\n"
      "{\"version\":1,\"event\":\"progress\",\"at\":\"2026-11-21T14:03:18Z\",\"step\":\"load "
      "a\",\"rows\":7,\"total_rows\":9,\"bytes\":70,\"total_bytes\":90}\n"
      "{\"version\":1,\"event\":\"note\",\"at\":\"2026-11-21T14:03:18Z\",\"level\":\"warning\","
      "\"text\":\"a \\\"quote\\\"\"}\n"
      "{\"version\":1,\"event\":\"step_ended\",\"at\":\"2026-11-21T14:03:18Z\",\"step\":\"load "
      "a\",\"outcome\":\"done\",\"summary\":\"9 rows\"}\n");
  EXPECT_THAT(inner.heard, ElementsAre("began load a", "advanced load a", "advanced load a",
                                       "advanced load a", "a \"quote\"", "done load a"));
}

TEST_F(RunRecordTest, NotesInTheLogHaveAnEnd) {
  env::FakeClock clock;
  RecordingReporter inner;
  const std::string path = LogPath(Path("state"), "run1");
  {
    const auto log = MakeLoggingReporter(path, inner, clock);
    for (int i = 0; i < 10'050; ++i) log->Note(report::Level::kInfo, "again");
    log->Note(report::Level::kError, "of another kind");
  }
  const auto text = env::ReadFile(path);
  ASSERT_TRUE(text.ok());
  EXPECT_EQ(std::count(text->begin(), text->end(), '\n'), 10'002);
  EXPECT_THAT(*text, HasSubstr("more notes of this kind are left out"));
  EXPECT_THAT(*text, HasSubstr("of another kind"));
  EXPECT_EQ(inner.heard.size(), 10'051U);
}

TEST_F(RunRecordTest, ARunGoesOnWithoutALog) {
  Write("state", "a file where the folder should be");
  env::FakeClock clock;
  RecordingReporter inner;
  const auto log = MakeLoggingReporter(LogPath(Path("state"), "run1"), inner, clock);
  log->StepBegan("load a");
  ASSERT_EQ(inner.heard.size(), 2U);
  EXPECT_THAT(inner.heard[0], HasSubstr("this run has no log"));
  EXPECT_EQ(inner.heard[1], "began load a");
}

TEST(RunIdTest, SortsByTimeAndIsUniqueByItsTail) {
  EXPECT_EQ(NewRunId(1'795'269'787'000'000, 0x123456789abc3fa9), "20261121-140307-3fa9");
  EXPECT_EQ(NewRunId(1'795'269'787'000'000, 7), "20261121-140307-0007");
}

constexpr const char* kCommit = "0123456789abcdef0123456789abcdef01234567";

TEST_F(RunRecordTest, WhetherFilesDifferFromTheCommitIsAskedOfGit) {
  constexpr std::chrono::seconds kLimit{10};
  EXPECT_EQ(GitDirty(folder_, kLimit, env::SystemClock()), std::nullopt) << "no repository";
  Write("sluice.yml", "project: p");
  const std::string git = "git -C '" + folder_ + "' ";
  ASSERT_EQ(std::system((git + "init -q && " + git + "add -A && " + git +
                         "-c user.name=n -c user.email=n@x.de commit -q -m one")
                            .c_str()),
            0);
  EXPECT_EQ(GitDirty(folder_, kLimit, env::SystemClock()), std::optional<bool>(false));
  Write("sluice.yml", "project: q");
  EXPECT_EQ(GitDirty(folder_, kLimit, env::SystemClock()), std::optional<bool>(true));
}

TEST_F(RunRecordTest, TheCommitOfABranchIsFoundFromAFolderBelow) {
  Write(".git/HEAD", "ref: refs/heads/main\n");
  Write(".git/refs/heads/main", std::string(kCommit) + "\n");
  Write("projects/shop/sluice.yml", "");
  EXPECT_EQ(GitCommit(Path("projects/shop")), kCommit);
}

TEST_F(RunRecordTest, TheCommitIsFoundWithoutABranchAndAmongPackedOnes) {
  Write(".git/HEAD", std::string(kCommit) + "\n");
  EXPECT_EQ(GitCommit(folder_), kCommit);
  Write(".git/HEAD", "ref: refs/heads/main\n");
  EXPECT_EQ(GitCommit(folder_), "");
  Write(".git/packed-refs", "# pack-refs with: peeled\n1111 refs/heads/other\n" +
                                std::string(kCommit) + " refs/heads/main\n");
  EXPECT_EQ(GitCommit(folder_), kCommit);
}

TEST_F(RunRecordTest, TheCommitOfAWorkTreeIsFound) {
  Write("main/.git/worktrees/w/HEAD", "ref: refs/heads/side\n");
  Write("main/.git/worktrees/w/commondir", "../..\n");
  Write("main/.git/refs/heads/side", std::string(kCommit) + "\n");
  Write("w/.git", "gitdir: " + Path("main/.git/worktrees/w") + "\n");
  EXPECT_EQ(GitCommit(Path("w")), kCommit);
}

}  // namespace
}  // namespace sluice::pipeline
