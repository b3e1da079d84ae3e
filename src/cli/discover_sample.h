// What some files of one pattern show: how they are written, their columns, what these can be, a key.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "cli/discover.h"
#include "cli/tried_columns.h"
#include "connector/store.h"

namespace sluice::cli {

struct SampledFiles {
  TriedColumns tried;
  bool named = false;  // the files say how their columns are called
  std::vector<std::pair<std::string, std::string>> columns;  // name, type
  std::vector<std::pair<std::string, std::string>> csv;      // as in Proposal
  std::vector<std::string> key;
  std::vector<std::string> evidence;
};

// Reads whole files, a few from the first to the last by name, of 256 MB together and two million rows each at most; where
// each is larger, the smallest. `files` are some, sorted by path. kRejected with the name of a file: it cannot be read,
// is empty like all others, or has other columns than they have. kCancelled.
Result<SampledFiles> SampleFiles(const DiscoverContext& context, connector::Store& store,
                                 const std::vector<const connector::StoredFile*>& files,
                                 const std::string& table);

}  // namespace sluice::cli
