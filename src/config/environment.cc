#include "config/environment.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/text.h"

namespace sluice::config {
namespace {

const Node* SectionOf(const Node& root, const std::string& name) {
  const Entry* entry = root.Find(name);
  return entry == nullptr ? nullptr : entry->value.get();
}

NodePtr WithEntry(const Node& map, const Entry& entry) {
  auto copy = std::make_shared<Node>(map);
  copy->kind = Node::Kind::kMap;
  for (Entry& other : copy->entries) {
    if (other.key != entry.key) continue;
    // The place of the override is the one to name in messages.
    other = entry;
    return copy;
  }
  copy->entries.push_back(entry);
  return copy;
}

NodePtr Without(const Node& map, const std::string& key) {
  auto copy = std::make_shared<Node>(map);
  copy->entries.erase(std::remove_if(copy->entries.begin(), copy->entries.end(),
                                     [&](const Entry& entry) { return entry.key == key; }),
                      copy->entries.end());
  return copy;
}

NodePtr DeepMerged(const NodePtr& base, const NodePtr& over) {
  if (base->kind != Node::Kind::kMap || over->kind != Node::Kind::kMap) return over;
  NodePtr merged = base;
  for (const Entry& entry : over->entries) {
    const Entry* same = base->Find(entry.key);
    Entry next = entry;
    if (same != nullptr) next.value = DeepMerged(same->value, entry.value);
    merged = WithEntry(*merged, next);
  }
  return merged;
}

std::string TypeOf(const Node& node) {
  const Entry* type = node.Find("type");
  return type == nullptr ? "" : type->value->text;
}

// An override that names another type has nothing in common with what it replaces.
NodePtr Overridden(const NodePtr& base, const NodePtr& over) {
  const std::string type = TypeOf(*over);
  if (!type.empty() && type != TypeOf(*base)) return over;
  return DeepMerged(base, over);
}

NodePtr EmptyMap(const Location& where) {
  auto node = std::make_shared<Node>();
  node->kind = Node::Kind::kMap;
  node->where = node->text_where = where;
  return node;
}

class Overrider {
 public:
  Overrider(NodePtr root, const std::string& env, Diagnostics* diagnostics)
      : root_(std::move(root)), key_("environments." + env), diagnostics_(*diagnostics) {}

  void Apply(const Node& overrides) {
    if (!IsMap(overrides, key_)) return;
    for (const Entry& section : overrides.entries) {
      if (section.key == "warehouse") {
        ApplyWarehouse(section);
      } else if (section.key == "connections") {
        ApplyConnections(section);
      } else {
        diagnostics_.Unknown(section.key_where, key_, "an environment cannot change", section.key,
                             {"warehouse", "connections"});
      }
    }
  }

  NodePtr root() const { return root_; }

 private:
  bool IsMap(const Node& node, const std::string& key) {
    if (node.kind == Node::Kind::kNull) return false;  // nothing to change
    if (node.kind == Node::Kind::kMap) return true;
    diagnostics_.Mismatch(node.where, key, "a map", Found(node));
    return false;
  }

  void ApplyWarehouse(const Entry& section) {
    if (!IsMap(*section.value, key_ + ".warehouse")) return;
    const Entry* base = root_->Find("warehouse");
    Entry merged = section;
    if (base != nullptr) merged.value = Overridden(base->value, section.value);
    root_ = WithEntry(*root_, merged);
  }

  void ApplyConnections(const Entry& section) {
    if (!IsMap(*section.value, key_ + ".connections")) return;
    const Entry* base = root_->Find("connections");
    NodePtr connections = base != nullptr && base->value->kind == Node::Kind::kMap
                              ? base->value
                              : EmptyMap(section.value->where);
    std::vector<std::string> names;
    for (const Entry& entry : connections->entries) names.push_back(entry.key);
    for (const Entry& over : section.value->entries) {
      const std::string key = key_ + ".connections." + over.key;
      if (!IsMap(*over.value, key)) continue;
      Entry merged = over;
      if (const Entry* same = connections->Find(over.key)) {
        merged.value = Overridden(same->value, over.value);
      } else if (TypeOf(*over.value).empty()) {
        diagnostics_.Unknown(over.key_where, key_ + ".connections", "no connection", over.key,
                             names);
        continue;
      }
      connections = WithEntry(*connections, merged);
    }
    Entry section_now = section;
    section_now.value = connections;
    root_ = WithEntry(*root_, section_now);
  }

