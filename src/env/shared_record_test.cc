#include "env/shared_record.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <thread>
#include <vector>

#include "env/file.h"

namespace sluice::env {
namespace {

class SharedRecordTest : public testing::Test {
 protected:
  SharedRecordTest() {
    std::string pattern = testing::TempDir() + "shared_record_XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~SharedRecordTest() override { (void)RemoveTree(folder_); }
  std::string Path() const { return JoinPath(folder_, "record"); }
  std::string folder_;
};

TEST_F(SharedRecordTest, HoldsWhatWasWrittenAlsoWhenItBecomesShorter) {
  for (const std::string text : {"long text", "short", ""}) {
    ASSERT_TRUE(SharedRecord(Path()).Update([&](std::string& bytes) { bytes = text; }).ok());
    std::string seen = "?";
    ASSERT_TRUE(SharedRecord(Path()).Update([&](std::string& bytes) { seen = bytes; }).ok());
    EXPECT_EQ(seen, text);
  }
}

TEST_F(SharedRecordTest, NobodyChangesItBetweenReadingAndWriting) {
  const SharedRecord record(Path());
  constexpr int kThreads = 4;
  constexpr int kTimes = 200;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kTimes; ++i) {
        EXPECT_TRUE(record
                        .Update([](std::string& bytes) {
                          bytes = std::to_string((bytes.empty() ? 0 : std::stoi(bytes)) + 1);
                        })
                        .ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::string seen;
  ASSERT_TRUE(record.Update([&](std::string& bytes) { seen = bytes; }).ok());
  EXPECT_EQ(seen, std::to_string(kThreads * kTimes));
}

TEST_F(SharedRecordTest, AFileThatCannotBeMadeIsAnError) {
  const Status status = SharedRecord(JoinPath(folder_, "no/record")).Update([](std::string&) {});
  EXPECT_EQ(status.code(), Code::kFailed);
}

}  // namespace
}  // namespace sluice::env
