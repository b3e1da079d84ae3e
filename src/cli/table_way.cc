#include "cli/table_way.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/hand_loads.h"
#include "cli/terminal.h"

namespace sluice::cli {
namespace {

using Mode = config::Table::Mode;

std::string WordOf(Mode mode) {
  switch (mode) {
    case Mode::kReplace:
      return "replace";
    case Mode::kUpsert:
      return "upsert";
    case Mode::kDeleteInsert:
      return "delete-insert";
    case Mode::kUpdateInsert:
      return "update-insert";
    case Mode::kAppend:
    case Mode::kDefault:
      break;
  }
  return "append";
}

}  // namespace

Result<std::optional<config::Table>> WayOfTable(engine::Connection& connection,
                                                const std::string& table) {
  if (!connection.HasTable("main", table)) return std::optional<config::Table>();
  SLUICE_ASSIGN(const auto by_hand, NewestHandLoad(connection, table));
  if (by_hand) return std::optional(by_hand->table);
  SLUICE_ASSIGN(const auto rows,
                connection.Rows("SELECT ingest, mode FROM _sluice.loads WHERE table_name = $1 AND "
                                "published_at IS NOT NULL ORDER BY published_at DESC LIMIT 1",
                                {table}));
  if (rows.empty()) return std::optional<config::Table>();
  const std::string mode = engine::ToText(rows[0][1]);
  if (mode.empty() || mode == "append") return std::optional<config::Table>();
  return ConfigError(
      fmt::format("{} was filled by ingest {} in mode {}: its rows would only be added to", table,
                  engine::ToText(rows[0][0]), mode),
      "--mode upsert --key COLUMN, --mode replace, or --mode append where that is meant");
}

Status CheckWayNamesColumns(const config::Table& table) {
  std::vector<std::string> columns;
  for (const config::Column& column : table.columns) columns.push_back(Lower(column.name));
  const auto check = [&](const char* option, const std::string& name) {
    if (std::find(columns.begin(), columns.end(), name) != columns.end()) return Status::Ok();
    const std::string near = DidYouMean(name, columns);
    return ConfigError(
        fmt::format("{}: {} has no column \"{}\"{}", option, table.name, Printable(name), near),
        fmt::format("{} takes one of: {}", option, Printable(Join(columns, ", "))));
  };
  for (const std::string& column : table.key) SLUICE_TRY(check("--key", column));
  if (table.delete_when.column.empty()) return Status::Ok();
  return check("--delete-when", table.delete_when.column);
}

std::string WayInWords(const config::Table& table) {
  std::string words = "mode " + WordOf(table.mode);
  if (!table.key.empty()) words += ", key " + Join(table.key, ",");
  if (!table.delete_when.column.empty()) {
    words += fmt::format(", deletes when {}={}", table.delete_when.column,
                         Join(table.delete_when.values, ","));
  }
  return words;
}

}  // namespace sluice::cli
