#include "connectors/s3/s3_settings.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "env/file.h"
#include "env/http.h"

namespace sluice::connectors::s3 {
namespace {

constexpr uint64_t kMaxCredentialsFile = 1 << 20;

std::string TextOr(const config::Options& options, const std::string& name,
                   std::string fallback = "") {
  const auto found = options.values.find(name);
  return found == options.values.end() || found->second.text.empty() ? fallback
                                                                     : found->second.text;
}

config::Secret SecretOr(const config::Options& options, const std::string& name) {
  const auto found = options.values.find(name);
  return found == options.values.end() ? config::Secret() : found->second.secret;
}

bool IsLetterOrDigit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// Old buckets may have capitals and underscores; nothing else is a bucket anywhere.
Status CheckBucket(const std::string& bucket) {
  const bool right = bucket.size() >= 3 && bucket.size() <= 255 &&
                     std::all_of(bucket.begin(), bucket.end(), [](char c) {
                       return IsLetterOrDigit(c) || c == '.' || c == '-' || c == '_';
                     });
  if (right) return Status::Ok();
  return ConfigError(
      fmt::format("bucket: \"{}\" is no name of a bucket (3 letters or more, digits, '.', '-')",
                  bucket),
      "Write the bucket's name alone, without \"s3://\"; folders belong into `prefix`");
}

Status CheckRegion(const std::string& region) {
  const bool right = std::all_of(region.begin(), region.end(),
                                 [](char c) { return IsLetterOrDigit(c) || c == '-'; });
  if (right) return Status::Ok();
  return ConfigError(fmt::format("region: \"{}\" is no region such as \"eu-central-1\"", region));
}

Result<std::string> ReadEndpoint(std::string endpoint) {
  if (endpoint.find("://") == std::string::npos) endpoint = "https://" + endpoint;
  while (EndsWith(endpoint, "/")) endpoint.pop_back();
  const bool is_http = StartsWith(endpoint, "http://") || StartsWith(endpoint, "https://");
  const std::string_view rest = std::string_view(endpoint).substr(endpoint.find("://") + 3);
  if (!is_http || rest.empty() || rest.front() == '/' ||
      rest.find_first_of("?#@ ") != std::string_view::npos) {
    return ConfigError("endpoint: an address such as https://minio.example.com:9000 was expected",
                       "Leave credentials, queries and the bucket out of it");
  }
  return endpoint;
}

std::string AmazonEndpoint(const std::string& region) {
  const std::string_view domain = StartsWith(region, "cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  return fmt::format("https://s3.{}.{}", region, domain);
}

Result<UrlStyle> ReadStyle(const std::string& style, const S3Settings& settings) {
  if (style == "path") return UrlStyle::kPath;
  if (style == "virtual") return UrlStyle::kVirtual;
  if (style != "auto") {
    return ConfigError(fmt::format("url_style: \"{}\" is none of path, virtual, auto", style));
  }
  // A dot in the name would be a further level that Amazon's certificate does not cover.
  const bool has_dot = settings.bucket.find('.') != std::string::npos;
  return settings.is_amazon && !has_dot ? UrlStyle::kVirtual : UrlStyle::kPath;
}

// Step 2 and 4 of the order in the header.
Result<Credentials> FromFile(const std::string& path, const std::string& profile) {
  auto text = env::ReadFile(path, kMaxCredentialsFile);
  SLUICE_TRY(text.status());
  auto credentials = ParseCredentials(*text, profile);
  if (!credentials.ok()) return credentials.status().WithContext(path);
  return credentials;
}

Result<Credentials> FindCredentials(const config::Options& options,
                                    const Environment& environment) {
  Credentials own{TextOr(options, "access_key_id"), SecretOr(options, "secret_access_key"),
                  SecretOr(options, "session_token")};
  if (!own.access_key_id.empty()) {
    if (own.secret_access_key.empty()) {
      return ConfigError("secret_access_key: it is missing, though access_key_id is given");
    }
    return own;
  }

  const std::string home = environment("HOME").value_or("");
  const std::string usual_file = env::JoinPath(home, ".aws/credentials");
  const std::string named_file = TextOr(options, "credentials_file");
  const std::string named_profile = TextOr(options, "profile");
  if (!named_file.empty() || !named_profile.empty()) {
    auto found = FromFile(named_file.empty() ? usual_file : named_file,
                          named_profile.empty() ? "default" : named_profile);
    if (!found.ok()) {
      return ConfigError(found.status().message(),
                         "Check `profile` and `credentials_file` of the connection");
    }
    return found;
  }

  const auto key = environment("AWS_ACCESS_KEY_ID");
  const auto secret = environment("AWS_SECRET_ACCESS_KEY");
  if (key && secret && !key->empty() && !secret->empty()) {
    return Credentials{*key, config::Secret(*secret),
                       config::Secret(environment("AWS_SESSION_TOKEN").value_or(""))};
  }
  const std::string profile = environment("AWS_PROFILE").value_or("default");
  auto found = FromFile(environment("AWS_SHARED_CREDENTIALS_FILE").value_or(usual_file), profile);
  if (found.ok()) return found;
  return ConfigError(
      fmt::format("no keys for the bucket: the connection has no access_key_id, the environment no "
                  "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and {}",
                  found.status().message()),
      "Give access_key_id and secret_access_key in the connection, or a `profile`");
}

}  // namespace

std::string S3Settings::BucketUrl() const {
  if (url_style == UrlStyle::kPath) return endpoint + "/" + bucket;
  const size_t host = endpoint.find("://") + 3;
  return endpoint.substr(0, host) + bucket + "." + endpoint.substr(host);
}

S3Settings S3Settings::InRegion(const std::string& other) const {
  S3Settings settings = *this;
  settings.region = other;
  if (is_amazon) settings.endpoint = AmazonEndpoint(other);
  return settings;
}

std::string S3Settings::Describe() const {
  return fmt::format("s3://{}/{}", bucket, prefix);
}

Result<S3Settings> ReadS3Settings(const config::Options& options, const Environment& environment) {
  S3Settings settings;
  settings.bucket = TextOr(options, "bucket");
  SLUICE_TRY(CheckBucket(settings.bucket));
  settings.region = TextOr(options, "region", settings.region);
  SLUICE_TRY(CheckRegion(settings.region));
  const std::string endpoint = TextOr(options, "endpoint");
  settings.is_amazon = endpoint.empty();
  if (settings.is_amazon) {
    settings.endpoint = AmazonEndpoint(settings.region);
  } else {
    SLUICE_ASSIGN(settings.endpoint, ReadEndpoint(endpoint));
  }
  settings.prefix = TextOr(options, "prefix");
  settings.prefix.erase(0, settings.prefix.find_first_not_of('/'));
  if (!settings.prefix.empty() && settings.prefix.back() != '/') settings.prefix += '/';
  SLUICE_ASSIGN(settings.url_style, ReadStyle(TextOr(options, "url_style", "auto"), settings));
  settings.ca_file = TextOr(options, "ca_file");
  const auto verify = options.values.find("verify_tls");
  settings.verify_tls = verify == options.values.end() || verify->second.flag;
  SLUICE_ASSIGN(settings.credentials, FindCredentials(options, environment));
  return settings;
}

Result<Credentials> ParseCredentials(std::string_view text, std::string_view profile) {
  Credentials credentials;
  bool inside = false;
  bool found = false;
  for (const std::string& raw : Split(text, '\n')) {
    const std::string_view line = Trim(raw);
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[') {
      const std::string_view name = Trim(line.substr(1, line.find(']') - 1));
      inside = name == profile;
      found = found || inside;
      continue;
    }
    const size_t equals = line.find('=');
    if (!inside || equals == std::string_view::npos) continue;
    const std::string name = Lower(Trim(line.substr(0, equals)));
    std::string value(Trim(line.substr(equals + 1)));
    if (name == "aws_access_key_id") credentials.access_key_id = std::move(value);
    if (name == "aws_secret_access_key") {
      credentials.secret_access_key = config::Secret(std::move(value));
    }
    if (name == "aws_session_token") credentials.session_token = config::Secret(std::move(value));
  }
  if (!found) return NotFoundError(fmt::format("there is no section [{}]", profile));
  if (credentials.access_key_id.empty() || credentials.secret_access_key.empty()) {
    return NotFoundError(fmt::format(
        "the section [{}] has no aws_access_key_id or no aws_secret_access_key", profile));
  }
  return credentials;
}

}  // namespace sluice::connectors::s3
