#include "connectors/s3/download.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "connectors/s3/checksum.h"

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

Status ChangedObject(const std::string& what) {
  return RetryError(fmt::format("{} changed while it was read", what),
                    "Run the command again once the file is complete");
}

Status CheckVersion(const env::HttpResponse& response, const connector::StoredFile& file,
                    const std::string& what) {
  if (HasEtag(file)) {
    // If-Match was sent; servers that ignore it are found out here.
    const std::string etag = PlainEtag(response.Header("ETag"));
    return etag.empty() || etag == file.tag ? Status::Ok() : ChangedObject(what);
  }
  const auto modified = env::ParseHttpDate(response.Header("Last-Modified"));
  const bool same = !modified || TagWithoutEtag(file.size, *modified) == file.tag;
  return same ? Status::Ok() : ChangedObject(what);
}

Status Download::Changed() const {
  return ChangedObject(what_);
}

void Download::Ask(env::HttpRequest& request) {
  // All of it came, and still the transfer failed: it is not to be trusted.
  if (at_ == range_.to && range_.size() > 0) Restart();
  in_range_ = at_ > 0 || range_.to < file_.size;
  std::erase_if(request.headers, [](const auto& header) { return header.first == "Range"; });
  if (in_range_) {
    request.headers.emplace_back("Range", fmt::format("bytes={}-{}", at_, range_.to - 1));
  }
}

Status Download::Begin(const env::HttpResponse& response) {
  SLUICE_TRY(CheckVersion(response, file_, what_));
  const auto length = ParseUnsigned(response.Header("Content-Length"));
  if (response.status == 206 && in_range_) {
    const std::string expected = fmt::format("bytes {}-{}/{}", at_, range_.to - 1, file_.size);
    const std::string_view range = response.Header("Content-Range");
    if (!range.empty() && range != expected) {
      return FailedError(
          fmt::format("{}: asked for {}, the server sent {}", what_, expected, range));
    }
    if (length && *length != range_.to - at_) return Changed();
  } else {
    if (length && *length != file_.size) return Changed();
    if (!IsWhole()) {
      return FailedError(fmt::format("{}: the server does not send parts of an object", what_));
    }
    if (at_ > 0 && restarted) restarted();
    at_ = 0;
  }
  if (!has_head_) head_ = response;
  has_head_ = true;
  return Status::Ok();
}

Status Download::Piece(std::string_view bytes) {
  if (cancel_ != nullptr && cancel_->is_set()) {
    return CancelledError(fmt::format("{}: stopped", what_));
  }
  if (bytes.size() > range_.to - at_) return Changed();
  SLUICE_TRY(take_(at_, bytes));
  at_ += bytes.size();
  return Status::Ok();
}

Status Download::Finish() const {
  return at_ == range_.to ? Status::Ok() : Changed();
}

void Download::Restart() {
  if (restarted) restarted();
  at_ = range_.from;
}

}  // namespace sluice::connectors::s3
