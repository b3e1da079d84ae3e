// Columns of a table that files of a load do not have.
#pragma once

#include <vector>

#include "ingest/stage_select.h"
#include "ingest/table_load.h"

namespace sluice::ingest {

// Files whose header lacks a column are loaded with NULL in it: said in `load.warnings`, once for all that lack the
// same. A record of JSON need not have a key: only one that no file of the load has is worth telling.
void TellMissingColumns(const std::vector<ShapedFile>& files, TableLoad& load);

// Says in `load.warnings` which files had no rows at all. Not for layout zenoti, where they are everyday.
void TellFilesWithoutRows(TableLoad& load);

}  // namespace sluice::ingest
