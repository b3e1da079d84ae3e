#include "pipeline/bind_project.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "format/strict.h"
#include "ingest/ddl.h"
#include "models/build.h"
#include "models/model_sql.h"
#include "sync/field_sql.h"
#include "warehouse/dialect.h"

namespace sluice::pipeline {
namespace {

using warehouse::ColumnInfo;
using warehouse::QualifiedName;
using warehouse::QuoteName;

class ProjectBinder {
 public:
  ProjectBinder(const config::Project& project, const std::vector<models::ModelNode>& nodes,
                warehouse::Session* session, engine::Connection& scratch)
      : project_(project), nodes_(nodes), session_(session), scratch_(scratch) {}

  Result<BoundProject> Run() {
    if (session_ != nullptr) SLUICE_TRY(TakeWarehouse(session_->connection()));
    for (const config::Ingest& ingest : project_.ingests) {
      for (const config::Table& table : ingest.tables) TakeTable(ingest, table);
    }
    for (const auto& [name, columns] : tables_) MakeTable("main", name, columns);
    for (const models::ModelNode& node : nodes_) SLUICE_TRY(BindModel(node));
    for (const config::Sync& sync : project_.syncs) SLUICE_TRY(BindSync(sync));
    return std::move(bound_);
  }

 private:
  // Models are made from their SQL, whatever they were built as; other schemas are as they are there.
  Status TakeWarehouse(engine::Connection& connection) {
    SLUICE_ASSIGN(
        const auto rows,
        connection.Rows("SELECT schema_name, table_name, column_name, data_type FROM "
                        "duckdb_columns() WHERE NOT internal AND database_name = "
                        "current_database() ORDER BY schema_name, table_name, column_index"));
    std::map<std::pair<std::string, std::string>, std::vector<ColumnInfo>> others;
    for (const auto& row : rows) {
      const std::string schema = engine::ToText(row[0]);
      const std::string table = engine::ToText(row[1]);
      const ColumnInfo column{engine::ToText(row[2]), engine::ToText(row[3])};
      if (schema != "main") {
        others[{schema, table}].push_back(column);
      } else if (const auto* model = project_.FindModel(table);
                 model == nullptr || model->kind == config::Model::Kind::kRelation) {
        tables_[Lower(table)].push_back(column);
      }
    }
    for (const auto& [name, columns] : others) {
      (void)scratch_.Execute("CREATE SCHEMA IF NOT EXISTS " + QuoteName(name.first)).status();
      MakeTable(name.first, name.second, columns);
    }
    SLUICE_ASSIGN(const auto macros,
                  connection.Scalar("SELECT count(*) FROM duckdb_functions() WHERE NOT internal "
                                    "AND function_type IN ('macro', 'table_macro')"));
    has_macros_ = engine::ToInt(macros) > 0;
    return Status::Ok();
  }

  // What is declared and not there yet comes with the next load.
  void TakeTable(const config::Ingest& ingest, const config::Table& table) {
    const bool zenoti = ingest.layout == "zenoti";
    const std::string name = zenoti ? ingest::CanonicalTableName(table.name) : Lower(table.name);
    const bool there = tables_.count(name) > 0;
    if (table.columns.empty() && !there) {
      unknown_.insert(name);
      return;
    }
    std::vector<ColumnInfo>& columns = tables_[name];
    const auto add = [&](const std::string& column, const std::string& type) {
      const auto same = std::find_if(columns.begin(), columns.end(), [&](const ColumnInfo& known) {
        return EqualsIgnoreCase(known.name, column);
      });
      if (same != columns.end()) {
        same->sql_type = type;
      } else {
        columns.push_back({column, type});
      }
    };
    for (const config::Column& column : table.columns) {
      const auto type = format::ParseSqlType(column.sql_type);
      add(column.name, type.ok() ? type->DuckDb() : "VARCHAR");
    }
    for (const char* own : {"_sluice_load", "_sluice_file"}) add(own, "BIGINT");
    if (!there && ingest.schema_changes == config::SchemaChanges::kEvolve) grows_.insert(name);
    if (zenoti) CheckKey(ingest, table, columns);
  }

