#include "connectors/s3/checksum.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "base/check.h"
#include "base/text.h"

namespace sluice::connectors::s3 {
namespace {

std::string Base64(const uint8_t* bytes, size_t size) {
  std::string out(4 * ((size + 2) / 3) + 1, '\0');  // OpenSSL ends it with a zero byte
  const int n =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes, static_cast<int>(size));
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

  std::string Digest() const override {
    const Word value = static_cast<Word>(~value_);
    std::array<uint8_t, sizeof(Word)> bytes{};
    for (size_t i = 0; i < bytes.size(); ++i) {
      bytes[i] = static_cast<uint8_t>(value >> (8 * (sizeof(Word) - 1 - i)));
    }
    return Base64(bytes.data(), bytes.size());
  }

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

class EvpDigest : public Checksum {
 public:
  EvpDigest(const EVP_MD* kind, bool hex) : context_(EVP_MD_CTX_new()), hex_(hex) {
    SLUICE_CHECK(context_ != nullptr && EVP_DigestInit_ex(context_, kind, nullptr) == 1,
                 "OpenSSL lacks a digest");
  }
  ~EvpDigest() override { EVP_MD_CTX_free(context_); }
  EvpDigest(const EvpDigest&) = delete;
  EvpDigest& operator=(const EvpDigest&) = delete;

  void Update(std::string_view bytes) override {
    SLUICE_CHECK(EVP_DigestUpdate(context_, bytes.data(), bytes.size()) == 1, "OpenSSL failed");
  }

  std::string Digest() const override {
    EVP_MD_CTX* copy = EVP_MD_CTX_new();
    std::array<uint8_t, EVP_MAX_MD_SIZE> bytes{};
    unsigned size = 0;
    SLUICE_CHECK(copy != nullptr && EVP_MD_CTX_copy_ex(copy, context_) == 1 &&
                     EVP_DigestFinal_ex(copy, bytes.data(), &size) == 1,
                 "OpenSSL failed");
    EVP_MD_CTX_free(copy);
    return hex_ ? HexEncode(std::span<const uint8_t>(bytes.data(), size))
                : Base64(bytes.data(), size);
  }

 private:
  EVP_MD_CTX* context_;
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
      return std::make_unique<EvpDigest>(EVP_sha1(), false);
    case ChecksumKind::kSha256:
      return std::make_unique<EvpDigest>(EVP_sha256(), false);
    case ChecksumKind::kMd5:
      break;
  }
  return std::make_unique<EvpDigest>(EVP_md5(), true);
}

std::string PlainEtag(std::string_view header) {
  if (StartsWith(header, "W/")) header.remove_prefix(2);
  if (header.size() >= 2 && header.front() == '"' && header.back() == '"') {
    header = header.substr(1, header.size() - 2);
  }
  return std::string(header);
}

std::optional<ExpectedChecksum> ExpectedFrom(const env::HttpResponse& response) {
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
  if (!EqualsIgnoreCase(response.Header("x-amz-checksum-type"), "COMPOSITE")) {
    for (const Known& known : kKnown) {
      const std::string_view value = response.Header(known.header);
      if (!value.empty() && value.find('-') == std::string_view::npos) {
        return ExpectedChecksum{known.kind, known.name, std::string(value)};
      }
    }
  }
  const bool is_encrypted_otherwise =
      StartsWith(response.Header("x-amz-server-side-encryption"), "aws:kms") ||
      !response.Header("x-amz-server-side-encryption-customer-algorithm").empty();
  const std::string etag = PlainEtag(response.Header("ETag"));
  if (is_encrypted_otherwise || !IsMd5(etag)) return std::nullopt;
  return ExpectedChecksum{ChecksumKind::kMd5, "MD5 (from its ETag)", Lower(etag)};
}

}  // namespace sluice::connectors::s3
