// Whose rows a model has: which of its columns hold a person's key, and which an identifier. A key says nothing
// by the name of its column, for an employee's `id` is no guest's: what `persons` declares of the model decides,
// then which columns of a person's tables it shows, also through other models.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/status.h"
#include "config/project.h"
#include "engine/engine.h"
#include "models/column_origins.h"
#include "models/graph.h"
#include "privacy/scope.h"
#include "warehouse/dialect.h"

namespace sluice::pipeline {

struct ModelScopes {
  std::vector<privacy::ScopedColumns> scopes;  // declared, or shown from a person's tables
  // Columns that are called as an identifier is, of whichever table: an e-mail address is the same whoever has it.
  std::vector<privacy::ScopedColumns> called_so;
  std::map<std::string, std::string> untold;  // kind of person -> why their rows cannot be told

  // By which rows about one of `person` are found: a row with the key of another kind is about nobody else.
  std::vector<privacy::ScopedColumns> Of(const std::string& person) const;
};

class PersonModels {
 public:
  // Both outlive it. Models that cannot be read tell nothing.
  PersonModels(engine::Connection& connection, const config::Project& project);

  engine::Connection& connection() const { return connection_; }
  const config::Project& project() const { return project_; }

  // Looked for once: what the model reads stays while this object is there.
  Result<ModelScopes> ScopesOf(const config::Model& model);
  // kHeld when the rows of `model` about `person` cannot be told, with what to declare.
  static Status CheckTold(const ModelScopes& scopes, const std::string& person,
                          const std::string& model);

 private:
  Result<ModelScopes> FindScopes(const config::Model& model);

  using Origins = std::optional<std::vector<models::ColumnOrigin>>;  // nothing: not told

  std::string SqlOf(const config::Model& model) const;
  const Origins& OriginsOf(const config::Model& model);
  Origins Resolve(const std::vector<models::ColumnOrigin>& origins);
  bool Add(const models::TableColumn& source, bool same, models::ColumnOrigin& to);
  bool IsDeclared(const models::TableColumn& source) const;
  bool MayRead(const config::Model& model, const config::Person& person);
  static void AddShown(const config::Person& person,
                       const std::vector<privacy::ScopedColumns>& declared,
                       const std::vector<models::ColumnOrigin>& origins, ModelScopes& to);
  static void CheckMadeOf(const config::Person& person,
                          const std::vector<models::ColumnOrigin>& origins, ModelScopes& to);

  engine::Connection& connection_;
  const config::Project& project_;
  std::map<std::string, models::ModelNode> nodes_;
  std::map<std::string, Origins> origins_;     // by model
  std::map<std::string, ModelScopes> scopes_;  // likewise
};

}  // namespace sluice::pipeline
