// Lists of files that belong together: what a writer lays beside its files to say which they are, how
// long, and what they sum up to. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "ingest/checksum_text.h"

namespace sluice::ingest {

// Larger manifests are refused: about 200,000 entries.
inline constexpr uint64_t kMaxManifestBytes = 32ULL << 20;

struct ManifestEntry {
  std::string name;  // as the manifest has it: an address, or a path
  std::optional<uint64_t> size;
  std::optional<ExpectedDigest> digest;
};

// JSON, by its first character, or text.
//   JSON  a list, or an object with a list `entries` (as UNLOAD of Redshift writes it) or `files`; each
//         entry a text or an object with `url`, `path`, `key`, `name` or `file`, and perhaps `size`,
//         `content_length`, `bytes` or `length` (also inside `meta`), and `md5`, `md5checksum`, `sha1`,
//         `sha256` or `sha512`. Case is ignored.
//   text  a file a line: as sha256sum and its kin write them, or the path alone, or path, tab, size.
//         Lines with '#' before them are comments.
// kRejected, naming entry or line, for what cannot be read: a file is never left out.
Result<std::vector<ManifestEntry>> ParseManifest(std::string_view text);

// The path of an entry in the store, by what the store calls itself (Store::Describe) and the folder
// of the manifest ("" or with '/' at its end). Relative names are below that folder; those with a '/'
// before them below the root. kRejected for an address in another store and for "..".
Result<std::string> EntryPath(std::string_view name, std::string_view store,
                              std::string_view folder);

}  // namespace sluice::ingest
