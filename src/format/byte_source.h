// The bytes of a file, one after the other, uncompressed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"

namespace sluice::format {

// Not thread-safe.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Up to `size` > 0 bytes to `to`, and how many they were; 0 only at the end. kRejected when the
  // content is damaged (a gzip that is cut off, a wrong checksum), kFailed when it cannot be read.
  virtual Result<size_t> Read(char* to, size_t size) = 0;
};

enum class Compression { kNone, kGzip, kZstd, kZip };

std::string_view CompressionName(Compression compression);

// By the first bytes, whatever the name says. kNotFound when there is no file.
Result<Compression> DetectCompression(const std::string& path);

// A local file, decompressed when it begins as gzip or zstd does; several members (frames) one after the
// other are one content, anything else behind the last is damage. Lengths and checksums are verified (DuckDB
// reads a gzip that is cut off or damaged without a word). A zip archive is refused (zip_archive.h).
// Memory: about 100 kB, whatever the size; for zstd what its frame asks for, at most 128 MiB.
Result<std::unique_ptr<ByteSource>> OpenByteSource(const std::string& path);

// The bytes of a local file from `begin` up to `end`, or to where it ends before, as they are: nothing is decompressed.
Result<std::unique_ptr<ByteSource>> OpenStretch(const std::string& path, uint64_t begin,
                                                uint64_t end);

// The bytes of `content`, which must outlive the source; for tests and for what is in memory anyway.
std::unique_ptr<ByteSource> MemorySource(std::string_view content);

}  // namespace sluice::format
