#include "sync/spool.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>

namespace sluice::sync {
namespace {

class SpoolTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "sluice_spool_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    path_ = env::JoinPath(folder_, "1.spool");
  }
  void TearDown() override { EXPECT_TRUE(env::RemoveTree(folder_).ok()); }

  static SpoolRow Row(uint64_t n) {
    SpoolRow row;
    row.key = "key" + std::to_string(n);
    row.identity = n % 3 == 0 ? "" : std::string(n % 50, 'i');
    row.change = static_cast<Change>(n % 4);
    row.digest = {n, ~n};
    row.payload = "{\"n\":" + std::to_string(n) + "}";
    row.sent = std::string(n % 7, '\0');
    if (n % 2 == 0) row.prior_key = n % 4 == 0 ? "" : "prior";
    return row;
  }
  SpoolInfo Write(uint64_t rows) {
    auto writer = SpoolWriter::Create(path_);
    EXPECT_TRUE(writer.ok()) << writer.status().ToString();
    for (uint64_t n = 0; n < rows; ++n) EXPECT_TRUE(writer->Add(Row(n)).ok());
    return writer->Finish().value();
  }
  static void ExpectRow(const SpoolRow& row, uint64_t n) {
    const SpoolRow expected = Row(n);
    EXPECT_EQ(row.key, expected.key);
    EXPECT_EQ(row.identity, expected.identity);
    EXPECT_EQ(row.change, expected.change);
    EXPECT_EQ(row.digest, expected.digest);
    EXPECT_EQ(row.payload, expected.payload);
    EXPECT_EQ(row.sent, expected.sent);
    EXPECT_EQ(row.prior_key, expected.prior_key);
  }
  std::string folder_;
  std::string path_;
};

TEST_F(SpoolTest, RowsComeBackInOrderAsTheyWere) {
  const SpoolInfo info = Write(30000);  // more than one buffer
  EXPECT_EQ(info.rows, 30000U);
  EXPECT_EQ(info.bytes, env::Stat(path_).value().size);
  auto reader = SpoolReader::Open(path_);
  ASSERT_TRUE(reader.ok()) << reader.status().ToString();
  for (uint64_t n = 0; n < info.rows; ++n) {
    ASSERT_EQ(reader->position(), n);
    const auto row = reader->Next();
    ASSERT_TRUE(row.ok() && row.value()) << row.status().ToString();
    ExpectRow(**row, n);
  }
  EXPECT_FALSE(reader->Next().value().has_value());
  EXPECT_TRUE(reader->Index(info, 0, 1, nullptr).ok());
}

TEST_F(SpoolTest, AnyRowIsFoundAgain) {
  Write(5000);
  auto reader = SpoolReader::Open(path_);
  for (const uint64_t n : {4999U, 0U, 1024U, 1023U, 1025U, 3000U, 2999U, 3001U, 4096U, 1U}) {
    ASSERT_TRUE(reader->Seek(n).ok());
    EXPECT_EQ(reader->position(), n);
    ExpectRow(**reader->Next(), n);
  }
  ASSERT_TRUE(reader->Seek(6000).ok());
  EXPECT_FALSE(reader->Next().value().has_value());
}

TEST_F(SpoolTest, OnlyTheOwnerMayReadIt) {
  Write(1);
  struct stat st {};
  ASSERT_EQ(stat(path_.c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777U, 0600U);
}

TEST_F(SpoolTest, AnotherOrADamagedSpoolIsNoticed) {
  const SpoolInfo info = Write(10);
  std::string bytes = env::ReadFile(path_).value();
  bytes[bytes.size() / 2] ^= 1;
  ASSERT_TRUE(env::WriteFileAtomically(path_, bytes).ok());
  EXPECT_FALSE(SpoolReader::Open(path_)->Index(info, 0, 1, nullptr).ok());

  bytes.resize(bytes.size() - 5);
  ASSERT_TRUE(env::WriteFileAtomically(path_, bytes).ok());
  auto reader = SpoolReader::Open(path_);
  Status status;
  for (int i = 0; i < 10 && status.ok(); ++i) status = reader->Next().status();
  EXPECT_NE(status.message().find("is cut"), std::string::npos) << status.ToString();

  ASSERT_TRUE(env::WriteFileAtomically(path_, "something else").ok());
  EXPECT_FALSE(SpoolReader::Open(path_).ok());
  EXPECT_EQ(SpoolReader::Open(path_ + "x").status().code(), Code::kNotFound);
}

}  // namespace
}  // namespace sluice::sync
