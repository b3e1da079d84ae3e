#include "config/sync_objects.h"

#include <algorithm>

#include "base/text.h"

namespace sluice::config {
namespace {

// "list:" of "list:NAME"; empty where it has no such part.
std::string_view Prefix(std::string_view object) {
  const size_t colon = object.find(':');
  return colon == std::string_view::npos ? std::string_view() : object.substr(0, colon + 1);
}

}  // namespace

const std::string* FindObject(const ConnectionType& type, std::string_view object) {
  const auto fits = [&](const std::string& known) {
    const std::string_view prefix = Prefix(known);
    return prefix.empty() ? known == object
                          : StartsWith(object, prefix) && object.size() > prefix.size();
  };
  const auto found = std::find_if(type.objects.begin(), type.objects.end(), fits);
  return found == type.objects.end() ? nullptr : &*found;
}

std::vector<std::string> ModesOf(const ConnectionType& type, std::string_view object) {
  // Who is on a list is all there is to it: there is nothing to change.
  if (StartsWith(Prefix(object), "list")) return {"add", "remove", "mirror"};
  if (Prefix(object) == "catalog:") return {"upsert", "update", "insert", "mirror", "replace"};
  // What people agreed to is overwritten; asking first keeps it from making people.
  if (object == "subscriptions") return {"upsert", "update"};
  // What happened is told once.
  if (object == "events" || object == "purchases") return {"append"};
  if (object == "email_changes" || object == "delete" || object == "forget" || object == "unforget")
    return {"add"};
  if (object == "carts") return {"upsert", "mirror"};
  if (type.mirrors && type.objects.empty()) {
    return {"upsert", "update", "insert", "mirror", "append"};
  }
  return {"upsert", "update", "insert"};
}

int TurnOf(std::string_view object) {
  constexpr std::string_view kTurns[] = {"unforget", "email_changes", "users", "list",
                                         "events",   "delete",        "forget"};
  if (object == "purchases" || object == "carts") object = "events";
  if (StartsWith(object, "list")) object = "list";
  const auto at = std::find(std::begin(kTurns), std::end(kTurns), object);
  // What is about nobody (catalogs), or lies elsewhere, is written with the users.
  if (at == std::end(kTurns)) return TurnOf("users");
  return static_cast<int>(at - std::begin(kTurns));
}

}  // namespace sluice::config
