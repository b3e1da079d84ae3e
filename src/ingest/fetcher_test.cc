#include "ingest/fetcher.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>

#include "base/hash.h"
#include "env/file.h"

namespace sluice::ingest {
namespace {

// Gives every file its path as content; may be told to answer nobody yet.
class PathStore : public connector::Store {
 public:
  std::string Describe() const override { return "paths"; }
  Result<connector::Listing> List(std::string_view, const env::Cancel*) override {
    return connector::Listing();
  }
  Result<connector::FetchedFile> Fetch(const connector::StoredFile& file,
                                       const std::string& spool_path,
                                       const std::function<void(uint64_t)>&,
                                       const env::Cancel*) override {
    const int now = ++running_;
    most_ = std::max(most_.load(), now);
    shut_.WaitFor(std::chrono::milliseconds(is_shut_ ? 20'000 : 0));
    --running_;
    SLUICE_TRY(env::WriteFileAtomically(spool_path, file.path));
    ++fetched_;
    return connector::FetchedFile{spool_path, file.size, HashOf(file.path).Hex()};
  }
  Result<std::string> ReadSmall(const connector::StoredFile& file, uint64_t,
                                const env::Cancel*) override {
    return sidecars_.at(file.path);
  }
  Status Probe(const env::Cancel*) override { return Status::Ok(); }

  std::atomic<bool> is_shut_{false};
  env::Cancel shut_;  // set: opens
  std::atomic<int> running_{0};
  std::atomic<int> most_{0};
  std::atomic<int> fetched_{0};
  std::map<std::string, std::string> sidecars_;
};

class FetcherTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "sluice_fetch_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    dir_ = pattern;
  }
  void TearDown() override { EXPECT_TRUE(env::RemoveTree(dir_).ok()); }
  void Add(PathStore& store, const std::string& path, uint64_t size = 10) {
    tasks_.push_back({{path, size, 0, "t"}, &store, {}});
  }
  size_t Spooled() const { return env::ListDirectory(dir_)->size(); }
  static bool Within(const std::function<bool()>& happens) {
    for (int i = 0; i < 2000 && !happens(); ++i) {
      env::SystemClock().Sleep(std::chrono::milliseconds(5), nullptr);
    }
    return happens();
  }

  std::string dir_;
  std::vector<Fetcher::Task> tasks_;
};

TEST_F(FetcherTest, WhetherFilesAreThereIsKnownWithoutWaiting) {
  PathStore store;
  store.is_shut_ = true;
  for (int i = 0; i < 3; ++i) Add(store, "file" + std::to_string(i), 100);
  FetchLimits limits;
  limits.spool_bytes = 100;
  Fetcher fetcher(tasks_, dir_, limits, nullptr, nullptr);
  EXPECT_TRUE(fetcher.AreThere(0, 0));
  EXPECT_FALSE(fetcher.AreThere(0, 2));
  store.shut_.Set();
  EXPECT_TRUE(Within([&] { return fetcher.AreThere(0, 2); }))
      << "though the spool has room for one";
  EXPECT_EQ(store.fetched_, 2) << "the third was not asked for";
  fetcher.Release(0);
  EXPECT_TRUE(fetcher.AreThere(0, 2)) << "also when it was used and removed";
}

TEST_F(FetcherTest, ASlowStoreDoesNotHoldUpAnother) {
  PathStore slow;
  PathStore quick;
  slow.is_shut_ = true;
  for (int i = 0; i < 8; ++i) Add(slow, "slow" + std::to_string(i));
  for (int i = 0; i < 8; ++i) Add(quick, "quick" + std::to_string(i));
  Fetcher fetcher(tasks_, dir_, {}, nullptr, nullptr);
  EXPECT_TRUE(Within([&] { return quick.fetched_ == 8; })) << "though the other's files come first";
  EXPECT_EQ(slow.fetched_, 0);
  EXPECT_LE(slow.most_, 4);
  slow.shut_.Set();
  for (size_t i = 0; i < 16; ++i) EXPECT_TRUE(fetcher.Wait(i).ok());
}

TEST_F(FetcherTest, FilesLieInTheSpoolUpToItsLimitAndEachStoreHasItsShare) {
  PathStore one;
  PathStore other;
  for (int i = 0; i < 10; ++i) Add(one, "a" + std::to_string(i), 30);
  for (int i = 0; i < 10; ++i) Add(other, "b" + std::to_string(i), 30);
  Fetcher fetcher(tasks_, dir_, {4, 16, 120}, nullptr, nullptr);
  EXPECT_TRUE(Within([&] { return one.fetched_ == 2 && other.fetched_ == 2; }));
  EXPECT_EQ(Spooled(), 4U);
  for (size_t i = 0; i < 20; ++i) {
    EXPECT_TRUE(fetcher.Wait(i).ok());
    EXPECT_LE(Spooled(), 5U);
    fetcher.Release(i);
  }
}

TEST_F(FetcherTest, AFileLargerThanTheSpoolIsFetchedWhenItIsItsTurn) {
  PathStore store;
  Add(store, "small", 10);
  Add(store, "huge", 1000);
  Fetcher fetcher(tasks_, dir_, {4, 16, 100}, nullptr, nullptr);
  EXPECT_TRUE(fetcher.Wait(0).ok());
  EXPECT_TRUE(fetcher.Wait(1).ok());
}

TEST_F(FetcherTest, MoreStoresThanThreadsShareThem) {
  std::vector<std::unique_ptr<PathStore>> stores;
  for (int i = 0; i < 9; ++i) {
    stores.push_back(std::make_unique<PathStore>());
    Add(*stores.back(), "x");
    Add(*stores.back(), "y");
  }
  Fetcher fetcher(tasks_, dir_, {4, 4, 1000}, nullptr, nullptr);
  for (size_t i = 0; i < tasks_.size(); ++i) EXPECT_TRUE(fetcher.Wait(i).ok());
}

TEST_F(FetcherTest, WhatDoesNotFitItsSidecarOrManifestIsRejectedAndRemoved) {
  PathStore store;
  store.sidecars_["right.md5"] = Digester(DigestKind::kMd5).Hex() + "\n";  // of nothing
  Digester right(DigestKind::kMd5);
  right.Update("right");
  store.sidecars_["right.md5"] = right.Hex() + "  right\n";
  store.sidecars_["wrong.md5"] = right.Hex();
  Add(store, "right");
  tasks_.back().proof.sidecar = connector::StoredFile{"right.md5", 33, 0, "t"};
  Add(store, "wrong");
  tasks_.back().proof.sidecar = connector::StoredFile{"wrong.md5", 33, 0, "t"};
  Add(store, "other");
  tasks_.back().proof.digest = ExpectedDigest{DigestKind::kMd5, right.Hex()};
  tasks_.back().proof.by = "manifest.json";
  Fetcher fetcher(tasks_, dir_, {}, nullptr, nullptr);
  EXPECT_TRUE(fetcher.Wait(0).ok()) << fetcher.Wait(0).status().ToString();
  const Status wrong = fetcher.Wait(1).status();
  EXPECT_EQ(wrong.code(), Code::kRejected);
  Digester found(DigestKind::kMd5);
  found.Update("wrong");
  EXPECT_EQ(wrong.message(), "MD5 is " + found.Hex() + ", wrong.md5 says " + right.Hex());
  EXPECT_NE(fetcher.Wait(2).status().message().find("manifest.json says"), std::string::npos);
  EXPECT_EQ(Spooled(), 1U);
}

}  // namespace
}  // namespace sluice::ingest
