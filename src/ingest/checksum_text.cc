#include "ingest/checksum_text.h"

#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"

namespace sluice::ingest {
namespace {

struct Ending {
  std::string_view text;
  DigestKind kind;
};
constexpr std::array<Ending, 4> kEndings = {{{".md5", DigestKind::kMd5},
                                             {".sha1", DigestKind::kSha1},
                                             {".sha256", DigestKind::kSha256},
                                             {".sha512", DigestKind::kSha512}}};

std::optional<ExpectedDigest> ParseHex(std::string_view text) {
  const auto kind = DigestOfLength(text.size());
  const bool all = std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  });
  if (!kind || !all) return std::nullopt;
  return ExpectedDigest{*kind, Lower(text)};
}

// GNU's escapes of names with a line break or a backslash in them.
std::string Unescape(std::string_view name) {
  std::string out;
  for (size_t i = 0; i < name.size(); ++i) {
    if (name[i] != '\\' || i + 1 == name.size()) {
      out += name[i];
      continue;
    }
    const char next = name[++i];
    out += next == 'n' ? '\n' : next == 'r' ? '\r' : next;
  }
  return out;
}

// "SHA256 (name) = HEX"
std::optional<ChecksumLine> ParseBsd(std::string_view line) {
  const size_t open = line.find(" (");
  const size_t close = line.rfind(") = ");
  if (open == std::string_view::npos || close == std::string_view::npos || close < open + 2) {
    return std::nullopt;
  }
  auto digest = ParseHex(Trim(line.substr(close + 4)));
  if (!digest) return std::nullopt;
  const std::string word = ReplaceAll(Lower(line.substr(0, open)), "-", "");
  if (word != ReplaceAll(Lower(DigestName(digest->kind)), "-", "")) return std::nullopt;
  return ChecksumLine{*digest, std::string(line.substr(open + 2, close - open - 2))};
}

std::string_view NameOf(std::string_view path) {
  return path.substr(path.find_last_of("/\\") + 1);
}

}  // namespace

std::optional<ChecksumLine> ParseChecksumLine(std::string_view line) {
  line = Trim(line);
  if (auto bsd = ParseBsd(line)) return bsd;
  const bool escaped = StartsWith(line, "\\");
  if (escaped) line.remove_prefix(1);
  const size_t end = std::min(line.find_first_of(" \t"), line.size());
  auto digest = ParseHex(line.substr(0, end));
  if (!digest) return std::nullopt;
  std::string_view name = Trim(line.substr(end));
  if (StartsWith(name, "*")) name.remove_prefix(1);
  return ChecksumLine{*digest, escaped ? Unescape(name) : std::string(name)};
}

std::optional<DigestKind> SidecarKind(std::string_view path) {
  for (const Ending& ending : kEndings) {
    if (path.size() > ending.text.size() && EndsWith(path, ending.text)) return ending.kind;
  }
  return std::nullopt;
}

std::string_view SidecarSubject(std::string_view path) {
  for (const Ending& ending : kEndings) {
    if (EndsWith(path, ending.text)) return path.substr(0, path.size() - ending.text.size());
  }
  return path;
}

Result<ExpectedDigest> ParseSidecar(std::string_view text, DigestKind kind, std::string_view name) {
  constexpr std::string_view kBom = "\xEF\xBB\xBF";
  if (StartsWith(text, kBom)) text.remove_prefix(kBom.size());
  std::vector<ChecksumLine> lines;
  for (const std::string& line : Split(text, '\n')) {
    if (Trim(line).empty()) continue;
    auto parsed = ParseChecksumLine(line);
    if (!parsed) {
      return RejectedError(fmt::format(
          "it is no {} checksum: expected {} hex digits, alone or before a name, or \"{} (NAME) = "
          "HEX\"",
          DigestName(kind), Digester(kind).Hex().size(), DigestName(kind)));
    }
    lines.push_back(std::move(*parsed));
  }
  const auto fits = [&](const ChecksumLine& line) {
    return line.name.empty() ? lines.size() == 1 : NameOf(line.name) == name;
  };
  const auto found = std::find_if(lines.begin(), lines.end(), fits);
  if (found == lines.end()) {
    return RejectedError(lines.empty() ? std::string("it is empty")
                                       : fmt::format("it says nothing of {}", name));
  }
  if (found->digest.kind != kind) {
    return RejectedError(fmt::format("expected {} by its name, found {}", DigestName(kind),
                                     DigestName(found->digest.kind)));
  }
  return found->digest;
}

}  // namespace sluice::ingest
