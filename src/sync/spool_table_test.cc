#include "sync/spool_table.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "env/file.h"

namespace sluice::sync {
namespace {

class SpoolTableTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "sluice_spool_table_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    path_ = env::JoinPath(folder_, "1.spool");
    database_ = engine::Database::Open("", {}).value();
    connection_ = database_->Connect().value();
    ASSERT_TRUE(engine::RegisterTable(*connection_, std::string(kSpoolTable)).ok());
  }
  void TearDown() override {
    connection_.reset();
    EXPECT_TRUE(env::RemoveTree(folder_).ok());
  }

  // Every second row sends less than its payload, every 1,000th takes another one's place, `moves` is the
  // change of an identity; every row of `large` bytes has a payload of that many.
  SpoolInfo Write(uint64_t rows, uint64_t moves = UINT64_MAX, size_t large = 0) {
    auto writer = SpoolWriter::Create(path_).value();
    for (uint64_t n = 0; n < rows; ++n) {
      SpoolRow row;
      row.key = "k" + std::to_string(n);
      row.identity = "i" + std::to_string(n);
      row.change = n == moves ? Change::kIdentity : Change::kChanged;
      row.digest = {n, 7};
      row.payload = "{\"n\":" + std::to_string(n) + std::string(large, ' ') + "}";
      row.sent = n % 2 == 0 ? row.payload : "{}";
      if (n % 1000 == 999) row.prior_key = "prior";
      EXPECT_TRUE(writer.Add(row).ok());
    }
    return writer.Finish().value();
  }
  std::string Text(const std::string& sql) {
    const auto value = connection_->Scalar(sql);
    return value.ok() ? engine::ToText(*value) : value.status().ToString();
  }

  std::string folder_;
  std::string path_;
  std::unique_ptr<engine::Database> database_;
  std::unique_ptr<engine::Connection> connection_;
};

TEST_F(SpoolTableTest, EveryRowComesOnceWithItsAnswer) {
  const SpoolInfo info = Write(50'000);
  std::vector<uint32_t> answers(50'000);
  for (uint32_t n = 0; n < answers.size(); ++n) answers[n] = n % 3;
  const auto table = SpoolTable::Bind(*connection_, path_, info, answers);
  ASSERT_TRUE(table.ok()) << table.status().ToString();
  const std::string from = " FROM " + table->sql();
  EXPECT_EQ(Text("SELECT count(*)" + from), "50000");
  EXPECT_EQ(Text("SELECT count(DISTINCT position)" + from), "50000");
  EXPECT_EQ(
      Text("SELECT count(*)" + from +
           " WHERE key = 'k' || position AND identity = 'i' || position AND "
           "payload = '{\"n\":' || position || '}' AND digest = (7::UHUGEINT << 64) + position "
           "AND sent IS NOT DISTINCT FROM CASE WHEN position % 2 = 1 THEN '{}' END AND answer "
           "IS NOT DISTINCT FROM nullif(position % 3, 0) AND prior_key IS NOT DISTINCT FROM "
           "CASE WHEN position % 1000 = 999 THEN 'prior' END AND NOT moves AND NOT removes"),
      "50000");
  EXPECT_EQ(Text("SELECT sum(answer)" + from), "49999");  // numbers alone: the file is not read
  EXPECT_TRUE(table->any_prior());
  EXPECT_FALSE(table->any_moves());
}

TEST_F(SpoolTableTest, OnlyTheRowsThatHaveAnswersAreThere) {
  const SpoolInfo info = Write(3000, 1998);
  const auto some = SpoolTable::Bind(*connection_, path_, info, std::vector<uint32_t>(999, 1));
  ASSERT_TRUE(some.ok()) << some.status().ToString();
  EXPECT_EQ(Text("SELECT max(position) FROM " + some->sql()), "998");
  EXPECT_FALSE(some->any_prior() || some->any_moves());  // those are further on
  const auto more = SpoolTable::Bind(*connection_, path_, info, std::vector<uint32_t>(2000, 1));
  EXPECT_EQ(Text("SELECT key FROM " + more->sql() + " WHERE moves"), "k1998");
  EXPECT_TRUE(more->any_prior() && more->any_moves());
  const auto none = SpoolTable::Bind(*connection_, "/nowhere", info, {});
  ASSERT_TRUE(none.ok()) << none.status().ToString();
  EXPECT_EQ(Text("SELECT count(key) FROM " + none->sql()), "0");
}

TEST_F(SpoolTableTest, LargeRowsAreReadAFewAtATime) {
  const SpoolInfo info = Write(30, UINT64_MAX, 600'000);
  const auto table = SpoolTable::Bind(*connection_, path_, info, std::vector<uint32_t>(30, 1));
  EXPECT_EQ(Text("SELECT count(*) FROM " + table->sql() + " WHERE length(payload) > 600000"), "30");
  const auto pieces = SpoolReader::Open(path_)->Index(info, 30, 2048, nullptr);
  ASSERT_TRUE(pieces.ok()) << pieces.status().ToString();
  EXPECT_EQ(pieces->size(), 15U);
}

TEST_F(SpoolTableTest, AnotherSpoolOrOneThatIsCutIsNoTable) {
  const SpoolInfo info = Write(100);
  SpoolInfo other = info;
  other.digest.low ^= 1;
  const auto bound = SpoolTable::Bind(*connection_, path_, other, std::vector<uint32_t>(100, 1));
  ASSERT_FALSE(bound.ok());
  EXPECT_NE(bound.status().message().find("is not the one"), std::string::npos);
  EXPECT_FALSE(SpoolTable::Bind(*connection_, path_, info, std::vector<uint32_t>(101, 1)).ok());
  auto file = env::AppendFile::Open(path_, 0600);
  ASSERT_TRUE(file->Truncate(info.bytes - 3).ok());
  const auto cut = SpoolTable::Bind(*connection_, path_, info, std::vector<uint32_t>(100, 1));
  ASSERT_FALSE(cut.ok());
  EXPECT_NE(cut.status().message().find("is cut"), std::string::npos);
}

TEST_F(SpoolTableTest, ASpoolThatIsCutWhileItIsReadFailsTheStatement) {
  const SpoolInfo info = Write(100);
  const auto table = SpoolTable::Bind(*connection_, path_, info, std::vector<uint32_t>(100, 1));
  ASSERT_TRUE(table.ok());
  ASSERT_TRUE(env::AppendFile::Open(path_, 0600)->Truncate(info.bytes - 3).ok());
  EXPECT_NE(Text("SELECT count(key) FROM " + table->sql()).find("was changed while it was read"),
            std::string::npos);
}

}  // namespace
}  // namespace sluice::sync
