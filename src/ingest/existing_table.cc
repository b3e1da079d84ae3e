#include "ingest/existing_table.h"

#include <algorithm>
#include <functional>
#include <map>

#include <fmt/format.h>

#include "base/text.h"
#include "ingest/column_changes.h"
#include "warehouse/dialect.h"

namespace sluice::ingest {
namespace {

using warehouse::ColumnInfo;
using warehouse::QualifiedName;
using warehouse::QuoteName;
using warehouse::QuoteText;

constexpr size_t kMostNamed = 3;  // of columns that a message lists

bool Has(const std::vector<ColumnInfo>& columns, std::string_view name) {
  return std::any_of(columns.begin(), columns.end(),
                     [&](const ColumnInfo& column) { return column.name == name; });
}

bool LoadedBySluice(const std::vector<ColumnInfo>& present) {
  return Has(present, kLoadColumn);
}

// "column amount is DECIMAL(10,4) in the table and DECIMAL(10,2) in sluice.yml".
std::string Difference(const config::Ingest& ingest, const ColumnChange& change) {
  if (change.kind == ColumnChange::Kind::kAdd) {
    return fmt::format("column {} is not in the table", change.column);
  }
  if (change.kind == ColumnChange::Kind::kRename) {
    return fmt::format("column {} is {} in the table", change.column, change.old_name);
  }
  return fmt::format("column {} is {} in the table and {} in {}", change.column, change.old_type,
                     change.type, ingest.layout == "zenoti" ? "the schema files" : "sluice.yml");
}

// What to do where a type would lose values.
std::string NextForMismatch(const config::Ingest& ingest,
                            const std::vector<ColumnChange>& mismatches) {
  if (ingest.layout == "zenoti") {
    return "Change the type of the column in the table, or drop the table";
  }
  std::vector<std::string> as_they_were;
  for (const ColumnChange& change : mismatches) {
    as_they_were.push_back(fmt::format("{}: {}", change.column, change.old_type));
  }
  if (as_they_were.size() > kMostNamed) {
    return "Values would be lost. Declare the columns as they were, or under other names, or load "
           "into a table of another name";
  }
  const bool texts = std::all_of(mismatches.begin(), mismatches.end(),
                                 [](const ColumnChange& change) { return change.BecomesText(); });
  return fmt::format(
      "{}. Write {} as before, or declare it under another name, or load into a table of another "
      "name",
      texts ? "The table does not have the texts of its files, which would be others (12.50 and "
              "12.5, 1 "
              "and true, in a key 007 and 7)"
            : "Values would be lost",
      Join(as_they_were, " and "));
}

// What cannot be applied: with `schema_changes: freeze` nothing can.
Status CheckColumns(const config::Ingest& ingest, const TargetTable& target,
                    const std::vector<ColumnInfo>& present) {
  const bool frozen = target.schema_changes == config::SchemaChanges::kFreeze;
  std::vector<ColumnChange> stopping = CompareColumns(target, present);
  const auto is_mismatch = [](const ColumnChange& change) {
    return change.kind == ColumnChange::Kind::kMismatch;
  };
  const bool loses = std::any_of(stopping.begin(), stopping.end(), is_mismatch);
  if (loses || !frozen) std::erase_if(stopping, std::not_fn(is_mismatch));
  if (stopping.empty()) return Status::Ok();
  const std::string next =
      loses ? NextForMismatch(ingest, stopping)
            : "schema_changes: freeze keeps the table as it is; set schema_changes: declared to "
              "have it changed";
  std::vector<std::string> differences;
  for (const ColumnChange& change : stopping) differences.push_back(Difference(ingest, change));
  const size_t more = differences.size() - std::min(differences.size(), kMostNamed);
  differences.resize(differences.size() - more);
  std::string text = Join(differences, ", ");
  if (more > 0) text += fmt::format(" and {}", Counted(more, "more column"));
  return ConfigError(text, next);
}

Status CheckAdoption(const TargetTable& target, const std::vector<ColumnInfo>& present) {
  if (target.merge == Merge::kReplace) {
    return ConfigError(
        "the table is there and was not loaded by Sluice: mode replace would drop it",
        "Rename or drop it, or load into a table of another name");
  }
  if (target.has_pod && target.adopt_pod.empty() && !Has(present, kPodColumn)) {
    return ConfigError(
        "the table is there and was not loaded by Sluice: which pod its rows belong to is not "
        "known",
        "Set adopt: { pod: NAME } for this ingest, and start_after for the groups that are in it");
  }
  return Status::Ok();
}

// What stands in a column that the table, with the columns `present`, does not have yet.
std::string Lacking(const TargetTable& target, const std::string& name,
                    const std::vector<std::string>& present) {
  if (name == kPodColumn) return fmt::format("CAST({} AS VARCHAR)", QuoteText(target.adopt_pod));
  for (const DdlColumn& column : target.columns) {
    const bool renamed = column.name == name && std::find(present.begin(), present.end(),
                                                          column.renamed_from) != present.end();
    if (renamed) return QuoteName(column.renamed_from);
  }
  return "NULL";
}

// Columns of the table that the project does not declare any more. Schema files never drop one.
std::vector<std::string> Undeclared(const TargetTable& target,
                                    const std::vector<ColumnInfo>& present) {
  std::vector<std::string> declared = target.AllColumns();
  for (const DdlColumn& column : target.columns) declared.push_back(column.renamed_from);
  std::vector<std::string> names;
  for (const ColumnInfo& column : present) {
    if (std::find(declared.begin(), declared.end(), column.name) != declared.end()) continue;
    names.push_back(column.name);
  }
  return names;
}

void AddNotes(const config::Ingest& ingest, const TargetTable& target,
              const std::vector<ColumnInfo>& present, IngestPlan& plan) {
  if (present.empty() || target.merge == Merge::kReplace) return;
  if (!LoadedBySluice(present)) {
    plan.notes.push_back(fmt::format(
        "{}.{}: the table was there already: its rows stay{}, new ones are added", ingest.name,
        target.name,
        target.has_pod && !Has(present, kPodColumn) ? " as those of " + target.adopt_pod : ""));
  }
  for (const ColumnChange& change : CompareColumns(target, present)) {
    // That schema files add columns is their everyday life.
    if (ingest.layout == "zenoti" && change.kind == ColumnChange::Kind::kAdd) continue;
    plan.notes.push_back(fmt::format("{}.{}: {}", ingest.name, target.name, Describe(change)));
  }
  // What evolves has columns that nobody declared.
  if (ingest.layout == "zenoti" || target.schema_changes == config::SchemaChanges::kEvolve) return;
  if (!LoadedBySluice(present)) return;
  for (const std::string& name : Undeclared(target, present)) {
    plan.notes.push_back(fmt::format("{}.{}: column {} is no longer declared: new rows get NULL",
                                     ingest.name, target.name, name));
  }
}

}  // namespace

Status CheckExisting(engine::Connection& connection, const config::Ingest& ingest,
                     const TargetTable& target) {
  SLUICE_ASSIGN(const std::string kind, warehouse::KindOf(connection, target.name));
  if (kind.empty()) return Status::Ok();
  if (kind == "view") {
    return ConfigError("a view of this name is in the warehouse",
                       "Rename or drop it, or load into a table of another name");
  }
  SLUICE_ASSIGN(const auto present, warehouse::ColumnsOf(connection, target.name));
  if (!LoadedBySluice(present)) SLUICE_TRY(CheckAdoption(target, present));
  // What is replaced takes on its new columns and types.
  const bool takes_all =
      target.merge == Merge::kReplace && target.schema_changes != config::SchemaChanges::kFreeze;
  return takes_all ? Status::Ok() : CheckColumns(ingest, target, present);
}

Status CompareWithTables(engine::Connection& connection, const config::Ingest& ingest,
                         IngestPlan& plan) {
  struct Compared {
    bool fits = false;
    std::vector<ColumnInfo> present;
  };
  std::map<std::string, Compared> tables;
  const auto compare = [&](TargetTable& target) -> Status {
    const auto [entry, first] = tables.try_emplace(target.name);
    Compared& table = entry->second;
    if (first) {
      const Status status = CheckExisting(connection, ingest, target);
      if (!status.ok() && status.code() != Code::kConfig) return status;
      table.fits = status.ok();
      if (!status.ok()) {
        plan.problems.push_back(fmt::format("{}: {}", target.name, status.ToString()));
        return Status::Ok();
      }
      SLUICE_ASSIGN(table.present, warehouse::ColumnsOf(connection, target.name));
      AddNotes(ingest, target, table.present, plan);
    }
    TakeColumnsOfTable(table.present, target);
    return Status::Ok();
  };
  for (Step& step : plan.steps) {
    for (TableLoad& load : step.loads) SLUICE_TRY(compare(load.target));
    std::erase_if(step.loads,
                  [&](const TableLoad& load) { return !tables.at(load.target.name).fits; });
  }
  std::erase_if(plan.steps, [](const Step& step) { return step.loads.empty(); });
  for (Rebuild& rebuild : plan.rebuilds) SLUICE_TRY(compare(rebuild.target));
  std::erase_if(plan.rebuilds,
                [&](const Rebuild& rebuild) { return !tables.at(rebuild.target.name).fits; });
  return Status::Ok();
}

std::string RelationWithAllColumns(const TargetTable& target,
                                   const std::vector<std::string>& present) {
  std::string added;
  for (const std::string& name : target.AllColumns()) {
    if (std::find(present.begin(), present.end(), name) != present.end()) continue;
    added += fmt::format(", {} AS {}", Lacking(target, name, present), QuoteName(name));
  }
  const std::string table = QualifiedName(target.name);
  return added.empty() ? table : fmt::format("(SELECT *{} FROM {})", added, table);
}

void TakeColumnsOfTable(const std::vector<ColumnInfo>& present, TargetTable& target) {
  const bool evolves = target.schema_changes == config::SchemaChanges::kEvolve;
  if (evolves && target.merge != Merge::kReplace) TakeColumns(present, target);
}

Status ChangeColumns(engine::Connection& connection, const TargetTable& target,
                     const std::string& table) {
  SLUICE_ASSIGN(const auto present, warehouse::ColumnsOf(connection, table));
  const auto add = [&](const std::string& name, const std::string& type) {
    if (Has(present, name)) return Status::Ok();
    return connection
        .Execute(fmt::format("ALTER TABLE {} ADD COLUMN {} {}", QualifiedName(table),
                             QuoteName(name), type))
        .status();
  };
  SLUICE_TRY(ApplyColumnChanges(connection, target, table, present));
  if (target.has_pod && !Has(present, kPodColumn)) {
    // A default fills the rows that are there without an UPDATE, which may not come before an ALTER.
    SLUICE_TRY(add(kPodColumn, "VARCHAR DEFAULT " + QuoteText(target.adopt_pod)));
    SLUICE_TRY(connection
                   .Execute(fmt::format("ALTER TABLE {} ALTER COLUMN {} DROP DEFAULT",
                                        QualifiedName(table), QuoteName(kPodColumn)))
                   .status());
  }
  SLUICE_TRY(add(kLoadColumn, "BIGINT"));
  return add(kFileColumn, "BIGINT");
}

}  // namespace sluice::ingest
