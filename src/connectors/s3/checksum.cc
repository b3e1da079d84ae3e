#include "connectors/s3/checksum.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "base/digest.h"
#include "base/text.h"

namespace sluice::connectors::s3 {
namespace {

std::string Base64(const std::string& bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');  // OpenSSL ends it with a zero byte
  const int n = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                reinterpret_cast<const unsigned char*>(bytes.data()),
                                static_cast<int>(bytes.size()));
  out.resize(static_cast<size_t>(n));
  return out;
}

// A reflected CRC, eight bytes a step ("slicing by 8": Kounavis, Berry 2005): table k holds what a
// byte does to the value when k more bytes follow it in the step.
template <typename Word, Word kPolynomial>
class Crc : public Checksum {
 public:
  void Update(std::string_view bytes) override {
    const auto* p = reinterpret_cast<const uint8_t*>(bytes.data());
    size_t left = bytes.size();
    for (; left >= 8; left -= 8, p += 8) {
      const uint64_t x = Load(p) ^ value_;
      Word next = 0;
      for (unsigned k = 0; k < 8; ++k) next ^= kTables[7 - k][(x >> (8 * k)) & 255U];
      value_ = next;
    }
    for (; left > 0; --left, ++p) {
      value_ = static_cast<Word>(kTables[0][(value_ ^ *p) & 255U] ^ (value_ >> 8U));
    }
  }

  std::string Raw() const override {
    const Word value = static_cast<Word>(~value_);
    std::string bytes(sizeof(Word), '\0');
    for (size_t i = 0; i < bytes.size(); ++i) {
      bytes[i] = static_cast<char>(value >> (8 * (sizeof(Word) - 1 - i)));
    }
    return bytes;
  }
  std::string Digest() const override { return Base64(Raw()); }

 private:
  using Tables = std::array<std::array<Word, 256>, 8>;

  static uint64_t Load(const uint8_t* p) {
    uint64_t x = 0;
    for (unsigned k = 0; k < 8; ++k) x |= static_cast<uint64_t>(p[k]) << (8 * k);
    return x;
  }

  static constexpr Tables MakeTables() {
    Tables tables{};
    for (unsigned i = 0; i < 256; ++i) {
      Word value = i;
      for (int bit = 0; bit < 8; ++bit) {
        value = static_cast<Word>((value >> 1U) ^ ((value & 1U) != 0 ? kPolynomial : 0));
      }
      tables[0][i] = value;
    }
    for (unsigned k = 1; k < 8; ++k) {
      for (unsigned i = 0; i < 256; ++i) {
        const Word before = tables[k - 1][i];
        tables[k][i] = static_cast<Word>((before >> 8U) ^ tables[0][before & 255U]);
      }
    }
    return tables;
  }

  static constexpr Tables kTables = MakeTables();
  Word value_ = static_cast<Word>(~Word{0});
};

class NamedDigest : public Checksum {
 public:
  NamedDigest(DigestKind kind, bool hex) : digester_(kind), hex_(hex) {}

  void Update(std::string_view bytes) override { digester_.Update(bytes); }

  std::string Raw() const override {
    const std::vector<uint8_t> bytes = digester_.Bytes();
    return {bytes.begin(), bytes.end()};
  }
  std::string Digest() const override { return hex_ ? digester_.Hex() : Base64(Raw()); }

 private:
  Digester digester_;
  const bool hex_;
};

// The polynomials in reflected form.
using Crc32 = Crc<uint32_t, 0xEDB88320U>;
using Crc32c = Crc<uint32_t, 0x82F63B78U>;
using Crc64Nvme = Crc<uint64_t, 0x9A6C9329AC4BC9B5ULL>;

bool IsMd5(std::string_view etag) {
  return etag.size() == 32 && std::all_of(etag.begin(), etag.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
         });
}

class CompositeChecksum : public Checksum {
 public:
  CompositeChecksum(ChecksumKind kind, uint64_t part_size, std::vector<uint64_t> part_sizes)
      : kind_(kind),
        part_size_(part_size),
        part_sizes_(std::move(part_sizes)),
        part_(MakeChecksum(kind)) {}

  void Update(std::string_view bytes) override {
    while (!bytes.empty()) {
      if (left_ == 0) Next();
      const size_t n = static_cast<size_t>(std::min<uint64_t>(left_, bytes.size()));
      part_->Update(bytes.substr(0, n));
      left_ -= n;
      bytes.remove_prefix(n);
    }
  }

  std::string Raw() const override { return Whole()->Raw(); }
  std::string Digest() const override { return Whole()->Digest() + "-" + std::to_string(count_); }

