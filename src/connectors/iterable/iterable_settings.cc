#include "connectors/iterable/iterable_settings.h"

#include <string_view>

#include <fmt/format.h>

#include "base/text.h"

namespace sluice::connectors::iterable {
namespace {

// "https://host:port/path" without a '/' at the end.
Result<std::string> ReadEndpoint(const config::Options& options) {
  const config::OptionValue& option = options.values.at("endpoint");
  std::string url(Trim(option.text));
  const auto wrong = [&](std::string_view what, std::string next) {
    return ConfigError(fmt::format("{}: endpoint {}", option.where.ToString(), what),
                       std::move(next));
  };
  if (url.find("://") == std::string::npos) url.insert(0, "https://");
  if (!StartsWith(url, "https://") && !StartsWith(url, "http://")) {
    return wrong("is no address that begins with https:// or http://",
                 "Write it as https://api.example.com.");
  }
  if (url.find_first_of("?#@ ") != std::string::npos) {
    return wrong("has a query, a fragment, a blank or credentials in it",
                 "Write only scheme, host and port; the key belongs to `api_key`.");
  }
  const size_t host = url.find("://") + 3;
  while (url.size() > host && url.back() == '/') url.pop_back();
  if (url.size() == host) return wrong("has no host", "Write it as https://api.example.com.");
  if (EndsWith(url, "/api")) {
    return wrong("ends with /api", "Leave that out: it is put before every path.");
  }
  return url;
}

Result<ProjectType> ReadProjectType(const config::Options& options) {
  const std::string& text = options.Text("project_type");
  if (text == "email") return ProjectType::kEmail;
  if (text == "userid") return ProjectType::kUserId;
  if (text == "hybrid") return ProjectType::kHybrid;
  return ConfigError(fmt::format("project_type \"{}\" is none of email, userid, hybrid", text));
}

}  // namespace

std::string IterableSettings::Describe() const {
  return fmt::format("iterable ({}, {} project)", place, NameOf(project));
}

Result<IterableSettings> ReadIterableSettings(const config::Options& options) {
  IterableSettings settings;
  SLUICE_ASSIGN(settings.project, ReadProjectType(options));
  if (options.Has("endpoint")) {
    SLUICE_ASSIGN(settings.base_url, ReadEndpoint(options));
    settings.place = settings.base_url;
  } else {
    settings.place = options.Text("region");
    if (settings.place != "us" && settings.place != "eu") {
      return ConfigError(fmt::format("region \"{}\" is none of us, eu", settings.place));
    }
    settings.base_url =
        settings.place == "eu" ? "https://api.eu.iterable.com" : "https://api.iterable.com";
  }
  settings.api_key = options.SecretOf("api_key");
  if (settings.api_key.empty()) {
    return ConfigError("api_key is empty", "Put a server-side key of the Iterable project there.");
  }
  if (options.Has("requests_per_second")) {
    settings.requests_per_second = static_cast<double>(options.Number("requests_per_second"));
  }
  if (options.Has("lookups_per_second")) {
    settings.lookups_per_second = static_cast<double>(options.Number("lookups_per_second"));
  }
  settings.create_users = options.Has("create_users") && options.Flag("create_users");
  if (options.Has("forgets_per_day")) settings.forgets_per_day = options.Number("forgets_per_day");
  if (options.Has("settle")) settings.settle = options.Duration("settle");
  if (options.Has("max_users_per_request")) {
    settings.max_users = options.Number("max_users_per_request");
  }
  if (options.Has("max_body_bytes")) settings.max_body_bytes = options.Number("max_body_bytes");
  if (options.Has("timeout")) settings.timeout = options.Duration("timeout");
  if (options.Has("ca_file")) settings.ca_file = options.Text("ca_file");
  if (settings.max_users < 1 || settings.max_body_bytes < 1) {
    return ConfigError("max_users_per_request and max_body_bytes must be at least 1");
  }
  return settings;
}

}  // namespace sluice::connectors::iterable
