#include "format/text_source.h"

#include <gtest/gtest.h>

#include "format/file_for_tests.h"
#include "format/gzip_for_tests.h"

namespace sluice::format {
namespace {

using namespace std::string_literals;

// Gives its content one byte at a time, so that characters are cut anywhere.
class Trickle : public ByteSource {
 public:
  explicit Trickle(std::string content) : content_(std::move(content)) {}
  Result<size_t> Read(char* to, size_t) override {
    if (at_ == content_.size()) return size_t{0};
    *to = content_[at_++];
    return size_t{1};
  }

 private:
  std::string content_;
  size_t at_ = 0;
};

std::string ReadAll(ByteSource& source) {
  std::string all;
  char buffer[7];
  while (true) {
    const auto n = source.Read(buffer, sizeof buffer);
    if (!n.ok()) return n.status().ToString();
    if (*n == 0) return all;
    all.append(buffer, *n);
  }
}

std::string Decoded(const std::string& bytes, const std::string& encoding = "auto") {
  auto whole = DecodeText(MemorySource(bytes), encoding);
  if (!whole.ok()) return whole.status().ToString();
  const std::string text = ReadAll(**whole);
  auto trickled = DecodeText(std::make_unique<Trickle>(bytes), encoding);
  EXPECT_EQ(ReadAll(**trickled), text);
  return text;
}

TEST(TextSource, LeavesUtf8AsItIs) {
  EXPECT_EQ(Decoded("\xEF\xBB\xBF"
                    "a\xC3\xA9"),
            "\xEF\xBB\xBF"
            "a\xC3\xA9");
  EXPECT_EQ(Decoded("\xFF", "utf-8"), "\xFF");
  EXPECT_EQ(Decoded(""), "");
  EXPECT_EQ(Decoded("a"), "a");
}

TEST(TextSource, FollowsTheByteOrderMark) {
  const std::string text =
      "\xEF\xBB\xBF"
      "\xC3\xA9\xF0\x9F\x98\x80";
  EXPECT_EQ(Decoded("\xFF\xFE\xE9\0\x3D\xD8\x00\xDE"s), text);
  EXPECT_EQ(Decoded("\xFE\xFF\0\xE9\xD8\x3D\xDE\x00"s), text);
  EXPECT_EQ(Decoded("\xFE\xFF\0\xE9\xD8\x3D\xDE\x00"s, "utf-16"), text);
  EXPECT_EQ(Decoded("\xFF\xFE\0\0\xE9\0\0\0\0\xF6\x01\0"s), text);
  EXPECT_EQ(Decoded("a\0"s, "utf-16"), "a") << "little-endian where nothing says otherwise";
}

TEST(TextSource, DecodesWhatIsDeclared) {
  EXPECT_EQ(Decoded("\xE9\xFC", "latin1"), "\xC3\xA9\xC3\xBC");
  EXPECT_EQ(Decoded("\x80", "windows-1252"), "\xE2\x82\xAC");
  EXPECT_EQ(Decoded("\x82\xA0", "shift_jis"), "\xE3\x81\x82");
}

TEST(TextSource, ShowsWhatMeansNothing) {
  EXPECT_EQ(Decoded("a\x81"
                    "b",
                    "windows-1252"),
            "a\xFF"
            "b");
  EXPECT_EQ(Decoded("a\0\x3D\xD8"
                    "b\0"s,
                    "utf-16le"),
            "a\xFF"
            "b")
      << "half of a pair";
  EXPECT_EQ(Decoded("a\0b"s, "utf-16le"), "a\xFF") << "half of a character";
}

TEST(TextSource, LargeTextsComeWhole) {
  std::string latin(300'000, '\xE9');
  std::string utf8;
  for (size_t i = 0; i < latin.size(); ++i) utf8 += "\xC3\xA9";
  auto source = DecodeText(MemorySource(latin), "latin1");
  EXPECT_EQ(ReadAll(**source), utf8);
}

TEST(TextSource, OpensFiles) {
  const TestFolder folder;
  const std::string path = folder.Write("a.gz", Gzip("\xE9"));
  const CsvDialect latin{.encoding = "latin1"};
  EXPECT_EQ(ReadAll(**OpenCsvText(path, latin)), "\xC3\xA9");
  EXPECT_FALSE(*IsUtf8(path, latin));
  EXPECT_TRUE(*IsUtf8(path, {}));
  EXPECT_FALSE(*IsUtf8(folder.Write("b", Gzip("\xFF\xFE\0\1")), {}));
}

}  // namespace
}  // namespace sluice::format
