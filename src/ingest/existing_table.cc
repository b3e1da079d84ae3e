#include "ingest/existing_table.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/text.h"
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

Status CheckTypes(const config::Ingest& ingest, const TargetTable& target,
                  const std::vector<ColumnInfo>& present) {
  std::vector<std::string> differences;
  for (const DdlColumn& column : target.columns) {
    const auto there = std::find_if(present.begin(), present.end(), [&](const ColumnInfo& known) {
      return known.name == column.name;
    });
    if (there == present.end() || there->sql_type == column.type.DuckDb()) continue;
    differences.push_back(fmt::format(
        "column {} is {} in the table and {} in {}", column.name, there->sql_type,
        column.type.DuckDb(), ingest.layout == "zenoti" ? "the schema files" : "sluice.yml"));
  }
  if (differences.empty()) return Status::Ok();
  const size_t more = differences.size() - std::min(differences.size(), kMostNamed);
  differences.resize(differences.size() - more);
  std::string text = Join(differences, ", ");
  if (more > 0) text += fmt::format(" and {}", Counted(more, "more column"));
  return ConfigError(text, ingest.layout == "zenoti"
                               ? "Change the type of the column in the table, or drop the table"
                               : "Declare the column as it was, or under another name, or load "
                                 "into a table of another name");
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

std::string Lacking(const TargetTable& target, const std::string& name) {
  if (name == kPodColumn) return fmt::format("CAST({} AS VARCHAR)", QuoteText(target.adopt_pod));
  return "NULL";
}

// Columns of the table that the project does not declare any more. Schema files never drop one.
std::vector<std::string> Undeclared(const TargetTable& target,
                                    const std::vector<ColumnInfo>& present) {
  const std::vector<std::string> declared = target.AllColumns();
  std::vector<std::string> names;
  for (const ColumnInfo& column : present) {
    if (std::find(declared.begin(), declared.end(), column.name) != declared.end()) continue;
    // Columns that files brought stand in no declaration.
    const bool from_files =
        target.on_new_column == config::OnNewColumn::kAdd && column.sql_type == "VARCHAR";
    if (!from_files) names.push_back(column.name);
  }
  return names;
}

void AddNotes(const config::Ingest& ingest, const TargetTable& target,
              const std::vector<ColumnInfo>& present, IngestPlan& plan) {
  if (present.empty() || target.merge == Merge::kReplace) return;
  if (!LoadedBySluice(present)) {
    plan.notes.push_back(fmt::format(
        "{}.{}: the table was there already: its rows stay{}, new ones are added", ingest.name,
        target.name, target.has_pod && !Has(present, kPodColumn) ? " as those of " + target.adopt_pod : ""));
  }
  if (ingest.layout == "zenoti" || !LoadedBySluice(present)) return;
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
  // What is replaced takes on its new types.
  return target.merge == Merge::kReplace ? Status::Ok() : CheckTypes(ingest, target, present);
}

Status CompareWithTables(engine::Connection& connection, const config::Ingest& ingest,
                         IngestPlan& plan) {
  std::map<std::string, bool> fits;
  for (Step& step : plan.steps) {
    for (const TableLoad& load : step.loads) {
      const TargetTable& target = load.target;
      const auto [entry, first] = fits.try_emplace(target.name, true);
      if (!first) continue;
      const Status status = CheckExisting(connection, ingest, target);
      if (!status.ok() && status.code() != Code::kConfig) return status;
      entry->second = status.ok();
      if (!status.ok()) {
        plan.problems.push_back(fmt::format("{}: {}", target.name, status.ToString()));
        continue;
      }
      SLUICE_ASSIGN(const auto present, warehouse::ColumnsOf(connection, target.name));
      AddNotes(ingest, target, present, plan);
    }
    std::erase_if(step.loads, [&](const TableLoad& load) { return !fits.at(load.target.name); });
  }
  std::erase_if(plan.steps, [](const Step& step) { return step.loads.empty(); });
  return Status::Ok();
}

std::string RelationWithAllColumns(const TargetTable& target,
                                   const std::vector<std::string>& present) {
  std::string added;
  for (const std::string& name : target.AllColumns()) {
    if (std::find(present.begin(), present.end(), name) != present.end()) continue;
    added += fmt::format(", {} AS {}", Lacking(target, name), QuoteName(name));
  }
  const std::string table = QualifiedName(target.name);
  return added.empty() ? table : fmt::format("(SELECT *{} FROM {})", added, table);
}

Status AddMissingColumns(engine::Connection& connection, const TargetTable& target,
                         const std::string& table) {
  SLUICE_ASSIGN(const auto present, warehouse::ColumnsOf(connection, table));
  const auto add = [&](const std::string& name, const std::string& type) {
    if (Has(present, name)) return Status::Ok();
    return connection
        .Execute(fmt::format("ALTER TABLE {} ADD COLUMN {} {}", QualifiedName(table),
                             QuoteName(name), type))
        .status();
  };
  for (const DdlColumn& column : target.columns) {
    SLUICE_TRY(add(column.name, column.type.DuckDb()));
  }
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
