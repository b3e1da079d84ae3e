// Where the log and the spool of each delivery lie: STATE/syncs/SYNC/000000000007.log and .spool,
// the folders with mode 0700.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"

namespace sluice::sync {

class DeliveryFiles {
 public:
  // `state_folder`: config::Project::StateFolder().
  DeliveryFiles(const std::string& state_folder, const std::string& sync);

  Status MakeFolder() const;
  const std::string& folder() const { return folder_; }
  std::string Log(int64_t delivery_id) const;
  std::string Spool(int64_t delivery_id) const;

  // Ids of the logs that are there, ascending.
  Result<std::vector<int64_t>> Logs() const;

  // After `delivery_id` was folded: its spool goes, older files go; its log stays, as the proof
  // that deliveries up to it were made (a warehouse that does not know it is an older one).
  Status RemoveFolded(int64_t delivery_id) const;
  Status Remove(int64_t delivery_id) const;

 private:
  std::string folder_;
};

}  // namespace sluice::sync
