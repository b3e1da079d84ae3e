// Files of layout files that change after they were loaded, where the order of files counts.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include <fmt/format.h>

#include "ingest/ingest_fixture.h"
#include "ingest/replay.h"

namespace sluice::ingest {
namespace {

class ChangedFilesTest : public IngestTest {
 protected:
  void SetUp() override {
    IngestTest::SetUp();
    ingest_.layout = "files";
    ingest_.csv = {};
    config::Table table;
    table.name = "lines";
    table.pattern = "*.csv";
    table.mode = config::Table::Mode::kDeleteInsert;
    table.key = {"id"};
    table.columns = {{"id", "INTEGER", {}}, {"qty", "INTEGER", {}}, {"op", "VARCHAR", {}}};
    table.delete_when = {"op", {"D"}};
    ingest_.tables.push_back(table);
  }
  void Upsert() {
    config::Table& table = ingest_.tables[0];
    table.mode = config::Table::Mode::kUpsert;
    table.delete_when = {};
  }
  void WriteLines(const std::string& name, const std::string& lines) {
    Write(name, "id,qty,op\n" + lines);
  }
  void Remove(const std::string& path) {
    ASSERT_TRUE(env::RemoveFile(env::JoinPath(drop_, path)).ok());
  }
  IngestOutcome RunLater() {
    clock_.Advance(std::chrono::minutes(1));
    auto outcome = Run();
    EXPECT_TRUE(outcome.ok()) << outcome.status().ToString();
    return outcome.ok() ? std::move(outcome).value() : IngestOutcome();
  }
  std::string Lines() { return Rows("SELECT id, qty FROM lines ORDER BY ALL"); }
  std::string Holds() {
    return Rows("SELECT kind, check_name, state FROM _sluice.holds ORDER BY created_at, rowid");
  }
  std::string Rebuilds() {
    return Rows("SELECT table_name, files, reason FROM _sluice.rebuilds ORDER BY rebuilt_at");
  }
  // What must not depend on when a file had its content. Load ids are made from tags.
  std::string Dump() {
    return Rows(
               "SELECT id, qty, op, address FROM lines AS l JOIN _sluice.files AS f ON f.file_id = "
               "l._sluice_file AND f.load_id = l._sluice_load ORDER BY ALL") +
           Rows(
               "SELECT connection, address, size, content_hash, state, COLUMNS('rows_read|.*ed') "
               "EXCLUDE (modified) FROM _sluice.files ORDER BY rowid") +
           Rows(
               "SELECT kind, mode, COLUMNS('rows_read|delete.*|collisions') FROM _sluice.loads "
               "ORDER BY published_at, rowid") +
           Rows("SELECT address, line, reason, raw FROM _sluice.quarantine ORDER BY ALL");
  }
};

TEST_F(ChangedFilesTest, AChangedFileTakesThePlaceThatItHad) {
  WriteLines("a.csv", "1,1,\n2,2,\n");
  MustRun();
  WriteLines("b.csv", "2,,D\n3,3,\n");
  RunLater();
  // Now it brings 4, which nobody deletes, and again 2, which b.csv deletes.
  WriteLines("a.csv", "2,20,\n4,4,\n");
  const IngestOutcome outcome = RunLater();
  ASSERT_EQ(outcome.loads.size(), 1U);
  EXPECT_EQ(outcome.loads[0].outcome, "done") << outcome.loads[0].message;
  EXPECT_EQ(outcome.total.read, 2) << "the rows of the changed file";
  EXPECT_EQ(Lines(), "3|3\n4|4\n");
  EXPECT_EQ(Rebuilds(), "lines|2|a.csv changed\n");
  EXPECT_EQ(RunLater().loads.size(), 0U) << "once is enough";
}

// Read in another mode than it was loaded in, or into fewer columns, a file gives other rows than it gave.
TEST_F(ChangedFilesTest, ItIsHeldWhereTheTableIsDeclaredOtherwiseNow) {
  config::Table& table = ingest_.tables[0];
  const config::Table declared = table;
  table.mode = config::Table::Mode::kAppend;
  table.delete_when = {};
  WriteLines("a.csv", "1,1,I\n1,1,D\n1,2,I\n");
  MustRun();
  table = declared;
  WriteLines("b.csv", "2,2,I\n");
  RunLater();
  WriteLines("b.csv", "2,20,I\n");
  EXPECT_EQ(RunLater().late_files, 1);
  EXPECT_EQ(Lines(), "1|1\n1|1\n1|2\n2|2\n");
  EXPECT_NE(Rows("SELECT message FROM _sluice.holds")
                .find("earlier files were loaded in mode append, and it is delete-insert now"),
            std::string::npos)
      << Rows("SELECT message FROM _sluice.holds");
}

TEST_F(ChangedFilesTest, ItIsHeldWhereItWouldEmptyAColumn) {
  ingest_.schema_changes = config::SchemaChanges::kIgnore;
  WriteLines("a.csv", "1,7,I\n");
  MustRun();
  std::erase_if(ingest_.tables[0].columns, [](const auto& column) { return column.name == "qty"; });
  WriteLines("b.csv", "2,2,I\n");
  RunLater();
  WriteLines("b.csv", "3,3,I\n");
  EXPECT_EQ(RunLater().late_files, 1);
  EXPECT_EQ(Lines(), "1|7\n2|NULL\n");
  EXPECT_NE(
      Rows("SELECT message FROM _sluice.holds").find("its column qty is not declared any more"),
      std::string::npos);
}

// Earlier files, read by other options than they were, would change rows that nobody touched.
TEST_F(ChangedFilesTest, ItIsHeldWhereEarlierFilesWouldBeReadOtherwise) {
  const auto ops = [&] { return Rows("SELECT id, qty, op FROM lines ORDER BY ALL"); };
  WriteLines("a.csv", "1,1,NA\n");
  WriteLines("b.csv", "2,2,I\n");
  MustRun();
  ingest_.csv.null_words = {"NA"};
  WriteLines("b.csv", "2,20,NA\n");
  EXPECT_EQ(RunLater().late_files, 1);
  EXPECT_EQ(ops(), "1|1|NA\n2|2|I\n");
  EXPECT_EQ(
      Rows("SELECT check_name, message FROM _sluice.holds"),
      "options|a file has changed after it was loaded: lines cannot be made again: earlier files "
      "were read otherwise: null_words was [] and is [\"NA\"]; write it as it was, or accept "
      "that every file is read as is declared now\n");
  EXPECT_EQ(RunLater().late_files, 1) << "held once";
  EXPECT_EQ(Holds(), "late|options|open\n");
  // Somebody wants it so.
  AcceptHold();
  EXPECT_EQ(RunLater().late_files, 0);
  EXPECT_EQ(ops(), "1|1|NULL\n2|20|NULL\n");
  // From now on that is how they were read.
  WriteLines("b.csv", "2,21,I\n");
  EXPECT_EQ(RunLater().late_files, 0);
  EXPECT_EQ(ops(), "1|1|NULL\n2|21|I\n");
}

TEST_F(ChangedFilesTest, WrittenAsItWasItGoesOn) {
  WriteLines("a.csv", "1,1,NA\n");
  WriteLines("b.csv", "2,2,I\n");
  MustRun();
  ingest_.csv.null_words = {"NA"};
  WriteLines("b.csv", "2,20,I\n");
  EXPECT_EQ(RunLater().late_files, 1);
  ingest_.csv.null_words = {};
  EXPECT_EQ(RunLater().late_files, 0);
  EXPECT_EQ(Rows("SELECT id, qty, op FROM lines ORDER BY ALL"), "1|1|NA\n2|20|I\n");
  EXPECT_EQ(Holds(), "late|options|accepted\n");
}

// What an older Sluice loaded is taken for read as is declared now.
TEST_F(ChangedFilesTest, HowOlderFilesWereReadIsNotKnown) {
  WriteLines("a.csv", "1,1,NA\n");
  WriteLines("b.csv", "2,2,I\n");
  MustRun();
  Execute("UPDATE _sluice.files SET reading = NULL");
  ingest_.csv.null_words = {"NA"};
  WriteLines("b.csv", "2,20,I\n");
  EXPECT_EQ(RunLater().late_files, 0);
  EXPECT_EQ(Rows("SELECT id, qty, op FROM lines ORDER BY ALL"), "1|1|NULL\n2|20|I\n");
}

// A load that a gate held was read by the options of then.
TEST_F(ChangedFilesTest, WhatAGateHeldWasReadWhenItWasStaged) {
  config::Check check;
  check.kind = config::Check::Kind::kUnique;
  check.columns = {"id"};
  ingest_.tables[0].checks.push_back(check);
  WriteLines("a.csv", "1,1,NA\n1,2,NA\n");
  WriteLines("b.csv", "2,2,I\n");
  ASSERT_EQ(RunLater().loads[0].outcome, "held");
  ingest_.csv.null_words = {"NA"};
  AcceptHold();
  WriteLines("b.csv", "2,20,I\n");
  EXPECT_EQ(RunLater().late_files, 1);
  EXPECT_EQ(Rows("SELECT check_name FROM _sluice.holds WHERE state = 'open'"), "options\n");
}

TEST_F(ChangedFilesTest, ItIsHeldWhereEarlierFilesAreGoneUntilTheyAreBack) {
  WriteLines("a.csv", "1,1,\n");
  WriteLines("b.csv", "2,2,\n");
  MustRun();
  const std::string before = Lines();
  Remove("b.csv");
  WriteLines("a.csv", "1,10,\n");
  EXPECT_EQ(RunLater().late_files, 1);
  EXPECT_EQ(Lines(), before);
  EXPECT_EQ(Rows("SELECT message FROM _sluice.holds"),
            "a file has changed after it was loaded: lines cannot be made again: of the 2 files "
            "that it was loaded from 1 is no longer in the store as it was: b.csv\n");
  // What comes meanwhile goes on.
  WriteLines("c.csv", "3,3,\n");
  RunLater();
  EXPECT_EQ(Lines(), before + "3|3\n");
  WriteLines("b.csv", "2,2,\n");
  RunLater();
  EXPECT_EQ(Lines(), "1|10\n2|2\n3|3\n");
  EXPECT_EQ(Holds(), "late|missing|accepted\n");
}

TEST_F(ChangedFilesTest, ACheckThatFailsHoldsItAndLeavesTheTable) {
  config::Check check;
  check.kind = config::Check::Kind::kUnique;
  check.columns = {"id"};
  ingest_.tables[0].checks.push_back(check);
  WriteLines("a.csv", "1,1,\n");
  MustRun();
  WriteLines("b.csv", "2,2,\n");
  RunLater();
  WriteLines("a.csv", "1,1,\n2,20,\n");
  EXPECT_EQ(RunLater().loads[0].outcome, "held");
  EXPECT_EQ(Lines(), "1|1\n2|2\n");
  EXPECT_EQ(RunLater().loads.size(), 0U) << "it is not tried again by itself";
  AcceptHold();
  RunLater();
  EXPECT_EQ(Lines(), "1|1\n2|2\n2|20\n");
}

TEST_F(ChangedFilesTest, RowsThatComeFromNoFileOfTheIngestStandInTheWay) {
  WriteLines("a.csv", "1,1,\n");
  MustRun();
  Execute("INSERT INTO lines VALUES (7, 7, NULL, 12345, 1)");
  WriteLines("a.csv", "1,10,\n");
  RunLater();
  EXPECT_EQ(Lines(), "1|1\n7|7\n");
  EXPECT_EQ(Holds(), "late|missing|open\n");
}

TEST_F(ChangedFilesTest, LateFilesHoldAsksInEveryModeAndTakesTheAnswer) {
  ingest_.late_files = config::LateFiles::kHold;
  for (const auto mode : {config::Table::Mode::kAppend, config::Table::Mode::kUpsert,
                          config::Table::Mode::kDeleteInsert}) {
    ingest_.tables[0].mode = mode;
    WriteLines("a.csv", "1,1,\n");
    MustRun();
    WriteLines("a.csv", "1,10,\n2,2,\n");
    EXPECT_EQ(RunLater().late_files, 1);
    EXPECT_EQ(Lines(), "1|1\n");
    EXPECT_EQ(Holds(), "late|late_files: hold|open\n");
    AcceptHold();
    EXPECT_EQ(RunLater().late_files, 0);
    EXPECT_EQ(Lines(), "1|10\n2|2\n");
    StartAnew();
  }
}

// A rebuild gives what the same files would have given, had they been so from the start.
TEST_F(ChangedFilesTest, TheTableIsAsIfTheFileHadAlwaysBeenSo) {
  for (const uint32_t seed : {1U, 2U, 3U, 4U, 5U, 6U, 7U, 8U}) {
    std::mt19937 random(seed);
    const auto any = [&](uint32_t below) { return static_cast<uint32_t>(random() % below); };
    const auto lines = [&] {
      std::string text;
      for (uint32_t i = 0; i < 1 + any(5); ++i) {
        const uint32_t kind = any(8);
        text += fmt::format("{},{},{}\n", any(6), kind == 0 ? "x" : std::to_string(any(100)),
                            kind < 4 ? "D" : "");
      }
      return text;
    };
    std::vector<std::map<std::string, std::string>> days(4);
    for (size_t day = 0; day < days.size(); ++day) {
      for (uint32_t i = 0; i < 1 + any(3); ++i) {
        days[day][fmt::format("{}{}.csv", static_cast<char>('a' + any(20)), day)] = lines();
      }
    }
    std::set<std::string> names;
    for (const auto& files : days) {
      for (const auto& [name, text] : files) {
        WriteLines(name, text);
        names.insert(name);
      }
      RunLater();
    }
    for (auto& files : days) {
      for (auto& [name, text] : files) {
        if (any(3) > 0) continue;
        text = lines();
        WriteLines(name, text);
      }
    }
    RunLater();
    const std::string made_again = Dump();
    EXPECT_EQ(RunLater().loads.size(), 0U);
    StartAnew();
    for (const std::string& name : names) Remove(name);
    for (const auto& files : days) {
      for (const auto& [name, text] : files) WriteLines(name, text);
      RunLater();
    }
    EXPECT_EQ(made_again, Dump()) << "seed " << seed;
    StartAnew();
    for (const std::string& name : names) Remove(name);
  }
}

}  // namespace
}  // namespace sluice::ingest
