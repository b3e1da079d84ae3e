#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "base/text.h"
#include "ingest/ingest_fixture.h"

namespace sluice::ingest {
namespace {

constexpr const char* kFactDdl =
    "create table bi_factsale (saleid INT, amount DECIMAL(10,2), void BOOLEAN, organizationid "
    "VARCHAR(36))";
constexpr const char* kUserDdl =
    "create table bi_dimuser (userid INT, name NVARCHAR(10), visits INT)";
constexpr const char* kFeedbackDdl = "create table bi_factfeedbackv2 (id INT, void BOOLEAN)";
constexpr const char* kLogDdl = "create table bi_dimlog (id INT, text VARCHAR(10))";

class RebuildTest : public IngestTest {
 protected:
  void SetUp() override {
    IngestTest::SetUp();
    Write("SchemaFull/bi_factsale.txt", kFactDdl);
    Write("SchemaFull/bi_dimuser.txt", kUserDdl);
    AddTable("bi_factsale", {"saleid"});
    AddTable("bi_dimuser", {"userid"});
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
  // Everything that must not depend on when a file came.
  std::string Dump() {
    std::string text;
    const std::string tables =
        Rows("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main' ORDER BY ALL");
    for (const std::string& table : Split(tables, '\n')) {
      if (table.empty()) continue;
      text += "== " + table + "\n" + Rows("SELECT * FROM \"" + table + "\" ORDER BY ALL");
    }
    for (const char* ledger : {"SELECT * EXCLUDE (run_id, published_at, day) FROM _sluice.loads",
                               "SELECT * EXCLUDE (tag, modified) FROM _sluice.files",
                               "SELECT * EXCLUDE (loaded_at) FROM _sluice.cursors",
                               "SELECT * EXCLUDE (found_at) FROM _sluice.quarantine"}) {
      text += std::string("== ") + ledger + "\n" + Rows(std::string(ledger) + " ORDER BY ALL");
    }
    return text;
  }
  std::string Sales() {
    return Rows("SELECT _sluice_pod, saleid, amount FROM bi_factsale ORDER BY ALL");
  }
  std::string Rebuilds() {
    return Rows("SELECT table_name, pod, files, reason FROM _sluice.rebuilds ORDER BY rebuilt_at");
  }
  std::string Holds() {
    return Rows("SELECT kind, check_name, state FROM _sluice.holds ORDER BY created_at, rowid");
  }
  std::string Leftovers() {
    return Rows("SELECT table_name FROM duckdb_tables() WHERE starts_with(table_name, '_sluice_')");
  }
};

TEST_F(RebuildTest, ALateFileCountsWhereItBelongs) {
  Write("POD1/1/bi_factsale/1/a.csv", "1,1,0,o\n");
  Write("POD1/2/bi_factsale/1/a.csv", "2,,1,o\n2,22,0,o\n3,3,0,o\n");
  Write("POD1/3/bi_factsale/1/a.csv", "4,4,0,o\n");
  MustRun();
  // It voids what group 1 brought, and what it brings itself group 2 has voided.
  Write("POD1/1/bi_factsale/2/late.csv", "1,,1,o\n2,2,0,o\n");
  const IngestOutcome outcome = RunLater();
  EXPECT_EQ(outcome.late_files, 0);
  EXPECT_TRUE(outcome.hold_ids.empty());
  ASSERT_EQ(outcome.loads.size(), 1U);
  EXPECT_EQ(outcome.loads[0].outcome, "done") << outcome.loads[0].message;
  EXPECT_EQ(outcome.loads[0].label, "rebuild z.bi_factsale POD1");
  EXPECT_EQ(outcome.total.read, 2) << "the rows of the late file";
  EXPECT_EQ(Sales(), "POD1|2|22.00\nPOD1|3|3.00\nPOD1|4|4.00\n");
  EXPECT_EQ(Rebuilds(), "bi_factsale|POD1|4|POD1/1/bi_factsale/2/late.csv came late\n");
  EXPECT_EQ(Leftovers(), "");
  const std::string rebuilt = Dump();
  EXPECT_EQ(MustRun().loads.size(), 0U) << "once is enough";
  StartAnew();
  MustRun();
  EXPECT_EQ(Dump(), rebuilt);
}

TEST_F(RebuildTest, AChangedFileTakesThePlaceOfWhatItWas) {
  Write("POD1/1/bi_dimuser/1/a.csv", "1,Ann,1\n2,Bob,2\n");
  Write("POD1/2/bi_dimuser/1/a.csv", "2,Ben,3\n");
  MustRun();
  Write("POD1/1/bi_dimuser/1/a.csv", "1,Anna,1\n2,Bo,x\n5,Eve,5\n");
  RunLater();
  EXPECT_EQ(Rows("SELECT userid, name, visits FROM bi_dimuser ORDER BY 1"),
            "1|Anna|1\n2|Ben|3\n5|Eve|5\n");
  EXPECT_EQ(Rebuilds(), "bi_dimuser|POD1|2|POD1/1/bi_dimuser/1/a.csv changed\n");
  const std::string rebuilt = Dump();
  StartAnew();
  MustRun();
  EXPECT_EQ(Dump(), rebuilt);
}

TEST_F(RebuildTest, TheOtherPodIsLeftAlone) {
  Write("POD1/1/bi_dimuser/1/a.csv", "1,Ann,1\n");
  Write("POD1/2/bi_dimuser/1/a.csv", "1,Amy,2\n");
  Write("POD2/1/bi_dimuser/1/a.csv", "1,Zoe,1\n");
  MustRun();
  Remove("POD2/1/bi_dimuser/1/a.csv");  // nobody asks for it
  Write("POD1/1/bi_dimuser/2/b.csv", "1,Abe,9\n7,New,7\n");
  RunLater();
  EXPECT_EQ(Rows("SELECT _sluice_pod, userid, name FROM bi_dimuser ORDER BY ALL"),
            "POD1|1|Amy\nPOD1|7|New\nPOD2|1|Zoe\n");
  EXPECT_EQ(Leftovers(), "");
}

TEST_F(RebuildTest, WhereEarlierFilesAreGoneItIsHeldUntilTheyAreBack) {
  Write("POD1/1/bi_factsale/1/a.csv", "1,1,0,o\n");
  Write("POD1/2/bi_factsale/1/a.csv", "2,2,0,o\n");
  MustRun();
  const std::string before = Sales();
  Remove("POD1/1/bi_factsale/1/a.csv");
  Write("POD1/1/bi_factsale/2/late.csv", "1,,1,o\n");
  const IngestOutcome held = RunLater();
  EXPECT_EQ(held.late_files, 1);
  EXPECT_EQ(Sales(), before);
  EXPECT_EQ(Rows("SELECT message FROM _sluice.holds"),
            "a file came into a group that was passed already: bi_factsale of POD1 cannot be "
            "rebuilt: of the 2 files that it was loaded from 1 is no longer in the store as it "
            "was: POD1/1/bi_factsale/1/a.csv\n");
  EXPECT_EQ(RunLater().hold_ids.size(), 1U) << "held once";
  Write("POD1/1/bi_factsale/1/a.csv", "1,1,0,o\n");
  EXPECT_TRUE(RunLater().hold_ids.empty());
  EXPECT_EQ(Sales(), "POD1|2|2.00\n");
  EXPECT_EQ(Holds(), "late|missing|accepted\n");
}

TEST_F(RebuildTest, BehindEverythingElseItIsSimplyLoaded) {
  Write("POD1/1/bi_factsale/1/a.csv", "1,1,0,o\n2,2,0,o\n");
  Write("POD1/2/bi_factsale/1/a.csv", "3,3,0,o\n");
  MustRun();
  Remove("POD1/1/bi_factsale/1/a.csv");  // not needed
  Write("POD1/2/bi_factsale/5/b.csv", "3,,1,o\n1,,1,o\n4,4,0,o\n");
  const IngestOutcome outcome = RunLater();
  ASSERT_EQ(outcome.loads.size(), 1U);
  EXPECT_EQ(outcome.loads[0].label, "z.bi_factsale POD1/2");
  EXPECT_EQ(Rebuilds(), "");
  Write("POD1/1/bi_factsale/1/a.csv", "1,1,0,o\n2,2,0,o\n");
  const std::string added = Dump();
  StartAnew();
  MustRun();
  EXPECT_EQ(Dump(), added);
  EXPECT_EQ(Rows("SELECT group_id, log_id, rows FROM _sluice.cursors"), "2|5|4\n");
}

TEST_F(RebuildTest, AFailedCheckLeavesTheTableUntilSomebodyAccepts) {
  config::Check check;
  check.kind = config::Check::Kind::kUnique;
  ingest_.checks.push_back(check);
  Write("POD1/1/bi_factsale/1/a.csv", "1,1,0,o\n");
  Write("POD1/2/bi_factsale/1/a.csv", "2,2,0,o\n");
  MustRun();
  const std::string before = Dump();
  Write("POD1/1/bi_factsale/2/late.csv", "2,7,0,o\n");
  const IngestOutcome held = RunLater();
  ASSERT_EQ(held.hold_ids.size(), 1U);
  EXPECT_EQ(held.loads[0].outcome, "held");
  EXPECT_EQ(Dump(), before);
  EXPECT_EQ(Holds(), "late|unique(saleid,organizationid,_sluice_pod)|open\n");
  EXPECT_EQ(Leftovers(), "");
  const IngestOutcome again = RunLater();
  EXPECT_EQ(again.loads.size(), 0U) << "not tried again";
  EXPECT_EQ(again.late_files, 1);
  AcceptHold();
  RunLater();
  EXPECT_EQ(Sales(), "POD1|1|1.00\nPOD1|2|2.00\nPOD1|2|7.00\n");
  // What was accepted stays so.
  Write("POD1/1/bi_factsale/3/later.csv", "9,9,0,o\n");
  EXPECT_TRUE(RunLater().hold_ids.empty());
  EXPECT_EQ(Sales(), "POD1|1|1.00\nPOD1|2|2.00\nPOD1|2|7.00\nPOD1|9|9.00\n");
}

TEST_F(RebuildTest, WhatIsHeldOrSkippedStaysSo) {
  config::Check check;
  check.kind = config::Check::Kind::kNotNull;
  check.columns = {"name"};
  check.tables = {"bi_dimuser"};
  ingest_.checks.push_back(check);
  Write("POD1/1/bi_dimuser/1/a.csv", "1,Ann,1\n");
  Write("POD1/2/bi_dimuser/1/a.csv", "2,Bob,1\n");
  Write("POD1/3/bi_dimuser/1/a.csv", "3,,1\n");
  Write("POD1/4/bi_dimuser/1/a.csv", "4,Dan,1\n");
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(Holds(), "gate|not_null(name)|open\n");
  Write("POD1/1/bi_dimuser/2/late.csv", "1,Amy,1\n");
  RunLater();
  const std::string users = "SELECT userid, name FROM bi_dimuser ORDER BY ALL";
  EXPECT_EQ(Rows(users), "1|Amy\n2|Bob\n");
  EXPECT_EQ(Holds(), "gate|not_null(name)|open\n");
  EXPECT_EQ(Rows("SELECT count(*) FROM _sluice.files WHERE state = 'held'"), "1\n");
  AcceptHold();
  RunLater();
  EXPECT_EQ(Rows(users), "1|Amy\n2|Bob\n3|NULL\n4|Dan\n");
  Write("POD1/2/bi_dimuser/2/later.csv", "2,Ben,1\n");
  RunLater();
  EXPECT_EQ(Rows(users), "1|Amy\n2|Ben\n3|NULL\n4|Dan\n");
  EXPECT_EQ(Rows("SELECT group_id FROM _sluice.loads WHERE hold_id IS NOT NULL"), "3\n");
}

TEST_F(RebuildTest, AProjectMayWantToBeAsked) {
  ingest_.late_files = config::LateFiles::kHold;
  Write("POD1/1/bi_dimuser/1/a.csv", "1,Ann,1\n");
  Write("POD1/2/bi_dimuser/1/a.csv", "2,Bob,1\n");
  MustRun();
  Write("POD1/1/bi_dimuser/2/late.csv", "1,Amy,1\n");
  EXPECT_EQ(RunLater().late_files, 1);
  EXPECT_EQ(Rows("SELECT name FROM bi_dimuser WHERE userid = 1"), "Ann\n");
  AcceptHold();
  EXPECT_EQ(RunLater().late_files, 0);
  EXPECT_EQ(Rows("SELECT name FROM bi_dimuser WHERE userid = 1"), "Amy\n");
}

TEST_F(RebuildTest, ColumnsKeepTheirOrderAndViewsGoOn) {
  Write("POD1/1/bi_dimuser/1/a.csv", "1,Ann,1\n");
  MustRun();
  Execute("CREATE VIEW everything AS SELECT * FROM bi_dimuser");
  Write("SchemaUpgrade/R2/bi_dimuser.txt", "alter table bi_dimuser add column city varchar(20)");
  Write("POD1/2/bi_dimuser/1/a.csv", "2,Bob,2,Rome\n");
  MustRun();
  const std::string columns =
      "SELECT string_agg(column_name, ' ' ORDER BY column_index) FROM duckdb_columns() WHERE "
      "table_name = 'bi_dimuser'";
  const std::string before = Rows(columns);
  Execute("CREATE OR REPLACE VIEW everything AS SELECT * FROM bi_dimuser");
  Write("POD1/1/bi_dimuser/2/late.csv", "1,Amy,1\n");
  RunLater();
  EXPECT_EQ(Rows(columns), before);
  EXPECT_EQ(Rows("SELECT userid, name, city FROM everything ORDER BY 1"),
            "1|Amy|NULL\n2|Bob|Rome\n");
}

// A drop of chance: what a file holds, by its path.
class RandomDrop {
 public:
  explicit RandomDrop(uint32_t seed) : draw_(seed) {
    const int groups = 2 + Below(4);
    for (const char* pod : {"POD1", "POD2"}) {
      for (int group = 1; group <= groups; ++group) {
        for (const char* table : {"bi_factsale", "bi_dimuser", "bi_factfeedbackv2", "bi_dimlog"}) {
          const int files = Below(3) + (group == 1 ? 1 : 0);
          for (int file = 1; file <= files; ++file) {
            files_[std::string(pod) + "/" + std::to_string(group) + "/" + table + "/" +
                   std::to_string(file * 5) + "/a.csv"] = Content(table);
          }
        }
        groups_ = group;
      }
    }
  }
  std::string Content(const std::string& table) {
    std::string text;
    for (int row = Below(6); row >= 0; --row) {
      const std::string key = Below(20) == 0 ? "bad" : std::to_string(Below(8));
      const std::string n = std::to_string(Below(4));
      const std::string voided = Below(12) == 0 ? "" : Below(3) == 0 ? "1" : "0";
      if (table == "bi_factsale") text += key + "," + n + "," + voided + ",o\n";
      if (table == "bi_dimuser") text += key + ",N" + n + "," + n + "\n";
      if (table == "bi_factfeedbackv2") text += key + "," + voided + "\n";
      if (table == "bi_dimlog") text += key + ",t" + n + "\n";
    }
    return text;
  }
  int Below(int n) { return static_cast<int>(draw_() % static_cast<uint32_t>(n)); }
  int groups() const { return groups_; }
  const std::map<std::string, std::string>& files() const { return files_; }
  std::string Any() {
    auto at = files_.begin();
    std::advance(at, Below(static_cast<int>(files_.size())));
    return at->first;
  }