  // Of a table whose columns the project does not declare: config/check_project.cc does the others.
  void CheckKey(const config::Ingest& ingest, const config::Table& table,
                const std::vector<ColumnInfo>& columns) {
    std::vector<std::string> names;
    for (const ColumnInfo& column : columns) names.push_back(Lower(column.name));
    const auto look = [&](const config::Location& where, const std::string& option,
                          const std::vector<std::string>& wanted) {
      for (const std::string& column : wanted) {
        if (std::find(names.begin(), names.end(), column) != names.end()) continue;
        bound_.problems.push_back(
            {ingest.name,
             fmt::format("{}: ingests.{}.{}: the table {} has no column \"{}\"{}", where.ToString(),
                         ingest.name, option, table.name, column, DidYouMean(column, names))});
      }
    };
    look(table.where, fmt::format("tables.{}.key", table.name), table.key);
    for (const config::Check& check : table.checks) {
      look(check.where, fmt::format("tables.{}.checks", table.name), check.columns);
    }
    for (const config::Check& check : ingest.checks) {
      const auto& of = check.tables;
      if (of.empty() || std::find(of.begin(), of.end(), table.name) != of.end()) {
        look(check.where, "checks", check.columns);
      }
    }
  }

  void MakeTable(const std::string& schema, const std::string& name,
                 const std::vector<ColumnInfo>& columns) {
    std::vector<std::string> parts;
    for (const ColumnInfo& column : columns) {
      parts.push_back(QuoteName(column.name) + " " + column.sql_type);
    }
    const Status made = scratch_
                            .Execute(fmt::format("CREATE TABLE {}.{} ({})", QuoteName(schema),
                                                 QuoteName(name), Join(parts, ", ")))
                            .status();
    // A type that only the warehouse knows.
    if (!made.ok() && schema == "main") unknown_.insert(name);
  }

  void NotBound(const std::string& owner, std::string text) {
    bound_.not_bound.push_back({owner, std::move(text)});
  }

  Status BindModel(const models::ModelNode& node) {
    const config::Model& model = *node.model;
    for (const std::string& input : node.inputs) {
      if (unknown_.count(input) == 0) continue;
      unknown_.insert(model.name);
      NotBound(model.name, fmt::format("model {}: {}", model.name, WhyUnknown(input)));
      return Status::Ok();
    }
    if (model.kind == config::Model::Kind::kRelation) return BindRelation(model);
    constexpr std::string_view kBefore = "EXPLAIN ";
    const std::string sql = models::RenderedSql(node);
    const auto explained = scratch_.Query(std::string(kBefore) + sql);
    if (!explained.ok()) {
      unknown_.insert(model.name);
      TellError(node, explained.status().message(),
                models::PlaceError(node, explained.status().message(), kBefore));
      return Status::Ok();
    }
    const auto view = scratch_.Execute(
        fmt::format("CREATE OR REPLACE VIEW {} AS {}", QualifiedName(model.name), sql));
    if (!view.ok()) {
      unknown_.insert(model.name);
      NotBound(model.name, fmt::format("model {}: {}", model.name, view.status().message()));
      return Status::Ok();
    }
    return CheckModelColumns(model, model.name);
  }

  std::string WhyUnknown(const std::string& table) const {
    const bool model = project_.FindModel(table) != nullptr;
    return table + (model ? " cannot be told yet"
                          : " is not loaded yet, and the project declares no columns of it");
  }

  Status BindRelation(const config::Model& model) {
    const std::string name = Lower(model.relation);
    if (tables_.count(name) > 0 || project_.FindModel(name) != nullptr) {
      return CheckModelColumns(model, name);
    }
    unknown_.insert(model.name);
    NotBound(model.name,
             fmt::format("model {}: there is no table or view {} yet", model.name, model.relation));
    return Status::Ok();
  }

