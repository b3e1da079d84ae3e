// One object of a bucket, whole and verified: in one stream, or in parts that come at once. Also the
// requests about one object that others need.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "connector/store.h"
#include "connectors/s3/download_slots.h"
#include "connectors/s3/s3_settings.h"
#include "env/clock.h"
#include "env/http.h"

namespace sluice::connectors::s3 {

// How the objects of a bucket are reached. Everything outlives its users and is thread-safe.
struct Bucket {
  const S3Settings& settings;
  env::HttpTransport& transport;
  env::Clock& clock;
  DownloadSlots& slots;

  std::string NameOf(const std::string& path) const;  // "s3://bucket/prefix/path", for messages
  std::string UrlOf(const std::string& path) const;
  // Any answer but 2xx as its Status. `needs` is the permission that the request asks for.
  Result<env::HttpResponse> Send(const env::HttpRequest& request, const std::string& what,
                                 std::string_view needs) const;
};

inline constexpr std::string_view kMayRead = "s3:GetObject on its objects";

// As Store::Fetch and Store::ReadSmall have it.
Result<connector::FetchedFile> FetchObject(const Bucket& bucket, const connector::StoredFile& file,
                                           const std::string& spool_path,
                                           const std::function<void(uint64_t)>& progress,
                                           const env::Cancel* cancel);
Result<std::string> ReadObject(const Bucket& bucket, const connector::StoredFile& file,
                               const env::Cancel* cancel);

// The headers of an object as listed; kRetry when it is another by now, kNotFound when it is gone.
// `part` > 0: of that part of an upload in parts.
Result<env::HttpResponse> HeadObject(const Bucket& bucket, const connector::StoredFile& file,
                                     uint64_t part, const env::Cancel* cancel);

}  // namespace sluice::connectors::s3
