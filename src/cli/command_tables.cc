#include <algorithm>
#include <array>
#include <ostream>
#include <utility>

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

constexpr int64_t kFilesShown = 20;
constexpr int64_t kFilesOfJson = 1000;

// What became of the rows of a file, in the order in which they are told: the first is what was read, the others add up
// to it. Rows of a file that is held and that nothing has become of yet wait: they are what is left of those read.
constexpr std::array<std::pair<const char*, const char*>, 10> kAccounts = {{
    {"rows_read", "read"},
    {"inserted", "inserted"},
    {"updated", "updated"},
    {"unchanged", "unchanged"},
    {"delete_matched", "deleted"},
    {"delete_unmatched", "not_there_to_delete"},
    {"superseded", "superseded"},
    {"skipped", "skipped"},
    {"quarantined", "quarantined"},
    {"CASE WHEN state = 'held' THEN rows_read - inserted - updated - unchanged - delete_matched - "
     "delete_unmatched - "
     "superseded - skipped - quarantined ELSE 0 END",
     "waiting"},
}};

struct FileAccount {
  std::string address;
  std::string state;
  std::string load_id;
  std::array<int64_t, kAccounts.size()> rows{};
};

struct TableInfo {
  std::string name;
  std::string kind;   // "loaded table", "model table", "model view", "table", "view"
  int64_t rows = -1;  // -1: not counted
  int64_t columns = 0;
  std::string changed_at;  // last load or build
  std::string origin;      // the ingest or the model's inputs
  std::vector<warehouse::ColumnInfo> details;
  std::vector<FileAccount> files;  // newest first
  int64_t all_files = 0;
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

Status ReadFiles(const ReadContext& context, TableInfo& table) {
  std::string columns;
  for (const auto& [column, name] : kAccounts) columns += fmt::format(", {}", column);
  SLUICE_ASSIGN(const auto rows,
                context.connection().Rows(
                    fmt::format("SELECT address, state, load_id::VARCHAR, count(*) OVER (){} FROM "
                                "_sluice.files WHERE table_name = $1 ORDER BY rowid DESC LIMIT {}",
                                columns, context.arguments.json ? kFilesOfJson : kFilesShown),
                    {table.name}));
  for (const auto& row : rows) {
    FileAccount& file = table.files.emplace_back();
    file.address = ToText(row[0]);
    file.state = ToText(row[1]);
    file.load_id = ToText(row[2]);
    table.all_files = ToInt(row[3]);
    for (size_t i = 0; i < kAccounts.size(); ++i) file.rows[i] = ToInt(row[4 + i]);
  }
  return Status::Ok();
}

// Only those that were asked for, with their columns and files; a view is counted then.
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
    SLUICE_TRY(ReadFiles(context, table));
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

void WriteFiles(JsonWriter& json, const TableInfo& table) {
  json.Field("all_files", table.all_files);
  json.Name("files");
  json.BeginArray();
  for (const FileAccount& file : table.files) {
    json.BeginObject();
    json.Field("address", file.address);
    json.Field("state", file.state);
    json.Field("load", file.load_id);
    for (size_t i = 0; i < kAccounts.size(); ++i) json.Field(kAccounts[i].second, file.rows[i]);
    json.EndObject();
  }
  json.EndArray();
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
    if (table.all_files > 0) WriteFiles(json, table);
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  json.Finish();
}

// What never happened in any of the files is left out.
void PrintFiles(std::ostream& out, const Terminal& terminal, const TableInfo& table) {
  if (table.files.empty()) return;
  std::vector<TableColumn> columns = {{"file"}, {""}};
  for (const auto& [column, name] : kAccounts) {
    columns.push_back({ReplaceAll(name, "_", " "), Align::kRight});
  }
  Table list(std::move(columns));
  for (const FileAccount& file : table.files) {
    std::vector<std::string> row = {file.address, file.state == "loaded" ? "" : file.state};
    for (size_t i = 0; i < kAccounts.size(); ++i) {
      row.push_back(file.rows[i] == 0 && i > 0 ? "" : Number(file.rows[i]));
    }
    list.Row(std::move(row));
  }
  out << "\n";
  list.Print(out, terminal, 2);
  if (table.all_files > static_cast<int64_t>(table.files.size())) {
    out << fmt::format(
        "  the newest {} of {}; all of them: sluice query \"FROM _sluice.files "
        "WHERE table_name = '{}'\"\n",
        table.files.size(), Counted(static_cast<uint64_t>(table.all_files), "file"),
        Printable(table.name));
  }
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
    PrintFiles(out, terminal, table);
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
