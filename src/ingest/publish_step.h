// What becomes of the loads of one step once they are staged and checked: those that passed are
// published together, those that did not are held. Everything here runs inside a transaction of the
// caller's, which decides whether staging is part of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/engine.h"
#include "ingest/ledger.h"
#include "ingest/table_load.h"
#include "quality/checks.h"
#include "warehouse/fence.h"

namespace sluice::ingest {

// A load that was staged and checked, or that failed at it.
struct Judged {
  TableLoad* load = nullptr;  // not owned
  Status status;              // Ok: it is to be published
  std::vector<quality::CheckResult> checks;
  double seconds = 0;  // of its own work
};

// What publishing changes in a load, for when its transaction failed.
class LoadBefore {
 public:
  explicit LoadBefore(const TableLoad& load);
  void Restore(TableLoad& load) const;

 private:
  std::string stage_;
  std::string gone_;
  std::vector<FileCounts> counts_;
};

// Publishes all of `passed`: reads the fence, alters and fills the tables, writes load records, ledger,
// cursors, check results and versions. `culprit` is set when the error arose at one of them.
Status PublishLoads(engine::Connection& connection, const warehouse::Fence& fence,
                    const RunInfo& run, const std::vector<Judged*>& passed,
                    std::optional<size_t>* culprit);

// Opens a hold for a load that a check or the limit of bad rows has stopped. Gives the id of the hold.
Result<std::string> HoldLoad(engine::Connection& connection, const warehouse::Fence& fence,
                             const RunInfo& run, const Judged& judged);

// COMMIT is not believed: the engine has reported success for what it rolled back.
Status ReadBack(engine::Connection& connection, const std::vector<Judged*>& published);

}  // namespace sluice::ingest
