// What becomes of files whose rows are all published: they stay, move to a folder of their store, or are
// removed, as each table says (`after_loading`).
//
// Done after the publication is durable, from the listing and the ledger alone, so that it can be broken
// off at any instant: what is still listed and known as loaded is done by the next run. A file that
// several tables of the ingest take goes when all of them have it, and stays when one of them says so.
#pragma once

#include <string>
#include <vector>

#include "config/project.h"
#include "engine/engine.h"
#include "env/clock.h"
#include "ingest/plan.h"
#include "quality/holds.h"
#include "warehouse/fence.h"

namespace sluice::ingest {

struct FinishOutcome {
  int64_t moved = 0;
  int64_t removed = 0;
  std::vector<std::string> problems;  // files that could not be moved or removed
  std::vector<std::string> notes;     // what was done
  std::vector<DoneFile> files;  // that are not there any more, once for each table that has them
};

// Whether any table wants more than that its files stay.
bool FinishesFiles(const config::Ingest& ingest);

// `done` are files with the tables that have them; nothing happens to a file that is another by now.
FinishOutcome FinishFiles(const config::Ingest& ingest, const std::vector<DoneFile>& done,
                          const env::Cancel* cancel);

// What is put behind the name of a moved file, and a point, where another one has the name.
std::string DigitsOfMoved(const std::string& tag);

// Notes in the ledger that they have left, so that what comes under their names is loaded; of one that had come again,
// that it was skipped. A kill before this leaves a file that, when it comes once more with the same content, is taken
// for the one that was loaded.
Status RecordFinished(engine::Connection& connection, const warehouse::Fence& fence,
                      const std::string& ingest, const std::vector<DoneFile>& files,
                      const quality::RunInfo& run);

}  // namespace sluice::ingest
