// Numbers and texts as bytes, for files of our own: little-endian, texts with their length before
// them. Reading never goes beyond the end: it fails once and stays failed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/hash.h"

namespace sluice::sync {

class WireWriter {
 public:
  explicit WireWriter(std::string& out) : out_(out) {}
  void U8(uint8_t n) { out_ += static_cast<char>(n); }
  void U32(uint32_t n) { Fixed(n, 4); }
  void U64(uint64_t n) { Fixed(n, 8); }
  void I64(int64_t n) { Fixed(static_cast<uint64_t>(n), 8); }
  void Text(std::string_view text) {
    U32(static_cast<uint32_t>(text.size()));
    out_ += text;
  }
  void Hash(const Hash128& hash) {
    U64(hash.low);
    U64(hash.high);
  }

 private:
  void Fixed(uint64_t n, size_t bytes) {
    char buffer[8];
    for (size_t i = 0; i < bytes; ++i, n >>= 8U) buffer[i] = static_cast<char>(n & 0xFFU);
    out_.append(buffer, bytes);
  }
  std::string& out_;
};

class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : bytes_(bytes) {}
  uint8_t U8() { return static_cast<uint8_t>(Fixed(1)); }
  uint32_t U32() { return static_cast<uint32_t>(Fixed(4)); }
  uint64_t U64() { return Fixed(8); }
  int64_t I64() { return static_cast<int64_t>(Fixed(8)); }
  std::string_view Text() {
    const uint32_t length = U32();
    if (failed_ || length > bytes_.size()) {
      failed_ = true;
      return {};
    }
    const std::string_view text = bytes_.substr(0, length);
    bytes_.remove_prefix(length);
    return text;
  }
  Hash128 Hash() {
    Hash128 hash;
    hash.low = U64();
    hash.high = U64();
    return hash;
  }
  // Whether something that was asked for was not there.
  bool failed() const { return failed_; }
  bool at_end() const { return bytes_.empty(); }

 private:
  uint64_t Fixed(size_t bytes) {
    if (failed_ || bytes_.size() < bytes) {
      failed_ = true;
      return 0;
    }
    uint64_t n = 0;
    for (size_t i = bytes; i-- > 0;) n = n << 8U | static_cast<unsigned char>(bytes_[i]);
    bytes_.remove_prefix(bytes);
    return n;
  }
  std::string_view bytes_;
  bool failed_ = false;
};

}  // namespace sluice::sync
