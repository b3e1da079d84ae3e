// What a refusal of an S3 server means for the user. The vendor's list: "Error responses", Amazon
// S3 API Reference; compatible servers use the same words, some with another HTTP status.
#pragma once

#include <optional>
#include <string>

#include "base/status.h"
#include "connectors/s3/s3_settings.h"
#include "env/clock.h"
#include "env/http.h"

namespace sluice::connectors::s3 {

// The body of a refusal: <Error><Code/><Message/><Region/></Error>. Empty where it has none.
struct S3Error {
  std::string code;
  std::string message;
  std::string region;
};
S3Error ParseS3Error(std::string_view body);

// The region that a refusal names for a bucket that lies elsewhere: 301, 307, PermanentRedirect,
// AuthorizationHeaderMalformed and their kin. Nothing: it is no such refusal. "": it names none.
std::optional<std::string> OtherRegion(const env::HttpResponse& response, const S3Error& error);

// The Status for an answer that is no success. `what` is the object or bucket for the message;
// `needs` the permission that the request asks for ("s3:GetObject"); `now` tells a wrong clock.
//   kAuth      keys are refused or may not do it
//   kConfig    bucket, region or endpoint are wrong
//   kNotFound  no such bucket or object
//   kRetry     may pass: 5xx, 429, and 412 (another version by now)
//   kRejected  this object can not be read as it is (archived)
//   kFailed    anything else
Status StatusOf(const env::HttpResponse& response, const S3Settings& settings,
                const std::string& what, std::string_view needs, env::Micros now);

}  // namespace sluice::connectors::s3
