// Digests that others name: MD5 and SHA of files, as md5sum, sha256sum and S3 give them. What Sluice
// itself stores is hashed with base/hash.h.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

enum class DigestKind { kMd5, kSha1, kSha256, kSha512 };

// "MD5", "SHA-256", for messages.
std::string_view DigestName(DigestKind kind);
// Of that many hex digits: 32, 40, 64, 128; else nothing.
std::optional<DigestKind> DigestOfLength(size_t hex_digits);

// Of a stream. Not thread-safe.
class Digester {
 public:
  explicit Digester(DigestKind kind);
  ~Digester();
  Digester(const Digester&) = delete;
  Digester& operator=(const Digester&) = delete;
  void Update(std::string_view bytes);
  // Of all bytes so far; more may follow.
  std::vector<uint8_t> Bytes() const;
  std::string Hex() const;  // lower-case

 private:
  void* context_;  // EVP_MD_CTX, kept out of this header
};

}  // namespace sluice
