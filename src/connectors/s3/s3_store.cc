#include "connectors/s3/s3_store.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "connectors/s3/download.h"
#include "connectors/s3/s3_errors.h"
#include "connectors/s3/s3_listing.h"
#include "connectors/s3/signing_transport.h"
#include "env/file.h"

namespace sluice::connectors::s3 {
namespace {

using connector::FetchedFile;
using connector::Listing;
using connector::Store;
using connector::StoredFile;

constexpr int kMaxDamaged = 3;  // attempts whose bytes do not fit their checksum
constexpr std::string_view kMayList = "s3:ListBucket on the bucket";
constexpr std::string_view kMayRead = "s3:GetObject on its objects";

class MemoryTarget : public ByteTarget {
 public:
  Status Begin() override {
    content_.clear();
    return Status::Ok();
  }
  Status Write(std::string_view bytes) override {
    content_ += bytes;
    return Status::Ok();
  }
  std::string Take() { return std::move(content_); }

 private:
  std::string content_;
};

// A neighbour of the path, removed again unless it became the file.
class SpoolTarget : public ByteTarget {
 public:
  explicit SpoolTarget(std::string path) : path_(std::move(path)), part_(path_ + ".part") {}
  ~SpoolTarget() override {
    // Nobody is there to hear of a failure; the next attempt truncates what is left.
    if (file_) static_cast<void>(env::RemoveFile(part_));
  }
  Status Begin() override {
    if (!file_) {
      auto opened = env::AppendFile::Open(part_);
      // Never kNotFound, which would speak of the object.
      if (!opened.ok()) return FailedError(opened.status().message(), opened.status().next());
      file_.emplace(std::move(opened).value());
    }
    return file_->Truncate(0);
  }
  Status Write(std::string_view bytes) override { return file_->Append(bytes); }
  Status Commit() {
    SLUICE_TRY(env::Rename(part_, path_));
    file_.reset();
    return Status::Ok();
  }

 private:
  const std::string path_;
  const std::string part_;
  std::optional<env::AppendFile> file_;
};

class S3Store : public Store {
 public:
  S3Store(S3Settings settings, std::unique_ptr<env::HttpTransport> transport, env::Clock& clock)
      : settings_(std::move(settings)),
        bucket_url_(settings_.BucketUrl()),
        transport_(std::move(transport)),
        clock_(clock) {}

  std::string Describe() const override { return settings_.Describe(); }

  Result<Listing> List(std::string_view prefix, const env::Cancel* cancel) override {
    Listing listing;
    std::string token;
    while (true) {
      SLUICE_ASSIGN(ListPage page, GetPage(prefix, token, 0, cancel));
      for (ListedObject& object : page.objects) SLUICE_TRY(Add(std::move(object), listing));
      if (!page.truncated) break;
      if (page.next_token == token) {
        return FailedError(
            fmt::format("{}: the listing does not go on where it ended", settings_.Describe()));
      }
      token = page.next_token;
    }
    std::sort(listing.files.begin(), listing.files.end(),
              [](const StoredFile& a, const StoredFile& b) { return a.path < b.path; });
    return listing;
  }

  Result<FetchedFile> Fetch(const StoredFile& file, const std::string& spool_path,
                            const std::function<void(uint64_t)>& progress,
                            const env::Cancel* cancel) override {
    SpoolTarget target(spool_path);
    FetchedFile fetched;
    SLUICE_ASSIGN(fetched.content_hash, Get(file, target, progress, cancel));
    SLUICE_TRY(target.Commit());
    fetched.local_path = spool_path;
    fetched.size = file.size;
    return fetched;
  }

  Result<std::string> ReadSmall(const StoredFile& file, uint64_t limit,
                                const env::Cancel* cancel) override {
    if (file.size > limit) {
      return FailedError(fmt::format("{} has {}, more than the {} allowed for such a file",
                                     NameOf(file), HumanBytes(file.size), HumanBytes(limit)));
    }
    MemoryTarget target;
    SLUICE_TRY(Get(file, target, nullptr, cancel).status());
    return target.Take();
  }

  Status Probe(const env::Cancel* cancel) override { return GetPage("", "", 1, cancel).status(); }

 private:
  std::string NameOf(const StoredFile& file) const { return settings_.Describe() + file.path; }

