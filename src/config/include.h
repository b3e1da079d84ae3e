// `sluice.yml` and the files that it includes as one tree.
#pragma once

#include <string>

#include "config/diagnostics.h"
#include "config/yaml_tree.h"

namespace sluice::config {

// Reads `path` and what its `include:` names (files, or patterns with * and ? in their last part;
// relative to the including file) and merges them by section: two files may both have
// `connections`, but a connection that both have is an error that names both places. Ingests and
// environments may be spread over files as long as every option and every table stands once. The
// result has no `include`. Null when there were errors. Places are relative to `project_folder`.
NodePtr LoadTree(const std::string& path, const std::string& project_folder,
                 Diagnostics* diagnostics);

// Whether a file name fits a pattern of `*` (any characters) and `?` (one byte).
bool MatchesPattern(std::string_view name, std::string_view pattern);

// `path` for messages: relative to `folder`.
std::string RelativeTo(const std::string& folder, const std::string& path);

}  // namespace sluice::config
