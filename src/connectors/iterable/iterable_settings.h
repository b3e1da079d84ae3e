// What a connection of type iterable says, ready to use: where the project is, what identifies its
// people, and how much a request may hold.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/status.h"
#include "config/project.h"
#include "connectors/iterable/identifiers.h"

namespace sluice::connectors::iterable {

struct IterableSettings {
  std::string base_url;  // "https://api.iterable.com", without a '/' at the end
  // What people call it: "us", "eu", or the address of an `endpoint`.
  std::string place;
  ProjectType project = ProjectType::kEmail;
  config::Secret api_key;
  // Whether people may be made by putting them on a list.
  bool create_users = false;
  double requests_per_second = 5;
  double lookups_per_second = 100;  // of single people and items
  // In any 24 hours; as many to be unforgotten.
  int64_t forgets_per_day = 1000;
  std::chrono::milliseconds settle{60'000};  // after a change of an e-mail address
  int64_t max_users = 1000;
  int64_t max_body_bytes = 4'000'000;
  std::chrono::milliseconds timeout{60'000};
  std::string ca_file;  // for env::HttpOptions; empty: the system's

  // For messages: "iterable (us, e-mail project)". No credentials.
  std::string Describe() const;
};

// Reads the options region, endpoint, project_type, api_key, create_users, requests_per_second,
// forgets_per_day, settle, max_users_per_request, max_body_bytes, timeout and ca_file. kConfig when one is impossible.
Result<IterableSettings> ReadIterableSettings(const config::Options& options);

}  // namespace sluice::connectors::iterable
