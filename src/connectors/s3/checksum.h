// The checksums that S3 keeps with an object, computed while its bytes stream by.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "env/http.h"

namespace sluice::connectors::s3 {

class Checksum {
 public:
  virtual ~Checksum() = default;
  virtual void Update(std::string_view bytes) = 0;
  // Of all bytes so far, as S3 writes it: base64 of the big-endian value; MD5 as an ETag: hex.
  virtual std::string Digest() const = 0;
};

enum class ChecksumKind { kCrc32, kCrc32c, kCrc64Nvme, kSha1, kSha256, kMd5 };

std::unique_ptr<Checksum> MakeChecksum(ChecksumKind kind);

// What an answer to GetObject says of the whole object.
struct ExpectedChecksum {
  ChecksumKind kind = ChecksumKind::kCrc32;
  std::string name;   // "CRC32C", for messages
  std::string value;  // to compare with Checksum::Digest
};

// The checksum to verify: an x-amz-checksum-* header unless it is a checksum of the parts'
// checksums (x-amz-checksum-type COMPOSITE, or "-" and the number of parts at its end); else the
// ETag where that is an MD5: 32 hex digits, and neither SSE-KMS nor SSE-C, which have 32 digits of
// another meaning. Nothing: the store tells none, only size and ETag can be verified.
std::optional<ExpectedChecksum> ExpectedFrom(const env::HttpResponse& response);

// "\"abc\"" or "W/\"abc\"" -> "abc".
std::string PlainEtag(std::string_view header);

}  // namespace sluice::connectors::s3
