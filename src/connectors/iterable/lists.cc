#include "connectors/iterable/lists.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/json_text.h"
#include "base/text.h"

namespace sluice::connectors::iterable {
namespace {

// What POST /api/lists makes, and subscribe takes.
constexpr std::string_view kStandard = "Standard";

Status CheckType(const ListInfo& list) {
  if (list.type == kStandard) return Status::Ok();
  return ConfigError(
      fmt::format("the list {} is a {} list, and only a static (Standard) one can be subscribed to",
                  list.id, list.type.empty() ? "nameless kind of" : list.type),
      "Name another list.");
}

Status NoLists() {
  return ConfigError("GET /api/lists: the answer holds no lists",
                     "Correct `endpoint` or `region` of the connection.");
}

}  // namespace

Result<std::vector<ListInfo>> ReadLists(std::string_view body) {
  const auto json = CanonicalJson(body);
  if (!json.ok() || json->empty() || json->front() != '{') return NoLists();
  const std::string_view array = JsonMemberValue(json.value(), "lists");
  if (array.empty() || array.front() != '[') return NoLists();
  std::vector<ListInfo> lists;
  for (const std::string_view item : JsonItems(array)) {
    if (item.front() != '{') return NoLists();
    const auto id = ParseUnsigned(JsonMemberValue(item, "id"));
    if (!id) return NoLists();
    lists.push_back({static_cast<int64_t>(*id), JsonText(JsonMemberValue(item, "name")),
                     JsonText(JsonMemberValue(item, "listType"))});
  }
  return lists;
}

Result<std::optional<int64_t>> FindListByName(const std::vector<ListInfo>& lists,
                                              const std::string& name) {
  std::vector<const ListInfo*> found;
  for (const ListInfo& list : lists) {
    if (list.name == name) found.push_back(&list);
  }
  if (found.empty()) return std::optional<int64_t>();
  if (found.size() > 1) {
    std::vector<std::string> ids;
    for (const ListInfo* list : found) ids.push_back(std::to_string(list->id));
    std::sort(ids.begin(), ids.end());
    return ConfigError(
        fmt::format("{} lists are called \"{}\": {}", found.size(), name, Join(ids, ", ")),
        fmt::format("Write list_id: {} (or another of them) in place of `list`, or "
                    "rename one at Iterable.",
                    ids.front()));
  }
  SLUICE_TRY(CheckType(*found.front()));
  return std::optional(found.front()->id);
}

Status CheckListId(const std::vector<ListInfo>& lists, int64_t id) {
  for (const ListInfo& list : lists) {
    if (list.id == id) return CheckType(list);
  }
  return ConfigError(fmt::format("there is no list {}", id),
                     "Correct list_id, or write `list: NAME`, which makes one.");
}

}  // namespace sluice::connectors::iterable
