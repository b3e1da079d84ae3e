// One object on its way: counted, hashed and compared with what the listing and the store say of
// it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "base/status.h"
#include "connector/store.h"
#include "connectors/s3/checksum.h"
#include "env/clock.h"
#include "env/http.h"

namespace sluice::connectors::s3 {

// Where the bytes go. May be begun several times: each time from nothing.
class ByteTarget {
 public:
  virtual ~ByteTarget() = default;
  virtual Status Begin() = 0;
  virtual Status Write(std::string_view bytes) = 0;
};

// The two ends of an HTTP body. Used by one thread.
class Download {
 public:
  // `what` is the object for messages. The references outlive the download.
  Download(std::string what, const connector::StoredFile& file, ByteTarget& target,
           const std::function<void(uint64_t)>& progress, const env::Cancel* cancel)
      : what_(std::move(what)),
        file_(file),
        target_(target),
        progress_(progress),
        cancel_(cancel) {}

  // For HttpRequest::begin: kRetry "changed" when the answer is about another version of the
  // object.
  Status Begin(const env::HttpResponse& response);
  // For HttpRequest::sink.
  Status Piece(std::string_view bytes);
  // After a whole answer. kRetry when the bytes are not those that the store's checksum speaks of.
  Status Finish() const;

  uint64_t size() const { return size_; }
  std::string ContentHash() const { return hasher_->Digest().Hex(); }

 private:
  Status Changed() const;

  const std::string what_;
  const connector::StoredFile& file_;
  ByteTarget& target_;
  const std::function<void(uint64_t)>& progress_;
  const env::Cancel* cancel_;
  uint64_t size_ = 0;
  std::optional<ExpectedChecksum> expected_;
  std::unique_ptr<Checksum> checksum_;
  std::unique_ptr<Hasher128> hasher_ = std::make_unique<Hasher128>();
};

// The tag of a file whose object has no ETag: made from size and time, and never like an ETag.
std::string TagWithoutEtag(uint64_t size, env::Micros modified);
bool HasEtag(const connector::StoredFile& file);

}  // namespace sluice::connectors::s3
