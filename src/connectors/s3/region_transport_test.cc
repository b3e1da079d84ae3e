#include "connectors/s3/region_transport.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace sluice::connectors::s3 {
namespace {

// Answers as a server does that has the bucket in another region; notes what it was asked.
class World {
 public:
  MakeSigned Make() {
    return [this](const S3Settings& settings) -> std::unique_ptr<env::HttpTransport> {
      return std::make_unique<Transport>(*this, settings.region);
    };
  }

  std::string right_region = "eu-central-1";
  env::HttpResponse refusal;
  std::vector<std::string> asked;  // "region url"

 private:
  class Transport : public env::HttpTransport {
   public:
    Transport(World& world, std::string region) : world_(world), region_(std::move(region)) {}
    Result<env::HttpResponse> Send(const env::HttpRequest& request, env::HttpError*) override {
      world_.asked.push_back(region_ + " " + request.url);
      if (region_ != world_.right_region) return world_.refusal;
      return env::HttpResponse{200, {}, "fine"};
    }

   private:
    World& world_;
    const std::string region_;
  };
};

S3Settings Amazon() {
  S3Settings settings;
  settings.bucket = "drop";
  settings.endpoint = "https://s3.us-east-1.amazonaws.com";
  settings.url_style = UrlStyle::kVirtual;
  return settings;
}

class RegionTest : public testing::Test {
 protected:
  Result<env::HttpResponse> Ask(const std::string& path) {
    env::HttpRequest request;
    request.url = settings_.BucketUrl() + path;
    if (!transport_) transport_ = MakeRegionTransport(settings_, world_.Make(), notes_);
    return transport_->Send(request);
  }
  S3Settings settings_ = Amazon();
  World world_;
  std::shared_ptr<StoreNotes> notes_ = std::make_shared<StoreNotes>();
  std::unique_ptr<env::HttpTransport> transport_;
};

TEST_F(RegionTest, ARedirectIsFollowedRememberedAndToldOnce) {
  world_.refusal = {301, {{"x-amz-bucket-region", "eu-central-1"}}, ""};
  EXPECT_EQ(Ask("/?list-type=2")->body, "fine");
  EXPECT_EQ(Ask("/a")->body, "fine");
  EXPECT_EQ(world_.asked,
            (std::vector<std::string>{
                "us-east-1 https://drop.s3.us-east-1.amazonaws.com/?list-type=2",
                "eu-central-1 https://drop.s3.eu-central-1.amazonaws.com/?list-type=2",
                "eu-central-1 https://drop.s3.eu-central-1.amazonaws.com/a"}));
  EXPECT_EQ(notes_->Take(),
            std::vector<std::string>{"s3://drop/: the bucket lies in region eu-central-1, not in "
                                     "us-east-1: write `region: eu-central-1`"});
  EXPECT_TRUE(notes_->Take().empty());
}

TEST_F(RegionTest, TheBodyMayNameTheRegion) {
  world_.refusal = {400,
                    {},
                    "<Error><Code>AuthorizationHeaderMalformed</Code>"
                    "<Region>eu-central-1</Region></Error>"};
  EXPECT_EQ(Ask("/a")->body, "fine");
}

TEST_F(RegionTest, AHeadHasOnlyTheHeader) {
  world_.refusal = {400, {{"x-amz-bucket-region", "eu-central-1"}}, ""};
  EXPECT_EQ(Ask("/a")->body, "fine");
}

TEST_F(RegionTest, AnotherServerKeepsItsAddressAndIsSignedForTheRegion) {
  settings_.endpoint = "https://minio.example.com";
  settings_.is_amazon = false;
  settings_.url_style = UrlStyle::kPath;
  world_.refusal = {301, {{"x-amz-bucket-region", "eu-central-1"}}, ""};
  EXPECT_EQ(Ask("/a")->body, "fine");
  EXPECT_EQ(world_.asked.back(), "eu-central-1 https://minio.example.com/drop/a");
}

TEST_F(RegionTest, ACircleIsNotFollowed) {
  world_.right_region = "nowhere";
  world_.refusal = {301, {{"x-amz-bucket-region", "eu-central-1"}}, ""};
  EXPECT_EQ(Ask("/a")->status, 301);
  EXPECT_EQ(world_.asked.size(), 2U);
  world_.refusal = {301, {{"x-amz-bucket-region", "us-west-2"}}, ""};
  EXPECT_EQ(Ask("/a")->status, 301);
  EXPECT_EQ(world_.asked.size(), 3U) << "once";
}

TEST_F(RegionTest, OtherRefusalsAndOddRegionsAreLeftAlone) {
  world_.refusal = {
      403, {{"x-amz-bucket-region", "eu-central-1"}}, "<Error><Code>AccessDenied</Code></Error>"};
  EXPECT_EQ(Ask("/a")->status, 403);
  world_.refusal = {301, {{"x-amz-bucket-region", "evil.example.com/"}}, ""};
  EXPECT_EQ(Ask("/a")->status, 301);
  EXPECT_EQ(world_.asked.size(), 2U);
}

}  // namespace
}  // namespace sluice::connectors::s3
