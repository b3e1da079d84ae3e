#include "connectors/file/file_store.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <stdexcept>

#include "connector/read_only_store.h"
#include "connector/store_conformance.h"
#include "env/file.h"

namespace sluice::connectors::file {
namespace {

using connector::Store;
using connector::StoreConformance;
using connector::StoredFile;
using connector::StoreFixture;
using connector::StoreFixtureFactory;

class Folder : public StoreFixture {
 public:
  Folder() {
    std::string pattern = testing::TempDir() + "sluice_store_XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    root_ = pattern;
  }
  ~Folder() override { EXPECT_TRUE(env::RemoveTree(root_).ok()); }
  void Put(const std::string& path, std::string_view content) override {
    const std::string full = env::JoinPath(root_, path);
    const std::string neighbour = env::JoinPath(root_, ".new");
    std::ofstream(neighbour, std::ios::binary) << content;
    if (!env::CreateDirectories(env::Dirname(full)).ok() || !env::Rename(neighbour, full).ok()) {
      throw std::runtime_error("cannot write " + full);
    }
  }
  void Remove(const std::string& path) override {
    if (unlink(env::JoinPath(root_, path).c_str()) != 0) throw std::runtime_error("cannot remove");
  }
  std::unique_ptr<Store> Open() override { return MakeFileStore(root_); }
  const std::string& root() const { return root_; }

