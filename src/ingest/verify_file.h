// Whether a file that was fetched is what the things beside it say: a sidecar with its checksum, an
// entry of a manifest.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "connector/store.h"
#include "env/clock.h"
#include "ingest/checksum_text.h"

namespace sluice::ingest {

struct Proof {
  std::optional<connector::StoredFile> sidecar;  // read when the file is
  std::optional<ExpectedDigest> digest;          // of an entry of a manifest
  std::string by;                                // the path of that manifest, for messages

  bool empty() const { return !sidecar && !digest; }
};

// kRejected, saying what was expected and found, when the bytes are not those that are spoken of.
// Otherwise what reading the sidecar or the copy may fail with. Reads the copy once more, for nothing
// but these digests. Thread-safe.
Status VerifyFile(const Proof& proof, const connector::StoredFile& file,
                  const connector::FetchedFile& fetched, connector::Store& store,
                  const env::Cancel* cancel);

// A file and what lies beside it. Neither is owned.
struct ProvenFile {
  const connector::StoredFile* file = nullptr;
  const Proof* proof = nullptr;
};
// Stands for files and their sidecars as they are listed now, in whatever order: another id when one of them has come
// anew. 0 where a manifest speaks of them.
int64_t ProofId(std::vector<ProvenFile> files);

}  // namespace sluice::ingest
