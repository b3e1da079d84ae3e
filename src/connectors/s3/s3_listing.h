// The answers of ListObjectsV2.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "env/clock.h"

namespace sluice::connectors::s3 {

struct ListedObject {
  std::string key;
  uint64_t size = 0;
  env::Micros modified = 0;
  std::string etag;  // without quotes; "" where the server keeps none
};

struct ListPage {
  std::vector<ListedObject> objects;
  bool truncated = false;
  std::string next_token;  // not empty when truncated
};

// One page. Keys are decoded when the server says that it encoded them (EncodingType url; a '+' is
// then a blank). kFailed when it is no such page or anything in it cannot be read: an object is
// never left out.
Result<ListPage> ParseListPage(std::string_view xml);

// "2026-11-21T14:03:07.000Z"; nothing when it is no such time.
std::optional<env::Micros> ParseIsoTime(std::string_view text);

}  // namespace sluice::connectors::s3
