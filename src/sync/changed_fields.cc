#include "sync/changed_fields.h"

#include <algorithm>
#include <functional>

#include "base/json_text.h"
#include "base/text.h"

namespace sluice::sync {
namespace {

using Members = std::vector<JsonMember>;

std::string_view Find(const Members& members, std::string_view name) {
  const auto at = std::lower_bound(
      members.begin(), members.end(), name,
      [](const JsonMember& member, std::string_view wanted) { return member.name < wanted; });
  return at != members.end() && at->name == name ? at->value : std::string_view();
}

bool IsObject(std::string_view value) {
  return !value.empty() && value.front() == '{';
}

// Every name of any of them, sorted, each once.
std::vector<std::string_view> AllNames(const Members& first, std::span<const Members> others) {
  std::vector<std::string_view> names;
  for (const JsonMember& member : first) names.push_back(member.name);
  for (const Members& members : others) {
    for (const JsonMember& member : members) names.push_back(member.name);
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

bool Holds(const std::vector<std::string>& sorted, std::string_view name) {
  return std::binary_search(sorted.begin(), sorted.end(), name, std::less<>());
}

bool Identifies(std::string_view name, const ChangedFieldsRules& rules) {
  return std::find(rules.identifiers.begin(), rules.identifiers.end(), name) !=
         rules.identifiers.end();
}

// Whether a field that `delivered` names and the payload does not is sent as null, or goes by being left out.
bool IsCleared(std::string_view name, const ChangedFieldsRules& rules) {
  if (rules.whole) return true;
  if (Holds(rules.mapped, name)) return !Holds(rules.kept, name);
  return rules.clears_unmapped && !Identifies(name, rules);
}

// The same inside an object: whether the mapping says what stands at `path`, or around it, or in it.
bool IsClearedInside(std::string_view path, const ChangedFieldsRules& rules) {
  if (rules.clears_unmapped || rules.paths.empty()) return true;
  return std::any_of(rules.paths.begin(), rules.paths.end(), [&](std::string_view mapped) {
    const std::string_view shorter = mapped.size() < path.size() ? mapped : path;
    const std::string_view longer = mapped.size() < path.size() ? path : mapped;
    return longer.substr(0, shorter.size()) == shorter &&
           (longer.size() == shorter.size() || longer[shorter.size()] == '.');
  });
}

// The object `value`, which stands at `path`, for a destination that merges: null for names that
// `held` objects have and it has not, at every depth.
std::string WithNulls(std::string_view value, std::span<const std::string_view> held,
                      const std::string& path, const ChangedFieldsRules& rules) {
  const Members members = JsonMembers(value);
  std::vector<Members> others;
  for (const std::string_view other : held) {
    if (IsObject(other)) others.push_back(JsonMembers(other));
  }
  std::string out = "{";
  for (const std::string_view name : AllNames(members, others)) {
    const std::string_view own = Find(members, name);
    const std::string inside = path + "." + std::string(name);
    if (own.empty()) {
      if (IsClearedInside(inside, rules)) AppendJsonMember(out, name, "null");
      continue;
    }
    if (!IsObject(own)) {
      AppendJsonMember(out, name, own);
      continue;
    }
    std::vector<std::string_view> inner;
    for (const Members& other : others) inner.push_back(Find(other, name));
    AppendJsonMember(out, name, WithNulls(own, inner, inside, rules));
  }
  return out + '}';
}

}  // namespace

std::string FieldsToSend(std::string_view payload, std::optional<std::string_view> delivered,
                         std::span<const std::string_view> maybe, const ChangedFieldsRules& rules) {
  if (rules.whole || (!delivered && maybe.empty())) return std::string(payload);
  const Members wanted = JsonMembers(payload);
  const Members there = delivered ? JsonMembers(*delivered) : Members();
  std::vector<Members> held;
  held.push_back(there);
  for (const std::string_view other : maybe) held.push_back(JsonMembers(other));
  const bool everything = !maybe.empty();

  std::string out = "{";
  for (const std::string_view name : AllNames(wanted, held)) {
    const std::string_view value = Find(wanted, name);
    if (value.empty()) {
      if (IsCleared(name, rules)) AppendJsonMember(out, name, "null");
      continue;
    }
    if (!everything && !Identifies(name, rules) && value == Find(there, name)) continue;
    if (!rules.merges_nested || !IsObject(value)) {
      AppendJsonMember(out, name, value);
      continue;
    }
    std::vector<std::string_view> inner;
    for (const Members& other : held) inner.push_back(Find(other, name));
    AppendJsonMember(out, name, WithNulls(value, inner, std::string(name), rules));
  }
  return out + '}';
}

std::string WithKept(std::string_view payload, std::string_view delivered,
                     std::optional<std::string_view> maybe, const ChangedFieldsRules& rules) {
  const Members wanted = JsonMembers(payload);
  const Members there = JsonMembers(delivered);
  const Members tried = maybe ? JsonMembers(*maybe) : Members();
  std::string out = "{";
  for (const std::string_view name : AllNames(wanted, std::span(&there, 1))) {
    std::string_view value = Find(wanted, name);
    if (value.empty() && !IsCleared(name, rules)) {
      const std::string_view other = Find(tried, name);
      if (other.empty() || other == Find(there, name)) value = Find(there, name);
    }
    if (!value.empty()) AppendJsonMember(out, name, value);
  }
  return out + '}';
}

std::string IdentifiersOf(std::string_view payload, const ChangedFieldsRules& rules) {
  std::string out = "{";
  for (const JsonMember& member : JsonMembers(payload)) {
    if (Identifies(member.name, rules)) AppendJsonMember(out, member.name, member.value);
  }
  return out + '}';
}

bool AnythingToSend(std::string_view payload, std::string_view delivered,
                    const ChangedFieldsRules& rules) {
  const Members wanted = JsonMembers(payload);
  const Members there = JsonMembers(delivered);
  for (const JsonMember& member : wanted) {
    if (Find(there, member.name) != member.value) return true;
  }
  return std::any_of(there.begin(), there.end(), [&](const JsonMember& member) {
    return Find(wanted, member.name).empty() && IsCleared(member.name, rules);
  });
}

std::string Overlay(std::string_view payload, std::string_view sent) {
  const Members base = JsonMembers(payload);
  const Members over = JsonMembers(sent);
  std::string out = "{";
  for (const std::string_view name : AllNames(base, std::span(&over, 1))) {
    const std::string_view value = Find(over, name);
    AppendJsonMember(out, name, value.empty() ? Find(base, name) : value);
  }
  return out + '}';
}

std::string Without(std::string_view payload, std::string_view names) {
  std::string out = "{";
  for (const JsonMember& member : JsonMembers(payload)) {
    bool gone = false;
    std::string inner;
    for (const std::string_view item : JsonItems(names)) {
      const std::string_view name = item.substr(1, item.size() - 2);  // escaped, as members are
      gone |= name == member.name;
      const bool inside = name.size() > member.name.size() + 1 && StartsWith(name, member.name) &&
                          name[member.name.size()] == '.';
      if (!inside || !IsObject(member.value)) continue;
      inner += inner.empty() ? "[\"" : ",\"";
      inner += name.substr(member.name.size() + 1);
      inner += '"';
    }
    if (gone) continue;
    if (inner.empty()) {
      AppendJsonMember(out, member.name, member.value);
    } else {
      AppendJsonMember(out, member.name, Without(member.value, inner + "]"));
    }
  }
  return out + '}';
}

std::string Masked(std::string_view payload) {
  std::string out = "{";
  for (const JsonMember& member : JsonMembers(payload)) {
    AppendJsonMember(out, member.name, member.value == "null" ? "null" : "\"***\"");
  }
  return out + '}';
}

}  // namespace sluice::sync
