#include "engine/tables.h"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <set>

#include "engine/engine_fixture.h"

namespace sluice::engine {
namespace {

// The numbers below `rows`, each with its text, but every tenth; `broken` breaks off in the middle.
TableSource Numbers(uint64_t rows, bool broken = false) {
  TableSource source;
  source.columns = {
      {"n", "BIGINT"}, {"text", "VARCHAR"}, {"even", "BOOLEAN"}, {"huge", "UHUGEINT"}};
  source.rows = rows;
  source.scan = [rows, broken] {
    auto next = std::make_shared<std::atomic<uint64_t>>(0);
    return [next, rows, broken]() -> Result<ReadRows> {
      return ReadRows([next, rows, broken](std::vector<Output>& columns) -> Result<size_t> {
        const uint64_t begin = next->fetch_add(1000);
        if (broken && begin >= rows / 2) return FailedError("broken in the middle");
        if (begin >= rows) return size_t{0};
        const size_t count = std::min<uint64_t>(1000, rows - begin);
        for (size_t r = 0; r < count; ++r) {
          const uint64_t n = begin + r;
          if (columns[0].wanted()) columns[0].data<int64_t>()[r] = static_cast<int64_t>(n);
          if (columns[1].wanted() && n % 10 == 0) columns[1].SetNull(r);
          if (columns[1].wanted() && n % 10 != 0) {
            columns[1].SetText(r, "a text that is number " + std::to_string(n));
          }
          if (columns[2].wanted()) columns[2].data<bool>()[r] = n % 2 == 0;
          if (columns[3].wanted()) columns[3].data<Hash128>()[r] = {n, 1};
        }
        return count;
      });
    };
  };
  return source;
}

class TablesTest : public EngineTest {
 protected:
  void SetUp() override {
    EngineTest::SetUp();
    ASSERT_TRUE(RegisterTable(*connection_, "numbers").ok());
  }
};

TEST_F(TablesTest, ATableOfOurOwnIsReadByTheEngineAndOnlyWhatIsWanted) {
  const auto table = BoundTable::Bind(*connection_, "numbers", Numbers(100'001));
  ASSERT_TRUE(table.ok()) << table.status().ToString();
  const std::string from = " FROM " + (*table)->sql();
  EXPECT_EQ(Text("SELECT count(*)" + from), "100001");
  EXPECT_EQ(Text("SELECT sum(n)" + from), "5000050000");
  EXPECT_EQ(Text("SELECT count(text)" + from), "90000");
  EXPECT_EQ(Text("SELECT text" + from + " WHERE n = 77777"), "a text that is number 77777");
  EXPECT_EQ(Text("SELECT count(*)" + from + " WHERE even AND text IS NULL"), "10001");
  EXPECT_EQ(Text("SELECT huge = (1::UHUGEINT << 64) + 5" + from + " WHERE n = 5"), "true");
  Do("CREATE TABLE copy AS SELECT *" + from);
  EXPECT_EQ(Text("SELECT count(DISTINCT n) FROM copy"), "100001");
}

TEST_F(TablesTest, TablesOfOneNameAreTheirOwnAndAreGoneWithWhoeverBoundThem) {
  auto few = BoundTable::Bind(*connection_, "numbers", Numbers(3)).value();
  const auto many = BoundTable::Bind(*connection_, "numbers", Numbers(5000)).value();
  EXPECT_EQ(Text("SELECT count(*) FROM " + few->sql()), "3");
  EXPECT_EQ(Text("SELECT count(*) FROM " + many->sql()), "5000");
  EXPECT_EQ(Text("SELECT count(*) FROM " + few->sql() + " JOIN " + many->sql() + " USING (n)"),
            "3");
  const std::string gone = few->sql();
  few.reset();
  EXPECT_NE(Text("SELECT count(*) FROM " + gone).find("the rows of this table are gone"),
            std::string::npos);
  EXPECT_EQ(Text("SELECT count(*) FROM " + many->sql()), "5000");
}

TEST_F(TablesTest, AnErrorWhileReadingFailsTheStatement) {
  const auto table = BoundTable::Bind(*connection_, "numbers", Numbers(100'000, true)).value();
  const auto copied = connection_->Execute("CREATE TABLE copy AS SELECT * FROM " + table->sql());
  ASSERT_FALSE(copied.ok());
  EXPECT_NE(copied.status().message().find("broken in the middle"), std::string::npos);
  EXPECT_FALSE(connection_->HasTable("main", "copy"));
}

TEST_F(TablesTest, ATableWithoutRows) {
  const auto table = BoundTable::Bind(*connection_, "numbers", Numbers(0)).value();
  EXPECT_EQ(Text("SELECT count(*) FROM " + table->sql()), "0");
}

}  // namespace
}  // namespace sluice::engine
