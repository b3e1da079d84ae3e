#include "connectors/s3/s3_listing.h"

#include <ctime>
#include <optional>

#include <fmt/format.h>
#include <pugixml.hpp>

#include "base/text.h"
#include "connectors/s3/checksum.h"

namespace sluice::connectors::s3 {
namespace {

// Keys may consist of blanks and hold carriage returns: nothing of the text is dropped or changed.
constexpr unsigned kParseExactly =
    pugi::parse_escapes | pugi::parse_cdata | pugi::parse_ws_pcdata_single;

std::optional<unsigned> HexDigit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

std::optional<std::string> UrlDecode(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      if (i + 2 >= text.size()) return std::nullopt;
      const auto high = HexDigit(text[i + 1]);
      const auto low = HexDigit(text[i + 2]);
      if (!high || !low) return std::nullopt;
      out += static_cast<char>(*high * 16 + *low);
      i += 2;
    }
  }
  return out;
}

Status Unreadable(std::string_view what) {
  return FailedError(fmt::format("the listing cannot be read: {}", what));
}

Result<ListedObject> ReadObject(const pugi::xml_node& node, bool encoded) {
  ListedObject object;
  object.key = node.child_value("Key");
  if (encoded) {
    auto decoded = UrlDecode(object.key);
    if (!decoded) return Unreadable("a key is not percent-encoded as announced");
    object.key = std::move(*decoded);
  }
  if (object.key.empty()) return Unreadable("an object without a key");
  const auto size = ParseUnsigned(node.child_value("Size"));
  if (!size) return Unreadable("an object without a size");
  object.size = *size;
  const auto modified = ParseIsoTime(node.child_value("LastModified"));
  if (!modified) return Unreadable("an object without a time");
  object.modified = *modified;
  object.etag = PlainEtag(node.child_value("ETag"));
  return object;
}

}  // namespace

std::optional<env::Micros> ParseIsoTime(std::string_view text) {
  std::tm tm{};
  const std::string copy(text);
  const char* rest = strptime(copy.c_str(), "%Y-%m-%dT%H:%M:%S", &tm);
  if (rest == nullptr) return std::nullopt;
  env::Micros micros = static_cast<env::Micros>(timegm(&tm)) * 1'000'000;
  if (*rest == '.') {
    env::Micros unit = 100'000;
    for (++rest; *rest >= '0' && *rest <= '9'; ++rest, unit /= 10) micros += (*rest - '0') * unit;
  }
  if (std::string_view(rest) != "Z") return std::nullopt;
  return micros;
}

Result<ListPage> ParseListPage(std::string_view xml) {
  pugi::xml_document document;
  const pugi::xml_parse_result parsed = document.load_buffer(xml.data(), xml.size(), kParseExactly);
  const pugi::xml_node root = document.child("ListBucketResult");
  if (!parsed || !root) {
    return FailedError("the answer is not the listing of a bucket",
                       "Check that an S3 server answers at `endpoint`");
  }
  ListPage page;
  const bool encoded = EqualsIgnoreCase(root.child_value("EncodingType"), "url");
  for (const pugi::xml_node node : root.children("Contents")) {
    SLUICE_ASSIGN(ListedObject object, ReadObject(node, encoded));
    page.objects.push_back(std::move(object));
  }
  const std::string_view truncated = root.child_value("IsTruncated");
  if (truncated != "true" && truncated != "false") {
    return Unreadable("it does not say whether more follows");
  }
  page.truncated = truncated == "true";
  page.next_token = root.child_value("NextContinuationToken");
  if (page.truncated && page.next_token.empty()) {
    return Unreadable("more follows, but it does not say where");
  }
  return page;
}

}  // namespace sluice::connectors::s3
