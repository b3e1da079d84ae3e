// How a table was loaded so far, for who loads another file into it and does not say how.
#pragma once

#include <optional>
#include <string>

#include "base/status.h"
#include "config/project.h"
#include "engine/engine.h"

namespace sluice::cli {

// Mode, key and delete_when of the last load of `table` by hand. Nothing where it is not there, or rows were only ever added
// to it. kConfig, with what to type, where something else than a load by hand filled it in another way.
Result<std::optional<config::Table>> WayOfTable(engine::Connection& connection,
                                                const std::string& table);

// kConfig, with the nearest name, where the columns of --key and --delete-when are none of the table's.
Status CheckWayNamesColumns(const config::Table& table);

// "mode upsert, key id".
std::string WayInWords(const config::Table& table);

}  // namespace sluice::cli
