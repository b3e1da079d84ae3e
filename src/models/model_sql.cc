#include "models/model_sql.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "models/sql_template.h"
#include "warehouse/dialect.h"

namespace sluice::models {
namespace {

std::string QualifiedRef(const std::string& name) {
  return warehouse::QualifiedName(name);
}

}  // namespace

std::string RenderedSql(const ModelNode& node) {
  return WithoutSemicolon(Render(node.model->sql, node.references, QualifiedRef));
}

const config::Location& PlaceOf(const config::Model& model) {
  return model.kind == config::Model::Kind::kRelation ? model.where : model.sql_where;
}

PlacedError PlaceError(const ModelNode& node, std::string_view message, std::string_view before) {
  const config::Model& model = *node.model;
  PlacedError placed{PlaceOf(model),
                     ReadSqlError(message, std::string(before) + RenderedSql(node))};
  if (!placed.error.has_place || placed.error.offset < before.size()) return placed;
  const std::string text = model.sql.substr(
      0, SourceOffset(placed.error.offset - before.size(), node.references, QualifiedRef));
  const auto line = std::count(text.begin(), text.end(), '\n');
  const size_t begin = text.rfind('\n') + 1;  // 0 where there is none
  placed.where =
      model.sql_where.Inside(static_cast<int>(line) + 1, static_cast<int>(text.size() - begin) + 1);
  return placed;
}

std::vector<std::string> UnknownCheckColumns(const config::Model& model,
                                             const std::vector<std::string>& columns) {
  std::vector<std::string> problems;
  for (const config::Check& check : model.checks) {
    for (const std::string& column : check.columns) {
      if (std::find(columns.begin(), columns.end(), column) != columns.end()) continue;
      problems.push_back(fmt::format("{}: the model {} has no column \"{}\"{}",
                                     check.where.ToString(), model.name, column,
                                     DidYouMean(column, columns)));
    }
  }
  return problems;
}

}  // namespace sluice::models
