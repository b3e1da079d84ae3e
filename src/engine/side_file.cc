#include "engine/side_file.h"

#include <cstring>

#include <fmt/format.h>

#include "base/hash.h"

namespace sluice::engine {
namespace {

constexpr std::string_view kMagic = "SLUICEG1";
constexpr uint64_t kWord = 8;
constexpr uint64_t kFixedSize = 4 * kWord + 2 * kHeaderSize + kWord;
// The engine's own limit of a block.
constexpr uint64_t kMaxBlockSize = 262144;

uint64_t Word(std::string_view bytes, size_t at) {
  uint64_t word = 0;
  std::memcpy(&word, bytes.data() + at, sizeof word);
  return word;
}

void PutWord(std::string& out, uint64_t word) {
  out.append(reinterpret_cast<const char*>(&word), sizeof word);
}

}  // namespace

std::string UnfinishedSideFile(const std::string& path) {
  return path + ".new";
}

Result<SideFileWriter> SideFileWriter::Create(const std::string& path, const SideHeader& header) {
  const std::string unfinished = UnfinishedSideFile(path);
  SLUICE_TRY(env::RemoveFile(unfinished));
  SLUICE_ASSIGN(auto file, env::AppendFile::Open(unfinished, 0600));
  SideFileWriter writer(path, std::move(file));
  std::string bytes(kMagic);
  PutWord(bytes, header.iteration);
  PutWord(bytes, header.block_size);
  PutWord(bytes, header.count);
  bytes += header.headers;
  PutWord(bytes, Hash64(bytes));
  SLUICE_TRY(writer.file_.Append(bytes));
  return writer;
}

Status SideFileWriter::Add(uint64_t block, std::string_view bytes) {
  std::string framed;
  PutWord(framed, block);
  framed += bytes;
  PutWord(framed, Hash64(framed));
  return file_.Append(framed);
}

Status SideFileWriter::Finish() {
  SLUICE_TRY(file_.Sync());
  SLUICE_TRY(env::Rename(UnfinishedSideFile(path_), path_));
  return env::SyncDirectory(env::Dirname(path_));
}

SideFileWriter::~SideFileWriter() {
  // After Finish there is nothing of this name; a moved-from writer has no path.
  if (!path_.empty()) (void)env::RemoveFile(UnfinishedSideFile(path_));
}

Result<SideFileReader> SideFileReader::Open(const std::string& path) {
  SLUICE_ASSIGN(auto file, env::RandomReadFile::Open(path));
  SideFileReader reader(path, std::move(file));
  SLUICE_TRY(reader.ReadHeader());
  SLUICE_TRY(reader.ForEach([](uint64_t, std::string_view) { return Status::Ok(); }));
  return reader;
}

Status SideFileReader::Damaged() const {
  // It was renamed into place whole, so something else damaged it: dropping it could lose the only
  // good copy, so that is not ours to decide.
  return FailedError(
      fmt::format("{} is damaged", path_),
      "Restore it or the database from a backup, or remove it if the database opens");
}

Status SideFileReader::ReadHeader() {
  std::string bytes;
  SLUICE_TRY(file_.ReadAt(0, kFixedSize, bytes));
  if (bytes.size() != kFixedSize || bytes.substr(0, kMagic.size()) != kMagic ||
      Word(bytes, kFixedSize - kWord) !=
          Hash64(std::string_view(bytes).substr(0, kFixedSize - kWord))) {
    return Damaged();
  }
  header_.iteration = Word(bytes, kWord);
  header_.block_size = Word(bytes, 2 * kWord);
  header_.count = Word(bytes, 3 * kWord);
  header_.headers = bytes.substr(4 * kWord, 2 * kHeaderSize);
  SLUICE_ASSIGN(const uint64_t size, file_.Size());
  if (header_.block_size > kMaxBlockSize ||
      size != kFixedSize + header_.count * (header_.block_size + 2 * kWord)) {
    return Damaged();
  }
  return Status::Ok();
}

Status SideFileReader::ForEach(
    const std::function<Status(uint64_t block, std::string_view bytes)>& use) const {
  std::string bytes;
  const uint64_t framed = header_.block_size + 2 * kWord;
  for (uint64_t i = 0; i < header_.count; ++i) {
    SLUICE_TRY(file_.ReadAt(kFixedSize + i * framed, framed, bytes));
    const std::string_view body = std::string_view(bytes).substr(0, framed - kWord);
    if (bytes.size() != framed || Word(bytes, framed - kWord) != Hash64(body)) return Damaged();
    SLUICE_TRY(use(Word(bytes, 0), body.substr(kWord)));
  }
  return Status::Ok();
}

}  // namespace sluice::engine
