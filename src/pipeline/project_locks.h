// All locks of a project at once, for what must be alone with it: backup, restore, forget.
#pragma once

#include <vector>

#include "base/status.h"
#include "env/lock.h"
#include "pipeline/runtime.h"

namespace sluice::pipeline {

// Nobody loads, sends or decides while these live. kBusy, at once, names who holds one.
Result<std::vector<env::FileLock>> LockProject(Runtime& runtime);

}  // namespace sluice::pipeline
