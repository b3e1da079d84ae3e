#include "engine/guard.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "base/hash.h"
#include "env/file.h"

namespace sluice::engine {
namespace {

constexpr uint64_t kHeaderSize = 4096;
constexpr uint64_t kFirstBlock = 3 * kHeaderSize;
constexpr std::string_view kMagic = "SLUICEG1";
// A side file holds metadata blocks only: a database with 4 GiB of them is not one we can guard.
constexpr uint64_t kMaxSideFile = 4ULL << 30;

uint64_t ReadWord(std::string_view bytes, size_t at) {
  uint64_t word = 0;
  std::memcpy(&word, bytes.data() + at, sizeof word);
  return word;
}

void PutWord(std::string& out, uint64_t word) {
  out.append(reinterpret_cast<const char*>(&word), sizeof word);
}

// DuckDB's checksum of a block or header: every word by a multiplication, folded by xor.
uint64_t Checksum(std::string_view bytes) {
  uint64_t sum = 5381;
  for (size_t at = 0; at + 8 <= bytes.size(); at += 8) {
    sum ^= ReadWord(bytes, at) * 0xbf58476d1ce4e5b9ULL;
  }
  return sum;
}

struct Header {
  bool valid = false;
  uint64_t iteration = 0;
  uint64_t block_size = 0;
};

Header ParseHeader(std::string_view bytes) {
  Header header;
  if (bytes.size() != kHeaderSize) return header;
  header.valid = ReadWord(bytes, 0) == Checksum(bytes.substr(8));
  header.iteration = ReadWord(bytes, 8);
  header.block_size = ReadWord(bytes, 40);
  return header;
}

Status Failed(std::string_view what, const std::string& path) {
  return FailedError(fmt::format("cannot {} {}: {}", what, path, std::strerror(errno)));
}

// May give fewer bytes than asked for where the file ends.
Result<std::string> ReadAt(int fd, uint64_t offset, uint64_t size, const std::string& path) {
  std::string out(size, '\0');
  size_t have = 0;
  while (have < size) {
    const ssize_t n = pread(fd, out.data() + have, size - have, static_cast<off_t>(offset + have));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Failed("read", path);
    if (n == 0) break;
    have += static_cast<size_t>(n);
  }
  out.resize(have);
  return out;
}

Status WriteAt(int fd, uint64_t offset, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t n = pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Failed("write", path);
    offset += static_cast<uint64_t>(n);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return Status::Ok();
}

struct SideFile {
  uint64_t iteration = 0;
  uint64_t block_size = 0;
  std::string_view headers;  // both, as they were
  struct Block {
    uint64_t id;
    std::string_view bytes;
  };
  std::vector<Block> blocks;
};

// magic, iteration, block size, count, headers, (id, bytes)*, XXH3-64 of all before it.
std::optional<SideFile> ParseSideFile(std::string_view content) {
  constexpr size_t kFixed = 8 + 3 * 8 + 2 * kHeaderSize + 8;
  if (content.size() < kFixed || content.substr(0, 8) != kMagic) return std::nullopt;
  if (ReadWord(content, content.size() - 8) != Hash64(content.substr(0, content.size() - 8))) {
    return std::nullopt;
  }
  SideFile side;
  side.iteration = ReadWord(content, 8);
  side.block_size = ReadWord(content, 16);
  const uint64_t count = ReadWord(content, 24);
  side.headers = content.substr(32, 2 * kHeaderSize);
  size_t at = 32 + 2 * kHeaderSize;
  for (uint64_t i = 0; i < count; ++i) {
    side.blocks.push_back({ReadWord(content, at), content.substr(at + 8, side.block_size)});
    at += 8 + side.block_size;
  }
  return side;
}

}  // namespace

Result<std::unique_ptr<CheckpointGuard>> CheckpointGuard::Open(const std::string& path) {
  const int fd = open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) return Failed("open", path);
  std::unique_ptr<CheckpointGuard> guard(new CheckpointGuard(path, fd));
  SLUICE_TRY(guard->Repair());
  return guard;
}

CheckpointGuard::~CheckpointGuard() { close(fd_); }

Status CheckpointGuard::Repair() {
  if (!env::Exists(SidePath())) return Status::Ok();
  SLUICE_ASSIGN(const std::string content, env::ReadFile(SidePath(), kMaxSideFile));
  // It is renamed into place whole, so a broken one was damaged from outside: dropping it could lose
  // the only good copy, so that is not ours to decide.
  const auto side = ParseSideFile(content);
  if (!side) {
    return FailedError(fmt::format("{} is damaged", SidePath()),
                       "Restore it or the database from a backup, or remove it if the database opens");
  }
  uint64_t newest = 0;
  for (uint64_t i = 1; i <= 2; ++i) {
    SLUICE_ASSIGN(const std::string bytes, ReadAt(fd_, i * kHeaderSize, kHeaderSize, path_));
    const Header header = ParseHeader(bytes);
    if (header.valid && header.iteration > newest) newest = header.iteration;
  }
  if (newest <= side->iteration) {
    for (const SideFile::Block& block : side->blocks) {
      SLUICE_TRY(WriteAt(fd_, kFirstBlock + block.id * side->block_size, block.bytes, path_));
    }
    SLUICE_TRY(WriteAt(fd_, kHeaderSize, side->headers, path_));
    if (fsync(fd_) != 0) return Failed("sync", path_);
  }
  return Drop();
}

Status CheckpointGuard::Save(const std::vector<uint64_t>& blocks) {
  SLUICE_ASSIGN(const std::string headers, ReadAt(fd_, kHeaderSize, 2 * kHeaderSize, path_));
  const Header first = ParseHeader(std::string_view(headers).substr(0, kHeaderSize));
  const Header second = ParseHeader(std::string_view(headers).substr(kHeaderSize));
  if (!first.valid && !second.valid) {
    return FailedError(fmt::format("{} has no valid header", path_),
                       "The file was written by another program or is damaged: restore a backup");
  }
  const Header& newest =
      !second.valid || (first.valid && first.iteration > second.iteration) ? first : second;
  std::string side(kMagic);
  PutWord(side, newest.iteration);
  PutWord(side, newest.block_size);
  PutWord(side, blocks.size());
  side += headers;
  for (const uint64_t id : blocks) {
    SLUICE_ASSIGN(std::string bytes, ReadAt(fd_, kFirstBlock + id * newest.block_size,
                                            newest.block_size, path_));
    // A metadata block that was never written yet lies behind the end of the file; zeros stand for it.
    bytes.resize(newest.block_size, '\0');
    PutWord(side, id);
    side += bytes;
  }
  PutWord(side, Hash64(side));
  return env::WriteFileAtomically(SidePath(), side, 0600);
}

Status CheckpointGuard::Drop() {
  SLUICE_TRY(env::RemoveFile(SidePath()));
  return env::SyncDirectory(env::Dirname(path_));
}

}  // namespace sluice::engine
