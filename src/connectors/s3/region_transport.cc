#include "connectors/s3/region_transport.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "connectors/s3/s3_errors.h"

namespace sluice::connectors::s3 {
namespace {

// Where the bucket is, and how it is reached there.
struct Place {
  S3Settings settings;
  std::unique_ptr<env::HttpTransport> transport;
};

bool IsRegion(std::string_view text) {
  return !text.empty() && text.size() < 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

class RegionTransport : public env::HttpTransport {
 public:
  RegionTransport(S3Settings settings, MakeSigned make, std::shared_ptr<StoreNotes> notes)
      : make_(std::move(make)), notes_(std::move(notes)), first_url_(settings.BucketUrl()) {
    auto transport = make_(settings);
    place_ = std::make_shared<Place>(Place{std::move(settings), std::move(transport)});
  }

  Result<env::HttpResponse> Send(const env::HttpRequest& request, env::HttpError* error) override {
    const std::shared_ptr<Place> place = Current();
    auto response = SendTo(*place, request, error);
    if (!response.ok() || response->status / 100 == 2) return response;
    const auto region = OtherRegion(*response, ParseS3Error(response->body));
    if (!region || !IsRegion(*region) || *region == place->settings.region) return response;
    const std::shared_ptr<Place> right = Follow(place, *region);
    return right == nullptr ? std::move(response) : SendTo(*right, request, error);
  }

 private:
  std::shared_ptr<Place> Current() {
    const std::lock_guard lock(mutex_);
    return place_;
  }

  Result<env::HttpResponse> SendTo(Place& place, const env::HttpRequest& request,
                                   env::HttpError* error) const {
    const std::string url = place.settings.BucketUrl();
    if (url == first_url_ || !StartsWith(request.url, first_url_)) {
      return place.transport->Send(request, error);
    }
    env::HttpRequest there = request;
    there.url = url + request.url.substr(first_url_.size());
    return place.transport->Send(there, error);
  }

  // Once in the life of a store: servers that send each other round in a circle are not followed.
  std::shared_ptr<Place> Follow(const std::shared_ptr<Place>& from, const std::string& region) {
    const std::lock_guard lock(mutex_);
    if (followed_) {
      // Another thread was sent there meanwhile.
      return place_ != from && place_->settings.region == region ? place_ : nullptr;
    }
    followed_ = true;
    S3Settings settings = from->settings.InRegion(region);
    notes_->Add(fmt::format("{}: the bucket lies in region {}, not in {}: write `region: {}`",
                            settings.Describe(), region, from->settings.region, region));
    auto transport = make_(settings);
    place_ = std::make_shared<Place>(Place{std::move(settings), std::move(transport)});
    return place_;
  }

  const MakeSigned make_;
  const std::shared_ptr<StoreNotes> notes_;
  const std::string first_url_;
  std::mutex mutex_;
  std::shared_ptr<Place> place_;
  bool followed_ = false;
};

}  // namespace

void StoreNotes::Add(std::string note) {
  const std::lock_guard lock(mutex_);
  notes_.push_back(std::move(note));
}

std::vector<std::string> StoreNotes::Take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(notes_, {});
}

std::unique_ptr<env::HttpTransport> MakeRegionTransport(S3Settings settings, MakeSigned make,
                                                        std::shared_ptr<StoreNotes> notes) {
  return std::make_unique<RegionTransport>(std::move(settings), std::move(make), std::move(notes));
}

}  // namespace sluice::connectors::s3
