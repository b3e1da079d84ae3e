// The checksums that S3 keeps with an object, computed while its bytes stream by.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "env/http.h"

namespace sluice::connectors::s3 {

class Checksum {
 public:
  virtual ~Checksum() = default;
  virtual void Update(std::string_view bytes) = 0;
  // The value of all bytes so far, big-endian.
  virtual std::string Raw() const = 0;
  // As S3 writes it: base64; MD5 as an ETag: hex.
  virtual std::string Digest() const = 0;
};

enum class ChecksumKind { kCrc32, kCrc32c, kCrc64Nvme, kSha1, kSha256, kMd5 };

std::unique_ptr<Checksum> MakeChecksum(ChecksumKind kind);

// The checksum of the parts' checksums that S3 keeps of an object that was uploaded in parts: "VALUE-N".
// All parts but the last have `part_size` bytes, unless `part_sizes` names each.
std::unique_ptr<Checksum> MakeCompositeChecksum(ChecksumKind kind, uint64_t part_size,
                                                std::vector<uint64_t> part_sizes = {});

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

// The checksum of the parts' checksums, where the answer has one: an x-amz-checksum-* header, else an
// ETag of that form. `parts` is the number behind the '-'.
struct ExpectedComposite {
  ExpectedChecksum checksum;
  uint64_t parts = 0;
};
std::optional<ExpectedComposite> CompositeFrom(const env::HttpResponse& response);

// "\"abc\"" or "W/\"abc\"" -> "abc".
std::string PlainEtag(std::string_view header);

}  // namespace sluice::connectors::s3
