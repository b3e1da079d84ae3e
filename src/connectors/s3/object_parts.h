// A large object in parts that come at once. For object_fetch.
#pragma once

#include <functional>

#include "base/status.h"
#include "connector/store.h"
#include "connectors/s3/object_fetch.h"
#include "connectors/s3/object_hash.h"
#include "connectors/s3/spool_file.h"

namespace sluice::connectors::s3 {

// A GET of the object as it was listed.
env::HttpRequest ObjectRequest(const Bucket& bucket, const connector::StoredFile& file,
                               const env::Cancel* cancel);

// Every part is asked for with If-Match on the object's ETag, so that parts of two versions are never
// mixed, and goes on by itself where it broke. The calling thread hashes what is there in order while
// the rest comes. False: the server sends no parts; nothing was kept.
Result<bool> FetchInParts(const Bucket& bucket, const connector::StoredFile& file, SpoolFile& spool,
                          const std::function<void(uint64_t)>& progress, const env::Cancel* cancel,
                          ObjectHash& hash);

}  // namespace sluice::connectors::s3
