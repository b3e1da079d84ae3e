#include <string_view>

#include <fmt/format.h>

#include "base/text.h"
#include "ingest/quarantine.h"
#include "models/build.h"
#include "models/graph.h"
#include "models/model_sql.h"
#include "pipeline/gate.h"
#include "warehouse/dialect.h"

namespace sluice::pipeline {
namespace {

using quality::HoldRecord;
using warehouse::NameList;
using warehouse::QualifiedName;

// A check as config::Check::Name() wrote it into the hold: "unique(id,day)".
struct NamedCheck {
  std::string_view kind;
  std::vector<std::string> columns;
};

std::vector<NamedCheck> ChecksOf(const HoldRecord& hold) {
  constexpr std::string_view kBetween = ", ";
  std::vector<NamedCheck> checks;
  std::string_view rest = hold.check;
  while (!rest.empty()) {
    const std::string_view name = rest.substr(0, rest.find(kBetween));
    rest.remove_prefix(std::min(rest.size(), name.size() + kBetween.size()));
    const size_t open = name.find('(');
    if (open == std::string_view::npos || name.back() != ')') continue;
    const std::string columns(name.substr(open + 1, name.size() - open - 2));
    checks.push_back({name.substr(0, open), Split(columns, ',')});
  }
  return checks;
}

// What the check has looked at: the stage; of a table under the model's name that table; of a view, which is not made
// while it is held, its SQL. "": it is not there.
Result<std::string> LookedAt(const config::Project& project, engine::Connection& connection,
                             const HoldRecord& hold) {
  if (!hold.stage.empty()) return QualifiedName(hold.stage);
  const config::Model* model = hold.kind == "model" ? project.FindModel(hold.owner) : nullptr;
  if (model == nullptr) return std::string();
  if (model->kind == config::Model::Kind::kRelation) {
    const std::string name = models::RelationOf(*model);
    SLUICE_ASSIGN(const std::string kind, warehouse::KindOf(connection, name));
    return kind.empty() ? std::string() : QualifiedName(name);
  }
  const auto nodes = models::OrderModels(project, models::LoadedTables(project));
  if (!nodes.ok()) return std::string();
  for (const models::ModelNode& node : *nodes) {
    if (node.model != model) continue;
    const std::string sql = models::RenderedSql(node);
    // A comment at its end ends with its line.
    const bool comments = sql.find("--") != std::string::npos;
    return fmt::format("({}{}) AS held", sql, comments ? "\n" : "");
  }
  return std::string();
}

// The rows that would stand, as far as they are at hand: of a table whose rows are only added, those that
// stand there are the other half.
Result<std::string> RowsToLookAt(const config::Project& project, engine::Connection& connection,
                                 const HoldRecord& hold, const std::string& stage,
                                 const std::vector<std::string>& columns) {
  const config::Ingest* ingest = project.FindIngest(hold.owner);
  if (hold.kind != "gate" || ingest == nullptr) return stage;
  SLUICE_ASSIGN(const ingest::TargetTable target,
                ingest::TargetOf(connection, *ingest, hold.table));
  SLUICE_ASSIGN(const std::string kind, warehouse::KindOf(connection, hold.table));
  if (kind.empty() || target.merge != ingest::Merge::kAppend) return stage;
  return fmt::format("(SELECT {0} FROM {1} UNION ALL SELECT {0} FROM {2})", NameList(columns),
                     stage, QualifiedName(hold.table));
}

}  // namespace

Result<std::vector<std::string>> QueriesFor(const config::Project& project,
                                            engine::Connection& connection,
                                            const HoldRecord& hold) {
  std::vector<std::string> queries;
  if (hold.state != "open") return queries;
  SLUICE_ASSIGN(const std::string relation, LookedAt(project, connection, hold));
  if (relation.empty()) return queries;
  for (const NamedCheck& check : ChecksOf(hold)) {
    const std::string names = NameList(check.columns);
    if (check.kind == "unique") {
      // A table that was taken out of the project has no more than its stage.
      const auto rows = RowsToLookAt(project, connection, hold, relation, check.columns);
      queries.push_back(fmt::format(
          "SELECT {0}, count(*) AS n FROM {1} GROUP BY {0} HAVING n > 1 ORDER BY n DESC", names,
          rows.ok() ? rows.value() : relation));
    } else if (check.kind == "accepted_values") {
      queries.push_back(fmt::format("SELECT {0}, count(*) AS n FROM {1} GROUP BY {0} ORDER BY n",
                                    names, relation));
    } else if (check.kind == "not_null") {
      std::string missing;
      for (const std::string& column : check.columns) {
        missing += fmt::format("{}{} IS NULL", missing.empty() ? "" : " OR ",
                               warehouse::QuoteName(column));
      }
      queries.push_back(fmt::format("SELECT * FROM {} WHERE {}", relation, missing));
    }
  }
  return queries;
}

}  // namespace sluice::pipeline
