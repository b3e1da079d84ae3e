#include "sync/delivery_log.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace sluice::sync {
namespace {

using connector::RowState;

class DeliveryLogTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "sluice_log_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    path_ = env::JoinPath(folder_, "1.log");
  }
  void TearDown() override { EXPECT_TRUE(env::RemoveTree(folder_).ok()); }

  static LogHeader Header() {
    LogHeader header;
    header.delivery_id = 7;
    header.sync = "guests";
    header.run_id = "run1";
    header.host = "here";
    header.warehouse = "/w.duckdb";
    header.spool = {5, 99, {1, 2}};
    header.at = 123;
    return header;
  }
  // Where each entry ends.
  std::vector<uint64_t> WriteAll() {
    std::vector<uint64_t> ends;
    auto log = DeliveryLog::Create(path_, Header());
    EXPECT_TRUE(log.ok()) << log.status().ToString();
    ends.push_back(log->size());
    const LogIntent intent{1, {{0, 3}, {4, 1}}, 1000, "mark", 5};
    const LogOutcome outcome{1,
                             200,
                             {{RowState::kAcknowledged, "", "", {{0, 3}}},
                              {RowState::kRejected, "Bad", "no such thing", {{4, 1}}}},
                             6};
    const LogEnding ending{"done", "", {{"field x was dropped", 2}}, 7};
    for (const LogEntry& entry : {LogEntry(intent), LogEntry(outcome), LogEntry(ending)}) {
      EXPECT_TRUE(log->Write(entry).ok());
      ends.push_back(log->size());
    }
    return ends;
  }
  // The log as text, the torn bytes behind it.
  std::string Dump() {
    std::string out;
    const auto extent = ReadLog(path_, [&](uint64_t offset, const LogEntry& entry) {
      out += DescribeEntry(offset, entry).substr(12) + "\n";
      return Status::Ok();
    });
    if (!extent.ok()) return extent.status().ToString();
    if (extent->torn > 0) out += "torn " + std::to_string(extent->torn) + "\n";
    return out;
  }
  void Put(const std::string& bytes) { ASSERT_TRUE(env::WriteFileAtomically(path_, bytes).ok()); }
  std::string folder_;
  std::string path_;
};

constexpr char kHeaderText[] = "header   delivery 7 of guests, run run1, 5 rows\n";
constexpr char kIntentText[] = "intent   attempt 1, rows 0-2,4, 1,000 bytes, mark mark\n";
constexpr char kOutcomeText[] =
    "outcome  attempt 1, status 200, rows 0-2 acknowledged, rows 4 rejected (Bad)\n";
constexpr char kEndingText[] = "ending   done, 2x field x was dropped\n";

TEST_F(DeliveryLogTest, EntriesComeBackAsTheyWere) {
  WriteAll();
  EXPECT_EQ(Dump(), std::string(kHeaderText) + kIntentText + kOutcomeText + kEndingText);
  const LogHeader header = ReadLogHeader(path_).value();
  EXPECT_EQ(header.spool.rows, 5U);
  EXPECT_EQ(header.spool.digest, (Hash128{1, 2}));
  EXPECT_EQ(header.warehouse, "/w.duckdb");
}

TEST_F(DeliveryLogTest, ATornTailIsCutAndWritingGoesOn) {
  const auto ends = WriteAll();
  const std::string bytes = env::ReadFile(path_).value();
  for (size_t size = ends[1]; size < ends[2]; ++size) {
    Put(bytes.substr(0, size));
    const auto torn = size - ends[1];
    EXPECT_EQ(Dump(), std::string(kHeaderText) + kIntentText +
                          (torn > 0 ? "torn " + std::to_string(torn) + "\n" : ""));
  }
  Put(bytes.substr(0, ends[2] - 1));
  const auto extent = ReadLog(path_, [](uint64_t, const LogEntry&) { return Status::Ok(); });
  ASSERT_TRUE(CutTornTail(path_, extent.value()).ok());
  auto log = DeliveryLog::Continue(path_);
  ASSERT_TRUE(log->Write(LogEnding{"stopped", "why", {}, 9}).ok());
  EXPECT_EQ(Dump(), std::string(kHeaderText) + kIntentText + "ending   stopped: why\n");
}

TEST_F(DeliveryLogTest, ATailOfRubbishOrZerosIsTorn) {
  const auto ends = WriteAll();
  const std::string good = env::ReadFile(path_).value().substr(0, ends[2]);
  for (const std::string& tail : {std::string(100, '\0'), std::string("rubbish"),
                                  good.substr(ends[0], 10) + std::string(50, 'x')}) {
    Put(good + tail);
    EXPECT_EQ(Dump(), std::string(kHeaderText) + kIntentText + kOutcomeText + "torn " +
                          std::to_string(tail.size()) + "\n");
  }
}

TEST_F(DeliveryLogTest, DamageBeforeTheEndIsAnError) {
  const auto ends = WriteAll();
  const std::string bytes = env::ReadFile(path_).value();
  for (const size_t at : {ends[0] + 1, ends[0] + 6, ends[0] + 10, ends[0] + 20, ends[1] - 1}) {
    std::string damaged = bytes;
    damaged[at] ^= 4;
    Put(damaged);
    EXPECT_NE(Dump().find("is damaged at byte " + std::to_string(ends[0])), std::string::npos)
        << Dump();
  }
}

TEST_F(DeliveryLogTest, AnEntryInAnotherPlaceIsNotBelieved) {
  const auto ends = WriteAll();
  const std::string bytes = env::ReadFile(path_).value();
  // The intent twice: the second copy stands where it was not written.
  Put(bytes.substr(0, ends[1]) + bytes.substr(ends[0], ends[1] - ends[0]));
  EXPECT_EQ(Dump(), std::string(kHeaderText) + kIntentText + "torn " +
                        std::to_string(ends[1] - ends[0]) + "\n");
}

TEST_F(DeliveryLogTest, AnEmptyOrForeignFileHasNoHeader) {
  Put("");
  EXPECT_EQ(Dump(), "");
  EXPECT_FALSE(ReadLogHeader(path_).ok());
  EXPECT_EQ(ReadLogHeader(path_ + "x").status().code(), Code::kNotFound);
  EXPECT_EQ(DeliveryLog::Continue(path_ + "x").status().code(), Code::kNotFound);
}

TEST_F(DeliveryLogTest, PositionsBecomeRanges) {
  EXPECT_EQ(ToRanges({}), std::vector<RowRange>());
  EXPECT_EQ(ToRanges({3, 4, 5, 7, 9, 10}), (std::vector<RowRange>{{3, 3}, {7, 1}, {9, 2}}));
}

}  // namespace
}  // namespace sluice::sync
