#include "engine/guard.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/copy_database.h"
#include "engine/engine_fixture.h"
#include "engine/log_tail.h"

namespace sluice::engine {
namespace {

constexpr uint64_t kFirstBlock = 12288;
constexpr uint64_t kBlockSize = 262144;

// Another process that has the file open as the engine does: with a record lock on it.
class OtherProgram {
 public:
  explicit OtherProgram(const std::string& path, short type = F_WRLCK) {
    int ready[2];
    if (pipe(ready) != 0) abort();
    pid_ = fork();
    if (pid_ == 0) {
      const int fd = open(path.c_str(), O_RDWR);
      struct flock lock {};
      lock.l_type = type;
      const char locked = fcntl(fd, F_SETLK, &lock) == 0 ? 'y' : 'n';
      if (write(ready[1], &locked, 1) == 1) pause();
      _exit(0);
    }
    if (read(ready[0], &locked_, 1) != 1) abort();
    close(ready[0]);
    close(ready[1]);
  }
  ~OtherProgram() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  OtherProgram(const OtherProgram&) = delete;
  OtherProgram& operator=(const OtherProgram&) = delete;
  bool has_the_lock() const { return locked_ == 'y'; }
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = 0;
  char locked_ = 0;
};

class GuardTest : public EngineTest {
 protected:
  void Close() {
    connection_.reset();
    database_.reset();
  }
  // Three commits of 1,000 rows each, closed; what the log held after each of them.
  std::vector<std::string> MakeLog() {
    std::vector<std::string> logs;
    Do("CREATE TABLE t (i INTEGER, s VARCHAR)");
    for (int i = 0; i < 3; ++i) {
      Do("INSERT INTO t SELECT range, 'text ' || hash(range) FROM range(1000)");
      logs.push_back(env::ReadFile(path_ + ".wal").value());
    }
    Close();
    return logs;
  }
  // A checkpointed table, closed, with all its metadata blocks saved as before another checkpoint.
  std::vector<uint64_t> MakeAndSave() {
    Do("CREATE TABLE t AS SELECT range AS i, 'text ' || range AS s FROM range(50000)");
    EXPECT_TRUE(database_->Checkpoint().ok());
    const auto blocks = connection_->Rows("SELECT DISTINCT block_id FROM pragma_metadata_info()");
    std::vector<uint64_t> ids;
    for (const auto& row : blocks.value()) ids.push_back(static_cast<uint64_t>(ToInt(row[0])));
    EXPECT_FALSE(ids.empty());
    Close();
    EXPECT_TRUE(CheckpointGuard::Open(path_).value()->Save(ids).ok());
    return ids;
  }
  // What a torn checkpoint does: a metadata block and one header are overwritten.
  void Tear(uint64_t block) {
    std::string bytes = env::ReadFile(path_).value();
    for (size_t i = 0; i < kBlockSize; ++i) bytes[kFirstBlock + block * kBlockSize + i] = 'x';
    const bool first_is_newer = bytes[4096 + 8] > bytes[8192 + 8];
    for (size_t i = 0; i < 100; ++i) bytes[(first_is_newer ? 8192 : 4096) + i] = 'x';
    ASSERT_TRUE(env::WriteFileAtomically(path_, bytes).ok());
  }
};

TEST_F(GuardTest, AStoppedCheckpointIsUndoneFromTheSideFile) {
  Tear(MakeAndSave().front());
  Open();
  EXPECT_EQ(Text("SELECT count(*) || ' ' || max(s) FROM t"), "50000 text 9999");
  EXPECT_FALSE(env::Exists(path_ + ".guard"));
}

TEST_F(GuardTest, AReadCommandRepairsToo) {
  Tear(MakeAndSave().front());
  OpenOptions options;
  options.read_only = true;
  auto database = Database::Open(path_, options);
  ASSERT_TRUE(database.ok()) << database.status().ToString();
  EXPECT_FALSE(env::Exists(path_ + ".guard"));
}

TEST_F(GuardTest, AFinishedCheckpointDropsItsSideFile) {
  MakeAndSave();
  const std::string side = env::ReadFile(path_ + ".guard").value();
  Open();
  Do("INSERT INTO t VALUES (-1, '')");
  ASSERT_TRUE(database_->Checkpoint().ok());
  Close();
  // As if the kill had come after the header was written and before the side file went.
  ASSERT_TRUE(env::WriteFileAtomically(path_ + ".guard", side).ok());
  Open();
  EXPECT_EQ(Text("SELECT count(*) FROM t"), "50001");
  EXPECT_FALSE(env::Exists(path_ + ".guard"));
}

TEST_F(GuardTest, ADamagedSideFileIsNotGuessedAt) {
  const uint64_t block = MakeAndSave().front();
  Tear(block);
  const std::string side = env::ReadFile(path_ + ".guard").value();
  const std::string torn = env::ReadFile(path_).value();
  for (const size_t at : {size_t{3}, size_t{8}, size_t{20}, size_t{5000}, size_t{9000},
                          side.size() - 20, side.size() - 1}) {
    std::string damaged = side;
    damaged[at] = static_cast<char>(damaged[at] + 1);
    ASSERT_TRUE(env::WriteFileAtomically(path_ + ".guard", damaged).ok());
    const auto database = Database::Open(path_, {});
    EXPECT_NE(database.status().message().find("w.duckdb.guard is damaged"), std::string::npos)
        << at;
  }
  ASSERT_TRUE(env::WriteFileAtomically(path_ + ".guard", side.substr(0, side.size() / 2)).ok());
  EXPECT_FALSE(Database::Open(path_, {}).ok());
  EXPECT_EQ(env::ReadFile(path_).value(), torn);
  ASSERT_TRUE(env::WriteFileAtomically(path_ + ".guard", side).ok());
  Open();
}

TEST_F(GuardTest, ASideFileOfANewerStateIsNotWrittenIntoARestoredBackup) {
  MakeAndSave();
  Open();  // drops the side file, which is of this state
  Close();
  const std::string backup = env::ReadFile(path_).value();
  Open();
  Do("INSERT INTO t VALUES (-1, '')");
  ASSERT_TRUE(database_->Checkpoint().ok());
  Close();
  ASSERT_TRUE(CheckpointGuard::Open(path_).value()->Save({0}).ok());
  ASSERT_TRUE(env::WriteFileAtomically(path_, backup).ok());
  const auto database = Database::Open(path_, {});
  EXPECT_NE(database.status().message().find("another state"), std::string::npos)
      << database.status().ToString();
  EXPECT_EQ(env::ReadFile(path_).value(), backup);
  ASSERT_TRUE(env::RemoveFile(path_ + ".guard").ok());
  Open();
  EXPECT_EQ(Text("SELECT count(*) FROM t"), "50000");
}

TEST_F(GuardTest, NothingIsRepairedUnderTheHandsOfAnotherProgram) {
  Tear(MakeAndSave().front());
  const std::string torn = env::ReadFile(path_).value();
  {
    const OtherProgram other(path_);
    ASSERT_TRUE(other.has_the_lock());
    OpenOptions read_only;
    read_only.read_only = true;
    for (const OpenOptions& options : {OpenOptions{}, read_only}) {
      const auto database = Database::Open(path_, options);
      EXPECT_EQ(database.status().code(), Code::kBusy);
      EXPECT_NE(database.status().message().find("process " + std::to_string(other.pid())),
                std::string::npos)
          << database.status().ToString();
    }
    EXPECT_EQ(env::ReadFile(path_).value(), torn);
    EXPECT_TRUE(env::Exists(path_ + ".guard"));
  }
  Open();
  EXPECT_EQ(Text("SELECT count(*) FROM t"), "50000");
}

TEST_F(GuardTest, NothingIsRepairedUnderTheEyesOfAReader) {
  Tear(MakeAndSave().front());
  const std::string torn = env::ReadFile(path_).value();
  const OtherProgram reader(path_, F_RDLCK);
  ASSERT_TRUE(reader.has_the_lock());
  OpenOptions options;
  options.read_only = true;
  EXPECT_EQ(Database::Open(path_, options).status().code(), Code::kBusy);
  EXPECT_EQ(env::ReadFile(path_).value(), torn);
}

TEST_F(GuardTest, TwoProgramsMayRead) {
  Close();
  const OtherProgram reader(path_, F_RDLCK);
  OpenOptions options;
  options.read_only = true;
  EXPECT_TRUE(Database::Open(path_, options).ok());
  EXPECT_EQ(Database::Open(path_, {}).status().code(), Code::kBusy);
}

TEST_F(GuardTest, ASecondOpeningInThisProcessIsRefusedAndLeavesTheLock) {
  Do("CREATE TABLE t (i INTEGER)");
  const std::string link = env::JoinPath(dir_, "link.duckdb");
  ASSERT_EQ(symlink(path_.c_str(), link.c_str()), 0);
  for (const std::string& name : {path_, link}) {
    EXPECT_EQ(Database::Open(name, {}).status().code(), Code::kBusy) << name;
  }
  EXPECT_FALSE(OtherProgram(path_).has_the_lock());
  Close();
  EXPECT_TRUE(OtherProgram(path_).has_the_lock());
}

TEST_F(GuardTest, ALinkIsFollowedToTheLogAndTheSideFile) {
  Close();
  const std::string folder = env::JoinPath(dir_, "elsewhere");
  ASSERT_TRUE(env::CreateDirectories(folder).ok());
  ASSERT_TRUE(env::RemoveFile(path_).ok());
  ASSERT_EQ(symlink("elsewhere/real.duckdb", path_.c_str()), 0);
  Open();  // makes the file that the link names
  const std::string real = env::JoinPath(folder, "real.duckdb");
  EXPECT_EQ(database_->path(), real);
  Do("CREATE TABLE t AS SELECT range AS i FROM range(1000)");
  EXPECT_GT(database_->LogSize(), 0U);
  ASSERT_TRUE(database_->Checkpoint().ok());
  EXPECT_EQ(database_->LogSize(), 0U);
  Close();
  ASSERT_TRUE(CheckpointGuard::Open(real).value()->Save({0}).ok());
  Open();
  EXPECT_FALSE(env::Exists(real + ".guard"));
}

TEST_F(GuardTest, ACopyOfTheFilesIsRepairedLikeTheOriginalWhichStaysAsItIs) {
  Tear(MakeAndSave().front());
  const std::string torn = env::ReadFile(path_).value();
  const std::string copy = env::JoinPath(dir_, "copy.duckdb");
  ASSERT_TRUE(CopyDatabase(path_, copy, {}).ok());
  EXPECT_EQ(env::ReadFile(path_).value(), torn);
  EXPECT_TRUE(env::Exists(path_ + ".guard"));
  path_ = copy;
  Open();
  EXPECT_EQ(Text("SELECT count(*) || ' ' || max(s) FROM t"), "50000 text 9999");
}

TEST_F(GuardTest, ACopyHasWhatOnlyTheLogHas) {
  MakeLog();
  uint64_t copied = 0;
  CopyOptions options;
  options.progress = [&](uint64_t bytes) { copied = bytes; };
  options.room = [](uint64_t bytes) {
    return bytes > 0 ? Status::Ok() : FailedError("asked for nothing");
  };
  const std::string copy = env::JoinPath(dir_, "copy.duckdb");
  const Status done = CopyDatabase(path_, copy, options);
  ASSERT_TRUE(done.ok()) << done.ToString();
  path_ = copy;
  Open();
  EXPECT_EQ(Text("SELECT count(*) FROM t"), "3000");
  Do("INSERT INTO t VALUES (1, '')");
}

TEST_F(GuardTest, NothingIsCopiedUnderTheHandsOfAWriterAndBesideAReaderAllIs) {
  const std::string copy = env::JoinPath(dir_, "copy.duckdb");
  EXPECT_EQ(CopyDatabase(path_, copy, {}).code(), Code::kBusy);  // open in this process
  Close();
  {
    const OtherProgram writer(path_);
    const Status refused = CopyDatabase(path_, copy, {});
    EXPECT_EQ(refused.code(), Code::kBusy);
    EXPECT_NE(refused.message().find("process " + std::to_string(writer.pid())), std::string::npos)
        << refused.ToString();
  }
  const OtherProgram reader(path_, F_RDLCK);
  EXPECT_TRUE(CopyDatabase(path_, copy, {}).ok());
}

TEST_F(GuardTest, ACopyWithoutRoomOrStoppedIsAnError) {
  Close();
  const std::string copy = env::JoinPath(dir_, "copy.duckdb");
  EXPECT_EQ(CopyDatabase(env::JoinPath(dir_, "nothing"), copy, {}).code(), Code::kNotFound);
  CopyOptions options;
  options.room = [](uint64_t) { return FailedError("no room"); };
  const Status full = CopyDatabase(path_, copy, options);
  if (full.ok()) GTEST_SKIP() << "this file system shares blocks: a copy takes no room";
  EXPECT_EQ(full.message(), "no room");
  EXPECT_FALSE(env::Exists(copy));
  env::Cancel cancel;
  cancel.Set();
  options.room = nullptr;
  options.cancel = &cancel;
  EXPECT_EQ(CopyDatabase(path_, copy, options).code(), Code::kCancelled);
}

TEST_F(GuardTest, WhatAStoppedSaveLeftIsRemoved) {
  Close();
  ASSERT_TRUE(env::WriteFileAtomically(path_ + ".guard.new", "half").ok());
  Open();
  EXPECT_FALSE(env::Exists(path_ + ".guard.new"));
}

TEST_F(GuardTest, AnUnsyncedCommitOfWhichPagesAreMissingIsCutOff) {
  const auto logs = MakeLog();
  const std::string& whole = logs[2];
  const size_t synced = logs[1].size();
  std::vector<std::string> torn;
  for (size_t page = synced / 4096; page * 4096 < whole.size(); ++page) {
    torn.push_back(whole);
    for (size_t i = std::max(synced, page * 4096); i < std::min(whole.size(), page * 4096 + 4096);
         ++i) {
      torn.back()[i] = '\0';
    }
  }
  ASSERT_GT(torn.size(), 2U);
  torn.push_back(logs[1] + std::string(10000, '\0'));  // the size came through, the bytes did not
  for (const std::string& log : torn) {
    ASSERT_TRUE(env::WriteFileAtomically(path_ + ".wal", log).ok());
    Open();
    EXPECT_EQ(Text("SELECT count(*) FROM t"), "2000");
    Do("INSERT INTO t VALUES (0, '')");
    Open();
    EXPECT_EQ(Text("SELECT count(*) FROM t"), "2001");
    Close();
  }
}

TEST_F(GuardTest, AReadCommandCutsTheLogToo) {
  const auto logs = MakeLog();
  ASSERT_TRUE(env::WriteFileAtomically(path_ + ".wal", logs[2] + std::string(100, '\0')).ok());
  OpenOptions options;
  options.read_only = true;
  const auto database = Database::Open(path_, options);
  EXPECT_TRUE(database.ok()) << database.status().ToString();
}

TEST_F(GuardTest, AWholeLogIsLeftAsItIs) {
  const auto logs = MakeLog();
  // Also one that just ends: the engine knows what to do.
  for (const std::string& log : {logs[2], logs[0], std::string(), logs[2].substr(0, 5)}) {
    ASSERT_TRUE(env::WriteFileAtomically(path_ + ".wal", log).ok());
    const auto torn = TornTail(path_ + ".wal");
    ASSERT_TRUE(torn.ok());
    EXPECT_FALSE(torn.value().has_value()) << log.size();
  }
}

TEST_F(GuardTest, ALogThatIsBrokenBeforeItsLastCommitIsNotCut) {
  const auto logs = MakeLog();
  std::string damaged = logs[2];
  damaged[logs[0].size() + 100] = static_cast<char>(damaged[logs[0].size() + 100] + 1);
  ASSERT_TRUE(env::WriteFileAtomically(path_ + ".wal", damaged).ok());
  EXPECT_FALSE(Database::Open(path_, {}).ok());
  EXPECT_EQ(env::ReadFile(path_ + ".wal").value(), damaged);
}

TEST_F(GuardTest, ALogWithoutItsFileIsNotReplayedIntoANewOne) {
  Do("CREATE TABLE t AS SELECT range AS i FROM range(1000)");
  Close();
  ASSERT_TRUE(env::Exists(path_ + ".wal"));
  ASSERT_TRUE(env::RemoveFile(path_).ok());
  Open();
  EXPECT_EQ(Text("SELECT count(*) FROM duckdb_tables()"), "0");
}

}  // namespace
}  // namespace sluice::engine
