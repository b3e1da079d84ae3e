#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <vector>

#include "base/text.h"
#include "env/clock.h"
#include "env/copy_file.h"
#include "env/file.h"
#include "env/lock.h"
#include "env/parallel.h"

namespace sluice::env {
namespace {

class EnvTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "sluice_env_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    dir_ = pattern;
  }
  void TearDown() override { EXPECT_TRUE(RemoveTree(dir_).ok()); }
  std::string dir_;
};

TEST_F(EnvTest, AtomicWriteReplacesTheWholeFile) {
  const std::string path = JoinPath(dir_, "a");
  ASSERT_TRUE(WriteFileAtomically(path, "one").ok());
  ASSERT_TRUE(WriteFileAtomically(path, "two", 0600).ok());
  EXPECT_EQ(ReadFile(path).value(), "two");
  EXPECT_EQ(ListDirectory(dir_).value().size(), 1U);
}

// In a process of its own, for a right that is given up is not had again.
TEST_F(EnvTest, ALockWhereNobodyMayWriteSaysWhatToDo) {
  ASSERT_EQ(chmod(dir_.c_str(), 0555), 0);
  const pid_t child = fork();
  if (child == 0) {
    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) _exit(2);
    const auto lock = FileLock::TryAcquire(JoinPath(dir_, "a.lock"), "sluice run");
    const std::string next = "Let this user write in " + dir_;
    _exit(!lock.ok() && StartsWith(lock.status().next(), next) ? 0 : 1);
  }
  int state = 0;
  ASSERT_EQ(waitpid(child, &state, 0), child);
  EXPECT_EQ(state, 0);
  ASSERT_EQ(chmod(dir_.c_str(), 0700), 0);
}

TEST_F(EnvTest, ACopyHasTheSameBytesAndNothingIsOverwritten) {
  const std::string from = JoinPath(dir_, "from");
  const std::string to = JoinPath(dir_, "to");
  const std::string bytes = std::string(3'000'001, 'x') + "end";
  ASSERT_TRUE(WriteFileAtomically(from, bytes).ok());
  uint64_t told = 0;
  ASSERT_TRUE(CopyFile(
                  from, to, [&](uint64_t copied) { told = copied; }, nullptr)
                  .ok());
  EXPECT_EQ(ReadFile(to).value(), bytes);
  EXPECT_EQ(told, bytes.size());
  EXPECT_FALSE(CopyFile(from, to, nullptr, nullptr).ok());
  EXPECT_EQ(CopyFile(JoinPath(dir_, "none"), JoinPath(dir_, "x"), nullptr, nullptr).code(),
            Code::kNotFound);
  // Whatever the file system can: it is a copy, or nothing is there.
  const std::string clone = JoinPath(dir_, "clone");
  const auto cloned = CloneFile(from, clone);
  ASSERT_TRUE(cloned.ok()) << cloned.status().ToString();
  EXPECT_EQ(Exists(clone), *cloned);
  if (*cloned) {
    EXPECT_EQ(ReadFile(clone).value(), bytes);
  }
  Cancel cancel;
  cancel.Set();
  EXPECT_EQ(CopyFile(from, JoinPath(dir_, "stopped"), nullptr, &cancel).code(), Code::kCancelled);
}

TEST_F(EnvTest, ErrorsNameThePathAndWhatIsNotThereIsNotFound) {
  const auto missing = ReadFile(JoinPath(dir_, "nothing"));
  EXPECT_EQ(missing.status().code(), Code::kNotFound);
  EXPECT_NE(missing.status().message().find("/nothing: No such file"), std::string::npos);
  ASSERT_TRUE(WriteFileAtomically(JoinPath(dir_, "big"), std::string(100, 'x')).ok());
  EXPECT_FALSE(ReadFile(JoinPath(dir_, "big"), 99).ok());
}

TEST_F(EnvTest, AppendFileGoesOnWhereItWas) {
  const std::string path = JoinPath(dir_, "log");
  {
    auto file = AppendFile::Open(path);
    ASSERT_TRUE(file.value().Append("abc").ok());
    ASSERT_TRUE(file.value().Sync().ok());
  }
  auto file = AppendFile::Open(path);
  EXPECT_EQ(file.value().size(), 3U);
  ASSERT_TRUE(file.value().Append("def").ok());
  ASSERT_TRUE(file.value().Truncate(4).ok());
  EXPECT_EQ(ReadFile(path).value(), "abcd");
}

