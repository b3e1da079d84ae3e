// Taking a load back: the inverse of publishing it, where there is one.
//
//   append, insert-nonvoid   its rows go: nothing else came of it
//   upsert, update-insert,   its rows go where it only added rows and nothing came after it; else the table is made
//   delete-insert            again from its files without those of this load, while they are all there
//   replace                  what it took the place of is read again from its files, while they are all there
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/engine.h"
#include "ingest/plan.h"
#include "quality/holds.h"

namespace sluice::ingest {

struct LoadToUndo {
  int64_t load_id = 0;
  std::string ingest;
  std::string table;
  std::string connection;
  std::string pod;
  int64_t group = 0;
  std::string mode;
  std::string published_at;
  std::string taken_back;   // when, of one that was: of it only its files are left to be forgotten
  int64_t rows = 0;         // of it in the table now
  int64_t quarantined = 0;  // of it in quarantine
  std::vector<std::string> files;
  size_t moved = 0;  // of them that left their place after loading: they were moved or deleted
  bool by_rebuild = false;  // else its rows go
  int64_t former = 0;       // mode replace, by_rebuild: the load whose content comes back
};

// By id or a unique beginning of one. kNotFound; kConfig when several fit and, with the reason, when the mode allows no
// inverse.
Result<LoadToUndo> FindLoadToUndo(engine::Connection& connection, const std::string& id);

// How the table, or this pod of it, is made again without the load. kRejected when it cannot be, with what stands in
// the way and what to do. Files that only have another time or tag are compared in `spool_folder`, which is removed then.
Result<Rebuild> PlanWithout(engine::Connection& connection, const config::Ingest& ingest,
                            const std::vector<Source>& sources, const LoadToUndo& load,
                            const std::string& reason, const std::string& spool_folder,
                            const env::Cancel* cancel);

// Its rows go from the table and from quarantine, and its files get the state "unloaded": they are not
// read again by themselves, unless `again`, when they are forgotten. In the caller's transaction.
Status UndoLoad(engine::Connection& connection, const LoadToUndo& load, const std::string& reason,
                bool again, const quality::RunInfo& run);

}  // namespace sluice::ingest
