#include "engine/rewrite_database.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "engine/engine_fixture.h"
#include "env/file.h"

namespace sluice::engine {
namespace {

class RewriteTest : public EngineTest {
 protected:
  void Make() {
    connection_.reset();
    database_.reset();
    const auto database = Database::Open(path_, {}).value();
    {
      const auto connection = database->Connect().value();
      for (const char* sql :
           {"SET force_compression = 'uncompressed'", "CREATE SCHEMA _sluice",
            "CREATE TABLE _sluice.ledger (n BIGINT, hash UHUGEINT)",
            "INSERT INTO _sluice.ledger SELECT (i * 7919) % 100000, i FROM range(100000) AS t(i)",
            "CREATE TABLE people (id INTEGER NOT NULL, email VARCHAR, tags VARCHAR[])",
            "INSERT INTO people SELECT i, 'person' || i || '@example.com', ['a', 'b'] FROM "
            "range(5000) AS t(i)",
            "CREATE VIEW _sluice.shown AS SELECT n FROM _sluice.ledger WHERE n < 10",
            "CREATE VIEW everybody AS SELECT * FROM people"}) {
        const auto done = connection->Execute(sql);
        ASSERT_TRUE(done.ok()) << done.status().ToString();
      }
    }
    ASSERT_TRUE(database->Checkpoint().ok());
    {
      const auto connection = database->Connect().value();
      ASSERT_TRUE(connection->Execute("DELETE FROM people WHERE id = 1717").ok());
    }
  }

  bool Holds(const std::string& file, const std::string& text) {
    if (!env::Exists(file)) return false;
    return env::ReadFile(file, 1ULL << 30).value().find(text) != std::string::npos;
  }

  void ExpectWhole() {
    const auto database = Database::Open(path_, {}).value();
    const auto connection = database->Connect().value();
    const auto one = [&](const std::string& sql) {
      const auto value = connection->Scalar(sql);
      EXPECT_TRUE(value.ok()) << value.status().ToString();
      return value.ok() ? ToInt(*value) : -1;
    };
    EXPECT_EQ(one("SELECT count(*) FROM people"), 4999);
    EXPECT_EQ(one("SELECT count(*) FROM everybody"), 4999);
    EXPECT_EQ(one("SELECT count(*) FROM _sluice.shown"), 10);
    EXPECT_EQ(one("SELECT n FROM _sluice.ledger WHERE rowid = 4711"), 4711 * 7919 % 100000);
    EXPECT_FALSE(connection->Execute("INSERT INTO people (id) VALUES (NULL)").ok());
  }
};

TEST_F(RewriteTest, WhatWasDeletedIsInTheOldPagesAndNotInTheNewFile) {
  Make();
  ASSERT_TRUE(chmod(path_.c_str(), 0640) == 0);
  ASSERT_TRUE(Holds(path_, "person1717@example.com"));
  const auto report = RewriteDatabase(path_, {});
  ASSERT_TRUE(report.ok()) << report.status().ToString();
  EXPECT_FALSE(Holds(path_, "person1717@example.com"));
  EXPECT_FALSE(Holds(path_ + ".wal", "person1717@example.com"));
  struct stat now {};
  ASSERT_EQ(stat(path_.c_str(), &now), 0);
  EXPECT_EQ(now.st_mode & 07777U, 0640U);
  ExpectWhole();
}

TEST_F(RewriteTest, StoppedAtAnyStepTheFileIsWholeAndTheNextCallEnds) {
  for (const std::string step : {"copied", "verified", "swapped"}) {
    for (const char* end : {"", ".wal", ".guard"}) ASSERT_TRUE(env::RemoveFile(path_ + end).ok());
    Make();
    const pid_t child = fork();
    if (child == 0) {
      RewriteOptions options;
      options.on_step = [&](std::string_view reached) {
        if (reached == step) _exit(9);
      };
      (void)RewriteDatabase(path_, options);
      _exit(1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_EQ(WEXITSTATUS(status), 9) << step;
    ExpectWhole();
    const auto report = RewriteDatabase(path_, {});
    ASSERT_TRUE(report.ok()) << step << ": " << report.status().ToString();
    EXPECT_FALSE(env::Exists(path_ + ".fresh"));
    EXPECT_FALSE(Holds(path_, "person1717@example.com"));
    ExpectWhole();
  }
}

TEST_F(RewriteTest, AnOpenFileIsBusyAndStaysAsItIs) {
  Make();
  const auto database = Database::Open(path_, {}).value();
  EXPECT_EQ(RewriteDatabase(path_, {}).status().code(), Code::kBusy);
}

TEST_F(RewriteTest, WithoutRoomNothingHappens) {
  Make();
  RewriteOptions options;
  options.room = [](uint64_t) { return FailedError("no room"); };
  EXPECT_FALSE(RewriteDatabase(path_, options).ok());
  EXPECT_FALSE(env::Exists(path_ + ".fresh"));
  ExpectWhole();
}

}  // namespace
}  // namespace sluice::engine
