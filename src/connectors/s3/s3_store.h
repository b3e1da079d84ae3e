// A store over a bucket of Amazon S3 or of a server that speaks its protocol.
//
//   listing   ListObjectsV2 with continuation, sorted here (directory buckets come unsorted). Paths
//   are
//             the keys without the connection's prefix; the empty objects with a '/' at the end of
//             their key that consoles make for folders are left out. Complete or an error.
//   tag       The ETag; where a server keeps none (files put behind its back), size and time.
//   fetching  GetObject with If-Match into a neighbour of the spool path, renamed when it was verified:
//             size, ETag, and the checksum that the server has of the object (checksum.h), or of its
//             parts (composite.h). Large objects come in parts, several at once. A transfer that
//             breaks, or crawls, goes on with the byte it has, each part by itself; a process that
//             dies begins anew, for a run empties the spool. Bytes that do not fit their checksum are
//             fetched again twice, then kRetry. Nothing is synced: a spool does not outlive a crash
//             of the machine.
//   region    Where a server says that the bucket lies elsewhere it is followed once (TakeNotes).
//   limits    Requests signed with Signature Version 4 only; no assumed roles, no instance metadata.
#pragma once

#include <memory>

#include "connector/store.h"
#include "connectors/s3/download_slots.h"
#include "connectors/s3/s3_settings.h"
#include "env/clock.h"
#include "env/http.h"
#include "env/http_retry.h"
#include "env/random.h"

namespace sluice::connectors::s3 {

inline constexpr int kDefaultDownloads = 8;

// The whole chain: libcurl, signing, trying again. `slots` are shared by the stores of a run. `clock` and `random` outlive the store;
// `observer` hears of every attempt that is repeated, from whichever thread uses the store.
std::unique_ptr<connector::Store> MakeS3Store(S3Settings settings, env::Clock& clock,
                                              env::Random& random, env::RetryObserver observer = {},
                                              std::shared_ptr<DownloadSlots> slots = nullptr);

// Over a given transport, which signs and repeats by itself where it should. `clock` only tells how
// wrong it is when the server complains about it.
std::unique_ptr<connector::Store> MakeS3StoreOver(S3Settings settings,
                                                  std::unique_ptr<env::HttpTransport> transport,
                                                  env::Clock& clock);

}  // namespace sluice::connectors::s3
