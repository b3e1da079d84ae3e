// The files of a table as its manifests group them: what one of them names is loaded whole or not at
// all.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "config/project.h"
#include "ingest/plan.h"
#include "ingest/table_files.h"

namespace sluice::ingest {

// Files that are taken together.
struct FileSet {
  std::vector<const TableFile*> files;  // in the order of their paths
  std::string label;                    // the manifest's path; "" when there is none
  bool whole = true;                    // else none of them may be taken now
};

// One set per manifest, in the order of their paths. A manifest waits (told in `plan->unsettled`) as
// long as a file that it names is neither there nor loaded, or is itself not complete; one that cannot
// be read, or that says another size than the store, is held (`plan->unfit`). Names that do not fit the
// table's pattern belong to other tables. `held` are paths on which a hold is open. `proofs` keeps the
// files with what the manifests say of them: the sets point into it. kCancelled.
Result<std::vector<FileSet>> ManifestSets(const config::Ingest& ingest, const config::Table& table,
                                          const std::vector<TableFile>& files,
                                          const std::vector<TableFile>& manifests,
                                          const std::set<std::string>& held,
                                          const LedgerState& ledger, const env::Cancel* cancel,
                                          std::vector<std::vector<TableFile>>* proofs,
                                          IngestPlan* plan);

}  // namespace sluice::ingest
