#include "pipeline/selector.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "config/sync_objects.h"
#include "ingest/ddl.h"

namespace sluice::pipeline {
namespace {

// What feeds what: ingests feed models and syncs through their tables, models feed models and syncs.
class Graph {
 public:
  Graph(const config::Project& project, const std::vector<models::ModelNode>& nodes)
      : project_(project), nodes_(nodes) {
    for (const config::Ingest& ingest : project.ingests) {
      for (const config::Table& table : ingest.tables) {
        owner_[ingest.layout == "zenoti" ? ingest::CanonicalTableName(table.name)
                                         : Lower(table.name)] = ingest.name;
      }
    }
    for (const models::ModelNode& node : nodes) {
      for (const std::string& input : node.inputs) Connect(input, node.model->name);
    }
    for (const config::Sync& sync : project.syncs) Connect(sync.model, sync.name);
  }

  // Of a table the ingest, "" of others.
  std::string OwnerOf(const std::string& table) const {
    const auto owner = owner_.find(table);
    return owner == owner_.end() ? "" : owner->second;
  }

  void Follow(const std::string& name, bool down, std::set<std::string>& reached) const {
    if (!reached.insert(name).second) return;
    const auto& edges = down ? down_ : up_;
    const auto next = edges.find(name);
    if (next == edges.end()) return;
    for (const std::string& other : next->second) Follow(other, down, reached);
  }

 private:
  void Connect(const std::string& from, const std::string& to) {
    // A table stands for its ingest.
    const auto owner = owner_.find(from);
    const std::string& source = owner == owner_.end() ? from : owner->second;
    down_[source].insert(to);
    up_[to].insert(source);
  }

  const config::Project& project_;
  const std::vector<models::ModelNode>& nodes_;
  std::map<std::string, std::string> owner_;  // table -> ingest
  std::map<std::string, std::set<std::string>> down_;
  std::map<std::string, std::set<std::string>> up_;
};

struct Picked {
  std::set<std::string> names;
  std::map<std::string, std::set<std::string>> tables;
};

std::vector<std::string> AllNames(const config::Project& project) {
  std::vector<std::string> names;
  for (const auto& ingest : project.ingests) names.push_back(ingest.name);
  for (const auto& model : project.models) names.push_back(model.name);
  for (const auto& sync : project.syncs) names.push_back(sync.name);
  return names;
}

Status PickTable(const config::Project& project, const std::string& name, const std::string& table,
                 Picked& picked) {
  const config::Ingest* ingest = project.FindIngest(name);
  if (ingest == nullptr) {
    return ConfigError(fmt::format("{}.{}: {} is no ingest", name, table, name));
  }
  std::vector<std::string> tables;
  for (const config::Table& known : ingest->tables) {
    tables.push_back(ingest->layout == "zenoti" ? ingest::CanonicalTableName(known.name)
                                                : Lower(known.name));
  }
  const std::string wanted =
      ingest->layout == "zenoti" ? ingest::CanonicalTableName(table) : Lower(table);
  if (std::find(tables.begin(), tables.end(), wanted) == tables.end()) {
    return ConfigError(
        fmt::format("ingest {} has no table {}{}", name, table, DidYouMean(table, tables)));
  }
  picked.names.insert(name);
  picked.tables[name].insert(wanted);
  return Status::Ok();
}

Status PickOne(const config::Project& project, const Graph& graph, std::string selector,
               Picked& picked) {
  const bool up = StartsWith(selector, "+");
  const bool down = EndsWith(selector, "+") && selector.size() > 1;
  if (up) selector.erase(0, 1);
  if (down) selector.pop_back();
  const size_t dot = selector.find('.');
  if (dot != std::string::npos) {
    const std::string name = selector.substr(0, dot);
    SLUICE_TRY(PickTable(project, name, selector.substr(dot + 1), picked));
    std::set<std::string> reached;
    if (down) graph.Follow(name, true, reached);
    picked.names.merge(reached);
    return Status::Ok();
  }
  const std::vector<std::string> names = AllNames(project);
  if (std::find(names.begin(), names.end(), selector) == names.end()) {
    const std::string ingest = graph.OwnerOf(Lower(selector));
    if (!ingest.empty()) {
      return ConfigError(
          fmt::format("{} is a table of the ingest {} and no model", selector, ingest),
          fmt::format("Load it: sluice run {0}.{1}; or make a model of it: models: {{ NAME: {1} }}",
                      ingest, selector));
    }
    return ConfigError(fmt::format("there is no ingest, model or sync {}{}", selector,
                                   DidYouMean(selector, names)),
                       "sluice status");
  }
  picked.names.insert(selector);
  picked.tables.erase(selector);
  for (const bool direction : {true, false}) {
    if (direction ? !down : !up) continue;
    std::set<std::string> reached;
    graph.Follow(selector, direction, reached);
    picked.names.merge(reached);
  }
  return Status::Ok();
}

}  // namespace

Result<Selection> Select(const config::Project& project,
                         const std::vector<std::string>& selectors) {
  SLUICE_ASSIGN(const auto nodes, models::OrderModels(project, models::LoadedTables(project)));
  Picked picked;
  if (selectors.empty()) {
    const std::vector<std::string> all = AllNames(project);
    picked.names.insert(all.begin(), all.end());
  } else {
    const Graph graph(project, nodes);
    for (const std::string& selector : selectors) {
      SLUICE_TRY(PickOne(project, graph, selector, picked));
    }
  }
  Selection selection;
  selection.tables = std::move(picked.tables);
  for (const auto& ingest : project.ingests) {
    if (picked.names.count(ingest.name) > 0) selection.ingests.push_back(ingest.name);
  }
  for (const models::ModelNode& node : nodes) {
    if (picked.names.count(node.model->name) > 0) selection.models.push_back(node);
  }
  for (const auto& sync : project.syncs) {
    if (picked.names.count(sync.name) > 0) selection.syncs.push_back(sync.name);
  }
  std::stable_sort(selection.syncs.begin(), selection.syncs.end(),
                   [&](const std::string& a, const std::string& b) {
                     return config::TurnOf(project.FindSync(a)->object) <
                            config::TurnOf(project.FindSync(b)->object);
                   });
  selection.all_models = nodes;
  return selection;
}

}  // namespace sluice::pipeline
