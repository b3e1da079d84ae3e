#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "ingest/file_shape.h"
#include "ingest/plan.h"

namespace sluice::ingest {
namespace {

Merge MergeOf(const config::Table& table, const std::string& name) {
  switch (table.mode) {
    case config::Table::Mode::kDeleteInsert:
      return Merge::kDeleteInsert;
    case config::Table::Mode::kUpdateInsert:
      return Merge::kUpdateInsert;
    case config::Table::Mode::kAppend:
      return Merge::kAppend;
    case config::Table::Mode::kReplace:
    case config::Table::Mode::kUpsert:
    case config::Table::Mode::kDefault:
      break;
  }
  switch (SemanticsOf(name)) {
    case Semantics::kDeleteInsert:
      return Merge::kDeleteInsert;
    case Semantics::kInsertNonVoid:
      return Merge::kInsertNonVoid;
    case Semantics::kUpdateInsert:
      break;
  }
  return Merge::kUpdateInsert;
}

bool Contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Status CheckTarget(const TargetTable& target) {
  std::vector<std::string> names;
  for (const DdlColumn& column : target.columns) names.push_back(column.name);
  if (target.key.empty() && target.merge != Merge::kAppend) {
    return ConfigError("it has no key, and a key is not guessed",
                       "Let sluice discover --write propose one");
  }
  for (const std::string& key : target.key) {
    if (Contains(names, key)) continue;
    return ConfigError(fmt::format("the key names a column {} that the schema does not have{}", key,
                                   DidYouMean(key, names)));
  }
  if (target.merge != Merge::kDeleteInsert) return Status::Ok();
  if (target.void_column.empty()) {
    return ConfigError("delete-insert needs a column void, and the table has none",
                       "Set mode: update-insert for it");
  }
  for (const DdlColumn& column : target.columns) {
    if (column.name == "void" && column.type.kind != format::SqlType::Kind::kBoolean) {
      return ConfigError(
          fmt::format("the column void is {}, expected BOOLEAN", column.type.DuckDb()));
    }
  }
  return Status::Ok();
}

}  // namespace

bool IsOrganizationTable(const config::Ingest& ingest, const std::string& table) {
  return Contains(OrganizationTables(), table) || Contains(ingest.organization_tables, table);
}

bool BeginsWithFullLoad(const config::Ingest& ingest, const std::string& connection,
                        const std::string& pod_label) {
  const std::string with_connection = connection + "/";
  const std::string pod =
      StartsWith(pod_label, with_connection) ? pod_label.substr(with_connection.size()) : pod_label;
  const auto start = ingest.start_after.find(pod);
  return start == ingest.start_after.end() || start->second == 0;
}

Status CheckDropIsThere(const config::Ingest& ingest, const connector::Store& store,
                        const connector::Listing& listing) {
  const ZenotiDrop drop = ReadDrop(listing, ingest.prefix);
  if (!drop.schema_files.empty() || !drop.data_files.empty()) return Status::Ok();
  std::string where = store.Describe();
  if (!ingest.prefix.empty()) where += (EndsWith(where, "/") ? "" : "/") + ingest.prefix;
  return NotFoundError(
      fmt::format("{} has no SchemaFull/ and no group: check path or prefix", where));
}

Status ProbeDrop(const config::Ingest& ingest, connector::Store& store, const env::Cancel* cancel) {
  SLUICE_ASSIGN(const auto schemas, store.List(ingest.prefix + "SchemaFull/", cancel));
  if (!schemas.files.empty()) return Status::Ok();
  SLUICE_ASSIGN(const auto all, store.List(ingest.prefix, cancel));
  return CheckDropIsThere(ingest, store, all);
}

Result<TargetTable> ZenotiTarget(const config::Ingest& ingest, const SchemaCatalog& catalog,
                                 const std::string& name) {
  const auto table =
      std::find_if(ingest.tables.begin(), ingest.tables.end(),
                   [&](const config::Table& t) { return CanonicalTableName(t.name) == name; });
  if (table == ingest.tables.end()) {
    return ConfigError(fmt::format("{} is not among the tables of {}", name, ingest.name));
  }
  const TableSchema schema = catalog.SchemaOf(name);
  if (!schema.problem.empty()) return RejectedError(schema.problem);
  if (schema.columns.empty()) return NotFoundError("no schema file speaks of it");
  TargetTable target;
  target.name = name;
  target.columns = schema.columns;
  target.versions = schema.versions;
  target.merge = MergeOf(*table, name);
  target.key = table->key;
  std::vector<std::string> columns;
  for (const DdlColumn& column : schema.columns) columns.push_back(column.name);
  if (target.merge != Merge::kUpdateInsert) {
    // "rows whose key and organization id equal": it joins the key where the table has it.
    if (Contains(columns, "organizationid") && !Contains(table->key, "organizationid")) {
      target.also.emplace_back("organizationid");
    }
    // The column of exactly that name; of a dimension it is data.
    if (Contains(columns, "void")) target.void_column = "void";
  }
  target.has_pod = true;
  target.match_pod = !ingest.shared_keys && !IsOrganizationTable(ingest, name);
  target.adopt_pod = ingest.adopt_pod;
  target.bad_rows = table->bad_rows.value_or(ingest.bad_rows);
  target.format = config::FileFormat::kCsv;
  target.csv = table->csv.value_or(ingest.csv);
  target.schema_changes = ingest.schema_changes;
  SLUICE_TRY(CheckCsv(target, table->where));
  SLUICE_TRY(CheckTarget(target));
  return target;
}

}  // namespace sluice::ingest
