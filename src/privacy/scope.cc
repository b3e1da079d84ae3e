#include "privacy/scope.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"

namespace sluice::privacy {
namespace {

using warehouse::QuoteName;
using warehouse::QuoteText;

const warehouse::ColumnInfo* Find(const std::vector<warehouse::ColumnInfo>& columns,
                                  const std::string& name) {
  const auto found = std::find_if(
      columns.begin(), columns.end(),
      [&](const warehouse::ColumnInfo& column) { return EqualsIgnoreCase(column.name, name); });
  return found == columns.end() ? nullptr : &*found;
}

bool HasFraction(std::string_view sql_type) {
  return StartsWith(sql_type, "DECIMAL") || sql_type == "DOUBLE" || sql_type == "FLOAT";
}

void Add(std::vector<ScopedColumns>& to, const Scope& scope,
         const std::vector<std::string>& columns) {
  const bool there = std::any_of(to.begin(), to.end(), [&](const ScopedColumns& other) {
    return other.scope == scope && other.columns == columns;
  });
  if (!there) to.push_back({scope, columns});
}

}  // namespace

std::string Scope::Text() const {
  return IsKey() ? "key " + person : "identifier " + identifier;
}

std::vector<ScopedColumns> ScopesOfTable(const std::vector<config::Person>& persons,
                                         const std::string& table) {
  std::vector<ScopedColumns> scopes;
  for (const config::Person& person : persons) {
    for (const config::PersonColumn& of : person.tables) {
      if (of.table == Lower(table)) Add(scopes, {person.name, ""}, of.columns);
    }
    for (const config::Person::Identifier& identifier : person.identifiers) {
      for (const config::PersonColumn& of : identifier.columns) {
        if (of.table == Lower(table)) Add(scopes, {person.name, identifier.name}, of.columns);
      }
    }
  }
  return scopes;
}

std::string FormOfText(const Scope& scope, const std::string& expression) {
  const std::string trimmed = fmt::format("trim({}, E' \\t\\r\\n')", expression);
  return scope.IsKey() ? trimmed : fmt::format("lower({})", trimmed);
}

Result<std::string> FormOf(const ScopedColumns& scoped, std::string_view alias,
                           const std::vector<warehouse::ColumnInfo>& present,
                           std::string_view relation) {
  return FormOf(
      scoped, [&](const std::string& column) { return std::string(alias) + QuoteName(column); },
      present, relation);
}

Result<std::string> FormOf(const ScopedColumns& scoped, const ExpressionOf& expression_of,
                           const std::vector<warehouse::ColumnInfo>& present,
                           std::string_view relation) {
  std::string joined;
  for (const std::string& name : scoped.columns) {
    const warehouse::ColumnInfo* column = Find(present, name);
    if (column == nullptr) {
      std::vector<std::string> names;
      for (const warehouse::ColumnInfo& other : present) names.push_back(other.name);
      return ConfigError(fmt::format("persons.{}: {} has no column {}{}", scoped.scope.person,
                                     relation, name, DidYouMean(name, names)));
    }
    std::string text = fmt::format("CAST({} AS VARCHAR)", expression_of(column->name));
    if (HasFraction(column->sql_type)) text = fmt::format("regexp_replace({}, '\\.0+$', '')", text);
    if (!joined.empty()) joined += " || ',' || ";
    joined += FormOfText(scoped.scope, text);
  }
  return scoped.columns.size() == 1 ? joined : "(" + joined + ")";
}

std::string TextList(const std::vector<std::string>& values) {
  std::vector<std::string> quoted;
  for (const std::string& value : values) quoted.push_back(QuoteText(value));
  return Join(quoted, ", ");
}

}  // namespace sluice::privacy
