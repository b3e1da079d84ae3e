// Pieces of SQL that staging, reducing and publishing share. All names are quoted here.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/engine.h"
#include "ingest/table_load.h"

namespace sluice::ingest {

// The condition under which `left` and `right` (aliases) are the same row of `target`.
std::string Matches(const TargetTable& target, std::string_view left, std::string_view right);

// The condition under which a row of the stage (an alias) deletes, of a delete-insert; never NULL where
// the rows that must not be NULL were left out.
std::string Deletes(const TargetTable& target, std::string_view row);

// The condition under which the row of `left` is newer than that of `right`, by the version of an
// upsert; never NULL, "false" without a version.
std::string IsNewer(const TargetTable& target, std::string_view left, std::string_view right);

// `(VALUES (file_id, position), …) AS name(file, position)`: the order of the files.
std::string FileOrder(const TableLoad& load, std::string_view name);

// Runs `sql`, which gives (file_id, count, …), and adds column `i + 1` of each row to `fields[i]` of
// that file's counts. A file that is not of this load breaks an invariant.
Status AddCounts(engine::Connection& connection, const std::string& sql, TableLoad& load,
                 const std::vector<int64_t FileCounts::*>& fields);

// Names of the tables that stand beside a target while a load is on its way.
std::string StageName(int64_t load_id);
std::string GoneName(int64_t load_id);
inline constexpr std::string_view kStagePrefix = "_sluice_stage_";
inline constexpr std::string_view kGonePrefix = "_sluice_gone_";

}  // namespace sluice::ingest
