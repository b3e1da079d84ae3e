// What the parts of the folder store share: how a file is told from another, and what must not be
// left by a link. Only for connectors/file.
#pragma once

#include <sys/stat.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "connector/store.h"
#include "env/clock.h"
#include "env/descriptor.h"

namespace sluice::connectors::file {

using env::Descriptor;

// "cannot WHAT PATH: reason"; kNotFound when it is not there.
Status SystemError(std::string_view what, const std::string& path, int error);
Status Stopped(const std::string& path);
// kRetry.
Status Changed(const std::string& path);

// StoredFile::tag: made from size, time of the content and inode.
std::string TagOf(const struct stat& st);

inline bool IsSet(const env::Cancel* cancel) {
  return cancel != nullptr && cancel->is_set();
}

// The real path of what lies under `path`. kRejected when it lies outside `real_root`, kNotFound when it is not there.
Result<std::string> Resolve(const std::string& path, const std::string& real_root);

// kFailed for a path that no listing has: with "..", hidden or empty parts.
Status CheckListable(const std::string& path, const std::string& root);

// An editor of the folder `root`, which is absolute. Thread-safe.
std::unique_ptr<connector::StoreEditor> MakeFolderEditor(std::string root);

}  // namespace sluice::connectors::file
