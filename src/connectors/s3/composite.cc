#include "connectors/s3/composite.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/text.h"
#include "connectors/s3/checksum.h"

namespace sluice::connectors::s3 {
namespace {

using connector::StoredFile;

constexpr size_t kReadBytes = 1 << 20;
// More parts are not asked one by one; S3 allows 10,000.
constexpr uint64_t kMostAsked = 1000;

// Bytes of a part; nothing when the server does not know parts.
Result<std::optional<uint64_t>> SizeOfPart(const Bucket& bucket, const StoredFile& file,
                                           uint64_t part, uint64_t parts,
                                           const env::Cancel* cancel) {
  const auto head = HeadObject(bucket, file, part, cancel);
  if (!head.ok()) {
    const Code code = head.status().code();
    const bool passes = code == Code::kRetry || code == Code::kCancelled || code == Code::kAuth ||
                        code == Code::kNotFound;
    if (passes) return head.status();
    return std::optional<uint64_t>();
  }
  const auto size = ParseUnsigned(head->Header("Content-Length"));
  const auto count = ParseUnsigned(head->Header("x-amz-mp-parts-count"));
  const bool is_part = head->status == 206 && (!count || *count == parts);
  return is_part ? size : std::optional<uint64_t>();
}

Result<std::string> DigestOf(const StoredFile& file, const SpoolFile& spool, Checksum& checksum,
                             const env::Cancel* cancel) {
  std::string piece;
  for (uint64_t at = 0; at < file.size; at += piece.size()) {
    if (cancel != nullptr && cancel->is_set()) return CancelledError("stopped");
    SLUICE_TRY(spool.ReadAt(at, kReadBytes, piece));
    if (piece.empty()) return FailedError("a spool file is cut");
    checksum.Update(piece);
  }
  return checksum.Digest();
}

}  // namespace

Status VerifyComposite(const Bucket& bucket, const StoredFile& file, const env::HttpResponse& head,
                       const SpoolFile& spool, const env::Cancel* cancel) {
  const auto expected = CompositeFrom(head);
  if (!expected || file.size == 0) return Status::Ok();
  const ExpectedChecksum& want = expected->checksum;
  SLUICE_ASSIGN(const auto first, SizeOfPart(bucket, file, 1, expected->parts, cancel));
  if (!first || *first == 0) return Status::Ok();
  const auto even = MakeCompositeChecksum(want.kind, *first);
  SLUICE_ASSIGN(std::string found, DigestOf(file, spool, *even, cancel));
  if (found == want.value) return Status::Ok();
  // Parts of several lengths, or bytes that are wrong.
  if (expected->parts > kMostAsked) return Status::Ok();
  std::vector<uint64_t> sizes = {*first};
  for (uint64_t part = 2; part <= expected->parts; ++part) {
    SLUICE_ASSIGN(const auto size, SizeOfPart(bucket, file, part, expected->parts, cancel));
    if (!size) return Status::Ok();
    sizes.push_back(*size);
  }
  const auto uneven = MakeCompositeChecksum(want.kind, *first, std::move(sizes));
  SLUICE_ASSIGN(found, DigestOf(file, spool, *uneven, cancel));
  if (found == want.value) return Status::Ok();
  return RetryError(fmt::format("{} came damaged: its {} is {}, the store says {}",
                                bucket.NameOf(file.path), want.name, found, want.value));
}

}  // namespace sluice::connectors::s3
