// Objects that were uploaded in parts, and of which the store keeps a checksum of the parts' checksums.
#pragma once

#include "base/status.h"
#include "connector/store.h"
#include "connectors/s3/object_fetch.h"
#include "connectors/s3/spool_file.h"

namespace sluice::connectors::s3 {

// Compares the spooled object with the checksum of its parts, if `head` has one and the server says how
// long the parts are: asks for the first, and for all only where they are not all alike. kRetry when
// they do not agree. Ok also where nothing can be compared: then size and ETag are what was verified.
Status VerifyComposite(const Bucket& bucket, const connector::StoredFile& file,
                       const env::HttpResponse& head, const SpoolFile& spool,
                       const env::Cancel* cancel);

}  // namespace sluice::connectors::s3
