// Moving and removing objects. S3 has no renaming: a move copies inside the bucket, verifies the copy
// and removes the original, each under the condition that the object is the one that was listed.
#pragma once

#include <memory>

#include "connector/store.h"
#include "connectors/s3/object_fetch.h"

namespace sluice::connectors::s3 {

std::unique_ptr<connector::StoreEditor> MakeS3Editor(Bucket bucket);

}  // namespace sluice::connectors::s3
