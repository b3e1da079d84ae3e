// What a connection of type s3 says, ready to use: where the bucket is and with which keys.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "config/project.h"
#include "connectors/s3/sigv4.h"

namespace sluice::connectors::s3 {

enum class UrlStyle { kPath, kVirtual };

// How objects are fetched. Not for users: tests make it small.
struct DownloadTuning {
  // From this size on an object is fetched in parts, several at once: a single connection to Amazon
  // gives some 90 MB/s at best.
  uint64_t parted_from = 64ULL << 20;
  uint64_t part_bytes = 16ULL << 20;
  int parts_at_once = 4;  // of one object; all downloads of a run share DownloadSlots
  // A transfer that brings less than this within the window is given up, and goes on anew.
  uint64_t least_bytes = 256 << 10;
  std::chrono::milliseconds rate_window{60'000};
};

struct S3Settings {
  std::string bucket;
  std::string region = "us-east-1";
  std::string endpoint;   // "https://host:port/path" without a '/' at the end; never empty
  bool is_amazon = true;  // no endpoint was given
  std::string prefix;     // "" or ends with '/'
  UrlStyle url_style = UrlStyle::kPath;
  Credentials credentials;
  std::string ca_file;
  bool verify_tls = true;
  std::vector<std::string> resolve;  // as HttpOptions::resolve; for tests
  DownloadTuning tuning;

  // Without a '/' at the end: the address that keys are appended to.
  std::string BucketUrl() const;
  // For messages: "s3://bucket/prefix".
  std::string Describe() const;
  // The same bucket in another region: the address too where it is Amazon's own.
  S3Settings InRegion(const std::string& other) const;
};

// The process environment as an effect: the value of a variable, nothing when it is not set.
using Environment = std::function<std::optional<std::string>(const std::string&)>;

// Reads the options bucket, region, endpoint, prefix, url_style, access_key_id, secret_access_key,
// session_token, profile, credentials_file, ca_file, verify_tls. The keys come from the first of:
//
//   1. access_key_id, secret_access_key and session_token of the connection;
//   2. when profile or credentials_file is given: that section ("default" otherwise) of that file
//      (~/.aws/credentials otherwise), and nothing else;
//   3. AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN of the environment;
//   4. the section AWS_PROFILE (or "default") of the file AWS_SHARED_CREDENTIALS_FILE (or
//      ~/.aws/credentials),
//
// which is the order of Amazon's own tools. kConfig when an option is impossible or no keys are
// found. Keys are in no message.
Result<S3Settings> ReadS3Settings(const config::Options& options, const Environment& environment);

// The section of a shared credentials file's text; kNotFound when there is none of that name.
Result<Credentials> ParseCredentials(std::string_view text, std::string_view profile);

}  // namespace sluice::connectors::s3
