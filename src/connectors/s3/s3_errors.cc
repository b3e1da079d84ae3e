#include "connectors/s3/s3_errors.h"

#include <cstdlib>
#include <optional>

#include <fmt/format.h>
#include <pugixml.hpp>

#include "base/text.h"
#include "env/http_retry.h"

namespace sluice::connectors::s3 {
namespace {

// Servers may write long messages; the first line is what matters.
constexpr size_t kMaxMessage = 200;

std::string Short(std::string_view message) {
  message = Trim(message.substr(0, message.find('\n')));
  std::string out(message.substr(0, kMaxMessage));
  while (!out.empty() && (out.back() == '.' || !IsValidUtf8(out))) out.pop_back();
  return out;
}

// Keys that the server does not take.
std::optional<Status> AuthStatus(const S3Error& error, const std::string& what,
                                 std::string_view needs) {
  const std::string refused = fmt::format("{}: {}", what, error.code);
  if (error.code == "SignatureDoesNotMatch") {
    return AuthError(refused + ": the secret does not belong to the key id",
                     "Check secret_access_key; it is easily cut when it holds '/' or '+'");
  }
  if (error.code == "InvalidAccessKeyId") {
    return AuthError(refused + ": the server does not know the key id",
                     "Check access_key_id, and `endpoint` if the keys are not Amazon's");
  }
  if (error.code == "ExpiredToken" || error.code == "ExpiredTokenException" ||
      error.code == "TokenRefreshRequired") {
    return AuthError(refused + ": the temporary keys have expired", "Get new ones and run again");
  }
  if (error.code == "InvalidToken" || error.code == "InvalidTokenId") {
    return AuthError(refused + ": the session token is wrong",
                     "Check session_token; lasting keys need none");
  }
  if (error.code == "AccessDenied" || error.code == "AllAccessDisabled" ||
      error.code == "Forbidden") {
    return AuthError(fmt::format("{}: the server took the keys, but they may not do this", refused),
                     fmt::format("Give them the permission {}", needs));
  }
  return std::nullopt;
}

std::string ClockDifference(const env::HttpResponse& response, env::Micros now) {
  const auto server = env::ParseHttpDate(response.Header("Date"));
  if (!server) return "this machine's clock and the server's differ too much";
  const double seconds = static_cast<double>(now - *server) / 1e6;
  return fmt::format("this machine's clock is {} {} the server's", HumanSeconds(std::abs(seconds)),
                     seconds < 0 ? "behind" : "ahead of");
}

// The bucket lies elsewhere than the request was sent to or signed for.
std::optional<Status> RegionStatus(const env::HttpResponse& response, const S3Error& error,
                                   const S3Settings& settings, const std::string& what) {
  const auto region = OtherRegion(response, error);
  if (!region) return std::nullopt;
  if (!region->empty() && *region != settings.region) {
    return ConfigError(
        fmt::format("{}: the bucket lies in region {}, not in {}", what, *region, settings.region),
        fmt::format("Write `region: {}`", *region));
  }
  return ConfigError(fmt::format("{}: the server sends the request elsewhere ({})", what,
                                 error.message.empty() ? error.code : Short(error.message)),
                     "Check `region`, `endpoint` and `url_style`");
}

}  // namespace

S3Error ParseS3Error(std::string_view body) {
  pugi::xml_document document;
  S3Error error;
  if (!document.load_buffer(body.data(), body.size(), pugi::parse_minimal | pugi::parse_escapes)) {
    return error;
  }
  const pugi::xml_node node = document.child("Error");
  error.code = node.child_value("Code");
  error.message = node.child_value("Message");
  error.region = node.child_value("Region");
  return error;
}

std::optional<std::string> OtherRegion(const env::HttpResponse& response, const S3Error& error) {
  const bool elsewhere =
      response.status == 301 || response.status == 307 || error.code == "PermanentRedirect" ||
      error.code == "TemporaryRedirect" || error.code == "AuthorizationHeaderMalformed" ||
      error.code == "IncorrectEndpoint" || error.code == "IllegalLocationConstraintException";
  // A HEAD has no body to say why: 400 with the bucket's region is what S3 answers then.
  const std::string region(response.Header("x-amz-bucket-region"));
  const bool without_words = response.status == 400 && error.code.empty() && !region.empty();
  if (!elsewhere && !without_words) return std::nullopt;
  return region.empty() ? error.region : region;
}

Status StatusOf(const env::HttpResponse& response, const S3Settings& settings,
                const std::string& what, std::string_view needs, env::Micros now) {
  const S3Error error = ParseS3Error(response.body);
  if (auto status = AuthStatus(error, what, needs)) return *status;
  if (error.code == "RequestTimeTooSkewed" || error.code == "RequestExpired") {
    return FailedError(fmt::format("{}: {}", what, ClockDifference(response, now)),
                       "Set the clock of this machine");
  }
  if (auto status = RegionStatus(response, error, settings, what)) return *status;
  if (error.code == "NoSuchBucket") {
    return NotFoundError(fmt::format("{}: there is no bucket \"{}\"", what, settings.bucket),
                         "Check `bucket` and `endpoint`");
  }
  if (error.code == "InvalidBucketName") {
    return ConfigError(fmt::format("{}: the server does not take \"{}\" as a bucket's name", what,
                                   settings.bucket),
                       "Check `bucket`");
  }
  if (error.code == "InvalidObjectState") {
    return RejectedError(fmt::format("{}: the object is archived", what),
                         "Restore it in the bucket, then run again");
  }
  const std::string said =
      fmt::format("{}: answer {}{}{}{}{}", what, response.status, error.code.empty() ? "" : " ",
                  error.code, error.message.empty() ? "" : ": ", Short(error.message));
  if (error.code == "NoSuchKey") return NotFoundError(fmt::format("{}: it is gone", what));
  if (response.status == 412) {
    return RetryError(fmt::format("{} changed while it was read", what),
                      "Run the command again once the file is complete");
  }
  if (env::IsPassing(response.status) || error.code == "RequestTimeout") {
    return RetryError(said, "The server is busy or broken at the moment; run again later");
  }
  if (response.status == 404) {
    return NotFoundError(said, "Check `bucket`, `endpoint` and `url_style`");
  }
  if (response.status == 401 || response.status == 403) {
    return AuthError(said, "Check the keys and their permissions");
  }
  return FailedError(said,
                     error.code.empty() ? "Check that an S3 server answers at `endpoint`" : "");
}

}  // namespace sluice::connectors::s3
