#include "connectors/s3/s3_store.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "connectors/s3/download.h"
#include "connectors/s3/object_fetch.h"
#include "connectors/s3/region_transport.h"
#include "connectors/s3/s3_editor.h"
#include "connectors/s3/s3_errors.h"
#include "connectors/s3/s3_listing.h"
#include "connectors/s3/signing_transport.h"

namespace sluice::connectors::s3 {
namespace {

using connector::FetchedFile;
using connector::Listing;
using connector::Store;
using connector::StoredFile;

constexpr std::string_view kMayList = "s3:ListBucket on the bucket";

class S3Store : public Store {
 public:
  S3Store(S3Settings settings, std::unique_ptr<env::HttpTransport> transport, env::Clock& clock,
          std::shared_ptr<DownloadSlots> slots, std::shared_ptr<StoreNotes> notes)
      : settings_(std::move(settings)),
        bucket_url_(settings_.BucketUrl()),
        transport_(std::move(transport)),
        clock_(clock),
        slots_(std::move(slots)),
        notes_(std::move(notes)),
        bucket_{settings_, *transport_, clock_, *slots_},
        editor_(MakeS3Editor(bucket_)) {}

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
    return FetchObject(bucket_, file, spool_path, progress, cancel);
  }

  Result<std::string> ReadSmall(const StoredFile& file, uint64_t limit,
                                const env::Cancel* cancel) override {
    if (file.size > limit) {
      return FailedError(fmt::format("{} has {}, more than the {} allowed for such a file",
                                     bucket_.NameOf(file.path), HumanBytes(file.size),
                                     HumanBytes(limit)));
    }
    return ReadObject(bucket_, file, cancel);
  }

  Status Probe(const env::Cancel* cancel) override { return GetPage("", "", 1, cancel).status(); }

  connector::StoreEditor* editor() override { return editor_.get(); }

  std::vector<std::string> TakeNotes() override { return notes_->Take(); }

 private:
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

  const S3Settings settings_;
  const std::string bucket_url_;
  const std::unique_ptr<env::HttpTransport> transport_;
  env::Clock& clock_;
  const std::shared_ptr<DownloadSlots> slots_;
  const std::shared_ptr<StoreNotes> notes_;
  const Bucket bucket_;
  const std::unique_ptr<connector::StoreEditor> editor_;
};

}  // namespace

std::unique_ptr<Store> MakeS3Store(S3Settings settings, env::Clock& clock, env::Random& random,
                                   env::RetryObserver observer,
                                   std::shared_ptr<DownloadSlots> slots) {
  auto notes = std::make_shared<StoreNotes>();
  const auto make = [&clock](const S3Settings& place) {
    env::HttpOptions options;
    options.ca_file = place.ca_file;
    options.verify_tls = place.verify_tls;
    options.resolve = place.resolve;
    return MakeSigningTransport(env::MakeCurlTransport(std::move(options)), place.credentials,
                                {place.region, "s3"}, clock);
  };
  auto transport =
      env::MakeRetryingTransport(MakeRegionTransport(settings, make, notes), env::RetryPolicy{},
                                 clock, random, std::move(observer));
  if (!slots) slots = std::make_shared<DownloadSlots>(kDefaultDownloads);
  return std::make_unique<S3Store>(std::move(settings), std::move(transport), clock,
                                   std::move(slots), std::move(notes));
}

std::unique_ptr<Store> MakeS3StoreOver(S3Settings settings,
                                       std::unique_ptr<env::HttpTransport> transport,
                                       env::Clock& clock) {
  return std::make_unique<S3Store>(std::move(settings), std::move(transport), clock,
                                   std::make_shared<DownloadSlots>(kDefaultDownloads),
                                   std::make_shared<StoreNotes>());
}

}  // namespace sluice::connectors::s3
