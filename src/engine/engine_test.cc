#include <gtest/gtest.h>

#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <thread>

#include "engine/engine_fixture.h"
#include "engine/functions.h"

namespace sluice::engine {
namespace {

TEST_F(EngineTest, ValuesComeOutExactly) {
  EXPECT_EQ(Text("SELECT true"), "true");
  EXPECT_EQ(Text("SELECT (-128)::TINYINT"), "-128");
  EXPECT_EQ(Text("SELECT 18446744073709551615::UBIGINT"), "18446744073709551615");
  EXPECT_EQ(Text("SELECT 9999999999999999999::DECIMAL(19,0)"), "9999999999999999999");
  EXPECT_EQ(Text("SELECT (-0.05)::DECIMAL(12,2)"), "-0.05");
  EXPECT_EQ(Text("SELECT DATE '1969-12-31'"), "1969-12-31");
  EXPECT_EQ(Text("SELECT TIMESTAMP '1969-12-31 23:59:59.5'"), "1969-12-31 23:59:59.5");
  EXPECT_EQ(Text("SELECT 'a text that is longer than twelve bytes'"),
            "a text that is longer than twelve bytes");
  EXPECT_EQ(Text("SELECT sum(x) FROM (VALUES (1), (2)) t(x)"), "3");
  EXPECT_EQ(Text("SELECT 0.1::DOUBLE"), "0.1");
  EXPECT_EQ(Text("SELECT [1, 2]"), "[1, 2]");
  EXPECT_TRUE(IsNull(connection_->Scalar("SELECT NULL::INTEGER").value()));
}

TEST_F(EngineTest, ParametersAreBoundNotPasted) {
  const auto rows =
      connection_->Rows("SELECT $1, $2, $3, $4::UHUGEINT",
                        {std::string("O'Brien"), int64_t{7}, std::monostate{}, Hash128{1, 2}});
  ASSERT_TRUE(rows.ok()) << rows.status().ToString();
  EXPECT_EQ(ToText(rows.value()[0][0]), "O'Brien");
  EXPECT_EQ(ToInt(rows.value()[0][1]), 7);
  EXPECT_TRUE(IsNull(rows.value()[0][2]));
  EXPECT_EQ(std::get<Hash128>(rows.value()[0][3]), (Hash128{1, 2}));
}

TEST_F(EngineTest, ACommitAfterAFailedStatementIsRefused) {
  Do("CREATE TABLE t (i INTEGER)");
  auto transaction = Transaction::Begin(*connection_);
  ASSERT_TRUE(transaction.ok());
  Do("INSERT INTO t VALUES (1)");
  EXPECT_FALSE(connection_->Execute("SELECT error('no')").ok());
  EXPECT_FALSE(transaction.value()->Commit().ok());
  EXPECT_EQ(Text("SELECT count(*) FROM t"), "0");
}

TEST_F(EngineTest, RowsKeepTheirOrderAgainAfterStatementsThatNeedNone) {
  const auto kept = [&] { return Text("SELECT current_setting('preserve_insertion_order')"); };
  for (const char* statement : {"SELECT 1", "SELECT error('no')"}) {
    auto transaction = Transaction::Begin(*connection_);
    const Status done = connection_->InAnyOrder([&] {
      EXPECT_EQ(kept(), "false");
      return connection_->Execute(statement).status();
    });
    EXPECT_EQ(transaction.value()->Commit().ok(), done.ok()) << statement;
    EXPECT_EQ(kept(), "true") << statement;
  }
}

TEST_F(EngineTest, ACommitAfterAFailedStreamIsRefused) {
  Do("CREATE TABLE t (i INTEGER)");
  auto transaction = Transaction::Begin(*connection_);
  Do("INSERT INTO t VALUES (1)");
  {
    // The error comes with a row, long after the statement began well.
    auto stream = connection_->Stream(
        "SELECT CASE WHEN range = 900000 THEN error('no') ELSE range END FROM range(1000000)");
    ASSERT_TRUE(stream.ok()) << stream.status().ToString();
    while (true) {
      const auto batch = stream.value().Next();
      if (!batch.ok()) break;
      ASSERT_TRUE(batch.value().has_value()) << "the stream was expected to fail";
    }
  }
  EXPECT_FALSE(transaction.value()->Commit().ok());
  EXPECT_EQ(Text("SELECT count(*) FROM t"), "0");
}

TEST_F(EngineTest, TransactionsAndCheckpointsAreNotForStatements) {
  Do("CREATE TABLE t (i INTEGER)");
  for (const char* sql :
       {"BEGIN", "COMMIT", "ROLLBACK", "CHECKPOINT", "force checkpoint", "CALL checkpoint()",
        "SELECT * FROM checkpoint()", "PRAGMA enable_checkpoint_on_shutdown",
        "SET checkpoint_threshold = '1MB'", "SET wal_autocheckpoint = '1MB'"}) {
    EXPECT_FALSE(connection_->Query(sql).ok()) << sql;
  }
  EXPECT_GT(database_->LogSize(), 0U);
  EXPECT_EQ(Text("SELECT 'a checkpoint is no word of ours'"), "a checkpoint is no word of ours");
}

TEST_F(EngineTest, AWritingQueryWaitsForTheWriter) {
  Do("CREATE TABLE t (i INTEGER)");
  auto other = database_->Connect();
  auto transaction = Transaction::Begin(*connection_);
  Do("INSERT INTO t VALUES (1)");
  std::atomic<bool> written{false};
  std::thread writer([&] {
    EXPECT_TRUE(other.value()->Query("INSERT INTO t VALUES (2)").ok());
    written = true;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_FALSE(written);
  ASSERT_TRUE(transaction.value()->Commit().ok());
  writer.join();
  EXPECT_EQ(Text("SELECT count(*) FROM t"), "2");
}

TEST_F(EngineTest, AnUncommittedTransactionIsRolledBackAndFreesTheWriter) {
  Do("CREATE TABLE t (i INTEGER)");
  {
    auto transaction = Transaction::Begin(*connection_);
    Do("INSERT INTO t VALUES (1)");
  }
  EXPECT_EQ(Text("SELECT count(*) FROM t"), "0");
  auto transaction = Transaction::Begin(*connection_);
  Do("INSERT INTO t VALUES (2)");
  ASSERT_TRUE(transaction.value()->Commit().ok());
  EXPECT_EQ(Text("SELECT i FROM t"), "2");
}

TEST_F(EngineTest, WhatWasCommittedIsThereAfterReopening) {
  Do("CREATE TABLE t AS SELECT range AS i FROM range(100000)");
  ASSERT_TRUE(database_->Checkpoint().ok());
  EXPECT_EQ(database_->LogSize(), 0U);
  Do("INSERT INTO t VALUES (-1)");
  EXPECT_GT(database_->LogSize(), 0U);
  Open();
  EXPECT_EQ(Text("SELECT count(*) || ' ' || min(i) FROM t"), "100001 -1");
  EXPECT_FALSE(env::Exists(path_ + ".guard"));
}

TEST_F(EngineTest, ACheckpointPassesAReaderThatDawdles) {
  Do("CREATE TABLE t AS SELECT range AS i FROM range(1000000)");
  auto reader = database_->Connect();
  auto stream = reader.value()->Stream("SELECT * FROM t");
  ASSERT_TRUE(stream.ok());
  ASSERT_TRUE(stream.value().Next().ok());
  const Status status = database_->Checkpoint(std::chrono::milliseconds(50));
  EXPECT_TRUE(status.ok()) << status.ToString();
}

TEST_F(EngineTest, AReaderOfADroppedTableHoldsUpACheckpointForATimeOnly) {
  Do("CREATE TABLE t AS SELECT range AS i FROM range(1000000)");
  auto reader = database_->Connect();
  {
    auto stream = reader.value()->Stream("SELECT * FROM t");
    ASSERT_TRUE(stream.value().Next().ok());
    Do("DROP TABLE t");
    const auto limit = std::chrono::milliseconds(50);
    EXPECT_EQ(database_->Checkpoint(limit, limit).code(), Code::kBusy);
    EXPECT_FALSE(env::Exists(path_ + ".guard"));
    Do("CREATE TABLE u AS SELECT 1 AS i");  // nothing is broken
  }
  const Status status = database_->Checkpoint();
  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(database_->LogSize(), 0U);
}

TEST_F(EngineTest, AfterAFailedCheckpointNothingGoesOnUntilItIsOpenedAgain) {
  Do("CREATE TABLE t AS SELECT range AS i, hash(range) AS h FROM range(200000)");
  ASSERT_TRUE(database_->Checkpoint().ok());
  Do("INSERT INTO t SELECT range, hash(range) FROM range(100000)");
  // The disk is full just when the engine must make the file longer.
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = signal(SIGXFSZ, SIG_IGN);
  rlimit full = before;
  full.rlim_cur = env::Stat(path_)->size;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &full), 0);
  const Status status = database_->Checkpoint();
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  (void)signal(SIGXFSZ, handler);
  ASSERT_FALSE(status.ok());
  EXPECT_TRUE(env::Exists(path_ + ".guard"));
  // A second attempt would save the blocks that the first one has half overwritten.
  const Status again = database_->Checkpoint();
  EXPECT_NE(again.message().find("half-way"), std::string::npos) << again.ToString();
  EXPECT_FALSE(connection_->Execute("INSERT INTO t VALUES (0, 0)").ok());
  EXPECT_FALSE(Transaction::Begin(*connection_).ok());
  Open();
  EXPECT_EQ(Text("SELECT count(*) || ' ' || sum(i) FROM t"), "300000 24999850000");
  EXPECT_TRUE(database_->Checkpoint().ok());
}

TEST_F(EngineTest, ThreadsAreLimitedForATime) {
  const std::string opened = Text("SELECT current_setting('threads')");
  ASSERT_TRUE(database_->UseThreads(1).ok());
  EXPECT_EQ(Text("SELECT current_setting('threads')"), "1");
  ASSERT_TRUE(database_->UseThreads(0).ok());
  EXPECT_EQ(Text("SELECT current_setting('threads')"), opened);
}

TEST_F(EngineTest, OwnFunctionsSeeNullsAndRunVectorised) {
  FunctionSpec spec;
  spec.name = "length_or_minus_one";
  spec.parameters = {"VARCHAR"};
  spec.result = "BIGINT";
  spec.function = [](size_t rows, const std::vector<Input>& in, Output& out) {
    for (size_t r = 0; r < rows; ++r) {
      if (!in[0].is_null(r) && in[0].text(r) == "null") {
        out.SetNull(r);
        continue;
      }
      out.data<int64_t>()[r] = in[0].is_null(r) ? -1 : static_cast<int64_t>(in[0].text(r).size());
    }
    return Status::Ok();
  };
  const Status registered = RegisterFunction(*connection_, std::move(spec));
  ASSERT_TRUE(registered.ok()) << registered.ToString();
  EXPECT_EQ(Text("SELECT sum(length_or_minus_one(CASE WHEN range % 2 = 0 THEN 'abc' END)) "
                 "FROM range(10000)"),
            "10000");
  EXPECT_TRUE(IsNull(connection_->Scalar("SELECT length_or_minus_one('null')").value()));
}

TEST_F(EngineTest, AppenderWritesInsideTheTransaction) {
  Do("CREATE SCHEMA s");
  Do("CREATE TABLE s.t (i BIGINT, v VARCHAR, h UHUGEINT)");
  auto transaction = Transaction::Begin(*connection_);
  auto appender = Appender::Open(*connection_, "s", "t");
  ASSERT_TRUE(appender.ok()) << appender.status().ToString();
  ASSERT_TRUE(appender.value()->Row({int64_t{1}, std::string("a"), Hash128{5, 0}}).ok());
  ASSERT_TRUE(appender.value()->Row({std::monostate{}, std::monostate{}, std::monostate{}}).ok());
  ASSERT_TRUE(appender.value()->Close().ok());
  ASSERT_TRUE(transaction.value()->Commit().ok());
  EXPECT_EQ(Text("SELECT count(*) || ' ' || max(h) FROM s.t"), "2 5");
}

TEST_F(EngineTest, RowsThatWereNotClosedAreNotCommitted) {
  Do("CREATE TABLE t (i INTEGER)");
  auto transaction = Transaction::Begin(*connection_);
  {
    auto appender = Appender::Open(*connection_, "main", "t");
    ASSERT_TRUE(appender.value()->Row({int64_t{1}}).ok());
  }
  EXPECT_FALSE(transaction.value()->Commit().ok());
  EXPECT_EQ(Text("SELECT count(*) FROM t"), "0");
}

TEST_F(EngineTest, WhatAKilledProcessSpilledIsRemoved) {
  connection_.reset();
  database_.reset();
  const std::string spill = path_ + ".tmp";
  ASSERT_TRUE(env::CreateDirectories(spill).ok());
  ASSERT_TRUE(env::WriteFileAtomically(spill + "/duckdb_temp_storage_DEFAULT-0.tmp", "rows").ok());
  Open();
  EXPECT_FALSE(env::Exists(spill));
}

TEST_F(EngineTest, NamesAndTextsAreQuoted) {
  EXPECT_EQ(QuoteName("a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(QuoteText("O'Brien"), "'O''Brien'");
}

TEST_F(EngineTest, AnInterruptBreaksOffAStatementAndNoCommit) {
  Do("CREATE TABLE t (i INTEGER)");
  std::atomic<bool> over = false;
  std::thread watcher([&] {
    while (!over) {
      connection_->Interrupt();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  {
    auto transaction = Transaction::Begin(*connection_);
    ASSERT_TRUE(transaction.ok()) << transaction.status().ToString();
    const auto long_one = connection_->Execute(
        "INSERT INTO t SELECT count(*) FROM range(1000000) a, range(1000000) b");
    EXPECT_EQ(long_one.status().code(), Code::kCancelled);
    EXPECT_FALSE(transaction.value()->Commit().ok());
  }
  // A statement outside a transaction commits itself: it is not broken off, and so is no COMMIT.
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(connection_->Execute("INSERT INTO t SELECT * FROM range(20000)").ok());
  }
  for (int i = 0; i < 20; ++i) {
    auto transaction = Transaction::Begin(*connection_);
    ASSERT_TRUE(transaction.ok()) << transaction.status().ToString();
    EXPECT_TRUE(transaction.value()->Commit().ok());
  }
  over = true;
  watcher.join();
  EXPECT_EQ(Text("SELECT count(*) FROM t"), "400000");
}

TEST_F(EngineTest, AFileThatIsNoDatabaseIsAnErrorThatNamesIt) {
  const std::string other = env::JoinPath(dir_, "text.duckdb");
  ASSERT_TRUE(env::WriteFileAtomically(other, "hello").ok());
  const auto database = Database::Open(other, {});
  ASSERT_FALSE(database.ok());
  EXPECT_NE(database.status().message().find("text.duckdb"), std::string::npos);
}

}  // namespace
}  // namespace sluice::engine
