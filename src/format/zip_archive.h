// The members of a zip archive, over libzip.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "env/clock.h"

namespace sluice::format {

struct ZipMember {
  uint64_t index = 0;  // in the archive
  std::string name;    // as the archive has it, with its folders
  uint64_t bytes = 0;  // unpacked, as the archive says
};

// The files in the archive at `path`, by name. Left out: folders, and what file managers put beside them
// ("__MACOSX/…", names that begin with a point). kRejected: not a zip archive, or a damaged one; two members of
// one name; one that is encrypted.
Result<std::vector<ZipMember>> ZipMembers(const std::string& path);

// Writes a member to the file `to`; its checksum is verified. kRejected when it is damaged or longer than the
// archive says; kCancelled; kFailed when it cannot be written. After an error `to` is removed.
Status UnpackZipMember(const std::string& path, const ZipMember& member, const std::string& to,
                       const env::Cancel* cancel = nullptr);

}  // namespace sluice::format
