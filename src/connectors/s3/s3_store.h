// A store over a bucket of Amazon S3 or of a server that speaks its protocol.
//
//   listing   ListObjectsV2 with continuation, sorted here (directory buckets come unsorted). Paths
//   are
//             the keys without the connection's prefix; the empty objects with a '/' at the end of
//             their key that consoles make for folders are left out. Complete or an error.
//   tag       The ETag; where a server keeps none (files put behind its back), size and time.
//   fetching  One GetObject with If-Match into a neighbour of the spool path, renamed when it was
//             verified: size, ETag, and the object's checksum (checksum.h). It is not synced: a
//             spool does not outlive a crash of the machine. Bytes that do not fit their checksum
//             are fetched anew twice, then kRetry. Resuming a broken transfer is not there yet: it
//             begins anew.
//   limits    Requests signed with Signature Version 4 only; no assumed roles, no instance
//   metadata.
//             Composite checksums of objects uploaded in parts are not verified.
#pragma once

#include <memory>

#include "connector/store.h"
#include "connectors/s3/s3_settings.h"
#include "env/clock.h"
#include "env/http.h"
#include "env/http_retry.h"
#include "env/random.h"

namespace sluice::connectors::s3 {

// The whole chain: libcurl, signing, trying again. `clock` and `random` outlive the store;
// `observer` hears of every attempt that is repeated, from whichever thread uses the store.
std::unique_ptr<connector::Store> MakeS3Store(S3Settings settings, env::Clock& clock,
                                              env::Random& random,
                                              env::RetryObserver observer = {});

// Over a given transport, which signs and repeats by itself where it should. `clock` only tells how
// wrong it is when the server complains about it.
std::unique_ptr<connector::Store> MakeS3StoreOver(S3Settings settings,
                                                  std::unique_ptr<env::HttpTransport> transport,
                                                  env::Clock& clock);

}  // namespace sluice::connectors::s3
