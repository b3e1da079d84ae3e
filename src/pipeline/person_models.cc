#include "pipeline/person_models.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "models/build.h"
#include "models/dependencies.h"
#include "models/model_sql.h"
#include "privacy/subject.h"

namespace sluice::pipeline {
namespace {

using models::ColumnOrigin;
using models::TableColumn;
using privacy::Scope;
using privacy::ScopedColumns;

bool HasSame(const std::vector<ScopedColumns>& scopes, const ScopedColumns& scoped) {
  return std::any_of(scopes.begin(), scopes.end(), [&](const ScopedColumns& other) {
    return other.scope == scoped.scope && other.columns == scoped.columns;
  });
}

void AddScope(std::vector<ScopedColumns>& to, const Scope& scope,
              const std::vector<std::string>& columns) {
  if (!HasSame(to, {scope, columns})) to.push_back({scope, columns});
}

bool HasScope(const std::vector<ScopedColumns>& scopes, const Scope& scope) {
  return std::any_of(scopes.begin(), scopes.end(),
                     [&](const ScopedColumns& other) { return other.scope == scope; });
}

std::set<TableColumn> ColumnsOf(const std::vector<config::PersonColumn>& places) {
  std::set<TableColumn> columns;
  for (const config::PersonColumn& of : places) {
    for (const std::string& column : of.columns) columns.insert({of.table, column});
  }
  return columns;
}

std::string Names(const std::set<TableColumn>& columns) {
  std::vector<std::string> names;
  for (const TableColumn& one : columns) names.push_back(one.table + "." + one.column);
  return Join(names, " and ");
}

// The columns that show each of `of.columns`; empty when one of them is not shown.
std::vector<std::vector<std::string>> ShownAs(const config::PersonColumn& of,
                                              const std::vector<ColumnOrigin>& origins) {
  std::vector<std::vector<std::string>> shown;
  for (const std::string& column : of.columns) {
    std::vector<std::string> names;
    for (const ColumnOrigin& origin : origins) {
      if (origin.same.count({of.table, column}) > 0) names.push_back(origin.name);
    }
    if (names.empty()) return {};
    shown.push_back(std::move(names));
  }
  return shown;
}

// Of one column each that shows it; of several together the first ones.
std::vector<std::vector<std::string>> Choices(const std::vector<std::vector<std::string>>& shown) {
  std::vector<std::vector<std::string>> choices;
  if (shown.size() == 1) {
    for (const std::string& name : shown.front()) choices.push_back({name});
  } else if (!shown.empty()) {
    std::vector<std::string>& together = choices.emplace_back();
    for (const auto& names : shown) together.push_back(names.front());
  }
  return choices;
}

// A column of these that shows something else besides `keys`.
const ColumnOrigin* ShowsOthers(const std::vector<std::string>& columns,
                                const std::vector<ColumnOrigin>& origins,
                                const std::set<TableColumn>& keys) {
  for (const ColumnOrigin& origin : origins) {
    if (std::find(columns.begin(), columns.end(), origin.name) == columns.end()) continue;
    if (!std::includes(keys.begin(), keys.end(), origin.same.begin(), origin.same.end())) {
      return &origin;
    }
  }
  return nullptr;
}

}  // namespace

std::vector<ScopedColumns> ModelScopes::Of(const std::string& person) const {
  std::vector<ScopedColumns> of;
  bool others = false;
  for (const ScopedColumns& scoped : scopes) {
    others = others || (scoped.scope.IsKey() && scoped.scope.person != person);
    if (scoped.scope.person == person) of.push_back(scoped);
  }
  if (others) return of;
  for (const ScopedColumns& scoped : called_so) {
    if (scoped.scope.person == person) of.push_back(scoped);
  }
  return of;
}

PersonModels::PersonModels(engine::Connection& connection, const config::Project& project)
    : connection_(connection), project_(project) {
  auto nodes = models::OrderModels(project, models::LoadedTables(project));
  if (!nodes.ok()) return;
  for (models::ModelNode& node : *nodes) nodes_[node.model->name] = std::move(node);
}

// What is built when that is a view, else the model's own text: "" when that cannot be read.
std::string PersonModels::SqlOf(const config::Model& model) const {
  const auto kind = warehouse::KindOf(connection_, models::RelationOf(model));
  if (model.kind == config::Model::Kind::kRelation || (kind.ok() && kind.value() == "view")) {
    return models::SelectAll(model);
  }
  const auto node = nodes_.find(model.name);
  return node == nodes_.end() ? std::string() : models::RenderedSql(node->second);
}

const PersonModels::Origins& PersonModels::OriginsOf(const config::Model& model) {
  const auto [at, is_new] = origins_.try_emplace(model.name);
  if (!is_new) return at->second;
  const std::string sql = SqlOf(model);
  if (sql.empty()) return at->second;
  const auto origins = models::OriginsOf(connection_, sql);
  if (!origins.ok()) return at->second;
  Origins resolved = Resolve(origins.value());
  return origins_[model.name] = std::move(resolved);
}

bool PersonModels::IsDeclared(const TableColumn& source) const {
  const auto scopes = privacy::ScopesOfTable(project_.persons, source.table);
  return std::any_of(scopes.begin(), scopes.end(), [&](const ScopedColumns& scoped) {
    return std::find(scoped.columns.begin(), scoped.columns.end(), source.column) !=
           scoped.columns.end();
  });
}

// False when the model behind it is not told.
bool PersonModels::Add(const TableColumn& source, bool same, ColumnOrigin& to) {
  const config::Model* model = project_.FindModel(source.table);
  if (model == nullptr || model->kind != config::Model::Kind::kSql || IsDeclared(source)) {
    (same ? to.same : to.made_of).insert(source);
    return true;
  }
  const Origins& behind = OriginsOf(*model);
  if (!behind) return false;
  for (const ColumnOrigin& origin : *behind) {
    if (origin.name != source.column) continue;
    (same ? to.same : to.made_of).insert(origin.same.begin(), origin.same.end());
    to.made_of.insert(origin.made_of.begin(), origin.made_of.end());
  }
  return true;
}

PersonModels::Origins PersonModels::Resolve(const std::vector<ColumnOrigin>& origins) {
  std::vector<ColumnOrigin> resolved;
  for (const ColumnOrigin& origin : origins) {
    ColumnOrigin& to = resolved.emplace_back();
    to.name = origin.name;
    for (const TableColumn& source : origin.same) {
      if (!Add(source, true, to)) return std::nullopt;
    }
    for (const TableColumn& source : origin.made_of) {
      if (!Add(source, false, to)) return std::nullopt;
    }
  }
  return resolved;
}

// Of a model that is not told: whether rows of the person can be in it.
bool PersonModels::MayRead(const config::Model& model, const config::Person& person) {
  const std::string sql = SqlOf(model);
  if (sql.empty()) return true;
  const auto read = models::DependenciesOf(connection_, sql);
  if (!read.ok()) return true;
  const auto tables = privacy::TablesOf(person);
  return std::any_of(read->names.begin(), read->names.end(), [&](const std::string& name) {
    const config::Model* other = project_.FindModel(name);
    if (std::find(tables.begin(), tables.end(), name) != tables.end()) return true;
    return other != nullptr && other != &model && !OriginsOf(*other);
  });
}

void PersonModels::AddShown(const config::Person& person,
                            const std::vector<ScopedColumns>& declared,
                            const std::vector<ColumnOrigin>& origins, ModelScopes& to) {
  const auto is_declared = [&](const std::string& column) {
    return std::any_of(declared.begin(), declared.end(), [&](const ScopedColumns& scoped) {
      return std::find(scoped.columns.begin(), scoped.columns.end(), column) !=
             scoped.columns.end();
    });
  };
  const std::set<TableColumn> keys = ColumnsOf(person.tables);
  for (const config::PersonColumn& of : person.tables) {
    if (HasScope(declared, {person.name, ""})) break;
    for (const auto& columns : Choices(ShownAs(of, origins))) {
      if (std::any_of(columns.begin(), columns.end(), is_declared)) continue;
      const ColumnOrigin* mixed = ShowsOthers(columns, origins, keys);
      if (mixed == nullptr) {
        AddScope(to.scopes, {person.name, ""}, columns);
      } else {
        to.untold[person.name] =
            fmt::format("its column {} shows {}", mixed->name, Names(mixed->same));
      }
    }
  }
  for (const config::Person::Identifier& identifier : person.identifiers) {
    const Scope scope{person.name, identifier.name};
    if (HasScope(declared, scope)) continue;
    for (const config::PersonColumn& of : identifier.columns) {
      for (const auto& columns : Choices(ShownAs(of, origins))) {
        if (!is_declared(columns.front())) AddScope(to.scopes, scope, columns);
      }
    }
  }
}

// Somebody whom nothing else names, but a hash or a part of a text made of what names them.
void PersonModels::CheckMadeOf(const config::Person& person,
                               const std::vector<ColumnOrigin>& origins, ModelScopes& to) {
  const bool told =
      std::any_of(to.scopes.begin(), to.scopes.end(),
                  [&](const ScopedColumns& scoped) { return scoped.scope.person == person.name; });
  if (told) return;
  std::set<TableColumn> naming = ColumnsOf(person.tables);
  for (const config::Person::Identifier& identifier : person.identifiers) {
    naming.merge(ColumnsOf(identifier.columns));
  }
  for (const ColumnOrigin& origin : origins) {
    std::set<TableColumn> used;
    std::set_intersection(origin.made_of.begin(), origin.made_of.end(), naming.begin(),
                          naming.end(), std::inserter(used, used.end()));
    if (used.empty()) continue;
    to.untold[person.name] = fmt::format("its column {} is made of {}", origin.name, Names(used));
    return;
  }
}

Result<ModelScopes> PersonModels::ScopesOf(const config::Model& model) {
  if (const auto known = scopes_.find(model.name); known != scopes_.end()) return known->second;
  SLUICE_ASSIGN(ModelScopes found, FindScopes(model));
  return scopes_[model.name] = std::move(found);
}

Result<ModelScopes> PersonModels::FindScopes(const config::Model& model) {
  const std::string relation = models::RelationOf(model);
  ModelScopes found;
  found.scopes = privacy::ScopesOfTable(project_.persons, relation);
  if (model.name != relation) {
    for (const ScopedColumns& scoped : privacy::ScopesOfTable(project_.persons, model.name)) {
      AddScope(found.scopes, scoped.scope, scoped.columns);
    }
  }
  const std::vector<ScopedColumns> declared = found.scopes;
  const Origins& origins = OriginsOf(model);
  for (const config::Person& person : project_.persons) {
    if (origins) {
      AddShown(person, declared, *origins, found);
      CheckMadeOf(person, *origins, found);
      continue;
    }
    const bool is_declared = std::any_of(
        declared.begin(), declared.end(),
        [&](const ScopedColumns& scoped) { return scoped.scope.person == person.name; });
    if (!is_declared && MayRead(model, person)) {
      found.untold[person.name] = "where its columns come from cannot be told";
    }
  }
  SLUICE_ASSIGN(const auto present, warehouse::ColumnsOf(connection_, relation));
  const auto is_there = [&](const std::string& name) {
    return std::any_of(present.begin(), present.end(), [&](const warehouse::ColumnInfo& column) {
      return EqualsIgnoreCase(column.name, name);
    });
  };
  // A table that was built by an earlier text of the model.
  std::erase_if(found.scopes, [&](const ScopedColumns& scoped) {
    return !present.empty() && !HasSame(declared, scoped) &&
           !std::all_of(scoped.columns.begin(), scoped.columns.end(), is_there);
  });
  for (const config::Person& person : project_.persons) {
    for (const config::Person::Identifier& identifier : person.identifiers) {
      const Scope scope{person.name, identifier.name};
      for (const config::PersonColumn& of : identifier.columns) {
        if (is_there(of.columns.front()) && !HasScope(found.scopes, scope))
          AddScope(found.called_so, scope, of.columns);
      }
    }
  }
  return found;
}

Status PersonModels::CheckTold(const ModelScopes& scopes, const std::string& person,
                               const std::string& model) {
  const auto untold = scopes.untold.find(person);
  if (untold == scopes.untold.end()) return Status::Ok();
  return HeldError(
      fmt::format("which rows of model {} are about one {} cannot be told: {}; nothing was removed",
                  model, person, untold->second),
      fmt::format("Say which of its columns is the key: persons.{}.tables: {{ {}: COLUMN }}, or "
                  "under identifiers",
                  person, model));
}

}  // namespace sluice::pipeline
