// What is to be loaded, compared with the table of that name which is there already: from earlier
// loads under another declaration, or filled by something else.
#pragma once

#include "base/status.h"
#include "config/project.h"
#include "engine/engine.h"
#include "ingest/plan.h"
#include "ingest/table_load.h"

namespace sluice::ingest {

// kConfig, with what to do, when the table cannot take these rows as they are declared: a column has
// another type there (the engine would cast, and round or fail), it is a view, or something else has
// filled it and the project does not say whose its rows are. Ok when there is no such table.
Status CheckExisting(engine::Connection& connection, const config::Ingest& ingest,
                     const TargetTable& target);

// Takes out of `plan` what its tables cannot take (each a problem of that table alone) and adds notes:
// columns that are no longer declared, tables that are adopted.
Status CompareWithTables(engine::Connection& connection, const config::Ingest& ingest,
                         IngestPlan& plan);

// The relation of the table as it will be when the columns that it lacks were added: SQL behind FROM.
// `present` are its columns now.
std::string RelationWithAllColumns(const TargetTable& target,
                                   const std::vector<std::string>& present);

// Adds what `target` has and the table lacks. Rows that are there get the pod that the project says,
// and NULL in every other new column.
Status AddMissingColumns(engine::Connection& connection, const TargetTable& target,
                         const std::string& table);

}  // namespace sluice::ingest
