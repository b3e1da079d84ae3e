#include "cli/hand_loads.h"

#include <algorithm>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include "config/csv_words.h"
#include "ingest/hand.h"
#include "pipeline/quarantine.h"
#include "warehouse/notes.h"

namespace sluice::cli {
namespace {

using Json = nlohmann::json;
using Mode = config::Table::Mode;

constexpr const char* kPrefix = "hand:";

std::string ToJson(const HandLoad& load) {
  Json columns = Json::array();
  for (const config::Column& column : load.table.columns) {
    columns.push_back({column.name, column.sql_type});
  }
  Json json = {{"connection", load.connection},
               {"folder", load.folder},
               {"ingest", load.ingest},
               {"declared", load.declared},
               {"table", load.table.name},
               {"columns", columns},
               {"mode", static_cast<int>(load.table.mode)},
               {"key", load.table.key}};
  if (!load.table.delete_when.column.empty()) {
    json["delete_when"] = {load.table.delete_when.column, load.table.delete_when.values};
  }
  json["csv"] = load.csv;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Versions before `csv` had a delimiter, and a header only where it was certain.
std::vector<std::string> CsvWords(const Json& json) {
  if (json.contains("csv")) return json["csv"].get<std::vector<std::string>>();
  std::vector<std::string> words;
  if (json.contains("delimiter")) {
    words.push_back("delimiter=" + json["delimiter"].get<std::string>());
  }
  if (json.value("header", false)) words.emplace_back("header=true");
  return words;
}

Result<HandLoad> FromJson(const Json& json) {
  HandLoad load;
  load.connection = json.at("connection");
  load.folder = json.at("folder");
  load.ingest = json.at("ingest");
  load.declared = json.at("declared");
  load.table.name = json.at("table");
  load.table.mode = static_cast<Mode>(json.at("mode").get<int>());
  load.table.key = json.at("key").get<std::vector<std::string>>();
  for (const Json& column : json.at("columns")) {
    load.table.columns.push_back({column.at(0), column.at(1), {}});
  }
  if (json.contains("delete_when")) {
    load.table.delete_when.column = json["delete_when"].at(0);
    load.table.delete_when.values = json["delete_when"].at(1).get<std::vector<std::string>>();
  }
  load.csv = CsvWords(json);
  SLUICE_ASSIGN(load.table.csv, config::CsvFromWords(load.csv, load.connection));
  return load;
}

void AddConnection(const HandLoad& load, config::Project& project) {
  const bool there =
      std::any_of(project.connections.begin(), project.connections.end(),
                  [&](const config::Connection& known) { return known.name == load.connection; });
  if (there) return;
  config::Connection connection;
  connection.name = load.connection;
  connection.type = "file";
  config::OptionValue folder;
  folder.text = load.folder;
  connection.options.values["path"] = folder;
  connection.options.values[pipeline::kHandCsv].list = load.csv;
  project.connections.push_back(std::move(connection));
}

// What nobody declares has no connections to list: its files lie anywhere, each where it was loaded from.
void AddTable(const HandLoad& load, config::Project& project) {
  auto ingest =
      std::find_if(project.ingests.begin(), project.ingests.end(),
                   [&](const config::Ingest& known) { return known.name == load.ingest; });
  if (ingest == project.ingests.end()) {
    config::Ingest made;
    made.name = load.ingest;
    made.layout = "files";
    project.ingests.push_back(std::move(made));
    ingest = project.ingests.end() - 1;
  } else if (!ingest->from.empty()) {
    return;  // the project has an ingest of this name by now
  }
  std::erase_if(ingest->tables,
                [&](const config::Table& known) { return known.name == load.table.name; });
  ingest->tables.push_back(load.table);
}

}  // namespace

Status RememberHandLoad(engine::Connection& connection, const HandLoad& load) {
  const std::string name = kPrefix + load.connection + ":" + load.table.name;
  SLUICE_ASSIGN(const auto transaction, engine::Transaction::Begin(connection));
  SLUICE_TRY(warehouse::PutNote(connection, name, ToJson(load)));
  return transaction->Commit();
}

namespace {

// Of the value in the first row, if there is one.
std::optional<HandLoad> FirstOf(const std::vector<std::vector<engine::Value>>& rows) {
  if (rows.empty()) return std::nullopt;
  try {
    auto load = FromJson(Json::parse(engine::ToText(rows[0][0]), nullptr, false));
    if (load.ok()) return std::move(load).value();
  } catch (const Json::exception&) {  // written by another version
  }
  return std::nullopt;
}

}  // namespace

Result<std::optional<HandLoad>> FindHandLoad(engine::Connection& connection,
                                             const std::string& of_connection,
                                             const std::string& table) {
  SLUICE_ASSIGN(const auto rows, connection.Rows("SELECT value FROM _sluice.meta WHERE name = $1",
                                                 {kPrefix + of_connection + ":" + table}));
  return FirstOf(rows);
}

Result<std::optional<HandLoad>> NewestHandLoad(engine::Connection& connection,
                                               const std::string& table) {
  SLUICE_ASSIGN(const auto rows,
                connection.Rows("SELECT m.value FROM _sluice.meta AS m JOIN _sluice.loads AS l ON "
                                "m.name = $1 || l.connection || ':' || l.table_name WHERE "
                                "l.table_name = $2 AND l.published_at IS NOT NULL ORDER BY "
                                "l.published_at DESC LIMIT 1",
                                {std::string(kPrefix), table}));
  return FirstOf(rows);
}

Status AddHandLoads(engine::Connection& connection, config::Project& project) {
  SLUICE_ASSIGN(const auto rows,
                connection.Rows("SELECT value FROM _sluice.meta WHERE starts_with(name, $1) ORDER "
                                "BY rowid",
                                {std::string(kPrefix)}));
  SLUICE_ASSIGN(const auto waiting,
                connection.Rows("SELECT DISTINCT f.connection, q.table_name FROM "
                                "_sluice.quarantine AS q JOIN _sluice.files AS f ON f.file_id = "
                                "q.file_id AND f.load_id = q.load_id WHERE "
                                "starts_with(f.connection, $1)",
                                {std::string(ingest::kHandConnection)}));
  std::set<std::pair<std::string, std::string>> with_rows;
  for (const auto& row : waiting) with_rows.emplace(engine::ToText(row[0]), engine::ToText(row[1]));
  std::set<std::string> settled;  // tables that a load with rows in quarantine has described
  for (const auto& row : rows) {
    const Json json = Json::parse(engine::ToText(row[0]), nullptr, false);
    try {
      const auto load = FromJson(json);
      if (!load.ok()) continue;
      AddConnection(*load, project);
      if (load->declared) continue;
      // Of what was loaded otherwise since, nothing can be fixed: it does not say how to read these rows.
      const bool has_rows = with_rows.count({load->connection, load->table.name}) > 0;
      if (has_rows) settled.insert(load->table.name);
      if (has_rows || settled.count(load->table.name) == 0) AddTable(*load, project);
    } catch (const Json::exception&) {
      continue;  // written by another version
    }
  }
  return Status::Ok();
}

}  // namespace sluice::cli