  Status CheckModelColumns(const config::Model& model, const std::string& relation) {
    SLUICE_ASSIGN(const auto columns, warehouse::ColumnsOf(scratch_, relation));
    std::vector<std::string> names;
    for (const ColumnInfo& column : columns) names.push_back(Lower(column.name));
    for (std::string& problem : models::UnknownCheckColumns(model, names)) {
      bound_.problems.push_back({model.name, std::move(problem)});
    }
    return Status::Ok();
  }

  // A slip, unless what is missing may still come: a table that somebody loads by hand, columns that only files
  // have, functions of the warehouse, files.
  void TellError(const models::ModelNode& node, const std::string& message,
                 const models::PlacedError& placed) {
    const std::string& missing = placed.error.missing_table;
    const std::string text = placed.where.ToString() + ": " + placed.error.text;
    std::vector<std::string> names;
    for (const auto& [name, columns] : tables_) names.push_back(name);
    for (const config::Model& model : project_.models) names.push_back(model.name);
    const bool says_what = StartsWith(message, "Binder Error") ||
                           StartsWith(message, "Parser Error") ||
                           StartsWith(message, "Catalog Error");
    const bool grows = std::any_of(node.inputs.begin(), node.inputs.end(),
                                   [&](const auto& input) { return grows_.count(input) > 0; });
    const bool function = message.find("Function with name") != std::string::npos;
    const bool may_come = (!missing.empty() && !Nearest(missing, names)) ||
                          (grows && placed.error.text.find("column") != std::string::npos) ||
                          (function && has_macros_) || !says_what;
    if (!may_come) {
      bound_.problems.push_back({node.model->name, text});
    } else if (!missing.empty()) {
      NotBound(node.model->name, fmt::format("model {}: {}: there is no table {} yet",
                                             node.model->name, placed.where.ToString(), missing));
    } else {
      NotBound(node.model->name, fmt::format("model {}: {}", node.model->name, text));
    }
  }

  Status BindSync(const config::Sync& sync) {
    const config::Model* model = project_.FindModel(sync.model);
    if (model == nullptr || unknown_.count(model->name) > 0) return Status::Ok();
    const std::string relation = QualifiedName(models::RelationOf(*model));
    SLUICE_ASSIGN(const auto columns, sync::ColumnsOfRelation(scratch_, relation));
    const auto tell = [&](const Status& status) {
      if (status.ok()) return;
      bound_.problems.push_back({sync.name, status.message()});
    };
    tell(sync::FindColumn(sync, sync.key_where, "key", sync.key, columns).status());
    if (sync.duplicates.policy == config::Duplicates::Policy::kNewest) {
      tell(sync::FindColumn(sync, sync.duplicates.where, "duplicates", sync.duplicates.column,
                            columns)
               .status());
    }
    // One by one: who has three mistakes wants to hear of three.
    for (const config::Field& field : sync.fields) {
      config::Sync alone = sync;
      alone.fields = {field};
      tell(sync::PlanFields(alone, columns, [&](const std::string& expression) {
             return sync::TypeOfExpression(scratch_, relation, expression);
           }).status());
    }
    return Status::Ok();
  }

  const config::Project& project_;
  const std::vector<models::ModelNode>& nodes_;
  warehouse::Session* session_;
  engine::Connection& scratch_;
  std::map<std::string, std::vector<ColumnInfo>> tables_;  // of main, without models
  std::set<std::string> unknown_;  // tables and models whose columns cannot be told
  std::set<std::string> grows_;    // tables that may get columns which nobody declared
  bool has_macros_ = false;
  BoundProject bound_;
};

}  // namespace

Result<BoundProject> BindProject(const config::Project& project,
                                 const std::vector<models::ModelNode>& nodes,
                                 warehouse::Session* session) {
  SLUICE_ASSIGN(const auto database, engine::Database::Open("", {}));
  SLUICE_ASSIGN(const auto scratch, database->Connect());
  return ProjectBinder(project, nodes, session, *scratch).Run();
}

}  // namespace sluice::pipeline
