#include <ostream>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/json_writer.h"
#include "cli/table.h"
#include "pipeline/run.h"
#include "warehouse/dialect.h"

namespace sluice::cli {
namespace {

using engine::ToInt;
using engine::ToText;

struct TableInfo {
  std::string name;
  std::string kind;   // "loaded table", "model table", "model view", "table", "view"
  int64_t rows = -1;  // -1: not counted
  int64_t columns = 0;
  std::string changed_at;  // last load or build
  std::string origin;      // the ingest or the model's inputs
  std::vector<warehouse::ColumnInfo> details;
};

// Tables first, in the order of their names. Stages are nobody's business.
constexpr const char* kTables =
    "WITH things AS ("
    "  SELECT table_name AS name, 'table' AS kind, column_count AS columns FROM duckdb_tables()"
    "  WHERE database_name = current_database() AND schema_name = 'main' AND NOT temporary"
    "  UNION ALL"
    "  SELECT view_name, 'view', column_count FROM duckdb_views()"
    "  WHERE database_name = current_database() AND schema_name = 'main' AND NOT internal"
    "), loads AS ("
    "  SELECT table_name AS name, max(published_at) AS at, min(ingest) AS ingest"
    "  FROM _sluice.loads GROUP BY table_name)"
    " SELECT t.name, t.kind, t.columns, l.at, l.ingest, m.built_at, m.name"
    " FROM things AS t LEFT JOIN loads AS l ON l.name = t.name"
    " LEFT JOIN _sluice.models AS m ON m.name = t.name AND m.materialized <> 'relation'"
    " WHERE NOT starts_with(t.name, '_sluice_') ORDER BY t.kind, t.name";

Result<std::vector<TableInfo>> ReadTables(const ReadContext& context) {
  std::vector<TableInfo> tables;
  SLUICE_ASSIGN(const auto rows, context.connection().Rows(kTables));
  for (const auto& row : rows) {
    TableInfo& table = tables.emplace_back();
    table.name = ToText(row[0]);
    const std::string kind = ToText(row[1]);
    const bool is_model = !engine::IsNull(row[6]);
    table.kind = is_model ? "model " + kind : engine::IsNull(row[3]) ? kind : "loaded " + kind;
    table.columns = ToInt(row[2]);
    table.changed_at = is_model ? ToText(row[5]) : ToText(row[3]);
    table.origin = is_model ? "" : ToText(row[4]);
    // Counting a table is free; a view may be anything.
    if (kind == "table") {
      SLUICE_ASSIGN(const auto count,
                    context.connection().Scalar("SELECT count(*) FROM " +
                                                warehouse::QualifiedName(table.name)));
      table.rows = ToInt(count);
    }
  }
  return tables;
}

// Only those that were asked for, with their columns; a view is counted then.
Result<std::vector<TableInfo>> Chosen(const ReadContext& context, std::vector<TableInfo> tables) {
  std::vector<TableInfo> chosen;
  for (const std::string& wanted : context.arguments.names) {
    const std::string name = Lower(wanted);
    const auto found = std::find_if(tables.begin(), tables.end(), [&](const TableInfo& table) {
      return Lower(table.name) == name;
    });
    if (found == tables.end()) {
      std::vector<std::string> names;
      for (const TableInfo& table : tables) names.push_back(table.name);
      return NotFoundError(
          fmt::format("there is no table or view {}{}", Printable(wanted), DidYouMean(name, names)),
          "sluice tables");
    }
    TableInfo table = *found;
    SLUICE_ASSIGN(table.details, warehouse::ColumnsOf(context.connection(), table.name));
    if (table.rows < 0) {
      SLUICE_ASSIGN(const auto count,
                    context.connection().Scalar("SELECT count(*) FROM " +
                                                warehouse::QualifiedName(table.name)));
      table.rows = ToInt(count);
    }
    chosen.push_back(std::move(table));
  }
  return chosen;
}

void WriteJson(std::ostream& out, const std::vector<TableInfo>& tables) {
  JsonWriter json(out);
  json.BeginObject();
  json.Field("version", int64_t{1});
  json.Name("tables");
  json.BeginArray();
  for (const TableInfo& table : tables) {
    json.BeginObject();
    json.Field("name", table.name);
    json.Field("kind", table.kind);
    json.Name("rows");
    if (table.rows < 0) {
      json.Null();
    } else {
      json.Number(table.rows);
    }
    json.Field("columns", table.columns);
    json.FieldOrNull("changed_at", table.changed_at);
    json.FieldOrNull("ingest", table.origin);
    if (!table.details.empty()) {
      json.Name("details");
      json.BeginArray();
      for (const warehouse::ColumnInfo& column : table.details) {
        json.BeginObject();
        json.Field("name", column.name);
        json.Field("type", column.sql_type);
        json.EndObject();
      }
      json.EndArray();
    }
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  json.Finish();
}

void Print(std::ostream& out, const Terminal& terminal, const std::vector<TableInfo>& tables) {
  Table list({{"name"},
              {"kind"},
              {"rows", Align::kRight},
              {"columns", Align::kRight},
              {"last load or build (UTC)"},
              {"ingest"}});
  for (const TableInfo& table : tables) {
    list.Row({table.name, table.kind, table.rows < 0 ? "" : Number(table.rows),
              Number(table.columns), table.changed_at.substr(0, 19), table.origin});
  }
  list.Print(out, terminal);
  for (const TableInfo& table : tables) {
    if (table.details.empty()) continue;
    out << "\n" << Styled(terminal, Look::kBold, Printable(table.name)) << "\n";
    Table columns({{"column"}, {"type"}});
    for (const warehouse::ColumnInfo& column : table.details) {
      columns.Row({column.name, column.sql_type});
    }
    columns.Print(out, terminal, 2);
  }
}

}  // namespace

Result<int> Tables(const ReadContext& context) {
  SLUICE_TRY(NeedsWarehouse(context));
  SLUICE_ASSIGN(auto tables, ReadTables(context));
  if (!context.arguments.names.empty()) {
    SLUICE_ASSIGN(tables, Chosen(context, std::move(tables)));
  }
  if (context.arguments.json) {
    WriteJson(context.world.out, tables);
  } else if (tables.empty()) {
    context.world.out << "there is no table yet\nnext:  sluice run\n";
  } else {
    Print(context.world.out, context.world.terminal, tables);
  }
  return pipeline::kExitDone;
}

}  // namespace sluice::cli
