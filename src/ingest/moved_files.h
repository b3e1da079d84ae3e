// Files that `after_loading: { move: … }` moved away, and whose rows the warehouse does not have all the same: a backup
// was put back that is older than their load, or their load was taken back to be read again. They are loaded from where
// they are, with no need to move them back: what is sent under their names meanwhile is another delivery.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "config/project.h"
#include "engine/engine.h"
#include "env/clock.h"
#include "ingest/plan.h"

namespace sluice::ingest {

// Notes that files of this ingest may lie in its folders of moved files without being in the ledger: from now on plans
// look there, until one finds none. `why` is told: "the backup of 2026-11-29 was put back". In the caller's transaction.
Status ExpectMovedFiles(engine::Connection& connection, const std::string& ingest,
                        const std::string& why);

// Where that was noted: steps for the moved files that the ledger does not know, in the order of their times, before all
// others of `plan`. A table in mode replace, or with manifests, needs somebody to say which files make it: there they
// are told. With `write` the note goes when no such file is left.
Status PlanMovedFiles(engine::Connection& connection, const config::Ingest& ingest,
                      const std::vector<Source>& sources, const LedgerState& ledger, bool write,
                      const env::Cancel* cancel, IngestPlan& plan);

}  // namespace sluice::ingest
