// The static lists of a project: what GET /api/lists says, and which of them a sync means.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace sluice::connectors::iterable {

struct ListInfo {
  int64_t id = 0;
  std::string name;
  std::string type;  // "Standard"; "Dynamic" ones are filled by Iterable
};

// kConfig when it is no answer of that kind.
Result<std::vector<ListInfo>> ReadLists(std::string_view body);

// The id of the list that is called exactly so; nothing when there is none. kConfig, saying what to do,
// when several are, or when it is none that can be subscribed to.
Result<std::optional<int64_t>> FindListByName(const std::vector<ListInfo>& lists,
                                              const std::string& name);

// kConfig when there is no such list, or none that can be subscribed to.
Status CheckListId(const std::vector<ListInfo>& lists, int64_t id);

}  // namespace sluice::connectors::iterable
