#include "models/graph.h"

#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "base/text.h"

namespace sluice::models {
namespace {

std::string Where(const config::Model& model, int line, int column) {
  return model.sql_where.Inside(line, column).ToString();
}

// Where it refers to another one.
std::string WhereNamed(const ModelNode& node, const std::string& name) {
  for (const Reference& reference : node.references) {
    if (reference.name == name) return Where(*node.model, reference.line, reference.column);
  }
  for (const NamedTable& table : node.plain) {
    if (table.name == name) return Where(*node.model, table.line, table.column);
  }
  return node.model->where.ToString();
}

// What is wrong is added to `problems`; references that can be read are in the node all the same.
ModelNode MakeNode(const config::Model& model, const std::set<std::string>& known,
                   std::vector<std::string>& problems) {
  ModelNode node;
  node.model = &model;
  if (model.kind == config::Model::Kind::kRelation) {
    const std::string name = Lower(model.relation);
    // A table that nobody here loads may be there all the same: it is looked for when it is needed.
    if (name != model.name) node.inputs.insert(name);
    return node;
  }
  auto references = FindReferences(model.sql);
  if (!references.ok()) {
    // "line:column: what" within the text becomes the place in the file.
    const std::string message = references.status().message();
    const auto parts = Split(message, ':');
    const auto line = ParseUnsigned(parts[0]);
    const auto column = parts.size() > 1 ? ParseUnsigned(parts[1]) : std::nullopt;
    if (!line || !column) {
      problems.push_back(message);
      return node;
    }
    problems.push_back(fmt::format("{}:{}",
                                   Where(model, static_cast<int>(*line), static_cast<int>(*column)),
                                   message.substr(parts[0].size() + parts[1].size() + 2)));
    return node;
  }
  node.references = std::move(references).value();
  const std::vector<std::string> names(known.begin(), known.end());
  for (const Reference& reference : node.references) {
    node.inputs.insert(reference.name);
    if (known.count(reference.name) > 0) continue;
    problems.push_back(
        fmt::format("{}: model {} refers to {}, which is no model and no table of "
                    "an ingest{}",
                    Where(model, reference.line, reference.column), model.name, reference.name,
                    DidYouMean(reference.name, names)));
  }
  for (NamedTable& table : FindTableNames(model.sql)) {
    if (known.count(table.name) == 0) continue;
    node.inputs.insert(table.name);
    node.plain.push_back(std::move(table));
  }
  return node;
}

}  // namespace

std::set<std::string> LoadedTables(const config::Ingest& ingest) {
  std::set<std::string> tables;
  for (const config::Table& table : ingest.tables) {
    std::string name = Lower(table.name);
    // The vendor's suffix is no part of a table's name (docs/zenoti.md).
    if (ingest.layout == "zenoti" && EndsWith(name, "_s3")) name.resize(name.size() - 3);
    tables.insert(std::move(name));
  }
  return tables;
}

std::set<std::string> LoadedTables(const config::Project& project) {
  std::set<std::string> tables;
  for (const config::Ingest& ingest : project.ingests) tables.merge(LoadedTables(ingest));
  return tables;
}

Result<std::vector<ModelNode>> OrderModels(const config::Project& project,
                                           const std::set<std::string>& tables) {
  std::set<std::string> known = tables;
  for (const config::Model& model : project.models) known.insert(model.name);
  std::map<std::string, ModelNode> nodes;
  std::vector<std::string> problems;
  for (const config::Model& model : project.models) {
    nodes[model.name] = MakeNode(model, known, problems);
  }
  std::vector<ModelNode> order;
  std::set<std::string> done;
  std::vector<std::string> path;
  std::function<void(const std::string&)> visit = [&](const std::string& name) {
    if (done.count(name) > 0 || nodes.count(name) == 0) return;
    const auto again = std::find(path.begin(), path.end(), name);
    if (again != path.end()) {
      std::vector<std::string> cycle(again, path.end());
      cycle.push_back(name);
      problems.push_back(fmt::format("{}: models refer to each other in a circle: {}",
                                     WhereNamed(nodes.at(path.back()), name), Join(cycle, " -> ")));
      return;
    }
    path.push_back(name);
    for (const std::string& input : nodes.at(name).inputs) visit(input);
    path.pop_back();
    done.insert(name);
    order.push_back(nodes.at(name));
  };
  for (const config::Model& model : project.models) visit(model.name);
  if (!problems.empty()) return ConfigError(Join(problems, "\n"));
  // A model that only names a relation has nothing of its own in the warehouse: SQL that refers to it
  // reads the relation. Inputs keep the model's name, for the order and for what waits.
  for (ModelNode& node : order) {
    for (Reference& reference : node.references) {
      for (auto at = nodes.find(reference.name);
           at != nodes.end() && at->second.model->kind == config::Model::Kind::kRelation &&
           Lower(at->second.model->relation) != reference.name;
           at = nodes.find(reference.name)) {
        reference.name = Lower(at->second.model->relation);
      }
    }
  }
  return order;
}

}  // namespace sluice::models
