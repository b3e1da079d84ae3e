#include "engine/log_tail.h"

#include <algorithm>
#include <cstring>

#include "env/file.h"

namespace sluice::engine {
namespace {

constexpr std::string_view kVersionEntry("\x64\x00\x62\x65\x00\x02\xff\xff", 8);
// Length 5, checksum, { field 100 (type): 100 (end of a commit), end of object }.
constexpr std::string_view kCommitEntry(
    "\x05\0\0\0\0\0\0\0\xe7\xfe\x7d\x72\x2f\xed\x3d\x5e\x64\x00\x64\xff\xff", 21);
constexpr uint64_t kEntryHead = 16;
constexpr size_t kPiece = 1 << 18;

uint64_t Word(std::string_view bytes, size_t at) {
  uint64_t word = 0;
  std::memcpy(&word, bytes.data() + at, std::min<size_t>(sizeof word, bytes.size() - at));
  return word;
}

class Scanner {
 public:
  explicit Scanner(const env::RandomReadFile& file, uint64_t size) : file_(file), size_(size) {}

  Result<std::optional<uint64_t>> Scan() {
    SLUICE_TRY(file_.ReadAt(0, kVersionEntry.size(), piece_));
    if (piece_ != kVersionEntry) return std::optional<uint64_t>();
    uint64_t at = kVersionEntry.size();
    uint64_t last_commit = at;
    while (at < size_) {
      SLUICE_ASSIGN(const uint64_t next, Entry(at));
      if (next == at) return Broken(at, last_commit);
      at = next;
      if (ends_commit_) last_commit = at;
    }
    return std::optional<uint64_t>();
  }

 private:
  // Where the next entry begins; `at` itself when this one is broken.
  Result<uint64_t> Entry(uint64_t at) {
    SLUICE_TRY(file_.ReadAt(at, kCommitEntry.size(), piece_));
    ends_commit_ = piece_ == kCommitEntry;
    if (piece_.size() < kEntryHead) return at;
    const uint64_t length = Word(piece_, 0);
    const uint64_t checksum = Word(piece_, 8);
    if (length > size_ - at - kEntryHead) return at;
    EngineChecksum sum;
    for (uint64_t done = 0; done < length; done += piece_.size()) {
      const uint64_t want = std::min<uint64_t>(kPiece, length - done);
      SLUICE_TRY(file_.ReadAt(at + kEntryHead + done, want, piece_));
      if (piece_.size() != want) return at;
      sum.Update(piece_);
    }
    return sum.value() == checksum ? at + kEntryHead + length : at;
  }

  Result<std::optional<uint64_t>> Broken(uint64_t at, uint64_t last_commit) {
    while (at < size_) {
      SLUICE_TRY(file_.ReadAt(at, kPiece + kCommitEntry.size() - 1, piece_));
      const size_t found = piece_.find(kCommitEntry);
      if (found == std::string::npos) {
        at += kPiece;
        continue;
      }
      at += found + kCommitEntry.size();
      if (at != size_) return std::optional<uint64_t>();  // not the commit that was in flight
    }
    return std::optional<uint64_t>(last_commit);
  }

  const env::RandomReadFile& file_;
  uint64_t size_;
  std::string piece_;
  bool ends_commit_ = false;
};

}  // namespace

Result<std::optional<uint64_t>> TornTail(const std::string& path) {
  SLUICE_ASSIGN(const auto file, env::RandomReadFile::Open(path));
  SLUICE_ASSIGN(const uint64_t size, file.Size());
  return Scanner(file, size).Scan();
}

void EngineChecksum::Update(std::string_view bytes) {
  size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) sum_ ^= Word(bytes, at) * 0xbf58476d1ce4e5b9ULL;
  if (at == bytes.size()) return;
  // The last 1 to 7 bytes go through a step of MurmurHash64A.
  constexpr uint64_t kMultiply = 0xc6a4a7935bd1e995ULL;
  const uint64_t rest = bytes.size() - at;
  uint64_t hash = 0xe17a1465ULL ^ (rest * kMultiply);
  hash = (hash ^ Word(bytes, at)) * kMultiply;
  hash = (hash ^ (hash >> 47)) * kMultiply;
  sum_ ^= hash ^ (hash >> 47);
}

}  // namespace sluice::engine