  // `max_keys` 0: as many as the server gives at once, usually 1,000.
  Result<ListPage> GetPage(std::string_view prefix, const std::string& token, int max_keys,
                           const env::Cancel* cancel) {
    env::HttpRequest request;
    request.url = bucket_url_ + (settings_.url_style == UrlStyle::kVirtual ? "/?" : "?");
    if (!token.empty()) request.url += "continuation-token=" + env::UrlEncode(token) + "&";
    request.url += "encoding-type=url&list-type=2";
    if (max_keys > 0) request.url += fmt::format("&max-keys={}", max_keys);
    request.url += "&prefix=" + env::UrlEncode(settings_.prefix + std::string(prefix));
    request.repeatable = true;
    request.cancel = cancel;
    const std::string what = settings_.Describe();
    const auto response = transport_->Send(request);
    if (!response.ok()) return response.status().WithContext(what);
    if (response->status != 200) {
      return StatusOf(*response, settings_, what, kMayList, clock_.Now());
    }
    auto page = ParseListPage(response->body);
    if (!page.ok()) return page.status().WithContext(what);
    return page;
  }

  Status Add(ListedObject object, Listing& listing) const {
    if (!StartsWith(object.key, settings_.prefix)) {
      return FailedError(
          fmt::format("{}: the server listed a key that does not begin so", settings_.Describe()));
    }
    StoredFile file;
    file.path = object.key.substr(settings_.prefix.size());
    const bool is_folder_mark = file.path.empty() || (file.path.back() == '/' && object.size == 0);
    if (is_folder_mark) return Status::Ok();
    file.size = object.size;
    file.modified = object.modified;
    file.tag =
        object.etag.empty() ? TagWithoutEtag(object.size, object.modified) : std::move(object.etag);
    listing.files.push_back(std::move(file));
    return Status::Ok();
  }

  // The whole object into `target`; its content hash.
  Result<std::string> Get(const StoredFile& file, ByteTarget& target,
                          const std::function<void(uint64_t)>& progress,
                          const env::Cancel* cancel) {
    const std::string what = NameOf(file);
    Download download(what, file, target, progress, cancel);
    env::HttpRequest request;
    request.url = bucket_url_ + "/" + env::UrlEncode(settings_.prefix + file.path, true);
    request.headers = {{"X-Amz-Checksum-Mode", "ENABLED"}};
    if (HasEtag(file)) request.headers.emplace_back("If-Match", "\"" + file.tag + "\"");
    request.timeout = std::chrono::milliseconds(0);  // a large object may take its time
    request.begin = [&](const env::HttpResponse& head) { return download.Begin(head); };
    request.sink = [&](std::string_view bytes) { return download.Piece(bytes); };
    request.repeatable = true;
    request.cancel = cancel;
    for (int attempt = 1;; ++attempt) {
      const auto response = transport_->Send(request);
      if (!response.ok()) {
        const Status status = response.status();
        return StartsWith(status.message(), what) ? status : status.WithContext(what);
      }
      if (response->status != 200) {
        return StatusOf(*response, settings_, what, kMayRead, clock_.Now());
      }
      const Status finished = download.Finish();
      if (finished.ok()) return download.ContentHash();
      if (finished.code() != Code::kRetry || attempt == kMaxDamaged) return finished;
    }
  }

  const S3Settings settings_;
  const std::string bucket_url_;
  const std::unique_ptr<env::HttpTransport> transport_;
  env::Clock& clock_;
};

}  // namespace

std::unique_ptr<Store> MakeS3Store(S3Settings settings, env::Clock& clock, env::Random& random,
                                   env::RetryObserver observer) {
  env::HttpOptions options;
  options.ca_file = settings.ca_file;
  options.verify_tls = settings.verify_tls;
  options.resolve = settings.resolve;
  auto transport = env::MakeRetryingTransport(
      MakeSigningTransport(env::MakeCurlTransport(std::move(options)), settings.credentials,
                           {settings.region, "s3"}, clock),
      env::RetryPolicy{}, clock, random, std::move(observer));
  return MakeS3StoreOver(std::move(settings), std::move(transport), clock);
}

std::unique_ptr<Store> MakeS3StoreOver(S3Settings settings,
                                       std::unique_ptr<env::HttpTransport> transport,
                                       env::Clock& clock) {
  return std::make_unique<S3Store>(std::move(settings), std::move(transport), clock);
}

}  // namespace sluice::connectors::s3