 private:
  std::mt19937 draw_;
  int groups_ = 0;
  std::map<std::string, std::string> files_;
};

class RandomRebuildTest : public RebuildTest, public testing::WithParamInterface<uint32_t> {
 protected:
  void SetUp() override {
    RebuildTest::SetUp();
    Write("SchemaFull/bi_factfeedbackv2.txt", kFeedbackDdl);
    Write("SchemaFull/bi_dimlog.txt", kLogDdl);
    AddTable("bi_factfeedbackv2", {"id"});
    AddTable("bi_dimlog", {});
    ingest_.tables.back().mode = config::Table::Mode::kAppend;
    ingest_.shared_keys = GetParam() % 3 == 0;
  }
  // Group after group, as they come in life; `late` at the end.
  void LoadInRounds(const RandomDrop& drop, const std::map<std::string, std::string>& late) {
    ASSERT_TRUE(env::RemoveTree(drop_ + "/POD1").ok());
    ASSERT_TRUE(env::RemoveTree(drop_ + "/POD2").ok());
    for (int group = 1; group <= drop.groups(); ++group) {
      for (const auto& [path, content] : drop.files()) {
        const bool now = Split(path, '/')[1] == std::to_string(group);
        const auto changed = late.find(path);
        if (!now || (changed != late.end() && changed->second.empty())) continue;
        Write(path, changed == late.end() ? content : changed->second);
      }
      for (const LoadOutcome& load : RunLater().loads) EXPECT_EQ(load.outcome, "done");
    }
    for (const auto& [path, before] : late) Write(path, drop.files().at(path));
    if (late.empty()) return;
    const IngestOutcome outcome = RunLater();
    EXPECT_EQ(outcome.late_files, 0);
    for (const LoadOutcome& load : outcome.loads) EXPECT_EQ(load.outcome, "done") << load.message;
  }
};

TEST_P(RandomRebuildTest, EndsAsIfEveryFileHadComeInTime) {
  RandomDrop drop(GetParam());
  LoadInRounds(drop, {});
  const std::string in_time = Dump();
  // Which files come late (""), and what others held before they changed.
  std::map<std::string, std::string> late;
  for (int n = 1 + drop.Below(3); n > 0; --n) {
    const std::string path = drop.Any();
    // Where keys are shared, the newest groups of two pods have no order of their own: the one that
    // comes last counts last, and no rule calls it late.
    if (ingest_.shared_keys && Split(path, '/')[1] == std::to_string(drop.groups())) continue;
    late[path] = drop.Below(3) == 0 ? drop.Content(Split(path, '/')[2]) : "";
  }
  StartAnew();
  LoadInRounds(drop, late);
  std::string what;
  for (const auto& [path, before] : late)
    what += path + (before.empty() ? " late\n" : " changed\n");
  EXPECT_EQ(Dump(), in_time) << "seed " << GetParam() << "\n" << what << Rebuilds();
  EXPECT_EQ(Rows("SELECT count(*) FROM _sluice.holds WHERE state = 'open'"), "0\n");
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomRebuildTest, testing::Range(1U, 25U));

}  // namespace
}  // namespace sluice::ingest