  NodePtr root_;
  std::string key_;
  Diagnostics& diagnostics_;
};

// A place that environments must not share, in words, with what makes it the same place.
struct Target {
  std::string what;  // "the warehouse warehouse.duckdb"
  std::string identity;
  bool shared = false;
};

std::set<std::string> DestinationsOf(const Node& root) {
  std::set<std::string> names;
  const Node* syncs = SectionOf(root, "syncs");
  if (syncs == nullptr) return names;
  for (const Entry& sync : syncs->entries) {
    const Entry* to = sync.value->Find("to");
    if (to != nullptr) names.insert(to->value->text);
  }
  return names;
}

std::string IdentityOf(const Value& connection) {
  std::string identity = connection.text;
  for (const OptionSpec& option : connection.spec->fields) {
    if (!option.identity) continue;
    const Value* value = connection.Find(option.name);
    // A variable without a value, or a secret that was not fetched, is compared as it is written.
    std::string text = value == nullptr ? "" : value->text + value->secret.Reveal();
    if (text.empty() && value != nullptr) text = value->written;
    identity += "\n" + option.name + "=" + text;
  }
  return identity;
}

std::vector<Target> TargetsOf(const Value& project, const std::string& env,
                              const std::set<std::string>& destinations,
                              const ReadContext& context) {
  std::vector<Target> targets;
  const Value* warehouse = project.Find("warehouse");
  const Value* path = warehouse == nullptr ? nullptr : warehouse->Find("path");
  std::string file = path == nullptr ? DefaultWarehousePath(env) : path->written;
  std::string identity = path == nullptr ? context.project_folder + "/" + file : path->text;
  if (identity.empty()) identity = file;
  targets.push_back({fmt::format("the warehouse {}", file), "warehouse " + identity,
                     warehouse != nullptr && warehouse->FlagOf("shared")});
  const Value* connections = project.Find("connections");
  if (connections == nullptr) return targets;
  for (const auto& [name, connection] : connections->fields) {
    if (!connection.usable || destinations.count(name) == 0) continue;
    targets.push_back({fmt::format("the destination {}", name),
                       "connection " + IdentityOf(connection), connection.FlagOf("shared")});
  }
  return targets;
}

}  // namespace

std::vector<std::string> EnvironmentNames(const Node& root) {
  std::vector<std::string> names = {kDefaultEnvironment};
  if (const Node* environments = SectionOf(root, "environments")) {
    for (const Entry& entry : environments->entries) {
      if (entry.key != kDefaultEnvironment) names.push_back(entry.key);
    }
  }
  return names;
}

NodePtr InEnvironment(const Node& root, const std::string& env, Diagnostics* diagnostics) {
  const size_t errors = diagnostics->error_count();
  const std::vector<std::string> names = EnvironmentNames(root);
  if (std::find(names.begin(), names.end(), env) == names.end()) {
    const Entry* section = root.Find("environments");
    diagnostics->Unknown(section != nullptr ? section->key_where : root.where, "environments",
                         "--env: no environment", env, names);
    return nullptr;
  }
  const Node* environments = SectionOf(root, "environments");
  if (environments != nullptr && environments->kind != Node::Kind::kMap &&
      environments->kind != Node::Kind::kNull) {
    diagnostics->Mismatch(environments->where, "environments", "a map", Found(*environments));
  }
  Overrider overrider(Without(root, "environments"), env, diagnostics);
  const Entry* overrides = environments == nullptr ? nullptr : environments->Find(env);
  if (overrides != nullptr) overrider.Apply(*overrides->value);
  return diagnostics->error_count() == errors ? overrider.root() : nullptr;
}

std::string DefaultWarehousePath(const std::string& env) {
  return env == kDefaultEnvironment ? "warehouse.duckdb" : "warehouse." + env + ".duckdb";
}

void CheckEnvironmentsApart(const Node& root, const OptionSpec& project_spec,
                            const ReadContext& context, Diagnostics* diagnostics) {
  const std::vector<std::string> names = EnvironmentNames(root);
  if (names.size() < 2) return;
  const std::set<std::string> destinations = DestinationsOf(root);
  OptionSpec spec = ObjectOption("project", "", {});
  for (const OptionSpec& field : project_spec.fields) {
    if (field.name == "warehouse" || field.name == "connections") spec.fields.push_back(field);
  }
  ReadContext lenient = context;
  lenient.lenient = true;
  lenient.resolve_secrets = false;
  lenient.diagnostics = diagnostics;
  struct Owner {
    std::string env;
    bool shared;
  };
  std::map<std::string, Owner> owners;
  for (const std::string& env : names) {
    const NodePtr tree = InEnvironment(root, env, diagnostics);
    if (tree == nullptr) continue;
    auto part = EmptyMap(tree->where);
    for (const OptionSpec& field : spec.fields) {
      if (const Entry* entry = tree->Find(field.name)) part = WithEntry(*part, *entry);
    }
    const Value value = ReadOption(spec, *part, "", lenient);
    const Node* environments = SectionOf(root, "environments");
    const Entry* declared = environments->Find(env);
    for (const Target& target : TargetsOf(value, env, destinations, lenient)) {
      const auto [it, first] = owners.try_emplace(target.identity, Owner{env, target.shared});
      if (first || it->second.env == env || (it->second.shared && target.shared)) continue;
      diagnostics->Error(
          declared != nullptr ? declared->key_where : root.where, "environments." + env,
          fmt::format("shares {} with the environment {}; give it one of its own, or "
                      "say there `shared: true`",
                      target.what, it->second.env));
    }
  }
}

}  // namespace sluice::config
