// The file that `sluice load` is given.
#pragma once

#include <string>

#include "base/status.h"
#include "cli/world.h"

namespace sluice::cli {

struct HandFile {
  std::string path;  // absolute, links followed
  std::string
      named;  // absolute, links of its folder followed: a link has its own name in its folder
  std::string hash;  // of its bytes
};

// Reads all of it. `named`: as it was typed. kNotFound, kConfig for a name that stores pass over, kFailed, kCancelled.
Result<HandFile> OpenHandFile(const World& world, const std::string& named);

// Exactly this name below a prefix that is most of it: the store then looks at no other file or folder.
void SetExactPattern(const std::string& name, std::string* prefix, std::string* pattern);

}  // namespace sluice::cli
