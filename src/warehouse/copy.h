// A copy of the warehouse as it lies on the disk, without opening or changing it.
#pragma once

#include <chrono>
#include <string>

#include "base/status.h"
#include "engine/copy_database.h"
#include "env/clock.h"

namespace sluice::warehouse {

// Copies the file at `path`, with what belongs to it, to the new path `to`, holding the lock of
// Sluice's own processes for that long, as `holder`. kNotFound when there is none; kBusy names who
// works with it, after `wait`.
Status CopyWarehouse(const std::string& path, const std::string& to, const std::string& holder,
                     std::chrono::milliseconds wait, env::Clock& clock,
                     const engine::CopyOptions& options);

}  // namespace sluice::warehouse
