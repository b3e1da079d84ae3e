// Layout files over a folder: which files are taken when, what their paths and neighbours say, and what
// becomes of them.
#include <gtest/gtest.h>

#include "base/digest.h"
#include "ingest/ingest_fixture.h"

namespace sluice::ingest {
namespace {

using AfterLoading = config::Table::AfterLoading;

class InboxTest : public IngestTest {
 protected:
  void SetUp() override {
    IngestTest::SetUp();
    ingest_.layout = "files";
    ingest_.csv = {};
    config::Table orders;
    orders.name = "orders";
    orders.pattern = "orders/**";
    orders.mode = config::Table::Mode::kAppend;
    orders.columns = {{"id", "BIGINT", {}}, {"note", "VARCHAR", {}}};
    ingest_.tables.push_back(orders);
  }
  config::Table& orders() { return ingest_.tables[0]; }
  std::string Ids() { return Rows("SELECT id FROM orders ORDER BY id"); }
  // What waits as the plan says it, a line each.
  std::string Waiting() {
    auto listing = store_->List("", nullptr);
    const std::vector<Source> sources = {{"drop", store_.get(), *listing, {}}};
    const auto plan = PlanFiles(ingest_, sources, {}, clock_.Now(), nullptr);
    EXPECT_TRUE(plan.ok()) << plan.status().ToString();
    std::string text;
    for (const std::string& line : plan->unsettled) text += line + "\n";
    return text;
  }
  std::string Md5Of(const std::string& text) {
    Digester digester(DigestKind::kMd5);
    digester.Update(text);
    return digester.Hex();
  }
  std::string Listed() {
    std::string text;
    const auto listing = store_->List("", nullptr);
    for (const auto& file : listing->files) text += file.path + "\n";
    return text;
  }
  std::string Holds() {
    return Rows("SELECT check_name, files FROM _sluice.holds WHERE state = 'open' ORDER BY ALL");
  }
};

TEST_F(InboxTest, CapturesAreColumnsStrictlyCast) {
  orders().pattern = "orders/day={day}/{shop}_*.csv";
  orders().columns.push_back({"day", "DATE", {}, {}, {}, "day"});
  orders().columns.push_back({"shop", "VARCHAR", {}, {}, {}, "shop"});
  Write("orders/day=2026-11-20/north_1.csv", "id,note\n1,a\n2,b\n");
  Write("orders/day=2026-11-21/south_1.csv", "3,c\n");
  Write("orders/day=__HIVE_DEFAULT_PARTITION__/south_2.csv", "4,d\n");
  MustRun();
  EXPECT_EQ(Rows("SELECT id, note, day, shop FROM orders ORDER BY id"),
            "1|a|2026-11-20|north\n2|b|2026-11-20|north\n3|c|2026-11-21|south\n4|d|NULL|south\n");
}

TEST_F(InboxTest, ACaptureThatDoesNotFitHoldsItsFileAlone) {
  orders().pattern = "orders/{day}/*.csv";
  orders().columns.push_back({"day", "DATE", {}, {}, {}, "day"});
  Write("orders/2026-11-20/a.csv", "1,a\n");
  Write("orders/2026-13-20/b.csv", "2,b\n");
  auto outcome = Run();
  ASSERT_TRUE(outcome.ok()) << outcome.status().ToString();
  EXPECT_EQ(outcome->hold_ids.size(), 1U);
  EXPECT_EQ(Ids(), "1\n");
  const std::string message = Rows("SELECT message FROM _sluice.holds");
  EXPECT_EQ(message.find("orders/2026-13-20/b.csv: {day} of its path is \"2026-13-20\", and column "
                         "day expects a date"),
            0U)
      << message;
  Write("orders/2026-11-21/c.csv", "3,c\n");
  EXPECT_EQ(Run()->hold_ids.size(), 1U) << "held once";
  EXPECT_EQ(Ids(), "1\n3\n") << "and stops nothing else";
}

TEST_F(InboxTest, AFileWithAColumnThatItsPathGivesIsHeld) {
  orders().pattern = "orders/{note}/*.csv";
  orders().columns[1].capture = "note";
  Write("orders/x/a.csv", "id,note\n1,a\n");
  EXPECT_EQ(Run()->hold_ids.size(), 1U);
  Write("orders/x/b.csv", "id\n2\n");
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(Rows("SELECT id, note FROM orders"), "2|x\n");
}

TEST_F(InboxTest, AKeyMayComeFromThePath) {
  orders().pattern = "orders/{note}.csv";
  orders().columns[1].capture = "note";
  orders().key = {"note"};
  Write("orders/a.csv", "1\nbad\n");
  MustRun();
  EXPECT_EQ(Rows("SELECT id, note FROM orders"), "1|a\n");
  EXPECT_EQ(Rows("SELECT line, column_name FROM _sluice.quarantine"), "2|id\n");
}

TEST_F(InboxTest, FilesWaitForTheMarkerOfTheirFolder) {
  orders().complete_when = "_DONE";
  Write("orders/1/a.csv", "1,a\n");
  Write("orders/2/b.csv", "2,b\n");
  Write("orders/2/c.csv", "3,c\n");
  Write("orders/1/_DONE", "");
  EXPECT_EQ(Waiting(), "orders: 2 files (orders/2/b.csv …): no orders/2/_DONE yet\n");
  MustRun();
  EXPECT_EQ(Ids(), "1\n");
  Write("orders/2/_DONE", "by the writer\n");
  MustRun();
  EXPECT_EQ(Ids(), "1\n2\n3\n") << "the marker is no data";
}

TEST_F(InboxTest, AMarkerMayLieElsewhereOrBelongToOneFile) {
  orders().pattern = "orders/{day}/*.csv";
  orders().complete_when = "done/{day}.ok";
  Write("orders/1/a.csv", "1,a\n");
  EXPECT_EQ(Waiting(), "orders: orders/1/a.csv: no done/1.ok yet\n");
  Write("done/1.ok", "");
  EXPECT_EQ(Waiting(), "");
  orders().complete_when = "{file}.done";
  EXPECT_EQ(Waiting(), "orders: orders/1/a.csv: no orders/1/a.csv.done yet\n");
  Write("orders/1/a.csv.done", "");
  EXPECT_EQ(Waiting(), "");
}

TEST_F(InboxTest, YoungFilesWait) {
  Write("orders/a.csv", "1,a\n");
  ingest_.settle = std::chrono::minutes(10);
  clock_.Set(store_->List("", nullptr)->files[0].modified + 9 * 60'000'000LL);
  EXPECT_EQ(Waiting(), "orders: orders/a.csv: changed less than 10 min 0 s ago\n");
  EXPECT_TRUE(MustRun().loads.empty());
  clock_.Set(clock_.Now() + 60'000'000LL);
  MustRun();
  EXPECT_EQ(Ids(), "1\n");
}

TEST_F(InboxTest, AFileFromTheFutureIsToldByPlanAndRun) {
  Write("orders/a.csv", "1,a\n");
  Write("orders/b.csv", "2,b\n");
  clock_.Set(store_->List("", nullptr)->files[0].modified - 3'600'000'000LL);
  EXPECT_EQ(Waiting(),
            "orders: 2 files (orders/a.csv …): its time of change lies ahead of the clock here\n");
  const IngestOutcome outcome = MustRun();
  EXPECT_TRUE(outcome.loads.empty());
  ASSERT_EQ(outcome.warnings.size(), 1U);
  EXPECT_EQ(outcome.warnings[0],
            "z.orders: 2 files (orders/a.csv …): its time of change lies ahead of the clock here");
}

TEST_F(InboxTest, AReplacementWaitsForAllItsFiles) {
  orders().mode = config::Table::Mode::kReplace;
  orders().complete_when = "{file}.done";
  Write("orders/a.csv", "1,a\n");
  Write("orders/a.csv.done", "");
  Write("orders/b.csv", "2,b\n");
  EXPECT_TRUE(MustRun().loads.empty()) << "half of it would be published";
  Write("orders/b.csv.done", "");
  MustRun();
  EXPECT_EQ(Ids(), "1\n2\n");
}

TEST_F(InboxTest, ChecksumsBesideFilesAreVerifiedAndNeverLoaded) {
  Write("orders/a.csv", "1,a\n");
  Write("orders/a.csv.md5", Md5Of("1,a\n") + "  a.csv\n");
  Write("orders/b.csv", "2,b\n");
  Write("orders/b.csv.md5", Md5Of("2,B\n"));
  Write("orders/c.csv", "3,c\n");
  Write("orders/_SUCCESS", "");
  const auto outcome = Run();
  ASSERT_TRUE(outcome.ok()) << outcome.status().ToString();
  EXPECT_EQ(Ids(), "1\n3\n");
  EXPECT_EQ(Holds(), "checksum|orders/b.csv\n");
  EXPECT_EQ(Rows("SELECT message FROM _sluice.holds"),
            "orders/b.csv: MD5 is " + Md5Of("2,b\n") + ", orders/b.csv.md5 says " + Md5Of("2,B\n") +
                ". Have the file or its checksum sent again; a run looks at it again by itself\n");
  EXPECT_EQ(Rows("SELECT count(*) FROM _sluice.files"), "2\n");
  Write("orders/b.csv.md5", Md5Of("2,b\n"));
  MustRun();
  EXPECT_EQ(Ids(), "1\n2\n3\n");
}

TEST_F(InboxTest, AFileMayBeRequiredToHaveAChecksum) {
  orders().sidecars = config::Table::Sidecars::kRequire;
  Write("orders/a.csv", "1,a\n");
  EXPECT_EQ(Waiting(), "orders: orders/a.csv: no checksum beside it\n");
  EXPECT_TRUE(MustRun().loads.empty());
  Write("orders/a.csv.sha256", "MISREAD");
  EXPECT_EQ(Run()->hold_ids.size(), 1U);
}

TEST_F(InboxTest, WhatAManifestNamesIsLoadedWholeOrNotAtAll) {
  orders().manifest = "orders/*.manifest";
  Write("orders/a.csv", "1,a\n");
  Write("orders/b.csv", "2,b\n");
  Write("orders/stray.csv", "9,x\n");
  EXPECT_TRUE(MustRun().loads.empty());
  Write("orders/1.manifest", R"({"entries":[{"url":"a.csv","meta":{"content_length":4}},)"
                             R"({"url":"b.csv"},{"url":"c.csv"}]})");
  EXPECT_EQ(Waiting(), "orders: orders/1.manifest: orders/c.csv is not there\n");
  EXPECT_TRUE(MustRun().loads.empty());
  Write("orders/c.csv", "3,c\n");
  EXPECT_EQ(MustRun().loads.size(), 1U);
  EXPECT_EQ(Ids(), "1\n2\n3\n");
  EXPECT_EQ(MustRun().loads.size(), 0U);
}

TEST_F(InboxTest, AManifestThatDoesNotFitHoldsItsFilesAndNoOthers) {
  orders().manifest = "orders/*.manifest";
  Write("orders/a.csv", "1,a\n");
  Write("orders/b.csv", "2,b\n");
  Write("orders/1.manifest", R"([{"url":"a.csv","size":5}])");
  Write("orders/2.manifest", Md5Of("2,b\n") + "  b.csv\n");
  Write("orders/c.csv", "3,c\n");
  Write("orders/d.csv", "4,d\n");
  Write("orders/3.manifest", "c.csv\n" + Md5Of("4,D\n") + "  d.csv\n");
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(Ids(), "2\n") << "not even the good file of the third";
  EXPECT_EQ(Holds(), "checksum|orders/c.csv\norders/d.csv\nmanifest|orders/1.manifest\n");
  EXPECT_EQ(Rows("SELECT message FROM _sluice.holds WHERE check_name = 'manifest'"),
            "orders/1.manifest: it says that orders/a.csv has 5 bytes, and it has 4\n");
  Write("orders/1.manifest", R"([{"url":"a.csv","size":4}])");
  ASSERT_TRUE(session_->connection()
                  .Execute("UPDATE _sluice.holds SET state = 'rejected' WHERE check_name = "
                           "'manifest'")
                  .ok());
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(Ids(), "1\n2\n");
}

TEST_F(InboxTest, PublishedFilesMoveAndOthersStay) {
  orders().after_loading = AfterLoading::kMove;
  orders().move_to = "loaded/";
  Write("orders/a.csv", "1,a\n");
  Write("orders/a.csv.md5", Md5Of("1,a\n"));
  Write("orders/b.csv", "2,b\nbad,b\n");
  Write("orders/c.csv", "3,c\n");
  Write("orders/c.csv.md5", Md5Of("3,C\n"));
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(Listed(),
            "loaded/orders/a.csv\nloaded/orders/a.csv.md5\n"
            "orders/b.csv\norders/c.csv\norders/c.csv.md5\n")
      << "one has a row in quarantine, one is held";
  Write("orders/a.csv", "4,again\n");
  ASSERT_TRUE(Run().ok());
}

TEST_F(InboxTest, AMoveThatWasKilledIsMadeUpForByTheNextRun) {
  Write("orders/a.csv", "1,a\n");
  MustRun();
  orders().after_loading = AfterLoading::kDelete;
  Write("orders/b.csv", "2,b\n");
  MustRun();
  EXPECT_EQ(Listed(), "");
  EXPECT_EQ(Ids(), "1\n2\n");
  EXPECT_TRUE(MustRun().warnings.empty()) << "an empty inbox is how it should be";
}

// A name that was emptied is a letter box: what comes is a delivery of its own, whatever was in it before.
TEST_F(InboxTest, TheSameContentDeliveredAgainIsLoadedAgain) {
  orders().after_loading = AfterLoading::kDelete;
  const std::string a = "1,a\n";
  const std::string b = "2,b\n";
  for (const std::string& content : {a, b, a, a, b}) {
    Write("orders/x.csv", content);
    Touch("orders/x.csv");
    EXPECT_EQ(MustRun().loads.size(), 1U) << content;
    EXPECT_EQ(Listed(), "");
  }
  EXPECT_EQ(Ids(), "1\n1\n1\n2\n2\n");
  EXPECT_EQ(Rows("SELECT count(DISTINCT load_id), count(*) FROM _sluice.loads"), "5|5\n");
  EXPECT_EQ(Rows("SELECT count(DISTINCT _sluice_load) FROM orders"), "5\n");
}

// In a bucket the tag is made from the content alone.
TEST_F(InboxTest, ADeliveryWithTheTagOfTheOneBeforeIsOneAsWell) {
  orders().after_loading = AfterLoading::kDelete;
  Write("orders/x.csv", "1,a\n");
  MustRun();
  Write("orders/x.csv", "1,a\n");
  Execute("UPDATE _sluice.files SET tag = '" + store_->List("", nullptr)->files[0].tag + "'");
  EXPECT_EQ(MustRun().loads.size(), 1U);
  EXPECT_EQ(Ids(), "1\n1\n");
  EXPECT_EQ(Rows("SELECT count(DISTINCT load_id) FROM _sluice.loads"), "2\n");
}

TEST_F(InboxTest, AReplacementIsMadeOfWhatCameAlthoughItIsAsBefore) {
  orders().mode = config::Table::Mode::kReplace;
  orders().after_loading = AfterLoading::kDelete;
  Write("orders/a.csv", "1,a\n");
  Write("orders/b.csv", "2,b\n");
  MustRun();
  Write("orders/a.csv", "1,a\n");
  Touch("orders/a.csv");
  EXPECT_EQ(MustRun().loads.size(), 1U);
  EXPECT_EQ(Ids(), "1\n");
}

// Whether it is the same file or another with its content, nobody knows; its rows are in the table.
TEST_F(InboxTest, WhatComesAgainBeforeItWasGoneIsSkippedAndTold) {
  Write("orders/a.csv", "1,a\n");
  MustRun();
  orders().after_loading = AfterLoading::kDelete;
  Touch("orders/a.csv");
  const IngestOutcome outcome = MustRun();
  ASSERT_EQ(outcome.warnings.size(), 1U);
  EXPECT_EQ(
      outcome.warnings[0],
      "z.orders: orders/a.csv came again before it was gone, with the content that was loaded: "
      "not loaded again");
  EXPECT_EQ(Listed(), "");
  EXPECT_EQ(Ids(), "1\n");
  EXPECT_EQ(Rows("SELECT state, reason, rows_read FROM _sluice.files ORDER BY rowid"),
            "loaded||1\nskipped|came again with the content that was loaded|0\n");
  // The next one is another delivery.
  Write("orders/a.csv", "1,a\n");
  EXPECT_EQ(MustRun().loads.size(), 1U);
  EXPECT_EQ(Ids(), "1\n1\n");
}

TEST_F(InboxTest, AFileOfTwoTablesGoesWhenBothHaveIt) {
  config::Table copy = orders();
  copy.name = "copy";
  copy.after_loading = AfterLoading::kDelete;
  ingest_.tables.push_back(copy);
  Write("orders/a.csv", "1,a\n");
  MustRun();
  EXPECT_EQ(Listed(), "orders/a.csv\n") << "the first table leaves its files";
  orders().after_loading = AfterLoading::kDelete;
  MustRun();
  EXPECT_EQ(Listed(), "");
}

}  // namespace
}  // namespace sluice::ingest
