#include "connectors/s3/object_hash.h"

#include <fmt/format.h>

namespace sluice::connectors::s3 {

void ObjectHash::Expect(const env::HttpResponse& head) {
  if (has_head_) return;
  has_head_ = true;
  head_ = head;
  expected_ = ExpectedFrom(head);
  Restart();
}

void ObjectHash::Update(std::string_view bytes) {
  hasher_->Update(bytes);
  if (checksum_) checksum_->Update(bytes);
}

void ObjectHash::Restart() {
  hasher_ = std::make_unique<Hasher128>();
  checksum_ = expected_ ? MakeChecksum(expected_->kind) : nullptr;
}

Status ObjectHash::Verify(const std::string& what) const {
  if (!checksum_) return Status::Ok();
  const std::string found = checksum_->Digest();
  if (found == expected_->value) return Status::Ok();
  return RetryError(fmt::format("{} came damaged: its {} is {}, the store says {}", what,
                                expected_->name, found, expected_->value));
}

}  // namespace sluice::connectors::s3