TEST_F(EnvTest, AFileIsReadAtAnyPlaceAndEndsWhereItEnds) {
  const std::string path = JoinPath(dir_, "data");
  EXPECT_EQ(RandomReadFile::Open(path).status().code(), Code::kNotFound);
  ASSERT_TRUE(WriteFileAtomically(path, "0123456789").ok());
  const auto file = RandomReadFile::Open(path);
  std::string bytes = "before";
  ASSERT_TRUE(file.value().ReadAt(3, 4, bytes).ok());
  EXPECT_EQ(bytes, "3456");
  ASSERT_TRUE(file.value().ReadAt(8, 4, bytes).ok());
  EXPECT_EQ(bytes, "89");
  ASSERT_TRUE(file.value().ReadAt(20, 4, bytes).ok());
  EXPECT_EQ(bytes, "");
  EXPECT_EQ(file.value().Size().value(), 10U);
}

TEST_F(EnvTest, ASecondTakerOfALockIsToldWhoHoldsIt) {
  const std::string path = JoinPath(dir_, "zenoti.lock");
  auto first = FileLock::TryAcquire(path, "sluice run");
  ASSERT_TRUE(first.ok());
  const auto second = FileLock::TryAcquire(path, "sluice run");
  EXPECT_EQ(second.status().code(), Code::kBusy);
  EXPECT_NE(second.status().message().find(": sluice run"), std::string::npos);
  FakeClock clock;
  const auto third = FileLock::Acquire(path, "x", std::chrono::seconds(1), clock, nullptr);
  EXPECT_EQ(third.status().code(), Code::kBusy);
  { const FileLock gone = std::move(first).value(); }
  EXPECT_TRUE(FileLock::TryAcquire(path, "sluice run").ok());
}

TEST(Path, AreJoinedAndTakenApart) {
  EXPECT_EQ(JoinPath("a/", "b"), "a/b");
  EXPECT_EQ(JoinPath("a", "/b"), "/b");
  EXPECT_EQ(Dirname("/a"), "/");
  EXPECT_EQ(Dirname("a"), "");
  EXPECT_EQ(Basename("/a/b.csv"), "b.csv");
  EXPECT_EQ(AbsolutePath("/a/./b/../c/"), "/a/c");
}

TEST(ClockText, IsUtc) {
  EXPECT_EQ(FormatUtc(0), "1970-01-01 00:00:00");
  EXPECT_EQ(FormatUtc(-1, true), "1969-12-31 23:59:59.999999");
  EXPECT_EQ(FormatIso(1'795'269'787'000'000), "2026-11-21T14:03:07Z");
}

TEST(CancelTest, WakesWhoWaits) {
  Cancel cancel;
  EXPECT_FALSE(cancel.WaitFor(std::chrono::milliseconds(1)));
  cancel.Set();
  EXPECT_TRUE(cancel.WaitFor(std::chrono::hours(1)));
  FakeClock clock;
  EXPECT_FALSE(clock.Sleep(std::chrono::seconds(1), &cancel));
}

TEST(Parallel, DoesEachOnceAndAllBeforeAFailure) {
  std::vector<std::atomic<int>> done(1000);
  OnAllCores(done.size(), [&](size_t i) {
    ++done[i];
    return true;
  });
  EXPECT_TRUE(std::all_of(done.begin(), done.end(), [](const auto& times) { return times == 1; }));

  std::vector<std::atomic<int>> begun(100'000);
  OnAllCores(begun.size(), [&](size_t i) {
    ++begun[i];
    return i < 500;
  });
  const auto all = std::count(begun.begin(), begun.end(), 1);
  EXPECT_EQ(std::count(begun.begin(), begun.begin() + 501, 1), 501);
  EXPECT_LE(all, 500 + static_cast<std::ptrdiff_t>(kMostThreads));
  OnAllCores(0, [](size_t) { return false; });
}

}  // namespace
}  // namespace sluice::env
