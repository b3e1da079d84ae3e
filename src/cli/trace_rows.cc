// Loaded tables and models.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/trace_data.h"
#include "format/strict.h"
#include "ingest/ddl.h"
#include "ingest/table_load.h"
#include "models/build.h"
#include "warehouse/dialect.h"

namespace sluice::cli {
namespace {

using engine::ToInt;
using engine::ToText;
using engine::Value;

constexpr int kMostHits = 20;  // of one table or model

std::vector<Value> AsParameters(const std::vector<std::string>& parts) {
  return {parts.begin(), parts.end()};
}

struct FoundRow {
  NamedValues values;
  int64_t load_id = 0;
  int64_t file_id = 0;
};

// The rows of a relation that match, without what is NULL and without lineage.
Result<std::vector<FoundRow>> Search(engine::Connection& connection, const std::string& relation,
                                     const std::string& condition,
                                     const std::vector<std::string>& parts) {
  std::vector<FoundRow> found;
  SLUICE_ASSIGN(auto result, connection.Query(fmt::format("SELECT * FROM {} AS t WHERE {} LIMIT {}",
                                                          relation, condition, kMostHits + 1),
                                              AsParameters(parts)));
  while (true) {
    SLUICE_ASSIGN(const auto batch, result.Next());
    if (!batch) return found;
    for (size_t r = 0; r < batch->rows(); ++r) {
      FoundRow& row = found.emplace_back();
      for (size_t c = 0; c < batch->columns(); ++c) {
        const Value value = batch->value(c, r);
        const std::string& name = result.columns()[c].name;
        if (name == ingest::kLoadColumn) {
          row.load_id = ToInt(value);
        } else if (name == ingest::kFileColumn) {
          row.file_id = ToInt(value);
        } else if (!engine::IsNull(value)) {
          row.values.emplace_back(name, ToText(value));
        }
      }
    }
  }
}

void Cut(std::vector<FoundRow>& found, const std::string& where, TraceResult& result) {
  if (found.size() <= static_cast<size_t>(kMostHits)) return;
  found.resize(kMostHits);
  result.notes.push_back(
      fmt::format("{} has more rows with this key: the first {} are shown", where, kMostHits));
}

Status AddOrigin(engine::Connection& connection, const FoundRow& found, TracedRow& row) {
  SLUICE_ASSIGN(
      const auto loads,
      connection.Rows("SELECT run_id, published_at, kind, mode, pod, group_id, connection "
                      "FROM _sluice.loads WHERE load_id = $1 AND table_name = $2 ORDER BY "
                      "published_at DESC LIMIT 1",
                      {found.load_id, row.table}));
  if (!loads.empty()) {
    row.run_id = ToText(loads[0][0]);
    row.loaded_at = ToText(loads[0][1]);
    row.load_kind = ToText(loads[0][2]);
    row.mode = ToText(loads[0][3]);
    row.pod = ToText(loads[0][4]);
    row.group = ToInt(loads[0][5]);
    row.connection = ToText(loads[0][6]);
  }
  SLUICE_ASSIGN(const auto files,
                connection.Rows("SELECT connection, address, size, tag, content_hash FROM "
                                "_sluice.files WHERE file_id = $1 ORDER BY rowid DESC LIMIT 1",
                                {found.file_id}));
  if (!files.empty()) {
    row.connection = ToText(files[0][0]);
    row.address = ToText(files[0][1]);
    row.file_size = static_cast<uint64_t>(ToInt(files[0][2]));
    row.file_tag = ToText(files[0][3]);
    row.content_hash = ToText(files[0][4]);
  }
  return Status::Ok();
}

// The key columns that `parts` name, with the types that they have in the warehouse.
std::vector<std::pair<std::string, std::string>> Typed(
    const std::vector<std::string>& key, size_t count,
    const std::vector<warehouse::ColumnInfo>& columns) {
  std::vector<std::pair<std::string, std::string>> typed;
  for (size_t i = 0; i < count && i < key.size(); ++i) {
    const auto column =
        std::find_if(columns.begin(), columns.end(),
                     [&](const warehouse::ColumnInfo& info) { return Lower(info.name) == key[i]; });
    if (column == columns.end()) return {};
    typed.emplace_back(column->name, column->sql_type);
  }
  return typed;
}

// Keys are compared by the types of their columns: where that is text, "007" is not "7", and "A" is not "a". Whoever
// typed one of them may mean the other.
Status TellOtherSpelling(engine::Connection& connection, const std::string& table,
                         const std::vector<std::string>& key,
                         const std::vector<warehouse::ColumnInfo>& columns,
                         const std::vector<std::string>& parts, TraceResult& result) {
  const auto typed = Typed(key, parts.size(), columns);
  std::vector<std::string> conditions;
  std::vector<std::string> names;
  bool any_text = false;
  for (size_t i = 0; i < typed.size(); ++i) {
    const auto type = format::ParseSqlType(typed[i].second);
    const std::string name = "t." + warehouse::QuoteName(typed[i].first);
    names.push_back(fmt::format("replace(CAST({} AS VARCHAR), ',', '\\,')", name));
    if (type.ok() && type->kind == format::SqlType::Kind::kText) {
      any_text = true;
      conditions.push_back(
          fmt::format("lower(ltrim(trim({}), '0')) = lower(ltrim(trim(${}), '0'))", name, i + 1));
    } else {
      conditions.push_back(fmt::format("CAST({} AS VARCHAR) = ${}", name, i + 1));
    }
  }
  if (!any_text) return Status::Ok();
  SLUICE_ASSIGN(const auto others,
                connection.Rows(fmt::format("SELECT DISTINCT concat_ws(',', {}) FROM {} AS t WHERE "
                                            "{} ORDER BY 1 LIMIT 3",
                                            Join(names, ", "), warehouse::QualifiedName(table),
                                            Join(conditions, " AND ")),
                                AsParameters(parts)));
  if (others.empty()) return Status::Ok();
  std::vector<std::string> spelled;
  for (const auto& row : others) spelled.push_back(ToText(row[0]));
  result.spellings.push_back(fmt::format("{} has {} (its key is text, and is compared as such)",
                                         table, Join(spelled, ", ")));
  return Status::Ok();
}

Status SearchTable(const ReadContext& context, const config::Ingest& ingest,
                   const config::Table& table, const std::string& name,
                   const std::vector<std::string>& parts, TraceResult& result) {
  if (table.key.size() < parts.size()) return Status::Ok();
  SLUICE_ASSIGN(const auto columns, warehouse::ColumnsOf(context.connection(), name));
  const ColumnMatch match = MatchColumns(Typed(table.key, parts.size(), columns), parts);
  if (!match.possible) return Status::Ok();
  SLUICE_ASSIGN(auto found, Search(context.connection(), warehouse::QualifiedName(name),
                                   match.condition, parts));
  Cut(found, name, result);
  if (found.empty())
    SLUICE_TRY(TellOtherSpelling(context.connection(), name, table.key, columns, parts, result));
  for (FoundRow& hit : found) {
    TracedRow row;
    row.ingest = ingest.name;
    row.table = name;
    row.key = table.key;
    row.values = std::move(hit.values);
    SLUICE_TRY(AddOrigin(context.connection(), hit, row));
    result.rows.push_back(std::move(row));
  }
  return Status::Ok();
}

// The sets of columns by which `model` may show the key.
std::set<std::vector<std::string>> KeysOfModel(const config::Project& project,
                                               const config::Model& model, size_t parts,
                                               const TraceResult& result) {
  std::set<std::vector<std::string>> keys;
  if (parts == 1) {
    for (const config::Sync& sync : project.syncs) {
      if (sync.model == model.name) keys.insert({sync.key});
    }
  }
  for (const TracedRow& row : result.rows) {
    if (row.key.size() < parts) continue;
    keys.insert({row.key.begin(), row.key.begin() + static_cast<std::ptrdiff_t>(parts)});
  }
  return keys;
}

Status SearchModel(const ReadContext& context, const config::Model& model,
                   const std::vector<std::string>& parts, TraceResult& result) {
  const std::string relation = models::RelationOf(model);
  auto described = context.connection().Query(fmt::format("SELECT * FROM {} LIMIT 0", relation));
  if (!described.ok()) {
    SLUICE_ASSIGN(const std::string kind, warehouse::KindOf(context.connection(), model.name));
    // The engine's messages have lines and a picture of the statement.
    result.notes.push_back(kind.empty()
                               ? fmt::format("model {} is not built yet: sluice run", model.name)
                               : fmt::format("model {} was not looked at: {}", model.name,
                                             Split(described.status().message(), '\n').front()));
    return Status::Ok();
  }
  std::vector<warehouse::ColumnInfo> columns;
  for (const engine::Column& column : described->columns()) {
    columns.push_back({column.name, column.sql_type});
  }
  for (const auto& key : KeysOfModel(context.runtime.project(), model, parts.size(), result)) {
    const ColumnMatch match = MatchColumns(Typed(key, parts.size(), columns), parts);
    if (!match.possible) continue;
    SLUICE_ASSIGN(auto found, Search(context.connection(), relation, match.condition, parts));
    Cut(found, "model " + model.name, result);
    for (FoundRow& hit : found) result.model_rows.push_back({model.name, std::move(hit.values)});
    if (!found.empty()) return Status::Ok();
  }
  return Status::Ok();
}

}  // namespace

ColumnMatch MatchColumns(const std::vector<std::pair<std::string, std::string>>& columns,
                         const std::vector<std::string>& parts) {
  ColumnMatch match;
  if (columns.size() != parts.size()) return match;
  std::vector<std::string> conditions;
  for (size_t i = 0; i < columns.size(); ++i) {
    const auto type = format::ParseSqlType(columns[i].second);
    const std::string name = "t." + warehouse::QuoteName(columns[i].first);
    if (!type.ok()) {
      conditions.push_back(fmt::format("CAST({} AS VARCHAR) = ${}", name, i + 1));
    } else if (!format::Fits(parts[i], *type)) {
      return match;  // the engine would round it to a value that was not asked for
    } else {
      conditions.push_back(fmt::format("{} = CAST(${} AS {})", name, i + 1, columns[i].second));
    }
  }
  match.condition = Join(conditions, " AND ");
  match.possible = true;
  return match;
}

Status FindRows(const ReadContext& context, const std::vector<std::string>& parts,
                const std::string& in, TraceResult& result) {
  std::set<std::string> seen;
  for (const config::Ingest& ingest : context.runtime.project().ingests) {
    for (const config::Table& table : ingest.tables) {
      const std::string name =
          ingest.layout == "zenoti" ? ingest::CanonicalTableName(table.name) : table.name;
      if (!in.empty() && in != name && in != ingest.name) continue;
      if (!seen.insert(name).second) continue;
      SLUICE_TRY(SearchTable(context, ingest, table, name, parts, result));
    }
  }
  return Status::Ok();
}

Status FindModelRows(const ReadContext& context, const std::vector<std::string>& parts,
                     const std::string& in, TraceResult& result) {
  for (const config::Model& model : context.runtime.project().models) {
    if (!in.empty() && in != model.name) continue;
    SLUICE_TRY(SearchModel(context, model, parts, result));
  }
  return Status::Ok();
}

}  // namespace sluice::cli