 private:
  void Next() {
    if (count_ > 0) raws_ += part_->Raw();
    part_ = MakeChecksum(kind_);
    const uint64_t size = count_ < part_sizes_.size() ? part_sizes_[count_] : part_size_;
    left_ = std::max<uint64_t>(size, 1);
    ++count_;
  }
  std::unique_ptr<Checksum> Whole() const {
    auto whole = MakeChecksum(kind_);
    whole->Update(raws_);
    if (count_ > 0) whole->Update(part_->Raw());
    return whole;
  }

  const ChecksumKind kind_;
  const uint64_t part_size_;
  const std::vector<uint64_t> part_sizes_;
  std::string raws_;  // of the parts before
  std::unique_ptr<Checksum> part_;
  uint64_t left_ = 0;  // bytes of the part in work
  size_t count_ = 0;
};

struct Known {
  const char* header;
  ChecksumKind kind;
  const char* name;
};
// Cheap ones first, though an object has only one of them.
constexpr std::array<Known, 5> kKnown = {{
    {"x-amz-checksum-crc64nvme", ChecksumKind::kCrc64Nvme, "CRC64NVME"},
    {"x-amz-checksum-crc32c", ChecksumKind::kCrc32c, "CRC32C"},
    {"x-amz-checksum-crc32", ChecksumKind::kCrc32, "CRC32"},
    {"x-amz-checksum-sha256", ChecksumKind::kSha256, "SHA256"},
    {"x-amz-checksum-sha1", ChecksumKind::kSha1, "SHA1"},
}};

// Its ETag is something else than an MD5.
bool IsEncryptedOtherwise(const env::HttpResponse& response) {
  return StartsWith(response.Header("x-amz-server-side-encryption"), "aws:kms") ||
         !response.Header("x-amz-server-side-encryption-customer-algorithm").empty();
}

// The number of parts at the end of "VALUE-N".
std::optional<uint64_t> PartsOf(std::string_view value) {
  const size_t dash = value.rfind('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto parts = ParseUnsigned(value.substr(dash + 1));
  return parts && *parts > 0 ? parts : std::nullopt;
}

}  // namespace

std::unique_ptr<Checksum> MakeChecksum(ChecksumKind kind) {
  switch (kind) {
    case ChecksumKind::kCrc32:
      return std::make_unique<Crc32>();
    case ChecksumKind::kCrc32c:
      return std::make_unique<Crc32c>();
    case ChecksumKind::kCrc64Nvme:
      return std::make_unique<Crc64Nvme>();
    case ChecksumKind::kSha1:
      return std::make_unique<NamedDigest>(DigestKind::kSha1, false);
    case ChecksumKind::kSha256:
      return std::make_unique<NamedDigest>(DigestKind::kSha256, false);
    case ChecksumKind::kMd5:
      break;
  }
  return std::make_unique<NamedDigest>(DigestKind::kMd5, true);
}

std::string PlainEtag(std::string_view header) {
  if (StartsWith(header, "W/")) header.remove_prefix(2);
  if (header.size() >= 2 && header.front() == '"' && header.back() == '"') {
    header = header.substr(1, header.size() - 2);
  }
  return std::string(header);
}

std::unique_ptr<Checksum> MakeCompositeChecksum(ChecksumKind kind, uint64_t part_size,
                                                std::vector<uint64_t> part_sizes) {
  return std::make_unique<CompositeChecksum>(kind, part_size, std::move(part_sizes));
}

std::optional<ExpectedChecksum> ExpectedFrom(const env::HttpResponse& response) {
  if (!EqualsIgnoreCase(response.Header("x-amz-checksum-type"), "COMPOSITE")) {
    for (const Known& known : kKnown) {
      const std::string_view value = response.Header(known.header);
      if (!value.empty() && value.find('-') == std::string_view::npos) {
        return ExpectedChecksum{known.kind, known.name, std::string(value)};
      }
    }
  }
  const std::string etag = PlainEtag(response.Header("ETag"));
  if (IsEncryptedOtherwise(response) || !IsMd5(etag)) return std::nullopt;
  return ExpectedChecksum{ChecksumKind::kMd5, "MD5 (from its ETag)", Lower(etag)};
}

std::optional<ExpectedComposite> CompositeFrom(const env::HttpResponse& response) {
  for (const Known& known : kKnown) {
    const std::string_view value = response.Header(known.header);
    const auto parts = PartsOf(value);
    if (parts) return ExpectedComposite{{known.kind, known.name, std::string(value)}, *parts};
  }
  const std::string etag = Lower(PlainEtag(response.Header("ETag")));
  const auto parts = PartsOf(etag);
  if (!parts || IsEncryptedOtherwise(response) || !IsMd5(etag.substr(0, etag.rfind('-')))) {
    return std::nullopt;
  }
  return ExpectedComposite{{ChecksumKind::kMd5, "MD5 of its parts (from its ETag)", etag}, *parts};
}

}  // namespace sluice::connectors::s3
