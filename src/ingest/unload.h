// Taking a load back: the inverse of publishing it, where the load mode has one.
//
//   append, insert-nonvoid   its rows go: nothing else came of it
//   replace                  refused: what stood there before is gone
//   update-insert,           refused: rows that it replaced or deleted are gone; only a rebuild without
//   delete-insert            its files gives the table that would be there
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/engine.h"
#include "quality/holds.h"

namespace sluice::ingest {

struct LoadToUndo {
  int64_t load_id = 0;
  std::string ingest;
  std::string table;
  std::string pod;
  int64_t group = 0;
  std::string mode;
  std::string published_at;
  int64_t rows = 0;         // of it in the table now
  int64_t quarantined = 0;  // of it in quarantine
  std::vector<std::string> files;
};

// By id or a unique beginning of one. kNotFound; kConfig when several fit, when it was taken back
// already, and, with the reason, when the mode allows no inverse.
Result<LoadToUndo> FindLoadToUndo(engine::Connection& connection, const std::string& id);

// Its rows go from the table and from quarantine, and its files get the state "unloaded": they are not
// read again by themselves, unless `again`, when they are forgotten. In the caller's transaction.
Status UndoLoad(engine::Connection& connection, const LoadToUndo& load, const std::string& reason,
                bool again, const quality::RunInfo& run);

}  // namespace sluice::ingest
