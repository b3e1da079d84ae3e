#include "connectors/s3/sigv4.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/check.h"
#include "base/text.h"

namespace sluice::connectors::s3 {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

using Digest = std::array<uint8_t, 32>;

Digest Hmac(std::span<const uint8_t> key, std::string_view text) {
  Digest out{};
  unsigned size = 0;
  const unsigned char* done =
      HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), out.data(), &size);
  SLUICE_CHECK(done != nullptr && size == out.size(), "OpenSSL made no HMAC");
  return out;
}

std::span<const uint8_t> Bytes(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// Path and query of an absolute URL; the query without its '?'.
std::pair<std::string_view, std::string_view> PathAndQuery(std::string_view url) {
  const size_t scheme = url.find("://");
  SLUICE_CHECK(scheme != std::string_view::npos, "an absolute URL");
  const size_t from = url.find_first_of("/?", scheme + 3);
  if (from == std::string_view::npos) return {"/", ""};
  const size_t mark = url.find('?', from);
  std::string_view path = url.substr(from, mark == std::string_view::npos ? mark : mark - from);
  if (path.empty()) path = "/";
  return {path, mark == std::string_view::npos ? std::string_view() : url.substr(mark + 1)};
}

// Sorted by name, then by value; a parameter without a value gets an empty one.
std::string CanonicalQuery(std::string_view query) {
  if (query.empty()) return {};
  std::vector<std::pair<std::string, std::string>> parameters;
  for (const std::string& part : Split(query, '&')) {
    const size_t equals = part.find('=');
    parameters.emplace_back(part.substr(0, equals),
                            equals == std::string::npos ? "" : part.substr(equals + 1));
  }
  std::sort(parameters.begin(), parameters.end());
  std::string out;
  for (const auto& [name, value] : parameters) {
    if (!out.empty()) out += '&';
    out += name;
    out += '=';
    out += value;
  }
  return out;
}

// Blanks at both ends go, runs of blanks become one.
std::string CanonicalValue(std::string_view value) {
  std::string out;
  for (const char c : Trim(value)) {
    if (c == ' ' && !out.empty() && out.back() == ' ') continue;
    out += c;
  }
  return out;
}

}  // namespace

std::string Sha256Hex(std::string_view bytes) {
  Digest out{};
  unsigned size = 0;
  SLUICE_CHECK(
      EVP_Digest(bytes.data(), bytes.size(), out.data(), &size, EVP_sha256(), nullptr) == 1,
      "OpenSSL made no SHA-256");
  return HexEncode(out);
}

std::string AmzDate(env::Micros time) {
  std::string out;
  for (const char c : env::FormatIso(time)) {
    if (c != '-' && c != ':') out += c;
  }
  return out;
}

std::string HostOf(std::string_view url) {
  const std::string_view origin = env::UrlOrigin(url);
  const size_t scheme = origin.find("://");
  SLUICE_CHECK(scheme != std::string_view::npos, "an absolute URL");
  std::string_view host = origin.substr(scheme + 3);
  const std::string_view own_port =
      EqualsIgnoreCase(origin.substr(0, scheme), "https") ? ":443" : ":80";
  if (EndsWith(host, own_port)) host.remove_suffix(own_port.size());
  return std::string(host);
}

std::string AuthorizationV4(std::string_view method, std::string_view url,
                            const env::HttpHeaders& headers, std::string_view payload_hash,
                            const Credentials& credentials, const SigningScope& scope,
                            std::string_view amz_date) {
  std::vector<std::pair<std::string, std::string>> signed_headers;
  for (const auto& [name, value] : headers) {
    signed_headers.emplace_back(Lower(name), CanonicalValue(value));
  }
  std::sort(signed_headers.begin(), signed_headers.end());
  std::string names;
  std::string lines;
  for (const auto& [name, value] : signed_headers) {
    if (!names.empty()) names += ';';
    names += name;
    lines += name + ":" + value + "\n";
  }

  const auto [path, query] = PathAndQuery(url);
  const std::string canonical = fmt::format("{}\n{}\n{}\n{}\n{}\n{}", method, path,
                                            CanonicalQuery(query), lines, names, payload_hash);
  const std::string day(amz_date.substr(0, 8));
  const std::string scope_text =
      fmt::format("{}/{}/{}/aws4_request", day, scope.region, scope.service);
  const std::string to_sign =
      fmt::format("{}\n{}\n{}\n{}", kAlgorithm, amz_date, scope_text, Sha256Hex(canonical));

  Digest key = Hmac(Bytes("AWS4" + credentials.secret_access_key.Reveal()), day);
  key = Hmac(key, scope.region);
  key = Hmac(key, scope.service);
  key = Hmac(key, "aws4_request");
  return fmt::format("{} Credential={}/{},SignedHeaders={},Signature={}", kAlgorithm,
                     credentials.access_key_id, scope_text, names, HexEncode(Hmac(key, to_sign)));
}

}  // namespace sluice::connectors::s3
