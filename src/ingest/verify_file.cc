#include "ingest/verify_file.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/hash.h"
#include "env/file.h"

namespace sluice::ingest {
namespace {

constexpr uint64_t kMaxSidecarBytes = 1 << 20;
constexpr size_t kReadBytes = 1 << 20;

Result<std::string> DigestOfFile(const std::string& path, DigestKind kind,
                                 const env::Cancel* cancel) {
  SLUICE_ASSIGN(const auto file, env::RandomReadFile::Open(path));
  Digester digester(kind);
  std::string piece;
  for (uint64_t offset = 0;; offset += piece.size()) {
    if (cancel != nullptr && cancel->is_set()) return CancelledError("stopped");
    SLUICE_TRY(file.ReadAt(offset, kReadBytes, piece));
    if (piece.empty()) return digester.Hex();
    digester.Update(piece);
  }
}

Status Compare(const ExpectedDigest& expected, const std::string& by,
               const connector::FetchedFile& fetched, const std::string& next,
               const env::Cancel* cancel) {
  SLUICE_ASSIGN(const std::string found, DigestOfFile(fetched.local_path, expected.kind, cancel));
  if (found == expected.hex) return Status::Ok();
  return RejectedError(
      fmt::format("{} is {}, {} says {}", DigestName(expected.kind), found, by, expected.hex),
      next);
}

}  // namespace

Status VerifyFile(const Proof& proof, const connector::StoredFile& file,
                  const connector::FetchedFile& fetched, connector::Store& store,
                  const env::Cancel* cancel) {
  if (proof.digest) {
    SLUICE_TRY(Compare(*proof.digest, proof.by, fetched,
                       "Have the file sent again with its checksum, then reject the hold", cancel));
  }
  if (!proof.sidecar) return Status::Ok();
  const std::string& beside = proof.sidecar->path;
  if (proof.sidecar->size > kMaxSidecarBytes) {
    return RejectedError(fmt::format("{} is too large for a checksum", beside));
  }
  auto text = store.ReadSmall(*proof.sidecar, kMaxSidecarBytes, cancel);
  if (!text.ok()) return text.status().WithContext(beside);
  auto expected = ParseSidecar(*text, *SidecarKind(beside), env::Basename(file.path));
  if (!expected.ok()) return expected.status().WithContext(beside);
  return Compare(*expected, beside, fetched,
                 "Have the file or its checksum sent again; a run looks at it again by itself",
                 cancel);
}

int64_t ProofId(std::vector<ProvenFile> files) {
  std::sort(files.begin(), files.end(),
            [](const ProvenFile& a, const ProvenFile& b) { return a.file->path < b.file->path; });
  int64_t id = 0;
  for (const ProvenFile& proven : files) {
    if (proven.proof->digest) return 0;
    const connector::StoredFile none;
    const connector::StoredFile& beside = proven.proof->sidecar ? *proven.proof->sidecar : none;
    id = StableId(
        {std::to_string(id), proven.file->path, proven.file->tag, beside.path, beside.tag});
  }
  return id;
}

}  // namespace sluice::ingest
