#include "connectors/s3/download.h"

#include <fmt/format.h>

#include "base/text.h"

namespace sluice::connectors::s3 {
namespace {

// S3 never has this character in an ETag.
constexpr char kOwnTag = '@';

}  // namespace

std::string TagWithoutEtag(uint64_t size, env::Micros modified) {
  // Whole seconds: the header of an object has no more, the listing may.
  return fmt::format("{}{}-{}", kOwnTag, size, modified / 1'000'000);
}

bool HasEtag(const connector::StoredFile& file) {
  return file.tag.empty() || file.tag.front() != kOwnTag;
}

Status Download::Changed() const {
  return RetryError(fmt::format("{} changed while it was read", what_),
                    "Run the command again once the file is complete");
}

Status Download::Begin(const env::HttpResponse& response) {
  if (HasEtag(file_)) {
    // If-Match was sent; servers that ignore it are found out here.
    const std::string etag = PlainEtag(response.Header("ETag"));
    if (!etag.empty() && etag != file_.tag) return Changed();
  } else {
    const auto modified = env::ParseHttpDate(response.Header("Last-Modified"));
    if (modified && TagWithoutEtag(file_.size, *modified) != file_.tag) return Changed();
  }
  const auto length = ParseUnsigned(response.Header("Content-Length"));
  if (length && *length != file_.size) return Changed();
  size_ = 0;
  hasher_ = std::make_unique<Hasher128>();
  expected_ = ExpectedFrom(response);
  checksum_ = expected_ ? MakeChecksum(expected_->kind) : nullptr;
  return target_.Begin();
}

Status Download::Piece(std::string_view bytes) {
  if (cancel_ != nullptr && cancel_->is_set()) {
    return CancelledError(fmt::format("{}: stopped", what_));
  }
  size_ += bytes.size();
  if (size_ > file_.size) return Changed();
  hasher_->Update(bytes);
  if (checksum_) checksum_->Update(bytes);
  SLUICE_TRY(target_.Write(bytes));
  if (progress_) progress_(size_);
  return Status::Ok();
}

Status Download::Finish() const {
  if (size_ != file_.size) return Changed();
  if (!checksum_) return Status::Ok();
  const std::string found = checksum_->Digest();
  if (found == expected_->value) return Status::Ok();
  return RetryError(fmt::format("{} came damaged: its {} is {}, the store says {}", what_,
                                expected_->name, found, expected_->value));
}

}  // namespace sluice::connectors::s3
