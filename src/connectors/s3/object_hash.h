// The hashes of an object while its bytes pass in order: ours, and the one that the store keeps of it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "base/status.h"
#include "connectors/s3/checksum.h"
#include "env/http.h"

namespace sluice::connectors::s3 {

class ObjectHash {
 public:
  // Headers of an answer about the object, before its bytes; only the first ones count.
  void Expect(const env::HttpResponse& head);
  void Update(std::string_view bytes);
  // From nothing again.
  void Restart();
  // kRetry when the bytes are not those that the store's checksum speaks of. `what` is the object.
  Status Verify(const std::string& what) const;

  // Whether the store had a checksum of the whole to compare with.
  bool verified() const { return checksum_ != nullptr; }
  std::string ContentHash() const { return hasher_->Digest().Hex(); }
  const env::HttpResponse& head() const { return head_; }

 private:
  bool has_head_ = false;
  env::HttpResponse head_;
  std::optional<ExpectedChecksum> expected_;
  std::unique_ptr<Checksum> checksum_;
  std::unique_ptr<Hasher128> hasher_ = std::make_unique<Hasher128>();
};

}  // namespace sluice::connectors::s3
