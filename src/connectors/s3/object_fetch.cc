#include "connectors/s3/object_fetch.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/hash.h"
#include "base/text.h"
#include "connectors/s3/checksum.h"
#include "connectors/s3/composite.h"
#include "connectors/s3/download.h"
#include "connectors/s3/object_hash.h"
#include "connectors/s3/object_parts.h"
#include "connectors/s3/s3_errors.h"
#include "connectors/s3/spool_file.h"

namespace sluice::connectors::s3 {
namespace {

using connector::FetchedFile;
using connector::StoredFile;

constexpr int kMaxDamaged = 3;  // attempts whose bytes do not fit their checksum

// Where the bytes go.
using Write = std::function<Status(uint64_t offset, std::string_view bytes)>;

// In one stream, hashed as it comes. `hash` has seen all of it afterwards.
Status Stream(const Bucket& bucket, const StoredFile& file, const Write& write,
              const std::function<void(uint64_t)>& progress, const env::Cancel* cancel,
              ObjectHash& hash) {
  const std::string what = bucket.NameOf(file.path);
  const auto take = [&](uint64_t offset, std::string_view bytes) {
    hash.Update(bytes);
    SLUICE_TRY(write(offset, bytes));
    if (progress) progress(offset + bytes.size());
    return Status::Ok();
  };
  Download download(what, file, {0, file.size}, take, cancel);
  download.restarted = [&] { hash.Restart(); };
  env::HttpRequest request = ObjectRequest(bucket, file, cancel);
  request.begin = [&](const env::HttpResponse& head) {
    SLUICE_TRY(download.Begin(head));
    hash.Expect(download.head());
    return Status::Ok();
  };
  request.sink = [&](std::string_view bytes) { return download.Piece(bytes); };
  request.repeat = [&](env::HttpRequest& again) { download.Ask(again); };
  for (int attempt = 1;; ++attempt) {
    download.Ask(request);
    const auto slot = bucket.slots.Take(cancel);
    if (!slot) return CancelledError(fmt::format("{}: stopped", what));
    SLUICE_TRY(bucket.Send(request, what, kMayRead).status());
    SLUICE_TRY(download.Finish());
    const Status verified = hash.Verify(what);
    if (verified.code() != Code::kRetry || attempt == kMaxDamaged) return verified;
    download.Restart();
  }
}

}  // namespace

std::string Bucket::NameOf(const std::string& path) const {
  return settings.Describe() + path;
}

std::string Bucket::UrlOf(const std::string& path) const {
  return settings.BucketUrl() + "/" + env::UrlEncode(settings.prefix + path, true);
}

Result<env::HttpResponse> Bucket::Send(const env::HttpRequest& request, const std::string& what,
                                       std::string_view needs) const {
  auto response = transport.Send(request);
  if (!response.ok()) {
    const Status status = response.status();
    return StartsWith(status.message(), what) ? status : status.WithContext(what);
  }
  if (response->status / 100 == 2) return response;
  return StatusOf(*response, settings, what, needs, clock.Now());
}

env::HttpRequest ObjectRequest(const Bucket& bucket, const StoredFile& file,
                               const env::Cancel* cancel) {
  env::HttpRequest request;
  request.url = bucket.UrlOf(file.path);
  request.headers = {{"X-Amz-Checksum-Mode", "ENABLED"}};
  if (HasEtag(file)) request.headers.emplace_back("If-Match", "\"" + file.tag + "\"");
  request.timeout = std::chrono::milliseconds(0);  // a large object may take its time
  request.least_bytes = bucket.settings.tuning.least_bytes;
  request.rate_window = bucket.settings.tuning.rate_window;
  request.repeatable = true;
  request.cancel = cancel;
  return request;
}

Result<env::HttpResponse> HeadObject(const Bucket& bucket, const StoredFile& file, uint64_t part,
                                     const env::Cancel* cancel) {
  const std::string what = bucket.NameOf(file.path);
  env::HttpRequest request = ObjectRequest(bucket, file, cancel);
  request.method = "HEAD";
  if (part > 0) request.url += fmt::format("?partNumber={}", part);
  request.timeout = std::chrono::milliseconds(60'000);
  request.least_bytes = 0;
  SLUICE_ASSIGN(env::HttpResponse response, bucket.Send(request, what, kMayRead));
  SLUICE_TRY(CheckVersion(response, file, what));
  return response;
}

Result<FetchedFile> FetchObject(const Bucket& bucket, const StoredFile& file,
                                const std::string& spool_path,
                                const std::function<void(uint64_t)>& progress,
                                const env::Cancel* cancel) {
  SpoolFile spool(spool_path);
  bool in_parts = HasEtag(file) && file.size >= bucket.settings.tuning.parted_from;
  for (int attempt = 1;; ++attempt) {
    ObjectHash hash;
    SLUICE_TRY(spool.Open());
    if (in_parts) {
      SLUICE_ASSIGN(in_parts, FetchInParts(bucket, file, spool, progress, cancel, hash));
    }
    if (!in_parts) {
      const auto write = [&](uint64_t offset, std::string_view bytes) {
        return spool.WriteAt(offset, bytes);
      };
      SLUICE_TRY(Stream(bucket, file, write, progress, cancel, hash));
    }
    const Status verified =
        hash.verified() ? Status::Ok() : VerifyComposite(bucket, file, hash.head(), spool, cancel);
    if (verified.ok()) {
      SLUICE_TRY(spool.Keep());
      return FetchedFile{spool_path, file.size, hash.ContentHash()};
    }
    if (verified.code() != Code::kRetry || attempt == kMaxDamaged) return verified;
  }
}

Result<std::string> ReadObject(const Bucket& bucket, const StoredFile& file,
                               const env::Cancel* cancel) {
  std::string content;
  const auto write = [&](uint64_t offset, std::string_view bytes) {
    content.resize(offset);
    content += bytes;
    return Status::Ok();
  };
  ObjectHash hash;
  SLUICE_TRY(Stream(bucket, file, write, nullptr, cancel, hash));
  return content;
}

}  // namespace sluice::connectors::s3
