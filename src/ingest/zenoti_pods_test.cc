// Pods: what they are called, what they share, and where somebody begins in the middle.
#include <gtest/gtest.h>

#include "ingest/ingest_fixture.h"

namespace sluice::ingest {
namespace {

class PodsTest : public IngestTest {
 protected:
  void SetUp() override {
    IngestTest::SetUp();
    Write("SchemaFull/bi_dimguest.txt", "create table bi_dimguest (id VARCHAR(9), visits INT)");
    Write("SchemaFull/bi_dimagent.txt", "create table bi_dimagent (id VARCHAR(9), visits INT)");
    AddTable("bi_dimguest", {"id"});
  }
  std::string Guests() {
    return Rows("SELECT _sluice_pod, id, visits FROM bi_dimguest ORDER BY ALL");
  }
};

TEST_F(PodsTest, KeepTheirNamesWhenASecondConnectionComes) {
  Write("P1/1/bi_dimguest/1/a.csv", "g1,1\n");
  MustRun();
  Write("../north/SchemaFull/bi_dimguest.txt",
        "create table bi_dimguest (id VARCHAR(9), visits INT)");
  Write("../north/P1/1/bi_dimguest/1/a.csv", "g1,9\n");
  AddStore("north", "north");
  Write("P1/2/bi_dimguest/1/a.csv", "g1,2\n");
  Write("P2/1/bi_dimguest/1/a.csv", "g2,5\n");
  MustRun();
  EXPECT_EQ(Guests(), "P1|g1|2\ndrop/P2|g2|5\nnorth/P1|g1|9\n");
  EXPECT_EQ(MustRun().loads.size(), 0U);
  more_stores_.clear();
  ingest_.from = {"drop"};
  Write("P2/2/bi_dimguest/1/a.csv", "g2,6\n");
  MustRun();
  EXPECT_EQ(Guests(), "P1|g1|2\ndrop/P2|g2|6\nnorth/P1|g1|9\n") << "nor do they when it goes";
}

TEST_F(PodsTest, AnOrganizationTableStaysWithTheConnectionThatItCameFrom) {
  AddTable("bi_dimagent", {"id"});
  Write("../south/SchemaFull/bi_dimagent.txt",
        "create table bi_dimagent (id VARCHAR(9), visits INT)");
  Write("../south/P1/1/bi_dimagent/1/a.csv", "a1,1\n");
  AddStore("south", "south");
  Write("P1/1/bi_dimguest/1/a.csv", "g1,1\n");
  MustRun();
  Write("P1/2/bi_dimagent/1/a.csv", "a9,9\n");
  Write("../south/P1/2/bi_dimagent/1/a.csv", "a2,2\n");
  MustRun();
  EXPECT_EQ(Rows("SELECT id FROM bi_dimagent ORDER BY 1"), "a1\na2\n");
}

TEST_F(PodsTest, AllWaitWhereAHeldTableDoesNotTellThemApart) {
  AddTable("bi_dimagent", {"id"});
  Write("P1/1/bi_dimagent/1/a.csv", "a1,1\n");
  Write("P2/1/bi_dimagent/1/a.csv", "a2,1\n");
  MustRun();
  Write("P1/2/bi_dimagent/1/a.csv", "a1\n");
  Write("P1/2/bi_dimguest/1/a.csv", "g1\n");
  EXPECT_EQ(Run()->hold_ids.size(), 2U);
  Write("P2/2/bi_dimagent/1/a.csv", "a1,7\n");
  Write("P2/2/bi_dimguest/1/a.csv", "g1,7\n");
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(Rows("SELECT id, visits FROM bi_dimagent ORDER BY ALL"), "a1|1\na2|1\n")
      << "what P1 holds would overwrite it later";
}

TEST_F(PodsTest, BeginInTheMiddleWithAnIncrement) {
  ingest_.start_after = {{"P1", 4711}};
  Write("P1/4712/bi_dimguest/1/a.csv", "g1,1\n");
  Write("P1/4713/bi_dimguest/1/a.csv", "g1,2\n");
  Write("P2/1/bi_dimguest/1/a.csv", "g1,3\n");
  MustRun();
  EXPECT_EQ(Rows("SELECT pod, group_id, kind FROM _sluice.loads ORDER BY ALL"),
            "P1|4712|increment\nP1|4713|increment\nP2|1|full\n");
}

TEST_F(PodsTest, ATableThatIsNowhereIsAWarning) {
  AddTable("bi_dimbrand", {"id"});
  Write("P1/1/bi_dimguest/1/a.csv", "g1,1\n");
  const IngestOutcome outcome = MustRun();
  EXPECT_FALSE(outcome.failed);
  EXPECT_EQ(outcome.warnings, std::vector<std::string>{
                                  "z.bi_dimbrand: neither a schema file nor data of it is in the "
                                  "drop"});
  Write("P1/2/bi_dimbrand/1/a.csv", "b1,1\n");
  EXPECT_TRUE(Run()->failed) << "data without a schema file is an error";
}

TEST_F(PodsTest, AFolderWithoutADropIsOneError) {
  ingest_.prefix = "exports/";
  const auto outcome = Run();
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.status().message(),
            drop_ + "/exports/ has no SchemaFull/ and no group: check path or prefix");
}

TEST_F(PodsTest, AnEmptyConnectionOfSeveralIsAnErrorOfItsOwn) {
  Write("P1/1/bi_dimguest/1/a.csv", "g1,1\n");
  ASSERT_TRUE(env::CreateDirectories(env::JoinPath(dir_, "north")).ok());
  AddStore("north", "north");
  const auto outcome = Run();
  ASSERT_TRUE(outcome.ok()) << outcome.status().ToString();
  EXPECT_TRUE(outcome->failed);
  EXPECT_EQ(Guests(), "drop/P1|g1|1\n");
}

TEST_F(PodsTest, ATableThatIsAppendedNeedsNoKey) {
  AddTable("bi_dimagent", {});
  ingest_.tables.back().mode = config::Table::Mode::kAppend;
  Write("P1/1/bi_dimagent/1/a.csv", "a1,1\n");
  Write("P1/2/bi_dimagent/1/a.csv", "a1,1\n,2\n");
  MustRun();
  EXPECT_EQ(Rows("SELECT id, visits FROM bi_dimagent ORDER BY ALL"), "a1|1\na1|1\nNULL|2\n");
}

TEST_F(PodsTest, AKeyThatIsThereAlreadyIsTold) {
  Write("SchemaFull/bi_factsale.txt", "create table bi_factsale (id INT, void BOOLEAN)");
  AddTable("bi_factsale", {"id"});
  Write("P1/1/bi_factsale/1/a.csv", "1,0\n");
  Write("P1/2/bi_factsale/1/a.csv", "1,0\n2,0\n");
  EXPECT_EQ(
      MustRun().warnings,
      std::vector<std::string>{"z.bi_factsale: 1 row inserted although the key was there already"});
}

}  // namespace
}  // namespace sluice::ingest
