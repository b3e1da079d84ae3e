#include "ingest/verify_file.h"

#include <fmt/format.h>

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
               const connector::FetchedFile& fetched, const env::Cancel* cancel) {
  SLUICE_ASSIGN(const std::string found, DigestOfFile(fetched.local_path, expected.kind, cancel));
  if (found == expected.hex) return Status::Ok();
  return RejectedError(
      fmt::format("{} is {}, {} says {}", DigestName(expected.kind), found, by, expected.hex),
      "Have the file sent again with its checksum, then reject the hold");
}

}  // namespace

Status VerifyFile(const Proof& proof, const connector::StoredFile& file,
                  const connector::FetchedFile& fetched, connector::Store& store,
                  const env::Cancel* cancel) {
  if (proof.digest) SLUICE_TRY(Compare(*proof.digest, proof.by, fetched, cancel));
  if (!proof.sidecar) return Status::Ok();
  const std::string& beside = proof.sidecar->path;
  if (proof.sidecar->size > kMaxSidecarBytes) {
    return RejectedError(fmt::format("{} is too large for a checksum", beside));
  }
  auto text = store.ReadSmall(*proof.sidecar, kMaxSidecarBytes, cancel);
  if (!text.ok()) return text.status().WithContext(beside);
  auto expected = ParseSidecar(*text, *SidecarKind(beside), env::Basename(file.path));
  if (!expected.ok()) return expected.status().WithContext(beside);
  return Compare(*expected, beside, fetched, cancel);
}

}  // namespace sluice::ingest
