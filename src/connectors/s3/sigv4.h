// AWS Signature Version 4 with the signature in a header, for S3 (path encoded once, never
// normalised). "Authenticating Requests: Using the Authorization Header (AWS Signature Version 4)",
// Amazon S3 API Reference; the tests are that document's examples.
#pragma once

#include <string>
#include <string_view>

#include "config/project.h"
#include "env/clock.h"
#include "env/http.h"

namespace sluice::connectors::s3 {

struct Credentials {
  std::string access_key_id;
  config::Secret secret_access_key;
  config::Secret session_token;  // empty: lasting credentials
};

struct SigningScope {
  std::string region;
  std::string service = "s3";
};

// SHA-256, 64 hex digits; the `payload_hash` of a body.
std::string Sha256Hex(std::string_view bytes);

// "20130524T000000Z", as X-Amz-Date carries it.
std::string AmzDate(env::Micros time);

// The value of the Authorization header. Pure. `url` as it is sent: percent-encoded, the encoding
// of the path is taken as it stands, the query is sorted here. Every header of `headers` is signed;
// Host and X-Amz-Date must be among them.
std::string AuthorizationV4(std::string_view method, std::string_view url,
                            const env::HttpHeaders& headers, std::string_view payload_hash,
                            const Credentials& credentials, const SigningScope& scope,
                            std::string_view amz_date);

// "host" or "host:port" as a client sends it: the scheme's own port is left out.
std::string HostOf(std::string_view url);

}  // namespace sluice::connectors::s3
