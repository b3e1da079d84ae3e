// What is read of one file of a store: itself, or the members of a zip archive, one after the other.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "config/project.h"
#include "env/clock.h"

namespace sluice::ingest {

struct FilePart {
  std::string member;  // name in the archive; "" for the file itself
  std::string path;    // where it lies
};

// The file at `path` as it is; of an archive the members that `csv.zip_members` means, unpacked to files that
// begin with `unpack_to`, in the order of their names; whoever asks removes them. kRejected: a damaged or
// encrypted archive, none of those members in it, or more than 64 GiB. kCancelled.
Result<std::vector<FilePart>> PartsOf(const std::string& path, const config::CsvOptions& csv,
                                      const std::string& unpack_to, const env::Cancel* cancel);

}  // namespace sluice::ingest
