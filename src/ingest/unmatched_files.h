// Files that look like data and that no table of the project takes: a pattern with a slip in it, or a file that nobody
// thought of. From the listing that was made anyway; nothing is read.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "config/project.h"
#include "env/clock.h"
#include "ingest/plan.h"
#include "ingest/table_files.h"

namespace sluice::ingest {

// What the ingests of a project make of the files of one connection. The project outlives it.
class TakenFiles {
 public:
  // kConfig for patterns that cannot be read.
  static Result<TakenFiles> Of(const config::Project& project, const std::string& connection);

  // Whether a table takes the file, or it lies there for one (markers, manifests, what was moved away). Of a drop of
  // Zenoti everything does: its layout tells of its own.
  bool Has(std::string_view path) const;
  // The ingest that tells of a file which nobody takes: with the longest prefix of its path, and of these the first.
  // Null where none lists it.
  const config::Ingest* TellerOf(std::string_view path) const;

 private:
  std::vector<const config::Ingest*> ingests_;  // of layout files
  std::vector<Inbox> inboxes_;                  // theirs
  std::vector<std::string> drops_;              // prefixes of drops
};

// Per connection what `ingest` has to tell. What is younger than `settle`, still being written or called like a file
// that is not whole may get its name yet.
Result<std::vector<UnmatchedFiles>> FindUnmatched(const config::Project& project,
                                                  const config::Ingest& ingest,
                                                  const std::vector<Source>& sources,
                                                  env::Micros now);

// "shop: 2 files of connection inbox fit no pattern …", and what to type.
std::string Told(const std::string& ingest, const UnmatchedFiles& unmatched);

}  // namespace sluice::ingest
