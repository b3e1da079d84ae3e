// Checksums as files carry them: what md5sum, sha256sum and BSD's tools write beside or about data.
// Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "base/status.h"

namespace sluice::ingest {

// What a file has to be, as something beside it says.
struct ExpectedDigest {
  DigestKind kind = DigestKind::kMd5;
  std::string hex;  // lower-case
};

// One line: "HEX", "HEX  name", "HEX *name" (GNU; a '\' before it marks an escaped name) or
// "SHA256 (name) = HEX" (BSD). Nothing: it is none of these.
struct ChecksumLine {
  ExpectedDigest digest;
  std::string name;  // "" where it has none
};
std::optional<ChecksumLine> ParseChecksumLine(std::string_view line);

// ".md5", ".sha1", ".sha256", ".sha512" at the end of a path: the kind that such a sidecar holds.
std::optional<DigestKind> SidecarKind(std::string_view path);
// The path that a sidecar is about: without its ending.
std::string_view SidecarSubject(std::string_view path);

// The digest that the sidecar `text` gives for the file called `name` (no folders). kRejected when it
// is another kind than its ending says, speaks of other files only, or cannot be read; messages begin
// without a path.
Result<ExpectedDigest> ParseSidecar(std::string_view text, DigestKind kind, std::string_view name);

}  // namespace sluice::ingest
