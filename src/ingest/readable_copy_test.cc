// Files as the engine is given them, many at a time. Linked without the engine, so that the thread sanitizer
// sees all that these threads touch.
#include "ingest/readable_copy.h"

#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "env/file.h"
#include "format/file_for_tests.h"
#include "format/gzip_for_tests.h"

namespace sluice::ingest {
namespace {

std::string Lines(size_t count, std::string_view line) {
  std::string text;
  for (size_t i = 0; i < count; ++i) text += line;
  return text;
}

class ReadableCopyTest : public testing::Test {
 protected:
  void Add(const std::string& content, const std::string& encoding = "utf-8") {
    const int64_t id = static_cast<int64_t>(files_.size()) + 1;
    ReadableFile& file = files_.emplace_back();
    file.file_id = id;
    file.name = "f" + std::to_string(id);
    file.path = folder_.Write(file.name, content);
    file.options.columns = 2;
    file.options.dialect.encoding = encoding;
  }

  // Of each kind one: as it is, unpacked, decoded, rewritten for a trap.
  void AddEachKind(size_t rows) {
    Add(Lines(rows, "1,2\n"));
    Add(format::Gzip(Lines(rows, "1,\"2\n\"\n")));
    Add(Lines(rows, "\xE9,2\n"), "latin1");
    Add(Lines(rows, "1,2\r\n3\n"));
  }

  std::vector<Result<ReadableCopy>> MakeAll(const env::Cancel* cancel = nullptr) {
    return MakeAllReadable(files_, spool_, false, cancel);
  }

  format::TestFolder folder_;
  const std::string spool_ = folder_.path() + "/spool";
  std::vector<ReadableFile> files_;
};

TEST_F(ReadableCopyTest, ManyFilesComeInTheirOrder) {
  for (size_t rows = 1; rows <= 60; ++rows) AddEachKind(rows);
  const auto copies = MakeAll();
  ASSERT_EQ(copies.size(), files_.size());
  for (size_t i = 0; i < copies.size(); ++i) {
    ASSERT_TRUE(copies[i].ok()) << files_[i].name << ": " << copies[i].status().ToString();
    const ReadableCopy& copy = *copies[i];
    const auto rows = static_cast<int64_t>(i / 4 + 1);
    EXPECT_EQ(copy.expected, rows) << files_[i].name;
    EXPECT_EQ(copy.removed, i % 4 == 3 ? rows : 0) << files_[i].name;
    EXPECT_EQ(copy.is_copy, i % 4 >= 1) << files_[i].name;
    EXPECT_EQ(copy.unpacked, i % 4 == 1) << files_[i].name;
    EXPECT_EQ(copy.compression, format::Compression::kNone) << files_[i].name;
    EXPECT_EQ(copy.parallel, i % 4 == 0 || i % 4 == 2) << files_[i].name;
    EXPECT_EQ(copy.path == files_[i].path, !copy.is_copy) << files_[i].name;
  }
}

TEST_F(ReadableCopyTest, WhatIsUnpackedHasALimit) {
  const std::string content = Lines(1'000, "1,2\n");
  // Bytes of the copies of all files, each whole.
  const auto unpacked = [&](uint64_t room) {
    const auto copies = MakeAllReadable(files_, spool_, false, nullptr, room);
    uint64_t bytes = 0;
    for (size_t i = 0; i < copies.size(); ++i) {
      EXPECT_TRUE(copies[i].ok());
      if (!copies[i].ok()) continue;
      const ReadableCopy& copy = *copies[i];
      EXPECT_EQ(copy.expected, 1'000);
      EXPECT_EQ(copy.unpacked, copy.is_copy);
      if (!copy.is_copy) {
        EXPECT_EQ(copy.path, files_[i].path);
        EXPECT_EQ(copy.compression, format::Compression::kGzip);
        continue;
      }
      EXPECT_EQ(env::ReadFile(copy.path).value(), content);
      bytes += content.size();
      EXPECT_TRUE(env::RemoveFile(copy.path).ok());
    }
    EXPECT_TRUE(std::filesystem::is_empty(spool_));
    return bytes;
  };
  Add(format::Gzip(content));
  EXPECT_EQ(unpacked(content.size() - 1), 0U);
  EXPECT_EQ(unpacked(content.size()), content.size());
  for (int i = 0; i < 2; ++i) Add(format::Gzip(content));
  for (const uint64_t room : {uint64_t{0}, 2 * content.size(), 3 * content.size()}) {
    EXPECT_EQ(unpacked(room), room);
  }
}

TEST_F(ReadableCopyTest, WhatStandsBeforeAFailureIsDone) {
  for (size_t rows = 1; rows <= 10; ++rows) AddEachKind(rows);
  const size_t bad = files_.size();
  Add(format::Gzip(Lines(1'000, "1,2\n")).substr(0, 30));
  for (size_t rows = 1; rows <= 50; ++rows) AddEachKind(rows);
  const auto copies = MakeAll();
  for (size_t i = 0; i < copies.size(); ++i) {
    const Code code = copies[i].status().code();
    if (i < bad) {
      EXPECT_EQ(code, Code::kOk) << files_[i].name;
    } else if (i == bad) {
      EXPECT_EQ(code, Code::kRejected);
    } else {
      EXPECT_TRUE(code == Code::kOk || code == Code::kCancelled) << files_[i].name;
    }
  }
}

TEST_F(ReadableCopyTest, CancelledBeforeTheFirst) {
  AddEachKind(1);
  env::Cancel cancel;
  cancel.Set();
  for (const auto& copy : MakeAll(&cancel)) EXPECT_EQ(copy.status().code(), Code::kCancelled);
}

TEST_F(ReadableCopyTest, CancelledAmongThemLeavesNoHalfCopy) {
  for (size_t i = 0; i < 40; ++i) AddEachKind(2'000);
  env::Cancel cancel;
  std::thread other([&] { cancel.Set(); });
  const auto copies = MakeAll(&cancel);
  other.join();
  size_t whole = 0;
  for (const auto& copy : copies) {
    const Code code = copy.status().code();
    EXPECT_TRUE(code == Code::kOk || code == Code::kCancelled);
    whole += copy.ok() && copy->is_copy;
  }
  size_t left = 0;
  if (env::Exists(spool_)) {
    for (const auto& entry : std::filesystem::directory_iterator(spool_)) {
      left += entry.is_regular_file();
    }
  }
  EXPECT_EQ(left, whole);
}

}  // namespace
}  // namespace sluice::ingest
