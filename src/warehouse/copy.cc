#include "warehouse/copy.h"

#include "env/lock.h"

namespace sluice::warehouse {

Status CopyWarehouse(const std::string& path, const std::string& to, const std::string& holder,
                     std::chrono::milliseconds wait, env::Clock& clock,
                     const engine::CopyOptions& options) {
  const auto lock = env::FileLock::Acquire(path + ".lock", holder, wait, clock, options.cancel);
  if (!lock.ok()) return lock.status().WithContext("the warehouse");
  return engine::CopyDatabase(path, to, options);
}

}  // namespace sluice::warehouse
