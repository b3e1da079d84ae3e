#include "base/digest.h"

#include <openssl/evp.h>

#include "base/check.h"
#include "base/text.h"

namespace sluice {
namespace {

const EVP_MD* Kind(DigestKind kind) {
  switch (kind) {
    case DigestKind::kMd5:
      return EVP_md5();
    case DigestKind::kSha1:
      return EVP_sha1();
    case DigestKind::kSha256:
      return EVP_sha256();
    case DigestKind::kSha512:
      break;
  }
  return EVP_sha512();
}

EVP_MD_CTX* Context(void* context) {
  return static_cast<EVP_MD_CTX*>(context);
}

}  // namespace

std::string_view DigestName(DigestKind kind) {
  switch (kind) {
    case DigestKind::kMd5:
      return "MD5";
    case DigestKind::kSha1:
      return "SHA-1";
    case DigestKind::kSha256:
      return "SHA-256";
    case DigestKind::kSha512:
      break;
  }
  return "SHA-512";
}

std::optional<DigestKind> DigestOfLength(size_t hex_digits) {
  switch (hex_digits) {
    case 32:
      return DigestKind::kMd5;
    case 40:
      return DigestKind::kSha1;
    case 64:
      return DigestKind::kSha256;
    case 128:
      return DigestKind::kSha512;
    default:
      return std::nullopt;
  }
}

Digester::Digester(DigestKind kind) : context_(EVP_MD_CTX_new()) {
  SLUICE_CHECK(
      context_ != nullptr && EVP_DigestInit_ex(Context(context_), Kind(kind), nullptr) == 1,
      "OpenSSL lacks a digest");
}

Digester::~Digester() {
  EVP_MD_CTX_free(Context(context_));
}

void Digester::Update(std::string_view bytes) {
  SLUICE_CHECK(EVP_DigestUpdate(Context(context_), bytes.data(), bytes.size()) == 1,
               "OpenSSL failed");
}

std::vector<uint8_t> Digester::Bytes() const {
  EVP_MD_CTX* copy = EVP_MD_CTX_new();
  std::vector<uint8_t> bytes(EVP_MAX_MD_SIZE);
  unsigned size = 0;
  SLUICE_CHECK(copy != nullptr && EVP_MD_CTX_copy_ex(copy, Context(context_)) == 1 &&
                   EVP_DigestFinal_ex(copy, bytes.data(), &size) == 1,
               "OpenSSL failed");
  EVP_MD_CTX_free(copy);
  bytes.resize(size);
  return bytes;
}

std::string Digester::Hex() const {
  return HexEncode(Bytes());
}

}  // namespace sluice
