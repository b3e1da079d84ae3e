// FILE.guard: the blocks that a checkpoint may overwrite, as they were before it (guard.h). Private
// to this folder.
//
// Format, numbers of 8 bytes in the machine's order (the file never leaves the machine):
//   magic, iteration, block size, count of blocks, both headers (2 * 4,096 bytes), XXH3-64 of it all;
//   then each block: its id, its bytes, XXH3-64 of both.
// It is written beside its place and renamed into it, so it is there whole or not at all. One block
// at a time is in memory.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "base/status.h"
#include "env/file.h"

namespace sluice::engine {

inline constexpr uint64_t kHeaderSize = 4096;

struct SideHeader {
  uint64_t iteration = 0;   // of the newest header
  uint64_t block_size = 0;  // bytes
  uint64_t count = 0;       // blocks that follow
  std::string headers;      // both, as they were
};

class SideFileWriter {
 public:
  static Result<SideFileWriter> Create(const std::string& path, const SideHeader& header);
  // `bytes` has the block size.
  Status Add(uint64_t block, std::string_view bytes);
  // Durable and in its place, or an error. Without it nothing is left.
  Status Finish();
  SideFileWriter(SideFileWriter&& other) noexcept
      : path_(std::exchange(other.path_, "")), file_(std::move(other.file_)) {}
  ~SideFileWriter();

 private:
  SideFileWriter(std::string path, env::AppendFile file)
      : path_(std::move(path)), file_(std::move(file)) {}
  std::string path_;
  env::AppendFile file_;
};

// What a stopped writer may leave beside `path`.
std::string UnfinishedSideFile(const std::string& path);

class SideFileReader {
 public:
  // Reads it all once: an error when a byte of it is not as it was written.
  static Result<SideFileReader> Open(const std::string& path);
  const SideHeader& header() const { return header_; }
  Status ForEach(const std::function<Status(uint64_t block, std::string_view bytes)>& use) const;

 private:
  SideFileReader(std::string path, env::RandomReadFile file)
      : path_(std::move(path)), file_(std::move(file)) {}
  Status ReadHeader();
  Status Damaged() const;
  std::string path_;
  env::RandomReadFile file_;
  SideHeader header_;
};

}  // namespace sluice::engine
