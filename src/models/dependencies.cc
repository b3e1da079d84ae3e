#include "models/dependencies.h"

#include <algorithm>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/hash.h"
#include "base/text.h"
#include "warehouse/dialect.h"

namespace sluice::models {
namespace {

using Json = nlohmann::json;

struct PlanFacts {
  std::set<std::string> tables;
  std::set<std::string> functions;  // all but those that read tables
  bool readable = true;             // every row comes from tables of ours, or from the text itself
};

std::string TextOf(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// Functions that stand after FROM and give the same rows for the same arguments. (The engine knows
// no stability of these.)
bool IsPureSource(std::string_view name) {
  return name == "range" || name == "generate_series" || name == "unnest" || name == "repeat" ||
         name == "repeat_row";
}

void LookAtSource(const Json& get, const std::string& database, PlanFacts& facts) {
  const std::string name = TextOf(get, "name");
  if (name != "seq_scan") {
    facts.readable = facts.readable && IsPureSource(name);
    return;
  }
  const auto data = get.find("function_data");
  if (data == get.end() || TextOf(*data, "schema") != warehouse::kMainSchema ||
      TextOf(*data, "catalog") != database) {
    facts.readable = false;
    return;
  }
  facts.tables.insert(Lower(TextOf(*data, "table")));
}

// Statements and plans are as deep as people nest them: no recursion.
void ForEachObject(const Json& json, const std::function<void(const Json& object)>& visit) {
  std::vector<const Json*> open = {&json};
  while (!open.empty()) {
    const Json& value = *open.back();
    open.pop_back();
    if (value.is_object()) visit(value);
    if (value.is_structured()) {
      for (const Json& part : value) open.push_back(&part);
    }
  }
}

PlanFacts LookAt(const Json& plan, const std::string& database) {
  PlanFacts facts;
  ForEachObject(plan, [&](const Json& object) {
    const std::string type = TextOf(object, "type");
    if (type == "LOGICAL_GET") LookAtSource(object, database, facts);
    if (type == "LOGICAL_SAMPLE") facts.readable = false;
    if (object.contains("expression_class") && object.contains("name")) {
      facts.functions.insert(TextOf(object, "name"));
    }
  });
  return facts;
}

// What stands in the statement itself. Names of common table expressions are among it.
Result<std::set<std::string>> NamesIn(engine::Connection& connection, const std::string& sql) {
  // Tables behind views, and nothing of the views; a statement that cannot be prepared ends here.
  SLUICE_ASSIGN(const auto tables, connection.TableNames(sql));
  std::set<std::string> names;
  for (const std::string& table : tables) names.insert(Lower(table));
  SLUICE_ASSIGN(const auto parsed,
                connection.Scalar("SELECT json_serialize_sql(CAST($1 AS VARCHAR))", {sql}));
  const Json statement = Json::parse(engine::ToText(parsed), nullptr, false);
  ForEachObject(statement, [&](const Json& object) {
    if (TextOf(object, "type") == "BASE_TABLE") names.insert(Lower(TextOf(object, "table_name")));
  });
  return names;
}

// Functions that give another value for the same arguments at another time. The engine says so of most; those
// named here it calls constant, and they read a clock or the session. Asked once, which takes longer than most
// models of a day: they come with the library (no extension is loaded), so they are the same in every database.
Result<std::set<std::string>> AskForUnstable(engine::Connection& connection) {
  SLUICE_ASSIGN(const auto rows,
                connection.Rows("SELECT DISTINCT function_name FROM duckdb_functions() WHERE "
                                "stability <> 'CONSISTENT' OR function_name IN "
                                "('current_localtimestamp', 'current_localtime', "
                                "'current_setting', 'getvariable')"));
  std::set<std::string> names;
  for (const std::vector<engine::Value>& row : rows) names.insert(engine::ToText(row[0]));
  return names;
}

Result<bool> AnyUnstable(engine::Connection& connection, const std::set<std::string>& functions) {
  static std::mutex mutex;
  static std::optional<std::set<std::string>> unstable;
  const std::lock_guard lock(mutex);
  if (!unstable.has_value()) {
    SLUICE_ASSIGN(unstable, AskForUnstable(connection));
  }
  return std::any_of(functions.begin(), functions.end(),
                     [&](const std::string& name) { return unstable->count(name) > 0; });
}

Result<std::string> VersionsOf(engine::Connection& connection, const PlanFacts& facts,
                               const std::string& plan) {
  if (!facts.readable || facts.tables.empty()) return std::string();
  SLUICE_ASSIGN(const bool unstable, AnyUnstable(connection, facts.functions));
  if (unstable) return std::string();
  std::vector<std::string> parts;
  for (const std::string& table : facts.tables) {
    SLUICE_ASSIGN(const int64_t version, warehouse::VersionOf(connection, table));
    if (version == 0) return std::string();  // nobody here writes it
    parts.push_back(fmt::format("{}@{}", table, version));
  }
  parts.push_back("plan:" + HashOf(plan).Hex());
  return Join(parts, " ");
}

}  // namespace

Result<Dependencies> DependenciesOf(engine::Connection& connection, const std::string& sql) {
  Dependencies dependencies;
  SLUICE_ASSIGN(const auto named, NamesIn(connection, sql));
  for (const std::string& name : named) {
    SLUICE_ASSIGN(const std::string kind, warehouse::KindOf(connection, name));
    if (!kind.empty()) dependencies.names.insert(name);
  }
  // The bound plan, before anything is optimised away: views and macros stand in it in full.
  SLUICE_ASSIGN(const auto rows, connection.Rows("SELECT json_serialize_plan(CAST($1 AS VARCHAR)), "
                                                 "current_database()",
                                                 {sql}));
  const std::string text = engine::ToText(rows[0][0]);
  const Json plan = Json::parse(text, nullptr, false);
  // A plan that cannot be written down: a file is read, columns depend on rows (PIVOT).
  if (plan.is_discarded() || plan.value("error", true)) return dependencies;
  const PlanFacts facts = LookAt(plan, engine::ToText(rows[0][1]));
  dependencies.names.insert(facts.tables.begin(), facts.tables.end());
  SLUICE_ASSIGN(dependencies.versions, VersionsOf(connection, facts, text));
  return dependencies;
}

}  // namespace sluice::models
