// What becomes of late and changed files of layout zenoti: their tables come out as if they had come
// in time (docs/decisions/0011-late-files-rebuild.md).
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "ingest/plan.h"

namespace sluice::ingest {

// Takes the files of `plan.late` apart:
//  - behind everything that its table (or its pod of it) has, or of a table whose rows are only added:
//    a step of `plan` before all others, for loading them now gives what loading them in time had given;
//  - else, while every file that the table was loaded from is still what it was: `plan.rebuilds`;
//  - what else stays in `plan.late`, with the reason: the project wants it so, earlier files are gone,
//    or a rebuild was tried and something of it is held.
// Reads of the ledger only what concerns the tables of late files.
Status PlanLate(engine::Connection& connection, const config::Ingest& ingest,
                const std::vector<Source>& sources, const SchemaCatalog& catalog,
                const LedgerState& ledger, IngestPlan& plan);

// How a table is made again so that fixed rows come in at their places: one rebuild for each pod that has an open
// fix, or one of the whole table. kRejected when it cannot be, with what stands in the way.
Result<std::vector<Rebuild>> PlanRebuildFor(engine::Connection& connection,
                                            const config::Ingest& ingest,
                                            const std::vector<Source>& sources,
                                            const SchemaCatalog& catalog, const LedgerState& ledger,
                                            const std::string& table, const std::string& reason);

// How the table of `scope`, or the pod of it where rows of another cannot meet, is made again without one of its loads.
// kRejected as above.
struct Scope;  // table_history.h
Result<Rebuild> PlanRebuildWithout(engine::Connection& connection, const config::Ingest& ingest,
                                   const std::vector<Source>& sources, const SchemaCatalog& catalog,
                                   const LedgerState& ledger, Scope scope, int64_t without,
                                   const std::string& reason);

// The hold among `holds` that speaks of this file as it is now, and that `also` takes; null when none does.
const OpenHold* FindLateHold(const std::vector<OpenHold>& holds, const std::vector<Source>& sources,
                             const LateFile& late,
                             const std::function<bool(const OpenHold&)>& also = {});

// Late files of one table, or of one pod of it, that nothing keeps out.
struct DecidedLate {
  std::vector<LateFile> now;
  std::string accepted;    // the hold by which somebody took them as they are; "" none
  bool read_anew = false;  // somebody wants earlier files read as is declared now
};
// Leaves in `plan.late` what was tried and is held, and what the project wants held and nobody has decided. What
// somebody accepted goes alone: the others are judged by the run after this one.
DecidedLate TakeDecided(const config::Ingest& ingest, const std::vector<Source>& sources,
                        const LedgerState& ledger, std::vector<LateFile> files, IngestPlan& plan);
void LeaveOut(LateFile late, std::string check, std::string why, IngestPlan& plan);

// What a hold of late files stands for: these files with this content. Kept as its load id.
int64_t LateId(std::vector<std::pair<std::string, std::string>> path_and_tag);

}  // namespace sluice::ingest