 private:
  std::string root_;
};

INSTANTIATE_TEST_SUITE_P(Folder, StoreConformance,
                         testing::Values(StoreFixtureFactory{
                             "folder", [] { return std::make_unique<Folder>(); }}));

// What makes any store unchangeable keeps the rest of the contract.
class ReadOnlyFolder : public Folder {
 public:
  std::unique_ptr<Store> Open() override {
    return std::make_unique<connector::ReadOnlyStore>(Folder::Open());
  }
};

INSTANTIATE_TEST_SUITE_P(ReadOnly, StoreConformance,
                         testing::Values(StoreFixtureFactory{
                             "read_only", [] { return std::make_unique<ReadOnlyFolder>(); },
                             false}));

class FileStoreTest : public testing::Test {
 protected:
  std::vector<std::string> Paths(std::string_view prefix = "") {
    const auto listing = folder_.Open()->List(prefix, nullptr);
    EXPECT_TRUE(listing.ok()) << listing.status().ToString();
    std::vector<std::string> paths;
    if (listing.ok()) {
      for (const StoredFile& file : listing->files) paths.push_back(file.path);
    }
    return paths;
  }
  std::string ListError(std::string_view prefix = "") {
    const auto listing = folder_.Open()->List(prefix, nullptr);
    return listing.ok() ? "(no error)" : listing.status().message();
  }
  std::string Full(const std::string& path) const { return env::JoinPath(folder_.root(), path); }
  void Link(const std::string& target, const std::string& path) {
    ASSERT_EQ(symlink(target.c_str(), Full(path).c_str()), 0);
  }
  Folder folder_;
};

TEST_F(FileStoreTest, LeavesOutHiddenFilesFoldersAndWhatIsNoFile) {
  for (const char* path : {"a.csv", ".b.csv.Xy12", ".sluice/dev/state.db", "d/.git/x", "d/c.csv"}) {
    folder_.Put(path, "x");
  }
  ASSERT_EQ(mkfifo(Full("pipe").c_str(), 0600), 0);
  EXPECT_EQ(Paths(), (std::vector<std::string>{"a.csv", "d/c.csv"}));
  EXPECT_EQ(Paths(".sluice/"), std::vector<std::string>{});
}

TEST_F(FileStoreTest, FollowsLinksThatStayInside) {
  folder_.Put("real/1.csv", "x");
  Link("real", "alias");
  Link("real/1.csv", "one.csv");
  EXPECT_EQ(Paths(), (std::vector<std::string>{"alias/1.csv", "one.csv", "real/1.csv"}));
  const StoredFile file = folder_.Open()->List("alias/", nullptr)->files.at(0);
  EXPECT_EQ(folder_.Open()->ReadSmall(file, 10, nullptr).value(), "x");
}

TEST_F(FileStoreTest, LinksThatLeadOutAreListedAndCannotBeRead) {
  const std::string neighbour = folder_.root() + "x";
  ASSERT_TRUE(env::CreateDirectories(neighbour).ok());
  ASSERT_TRUE(env::WriteFileAtomically(neighbour + "/f", "x").ok());
  folder_.Put("d/x", "x");
  Link("/etc/hostname", "d/out");
  Link(neighbour + "/f", "f");  // a folder beside the root with the same beginning
  Link("..", "up");
  const auto store = folder_.Open();
  const auto listing = store->List("", nullptr);
  ASSERT_TRUE(listing.ok()) << listing.status().ToString();
  EXPECT_EQ(Paths(), (std::vector<std::string>{"d/out", "d/x", "f", "up"}));
  for (const size_t i : {0, 2, 3}) {
    const auto fetched = store->Fetch(listing->files[i], "", nullptr, nullptr);
    EXPECT_EQ(fetched.status().code(), Code::kRejected) << listing->files[i].path;
    EXPECT_NE(fetched.status().message().find("leads out of"), std::string::npos);
  }
  EXPECT_EQ(store->TakeNotes().size(), 3U);
  ASSERT_TRUE(env::RemoveTree(neighbour).ok());
}

TEST_F(FileStoreTest, AFolderThatLeadsRoundInACircleIsPassedOver) {
  folder_.Put("d/x", "x");
  Link("..", "d/up");
  const auto store = folder_.Open();
  const auto listing = store->List("", nullptr);
  ASSERT_TRUE(listing.ok()) << listing.status().ToString();
  EXPECT_EQ(Paths(), std::vector<std::string>{"d/x"});
  const auto notes = store->TakeNotes();
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_NE(notes[0].find("d/up is a link that leads round in a circle"), std::string::npos);
}

TEST_F(FileStoreTest, AFileWithABackslashIsReachedByALink) {
  folder_.Put("d[1]/back\\slash", "abc");
  folder_.Put("d[1]/back/slash", "other");
  const auto store = folder_.Open();
  const auto listing = store->List("", nullptr);
  const std::string spool = Full("spool/1");
  for (int i = 0; i < 2; ++i) {  // also where a link lies there from before
    const auto fetched = store->Fetch(listing->files.at(1), spool, nullptr, nullptr);
    ASSERT_TRUE(fetched.ok()) << fetched.status().ToString();
    EXPECT_EQ(fetched->local_path, spool);
    EXPECT_EQ(env::ReadFile(spool).value(), "abc");
  }
}

TEST_F(FileStoreTest, AFileThatBecameALinkOutsideIsNotRead) {
  folder_.Put("f", "x");
  const StoredFile file = folder_.Open()->List("", nullptr)->files.at(0);
  folder_.Remove("f");
  Link("/etc/hostname", "f");
  EXPECT_FALSE(folder_.Open()->ReadSmall(file, 1000, nullptr).ok());
  for (const char* path : {"../f", "/etc/hostname", "a/../../f", "", "a//b"}) {
    EXPECT_EQ(folder_.Open()->ReadSmall({path, 1, 0, "t"}, 1000, nullptr).status().code(),
              Code::kFailed)
        << path;
  }
}

TEST_F(FileStoreTest, TheRootMayBeALink) {
  folder_.Put("real/1.csv", "x");
  Link("real", "root");
  auto store = MakeFileStore(Full("root"));
  const auto listing = store->List("", nullptr);
  ASSERT_TRUE(listing.ok()) << listing.status().ToString();
  ASSERT_EQ(listing->files.size(), 1U);
  EXPECT_TRUE(store->Fetch(listing->files[0], "", nullptr, nullptr).ok());
}

TEST_F(FileStoreTest, AFileInPlaceIsItselfTheCopy) {
  folder_.Put("d/x", "abc");
  const auto fetched =
      folder_.Open()->Fetch(folder_.Open()->List("", nullptr)->files.at(0), "", nullptr, nullptr);
  EXPECT_EQ(fetched->local_path, Full("d/x"));
}

TEST_F(FileStoreTest, AFileThatIsReplacedWhileItIsReadIsTriedAgainLater) {
  folder_.Put("x", std::string(3 << 20, 'x'));
  const StoredFile file = folder_.Open()->List("", nullptr)->files.at(0);
  bool done = false;
  const auto replace = [&](uint64_t) {
    if (!done) folder_.Put("x", std::string(3 << 20, 'y'));
    done = true;
  };
  EXPECT_EQ(folder_.Open()->Fetch(file, "", replace, nullptr).status().code(), Code::kRetry);
}

TEST_F(FileStoreTest, ALinkToNothingIsListedAndCannotBeRead) {
  folder_.Put("a", "x");
  Link("nowhere", "b");
  const auto store = folder_.Open();
  const auto listing = store->List("", nullptr);
  ASSERT_TRUE(listing.ok()) << listing.status().ToString();
  ASSERT_EQ(listing->files.size(), 2U);
  EXPECT_EQ(store->Fetch(listing->files[1], "", nullptr, nullptr).status().code(), Code::kNotFound);
  const auto notes = store->TakeNotes();
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_EQ(notes[0], Full("b") + " is a link to nothing: remove it");
  EXPECT_TRUE(store->List("", nullptr).ok());
  EXPECT_TRUE(store->TakeNotes().empty());  // each once
}

TEST_F(FileStoreTest, LinksThatGoRoundLeadToNothing) {
  folder_.Put("a", "x");
  Link("c", "b");
  Link("b", "c");
  const auto store = folder_.Open();
  const auto listing = store->List("", nullptr);
  ASSERT_TRUE(listing.ok()) << listing.status().ToString();
  ASSERT_EQ(listing->files.size(), 3U);
  EXPECT_EQ(store->Fetch(listing->files[2], "", nullptr, nullptr).status().code(), Code::kNotFound);
  EXPECT_EQ(store->TakeNotes().size(), 2U);
}

TEST_F(FileStoreTest, NamesThatNothingCanNameArePassedOverAndTold) {
  folder_.Put("d/\xff", "x");
  folder_.Put("d/a\nb", "x");
  folder_.Put("d/c", "x");
  const auto store = folder_.Open();
  const auto listing = store->List("", nullptr);
  ASSERT_TRUE(listing.ok()) << listing.status().ToString();
  ASSERT_EQ(listing->files.size(), 1U);
  auto notes = store->TakeNotes();
  std::sort(notes.begin(), notes.end());
  ASSERT_EQ(notes.size(), 2U);
  EXPECT_EQ(notes[1],
            Full("d/a") + "\\x0ab is passed over, for its name has a line break in it: rename it");
  EXPECT_EQ(notes[0], Full("d/") + "\\xff is passed over, for its name is not UTF-8: rename it");
  EXPECT_TRUE(folder_.Open()->List("e", nullptr)->files.empty());
}

TEST_F(FileStoreTest, FoldersNestedWithoutEndAreErrors) {
  std::string deep;
  for (int i = 0; i < 70; ++i) deep += "d/";
  folder_.Put(deep + "x", "x");
  EXPECT_NE(ListError().find("nested deeper than 64"), std::string::npos);
}

TEST_F(FileStoreTest, AMissingOrImpossibleRootNamesThePathAndTheOption) {
  folder_.Put("file", "x");
  const Status missing = MakeFileStore(Full("nothing"))->Probe(nullptr);
  EXPECT_EQ(missing.code(), Code::kNotFound);
  EXPECT_NE(missing.ToString().find("/nothing: No such file"), std::string::npos);
  EXPECT_NE(missing.next().find("`path`"), std::string::npos);
  EXPECT_FALSE(MakeFileStore(Full("file"))->List("", nullptr).ok());
}

// As a user without rights: root may read everything. The child reports by its exit code.
TEST_F(FileStoreTest, AFolderThatCannotBeReadIsAnErrorNotAGap) {
  folder_.Put("a/x", "x");
  folder_.Put("secret/y", "y");
  ASSERT_EQ(chmod(folder_.root().c_str(), 0755), 0);
  for (const mode_t mode : {0000, 0444}) {  // 0444: names are to be had, the files are not
    ASSERT_EQ(chmod(Full("secret").c_str(), mode), 0);
    EXPECT_EXIT(
        {
          if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) _exit(2);
          const auto all = folder_.Open()->List("", nullptr);
          const auto part = folder_.Open()->List("a/", nullptr);
          const bool right =
              all.status().code() == Code::kFailed &&
              all.status().message().find("Permission denied") != std::string::npos && part.ok() &&
              part->files.size() == 1;
          _exit(right ? 0 : 1);
        },
        testing::ExitedWithCode(0), "");
  }
  ASSERT_EQ(chmod(Full("secret").c_str(), 0755), 0);
}

}  // namespace
}  // namespace sluice::connectors::file
