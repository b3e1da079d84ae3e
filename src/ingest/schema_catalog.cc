#include "ingest/schema_catalog.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/hash.h"
#include "base/text.h"
#include "env/clock.h"

namespace sluice::ingest {
namespace {

constexpr uint64_t kMaxSchemaFile = 4 << 20;

std::string ParseMessage(const std::string& ddl) {
  const auto statements = ParseDdl(ddl);
  return statements.ok() ? std::string() : statements.status().message();
}

void AddColumns(const std::vector<DdlColumn>& columns, TableSchema& schema) {
  for (const DdlColumn& column : columns) {
    const bool there = std::any_of(schema.columns.begin(), schema.columns.end(),
                                   [&](const DdlColumn& c) { return c.name == column.name; });
    if (!there) schema.columns.push_back(column);
  }
}

// The list that files follow once `statement` was carried out after `list`.
void Follow(const DdlStatement& statement, std::vector<std::string>& list) {
  if (statement.kind == DdlStatement::Kind::kCreateTable) list.clear();
  for (const DdlColumn& column : statement.columns) {
    const bool there = std::find(list.begin(), list.end(), column.name) != list.end();
    if (!there) list.push_back(column.name);
  }
}

}  // namespace

Result<SchemaCatalog> SchemaCatalog::Load(engine::Connection& connection,
                                          const std::string& ingest) {
  SLUICE_ASSIGN(const auto rows,
                connection.Rows("SELECT connection, position, kind, release, table_name, address, "
                                "tag, content_hash, ddl, message FROM _sluice.schema_files WHERE "
                                "ingest = $1 ORDER BY position",
                                {ingest}));
  SchemaCatalog catalog;
  for (const auto& row : rows) {
    AppliedSchema& schema = catalog.applied_.emplace_back();
    schema.connection = engine::ToText(row[0]);
    schema.position = engine::ToInt(row[1]);
    schema.upgrade = engine::ToText(row[2]) == "upgrade";
    schema.release = engine::ToText(row[3]);
    schema.table = engine::ToText(row[4]);
    schema.address = engine::ToText(row[5]);
    schema.tag = engine::ToText(row[6]);
    schema.content_hash = engine::ToText(row[7]);
    schema.ddl = engine::ToText(row[8]);
    schema.message = engine::ToText(row[9]);
  }
  return catalog;
}

Status SchemaCatalog::Update(const std::string& connection, connector::Store& store,
                             const std::vector<SchemaFile>& files, std::vector<std::string>* notes,
                             const env::Cancel* cancel) {
  // The newest version of each address decides whether there is something to read.
  std::map<std::string, std::pair<std::string, std::string>> known;  // address -> tag, hash
  std::string newest_release;
  for (const AppliedSchema& schema : applied_) {
    if (schema.connection != connection) continue;
    known[schema.address] = {schema.tag, schema.content_hash};
    if (schema.upgrade && NaturalCompare(schema.release, newest_release) > 0) {
      newest_release = schema.release;
    }
  }
  for (const SchemaFile& file : files) {
    const auto before = known.find(file.file.path);
    if (before != known.end() && before->second.first == file.file.tag) continue;
    SLUICE_ASSIGN(std::string ddl, store.ReadSmall(file.file, kMaxSchemaFile, cancel));
    const std::string hash = HashOf(ddl).Hex();
    if (before != known.end() && before->second.second == hash) continue;
    AppliedSchema schema;
    schema.connection = connection;
    schema.position = applied_.empty() ? 1 : applied_.back().position + 1;
    schema.upgrade = file.upgrade;
    schema.release = file.release;
    schema.table = file.table;
    schema.address = file.file.path;
    schema.tag = file.file.tag;
    schema.content_hash = hash;
    schema.message = ParseMessage(ddl);
    schema.ddl = std::move(ddl);
    schema.is_new = true;
    if (!schema.message.empty()) {
      notes->push_back(fmt::format("{}: {}: table {} waits until it is mended", file.file.path,
                                   schema.message, file.table));
    } else if (before != known.end()) {
      notes->push_back(
          fmt::format("{} has changed: new columns are added, none is dropped", file.file.path));
    }
    if (file.upgrade && !newest_release.empty() &&
        NaturalCompare(file.release, newest_release) < 0) {
      notes->push_back(fmt::format("release {} appeared after {} was applied: applied last",
                                   file.release, newest_release));
    }
    applied_.push_back(std::move(schema));
  }
  return Status::Ok();
}

bool SchemaCatalog::has_news() const {
  return std::any_of(applied_.begin(), applied_.end(),
                     [](const AppliedSchema& schema) { return schema.is_new; });
}

Status SchemaCatalog::Save(engine::Connection& connection, const std::string& ingest, int64_t now) {
  SLUICE_ASSIGN(const auto appender, engine::Appender::Open(connection, "_sluice", "schema_files"));
  for (AppliedSchema& schema : applied_) {
    if (!schema.is_new) continue;
    SLUICE_TRY(
        appender->Row({ingest, schema.connection, schema.position,
                       std::string(schema.upgrade ? "upgrade" : "full"), schema.release,
                       schema.table, schema.address, schema.tag, schema.content_hash, schema.ddl,
                       std::string(schema.message.empty() ? "applied" : "broken"), schema.message,
                       env::FormatUtc(now, true)}));
    schema.is_new = false;
  }
  return appender->Close();
}

TableSchema SchemaCatalog::SchemaOf(const std::string& table) const {
  TableSchema schema;
  std::map<std::string, std::vector<std::string>> lists;  // by connection, as it is at the moment
  // A broken file counts until a later version of the same file parses.
  std::map<std::string, std::string> problems;
  for (const AppliedSchema& applied : applied_) {
    if (applied.table != table) continue;
    const std::string address = applied.connection + "/" + applied.address;
    if (!applied.message.empty()) {
      problems[address] = fmt::format("{}: {}", applied.address, applied.message);
      continue;
    }
    problems.erase(address);
    const auto statements = ParseDdl(applied.ddl);
    if (!statements.ok())
      continue;  // it parsed when it was applied; a newer parser may be stricter
    for (const DdlStatement& statement : statements.value()) {
      if (CanonicalTableName(statement.table) != table) continue;
      AddColumns(statement.columns, schema);
      Follow(statement, lists[applied.connection]);
      // A full schema of today may hold what an upgrade once added.
      if (applied.upgrade && statement.kind == DdlStatement::Kind::kAddColumns) {
        for (const DdlColumn& column : statement.columns) {
          schema.versions.appended.insert(column.name);
        }
      }
      if (!statement.dist_key.empty()) schema.dist_key = statement.dist_key;
      if (!statement.sort_key.empty()) schema.sort_key = statement.sort_key;
    }
    auto& versions = schema.versions.lists;
    const std::vector<std::string>& list = lists[applied.connection];
    if (!list.empty() && std::find(versions.begin(), versions.end(), list) == versions.end()) {
      versions.push_back(list);
    }
  }
  if (!problems.empty()) schema.problem = problems.begin()->second;
  return schema;
}

std::vector<std::string> SchemaCatalog::Tables() const {
  std::set<std::string> tables;
  for (const AppliedSchema& schema : applied_) tables.insert(schema.table);
  return {tables.begin(), tables.end()};
}

}  // namespace sluice::ingest
