#include "format/byte_source.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include "format/file_for_tests.h"
#include "format/gzip_for_tests.h"

namespace sluice::format {
namespace {

Result<std::string> ReadAll(const std::string& path, size_t piece = 1000) {
  SLUICE_ASSIGN(const auto source, OpenByteSource(path));
  std::string all;
  std::string buffer(piece, '\0');
  while (true) {
    SLUICE_ASSIGN(const size_t n, source->Read(buffer.data(), buffer.size()));
    if (n == 0) return all;
    all.append(buffer, 0, n);
  }
}

std::string Long() {
  std::string text;
  for (int i = 0; i < 50'000; ++i) text += std::to_string(i * 7919) + ",";
  return text;
}

TEST(ByteSource, ReadsAPlainFile) {
  const TestFolder folder;
  EXPECT_EQ(*ReadAll(folder.Write("a.csv", "1,2\n")), "1,2\n");
  EXPECT_EQ(*ReadAll(folder.Write("b.csv", "")), "");
  EXPECT_EQ(*ReadAll(folder.Write("c.csv", Long())), Long());
}

TEST(ByteSource, TellsGzipByItsBytesNotItsName) {
  const TestFolder folder;
  EXPECT_EQ(*ReadAll(folder.Write("a.csv", Gzip("1,2\n"))), "1,2\n");
  EXPECT_EQ(*ReadAll(folder.Write("plain.gz", "1,2\n")), "1,2\n");
  EXPECT_EQ(*ReadAll(folder.Write("two.gz", "\x1f\x8b")), "\x1f\x8b");
  EXPECT_EQ(*DetectCompression(folder.path() + "/a.csv"), Compression::kGzip);
  EXPECT_EQ(*DetectCompression(folder.path() + "/plain.gz"), Compression::kNone);
}

TEST(ByteSource, JoinsGzipMembers) {
  const TestFolder folder;
  const std::string members = Gzip("1,2\n") + Gzip("") + Gzip(Long()) + Gzip("\n3,4\n");
  const std::string expected = "1,2\n" + Long() + "\n3,4\n";
  const std::string path = folder.Write("a", members);
  for (const size_t piece : {1U, 7U, 64'000U}) EXPECT_EQ(*ReadAll(path, piece), expected) << piece;
}

TEST(ByteSource, RefusesDamagedGzip) {
  const TestFolder folder;
  const std::string whole = Gzip(Long());
  const auto refused = [&](const std::string& bytes) {
    return ReadAll(folder.Write("x", bytes)).status().code() == Code::kRejected;
  };
  EXPECT_TRUE(refused(whole.substr(0, whole.size() / 2)));
  EXPECT_TRUE(refused(whole.substr(0, whole.size() - 1)));
  EXPECT_TRUE(refused(whole.substr(0, 12)));
  EXPECT_TRUE(refused(whole + "garbage"));
  EXPECT_TRUE(refused(whole + whole.substr(0, 20)));
  std::string checksum = whole;
  checksum[checksum.size() - 6] ^= 1;
  EXPECT_TRUE(refused(checksum));
  std::string length = whole;
  length.back() ^= 1;
  EXPECT_TRUE(refused(length));
}

std::string Zstd(const std::string& content) {
  std::string out(ZSTD_compressBound(content.size()), '\0');
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  out.resize(ZSTD_compress2(context, out.data(), out.size(), content.data(), content.size()));
  ZSTD_freeCCtx(context);
  return out;
}

TEST(ByteSource, ReadsZstdFrames) {
  const TestFolder folder;
  const std::string skipped("\x50\x2a\x4d\x18\x03\0\0\0abc", 11);
  EXPECT_EQ(*ReadAll(folder.Write("a", Zstd(Long()))), Long());
  EXPECT_EQ(*ReadAll(folder.Write("b", Zstd("1,2\n") + Zstd("") + skipped + Zstd("3\n")), 1),
            "1,2\n3\n");
  EXPECT_EQ(*ReadAll(folder.Write("c", skipped + Zstd("3\n"))), "3\n");
  EXPECT_EQ(*DetectCompression(folder.path() + "/c"), Compression::kZstd);
}

TEST(ByteSource, RefusesDamagedZstd) {
  const TestFolder folder;
  const std::string good = Zstd(Long());
  std::string wrong = good;
  wrong.back() = static_cast<char>(wrong.back() ^ 1);  // of the checksum
  for (const std::string& bad :
       {good.substr(0, good.size() / 2), good.substr(0, good.size() - 1), wrong, good + "x"}) {
    const auto read = ReadAll(folder.Write("bad", bad));
    EXPECT_EQ(read.status().code(), Code::kRejected);
  }
}

TEST(ByteSource, RefusesAnArchive) {
  const TestFolder folder;
  const std::string path = folder.Write("a.csv", std::string("PK\x03\x04", 4));
  EXPECT_EQ(*DetectCompression(path), Compression::kZip);
  EXPECT_EQ(ReadAll(path).status().code(), Code::kRejected);
}

TEST(ByteSource, NamesTheFileThatIsNotThere) {
  const auto missing = OpenByteSource("/nowhere/a.csv");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.status().code(), Code::kNotFound);
  EXPECT_NE(missing.status().message().find("/nowhere/a.csv"), std::string::npos);
}

}  // namespace
}  // namespace sluice::format
