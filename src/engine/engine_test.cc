#include <gtest/gtest.h>

#include <cstdlib>
#include <thread>

#include "engine/engine.h"
#include "engine/functions.h"
#include "engine/guard.h"
#include "env/file.h"

namespace sluice::engine {
namespace {

class EngineTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "sluice_engine_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    dir_ = pattern;
    path_ = env::JoinPath(dir_, "w.duckdb");
    Open();
  }
  void TearDown() override {
    connection_.reset();
    database_.reset();
    EXPECT_TRUE(env::RemoveTree(dir_).ok());
  }
  void Open() {
    connection_.reset();
    database_.reset();
    auto database = Database::Open(path_, {});
    ASSERT_TRUE(database.ok()) << database.status().ToString();
    database_ = std::move(database).value();
    auto connection = database_->Connect();
    ASSERT_TRUE(connection.ok()) << connection.status().ToString();
    connection_ = std::move(connection).value();
  }
  std::string Text(const std::string& sql) {
    auto value = connection_->Scalar(sql);
    return value.ok() ? ToText(value.value()) : value.status().ToString();
  }
  void Do(const std::string& sql) {
    const auto done = connection_->Execute(sql);
    ASSERT_TRUE(done.ok()) << done.status().ToString();
  }
  std::string dir_;
  std::string path_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<Connection> connection_;
};

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
  const auto rows = connection_->Rows("SELECT $1, $2, $3, $4::UHUGEINT",
                                      {std::string("O'Brien"), int64_t{7}, std::monostate{},
                                       Hash128{1, 2}});
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

TEST_F(EngineTest, AStoppedCheckpointIsUndoneFromTheSideFile) {
  Do("CREATE TABLE t AS SELECT range AS i, 'text ' || range AS s FROM range(50000)");
  ASSERT_TRUE(database_->Checkpoint().ok());
  const auto blocks = connection_->Rows("SELECT block_id FROM pragma_metadata_info()");
  std::vector<uint64_t> ids;
  for (const auto& row : blocks.value()) ids.push_back(static_cast<uint64_t>(ToInt(row[0])));
  ASSERT_FALSE(ids.empty());
  connection_.reset();
  database_.reset();
  {
    auto guard = CheckpointGuard::Open(path_);
    ASSERT_TRUE(guard.value()->Save(ids).ok());
  }
  // What a torn checkpoint does: a metadata block and one header are overwritten.
  std::string bytes = env::ReadFile(path_).value();
  for (size_t i = 0; i < 262144; ++i) bytes[12288 + ids[0] * 262144 + i] = 'x';
  for (size_t i = 0; i < 100; ++i) bytes[8192 + i] = 'x';
  ASSERT_TRUE(env::WriteFileAtomically(path_, bytes).ok());
  Open();
  EXPECT_EQ(Text("SELECT count(*) || ' ' || max(s) FROM t"), "50000 text 9999");
  EXPECT_FALSE(env::Exists(path_ + ".guard"));
}

TEST_F(EngineTest, AFinishedCheckpointDropsItsSideFile) {
  Do("CREATE TABLE t AS SELECT range AS i FROM range(1000)");
  ASSERT_TRUE(database_->Checkpoint().ok());
  connection_.reset();
  database_.reset();
  {
    auto guard = CheckpointGuard::Open(path_);
    ASSERT_TRUE(guard.value()->Save({}).ok());
  }
  const std::string side = env::ReadFile(path_ + ".guard").value();
  Open();
  Do("INSERT INTO t VALUES (-1)");
  ASSERT_TRUE(database_->Checkpoint().ok());
  // As if the kill had come after the header was written and before the side file went.
  connection_.reset();
  database_.reset();
  ASSERT_TRUE(env::WriteFileAtomically(path_ + ".guard", side).ok());
  Open();
  EXPECT_EQ(Text("SELECT count(*) FROM t"), "1001");
}

TEST_F(EngineTest, ADamagedSideFileIsNotGuessedAt) {
  connection_.reset();
  database_.reset();
  ASSERT_TRUE(env::WriteFileAtomically(path_ + ".guard", "rubbish").ok());
  const auto database = Database::Open(path_, {});
  EXPECT_NE(database.status().message().find("w.duckdb.guard is damaged"), std::string::npos);
  ASSERT_TRUE(env::RemoveFile(path_ + ".guard").ok());
  Open();
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
      out.data<int64_t>()[r] =
          in[0].is_null(r) ? -1 : static_cast<int64_t>(in[0].text(r).size());
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

TEST_F(EngineTest, NamesAndTextsAreQuoted) {
  EXPECT_EQ(QuoteName("a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(QuoteText("O'Brien"), "'O''Brien'");
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
