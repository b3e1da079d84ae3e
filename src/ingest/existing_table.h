// What is to be loaded, compared with the table of that name which is there already: from earlier
// loads under another declaration, or filled by something else.
#pragma once

#include "base/status.h"
#include "config/project.h"
#include "engine/engine.h"
#include "ingest/plan.h"
#include "ingest/table_load.h"
#include "warehouse/dialect.h"

namespace sluice::ingest {

// kConfig, with what to do, when the table cannot take these rows as they are declared: a column has
// a type there that cannot become the declared one without losing values, `schema_changes: freeze`
// keeps it as it is, it is a view, or something else has filled it and the project does not say whose
// its rows are. Ok when there is no such table.
Status CheckExisting(engine::Connection& connection, const config::Ingest& ingest,
                     const TargetTable& target);

// Takes out of `plan` what its tables cannot take (each a problem of that table alone) and adds notes:
// columns that change or are no longer declared, tables that are adopted.
Status CompareWithTables(engine::Connection& connection, const config::Ingest& ingest,
                         IngestPlan& plan);

// The relation of the table as it will be when the columns that it lacks were added: SQL behind FROM.
// `present` are its columns now.
std::string RelationWithAllColumns(const TargetTable& target,
                                   const std::vector<std::string>& present);

// With `schema_changes: evolve` what the table has is as good as declared: files may bring it, and it
// is read strictly as the table's type. `present` are the table's columns.
void TakeColumnsOfTable(const std::vector<warehouse::ColumnInfo>& present, TargetTable& target);

// Adds, renames and widens columns until the table has those of `target` and of lineage. Rows that are
// there get the pod that the project says, and NULL in every other new column.
Status ChangeColumns(engine::Connection& connection, const TargetTable& target,
                     const std::string& table);

}  // namespace sluice::ingest
